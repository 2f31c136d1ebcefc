import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * A page has one address: with a slash at its end it is told to be elsewhere (308), whether anything is there or not, so that
 * nobody learns what is closed to them. The router finds it under both: what is posted with a slash is taken as it is, for a
 * redirect is a failure to Cashfree.
 */
export default fp(
  async (app: FastifyInstance) => {
    app.addHook('onRequest', async (request, reply) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return
      const [path = '', ...query] = request.url.split('?')
      // Browsers read a backslash as a slash: `/\example.in` would be another site.
      if (/^(\/[^/\\]+)+\/$/.test(path)) return reply.redirect([path.slice(0, -1), ...query].join('?'), 308)
    })
  },
  { name: 'trailing-slash' },
)
