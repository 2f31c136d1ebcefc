import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { answers } from '../../platform/db.ts'
import { isLoopback, readHost } from '../../platform/hosts.ts'
import { type ReleaseCompatibility, readCompatibility, readRelease } from '../../platform/release.ts'
import type { Services } from '../../platform/services.ts'
import { businessGauges } from './business-metrics.ts'
import { fullPlaces } from './disk-space.ts'
import type { Metrics } from './metrics.ts'

export type ObservabilityOptions = {
  deps: Services
  meters: Metrics
  jobsReady: () => boolean
  /** True from the moment the process was asked to end. */
  isClosing: () => boolean
  /** True while payment events cannot be written to PAYMENTS_LOG. */
  isPaymentsLogBroken: () => boolean
}

// Probes come by address, not by name.
const anyHost = { config: { anyHost: true } }

/**
 * /healthz: the process answers. /readyz: it can serve, that is, the database answers, has room and was not migrated by a
 * release that this one does not work under, jobs run and nobody asked it to end. /metrics: what Prometheus reads, for who
 * holds the token. Without a token it is closed in production, and outside it open to this machine under its own name.
 */
export default async function operators(app: FastifyInstance, options: ObservabilityOptions) {
  const { deps, meters } = options
  const business = businessGauges(deps.sql, meters.registry)
  const { metricsToken } = deps.config.operations
  const findFull = fullPlaces(deps.sql, options.isPaymentsLogBroken)
  const ours = await readRelease()
  let told: ReleaseCompatibility = 'current'

  /** Told in the log when it changes: another release may migrate the database while we run. */
  async function standing(): Promise<ReleaseCompatibility> {
    const now = await readCompatibility(deps.sql, ours).catch(() => told)
    if (now !== told) deps.log.warn({ release: now }, standings[now])
    told = now
    return now
  }

  app.get('/healthz', anyHost, async () => ({ status: 'ok' }))

  app.get('/readyz', anyHost, async (_request, reply) => {
    const closing = options.isClosing()
    const database = !closing && (await answers(deps.sql))
    const jobs = options.jobsReady()
    const places = database ? await findFull() : []
    const release = database ? await standing() : told
    const ready = !closing && database && jobs && !places.includes('database') && release !== 'incompatible'
    if (!ready) reply.code(503).header('retry-after', 5)
    reply.header('cache-control', 'no-store')
    if (closing) return { status: 'closing' }
    const full = places.length > 0 ? { full: places } : {}
    return { status: ready ? 'ready' : 'not ready', database, jobs, release, ...full }
  })

  app.get('/metrics', anyHost, async (request, reply) => {
    if (!(metricsToken ? carries(request, metricsToken) : !deps.config.production && isFromHere(request)))
      return reply.code(404).send({ status: 'not found' })
    await business.refresh()
    reply.header('cache-control', 'no-store').type(meters.registry.contentType)
    return meters.registry.metrics()
  })
}

const standings: Record<ReleaseCompatibility, string> = {
  current: 'the database is of this release again',
  'database-behind': 'the database went back to an earlier release: this process should make room for that one',
  'older-than-database': 'a newer release migrated the database: this process serves until it is replaced',
  incompatible: 'a newer release migrated the database, and this process cannot work on it: it should be replaced now',
}

/** Times every answer of this app by route pattern, and counts who did not wait for it. To be called before any route is registered. */
export function watchRequests(app: FastifyInstance, meters: Metrics): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      if (reply.raw.writableFinished) return
      meters.clientLeft()
      request.log.debug({ event: 'client left', route: routeOf(request) }, 'the client left before its answer')
    })
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request
    meters.request({
      method: methods.has(method) ? method : 'other',
      route: routeOf(request),
      status: reply.statusCode,
      ms: reply.elapsedTime,
    })
    done()
  })
}

function routeOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.url?.replace(/^\/assets\/.*/, '/assets/:file') ?? 'no route'
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

function carries(request: FastifyRequest, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

/** Straight from this machine and under one of its names: what a proxy on it passes on comes from loopback too, but says so. */
function isFromHere(request: FastifyRequest): boolean {
  const { remoteAddress } = request.socket
  const passedOn = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'].some(
    (name) => request.headers[name] !== undefined,
  )
  const host = readHost(request.headers.host, 80)
  return (
    !passedOn && host !== null && isLoopback(host) && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(remoteAddress ?? '')
  )
}
