import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isLoopback, onlyHostHeader, readHost } from '../platform/host-header.ts'

export type OwnBrowserOptions = {
  /** Host names besides localhost, 127.0.0.1 and [::1] under which the pages may be opened, such as BASE_URL's. */
  names: string[]
  port: () => number
  /** Paths that other sites may call. */
  isPublic?: (path: string) => boolean
}

/**
 * For pages without a log-in on a developer's machine. Answers 421 to other host names than the machine's own, against
 * DNS rebinding, and 403 to what pages of other origins request, except following a link. Programs, which send neither
 * Sec-Fetch-Site nor Origin, are served.
 */
export function onlyOwnBrowser(app: FastifyInstance, { names, port, isPublic = () => false }: OwnBrowserOptions): void {
  const known = new Set(names.filter((name) => name !== '0.0.0.0' && name !== '::').map(asInHost))
  app.addHook('onRequest', async (request, reply) => {
    if (isPublic(request.url)) return
    reply.header('cross-origin-resource-policy', 'same-origin')
    const host = hostOf(request)
    if (!host || !(isLoopback(host) ? host.port === port() : known.has(host.name)))
      return reply
        .code(421)
        .send({ message: `Open this at http://localhost:${port()}, or under the name in BASE_URL.` })
    if (!isOwnRequest(request)) return reply.code(403).send({ message: 'Only from the pages of this address itself.' })
  })
}

// Browsers send an absolute address (`GET http://…`) to proxies only, and this is none.
function hostOf({ raw }: FastifyRequest) {
  return raw.url?.startsWith('/') ? readHost(onlyHostHeader(raw.rawHeaders), 80) : null
}

function isOwnRequest({ method, headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  const isVisit = method === 'GET' && headers['sec-fetch-mode'] === 'navigate'
  if (site !== undefined) return site === 'same-origin' || site === 'none' || isVisit
  const { origin } = headers
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === headers.host)
}

function asInHost(name: string): string {
  return (name.includes(':') && !name.startsWith('[') ? `[${name}]` : name).toLowerCase().replace(/\.$/, '')
}
