import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../platform/errors.ts'
import { isLetIn } from './cors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Takes what a page of another site posts: it changes nothing that is anybody's. */
    fromAnySite?: boolean
  }
}

/** A page that was fetched from the very host it posts to, though BASE_URL names another: the demo opened by address. */
function isServedAt(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host
}

/**
 * Refuses writes that a browser says came from another site: Sec-Fetch-Site first, then Origin. A client that sends
 * neither is not a browser and carries no ambient cookie worth stealing. No tokens in forms, so two tabs never disagree.
 * Origins that were let in by name may write through the JSON API.
 */
export default fp<{ origin: string; letIn: readonly string[] }>(
  async (app: FastifyInstance, { origin, letIn }) => {
    app.addHook('onRequest', async (request) => {
      if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return
      if (request.routeOptions.config.fromAnySite) return
      const site = request.headers['sec-fetch-site']
      const from = request.headers.origin
      const own =
        site !== undefined
          ? site === 'same-origin' || site === 'none'
          : from === undefined || from === origin || isServedAt(from, request.headers.host)
      if (own || isLetIn(letIn, request)) return
      request.log.warn(
        { event: 'cross-site write refused', route: request.routeOptions.url },
        'cross-site write refused',
      )
      throw new AppError('forbidden', 'This request came from another site, so nothing was changed.')
    })
  },
  { name: 'same-site' },
)
