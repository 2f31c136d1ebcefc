import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Deps } from '../deps.ts'
import { answers } from '../platform/db.ts'
import { businessGauges } from './business.ts'
import type { Meters } from './meters.ts'

export type OperatorOptions = {
  deps: Deps
  meters: Meters
  jobsReady: () => boolean
  /** True from the moment the process was asked to end. */
  isClosing: () => boolean
}

/**
 * /healthz: the process answers. /readyz: it can serve, that is, the database answers, jobs run and nobody asked it to
 * end. /metrics: what Prometheus reads, for who holds the token, or, where there is none, for this machine.
 */
export default async function operators(app: FastifyInstance, options: OperatorOptions) {
  const { deps, meters } = options
  const business = businessGauges(deps.sql, meters.registry)
  const { metricsToken } = deps.config.operations

  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const closing = options.isClosing()
    const database = !closing && (await answers(deps.sql))
    const jobs = options.jobsReady()
    const ready = !closing && database && jobs
    if (!ready) reply.code(503).header('retry-after', 5)
    reply.header('cache-control', 'no-store')
    return closing ? { status: 'closing' } : { status: ready ? 'ready' : 'not ready', database, jobs }
  })

  app.get('/metrics', async (request, reply) => {
    if (!(metricsToken ? carries(request, metricsToken) : isFromHere(request)))
      return reply.code(404).send({ status: 'not found' })
    await business.refresh()
    reply.header('cache-control', 'no-store').type(meters.registry.contentType)
    return meters.registry.metrics()
  })
}

/** Times every answer of this app by route pattern. To be called before any route is registered. */
export function watchRequests(app: FastifyInstance, meters: Meters): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request
    const route = routeOptions.url?.replace(/^\/assets\/.*/, '/assets/:file') ?? 'no route'
    meters.request({
      method: methods.has(method) ? method : 'other',
      route,
      status: reply.statusCode,
      ms: reply.elapsedTime,
    })
    done()
  })
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function carries(request: FastifyRequest, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

/** Straight from this machine: what a proxy on it passes on comes from loopback too, but says so. */
function isFromHere(request: FastifyRequest): boolean {
  const { remoteAddress } = request.socket
  const passedOn = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'].some(
    (name) => request.headers[name] !== undefined,
  )
  return !passedOn && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(remoteAddress ?? '')
}
