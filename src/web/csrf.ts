import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../platform/errors.ts'
import { isFromAllowedOrigin } from './cors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Accepts posts from pages of other sites, because the route changes nothing of the person's. */
    fromAnySite?: boolean
  }
}

/** Whether the page was loaded from the host it posts to, though BASE_URL names another: the demo opened by IP address. */
function isServedAt(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host
}

/**
 * Refuses writes that a browser says came from another site, by Sec-Fetch-Site or else Origin. A client that sends neither is
 * not a browser, and has no cookies that another site could use. Forms carry no tokens, so two tabs never disagree. Origins of
 * CORS_ORIGINS may write through the JSON API.
 */
export default fp<{ origin: string; allowedOrigins: readonly string[] }>(
  async (app: FastifyInstance, { origin, allowedOrigins }) => {
    app.addHook('onRequest', async (request) => {
      if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return
      if (request.routeOptions.config.fromAnySite) return
      const site = request.headers['sec-fetch-site']
      const from = request.headers.origin
      const own =
        site !== undefined
          ? site === 'same-origin' || site === 'none'
          : from === undefined || from === origin || isServedAt(from, request.headers.host)
      if (own || isFromAllowedOrigin(allowedOrigins, request)) return
      request.log.warn(
        { event: 'cross-site write refused', route: request.routeOptions.url },
        'cross-site write refused',
      )
      throw new AppError('forbidden', 'This request came from another site, so nothing was changed.')
    })
  },
  { name: 'csrf' },
)
