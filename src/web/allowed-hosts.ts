import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { defaultPortOf, hostOfUrl, isLocalName, onlyHostHeader, readHost } from '../platform/host-header.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** This route answers under any host name: probes come by IP address, and webhooks are signed. */
    anyHost?: boolean
  }
}

/**
 * Answers 421 to requests for another host than BASE_URL's (RFC 9110, 15.5.20), so that a foreign name pointed at this server
 * gets nothing. Outside production local names are allowed as well. Behind TRUST_PROXY X-Forwarded-Host counts.
 */
export default fp<{ baseUrl: string; production: boolean }>(
  async (app: FastifyInstance, { baseUrl, production }) => {
    const own = hostOfUrl(baseUrl)
    const defaultPort = defaultPortOf(new URL(baseUrl).protocol)
    const isAllowed = (text: string) => {
      const host = readHost(text, defaultPort)
      if (host === null) return false
      return (host.name === own.name && host.port === own.port) || (!production && isLocalName(host))
    }
    app.addHook('onRequest', async (request, reply) => {
      if (request.routeOptions.config.anyHost || hostsIn(request).every(isAllowed)) return
      const message = `This server answers for ${baseUrl} alone.`
      reply.code(421).header('cache-control', 'no-store')
      return request.url.startsWith('/api/')
        ? reply.send({ error: { code: 'misdirected', message } })
        : reply.type('text/plain; charset=utf-8').send(`${message}\n`)
    })
  },
  { name: 'allowed-hosts' },
)

/** Every host that the request names: in its header, and in the absolute URL (`GET http://…`) that proxies receive. */
function hostsIn(request: FastifyRequest): string[] {
  const header = onlyHostHeader(request.raw.rawHeaders) === undefined ? '' : request.host
  const [, inTarget] = /^https?:\/\/([^/?#]*)/i.exec(request.originalUrl) ?? []
  return inTarget === undefined ? [header] : [header, inTarget]
}
