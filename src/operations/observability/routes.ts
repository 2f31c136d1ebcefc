import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { marketAge } from '../../market/prices/queries.ts'
import { answers, withPriority } from '../../platform/db.ts'
import { isLoopback, readHost } from '../../platform/host-header.ts'
import { type ReleaseCompatibility, readCompatibility, readRelease } from '../../platform/release.ts'
import type { Services } from '../../platform/services.ts'
import { businessMetrics, databaseMetric } from './business-metrics.ts'
import { watchDiskSpace } from './disk-space.ts'
import type { Metrics } from './metrics.ts'

export type ObservabilityOptions = {
  services: Services
  metrics: Metrics
  jobsReady: () => boolean
  /** True from the moment the process was asked to end. */
  isClosing: () => boolean
  /** True while payment events cannot be written to PAYMENTS_LOG. */
  isPaymentsLogBroken: () => boolean
}

// Probes call by address, not by host name.
const anyHost = { config: { anyHost: true } }

/**
 * /healthz: the process answers. /readyz: it can serve, that is, the database answers, has room and is compatible with this
 * release, jobs run where they are this process's work, and the process is not closing; how old the prices are is told besides.
 * /metrics: for Prometheus, with the token. Without a configured token it is closed in production; elsewhere it is open to this
 * machine under its own name.
 */
export default async function observability(app: FastifyInstance, options: ObservabilityOptions) {
  const { services, metrics } = options
  const { role, operations } = services.config
  const { metricsToken } = operations
  const runsJobs = role !== 'web'
  const business = (runsJobs ? businessMetrics : databaseMetric)(services.sql, metrics.registry)
  const findFull = watchDiskSpace(services.sql, options.isPaymentsLogBroken)
  // Without the functions' text, nearly a megabyte, which only a migration needs.
  const ours = { ...(await readRelease()), functions: '' }
  let last: ReleaseCompatibility = 'current'

  /** Logged when it changes: another release may migrate the database while this process runs. */
  async function compatibility(): Promise<ReleaseCompatibility> {
    const now = await readCompatibility(services.sql, ours).catch(() => last)
    if (now !== last) services.log.warn({ release: now }, compatibilityMessages[now])
    last = now
    return now
  }

  /** A detail, never a reason not to be ready: old prices are no better elsewhere. Null when it cannot be read. */
  async function priceAge() {
    const age = await marketAge(services.sql).catch(() => null)
    return age && { asOf: age.asOf, sessionsBehind: age.asOf === null ? null : age.daysBehind }
  }

  app.get('/healthz', anyHost, async () => ({ status: 'ok' }))

  /** What the database tells, before all that waits for a connection: no crowd on the pages makes a proxy leave this process. */
  const ask = () =>
    withPriority(async () => {
      const database = await answers(services.sql)
      const full = database ? await findFull() : []
      const release = database ? await compatibility() : last
      return { database, full, release, prices: database ? await priceAge() : null }
    })
  /** However many probes come, one at a time goes before payments. */
  let asking: ReturnType<typeof ask> | undefined

  app.get('/readyz', anyHost, async (_request, reply) => {
    const jobs = runsJobs ? { jobs: options.jobsReady() } : {}
    reply.header('cache-control', 'no-store')
    if (options.isClosing()) return reply.code(503).header('retry-after', 5).send({ status: 'closing' })
    asking ??= ask().finally(() => {
      asking = undefined
    })
    const { database, full, release, prices } = await asking
    const ready = database && jobs.jobs !== false && !full.includes('database') && release !== 'incompatible'
    if (!ready) reply.code(503).header('retry-after', 5)
    const details = { ...(full.length > 0 ? { full } : {}), ...(prices === null ? {} : { prices }) }
    return { status: ready ? 'ready' : 'not ready', database, ...jobs, release, ...details }
  })

  app.get('/metrics', anyHost, async (request, reply) => {
    if (!(metricsToken ? hasToken(request, metricsToken) : !services.config.production && isLocal(request)))
      return reply.code(404).send({ status: 'not found' })
    await business.refresh()
    reply.header('cache-control', 'no-store').type(metrics.registry.contentType)
    return metrics.registry.metrics()
  })
}

const compatibilityMessages: Record<ReleaseCompatibility, string> = {
  current: 'the database is of this release again',
  'database-behind': 'the database went back to an earlier release: this process should make room for that one',
  'older-than-database': 'a newer release migrated the database: this process serves until it is replaced',
  incompatible: 'a newer release migrated the database, and this process cannot work on it: it should be replaced now',
}

/** Measures every answer by route pattern, and counts clients that disconnect. To be called before any route is registered. */
export function instrumentRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      if (reply.raw.writableFinished) return
      metrics.clientLeft()
      request.log.debug({ event: 'client left', route: routeOf(request) }, 'the client left before its answer')
    })
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { method } = request
    metrics.request({
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

function hasToken(request: FastifyRequest, token: string): boolean {
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

/** Sent by this machine itself under one of its names. What a local proxy passes on has its headers. */
function isLocal(request: FastifyRequest): boolean {
  const { remoteAddress } = request.socket
  const isProxied = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'].some(
    (name) => request.headers[name] !== undefined,
  )
  const host = readHost(request.headers.host, 80)
  return (
    !isProxied && host !== null && isLoopback(host) && /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(remoteAddress ?? '')
  )
}
