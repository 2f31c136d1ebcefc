import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../platform/errors.ts'

/**
 * Refuses writes that a browser says came from another site: Sec-Fetch-Site first, then Origin. A client that sends
 * neither is not a browser and carries no ambient cookie worth stealing. No tokens in forms, so two tabs never disagree.
 */
export default fp<{ origin: string }>(
  async (app: FastifyInstance, { origin }) => {
    app.addHook('onRequest', async (request) => {
      if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return
      const site = request.headers['sec-fetch-site']
      const from = request.headers.origin
      const own = site !== undefined ? site === 'same-origin' || site === 'none' : from === undefined || from === origin
      if (!own) throw new AppError('forbidden', 'This request came from another site, so nothing was changed.')
    })
  },
  { name: 'same-site' },
)
