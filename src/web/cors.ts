import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

/** Whether this is a call of the JSON API from a page of one of these origins, compared as text. */
export function isFromAllowedOrigin(
  origins: readonly string[],
  request: { url: string; headers: { origin?: string | undefined } },
) {
  const { origin } = request.headers
  return origin !== undefined && origins.includes(origin) && isOfApi(request.url)
}

/**
 * Lets scripts of the named origins call the JSON API with a person's cookie. Because the cookie is SameSite=Lax they must be on
 * the same site, like app.example.in beside www.example.in; calls from elsewhere arrive without it. Without origins it does
 * nothing.
 */
export default fp<{ origins: readonly string[] }>(
  async (app: FastifyInstance, { origins }) => {
    if (origins.length === 0) return
    app.addHook('onRequest', async (request, reply) => {
      if (!isOfApi(request.url)) return
      reply.header('vary', 'Origin')
      if (!isFromAllowedOrigin(origins, request)) return
      reply.headers({
        'access-control-allow-origin': request.headers.origin,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'Retry-After',
      })
      if (request.method !== 'OPTIONS' || !request.headers['access-control-request-method']) return
      reply.headers({
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'Content-Type',
        'access-control-max-age': '600',
      })
      return reply.code(204).send()
    })
  },
  { name: 'cors' },
)

function isOfApi(url: string): boolean {
  return url.startsWith('/api/')
}
