import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/**
 * A page has one URL: with a trailing slash it redirects (308), whether the page exists or not, so that the answer does not reveal
 * pages that need a role. The router accepts both: a POST with a slash is handled as it is, because Cashfree treats a
 * redirect as a failure.
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
