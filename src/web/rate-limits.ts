import { LRUCache } from 'lru-cache'
import type { Sql } from '../platform/db.ts'
import { countOne, type WindowCount } from '../platform/rate-counters.ts'

/** The limit of routes that cost us or Cashfree something: requests per address and minute, times RATE_LIMIT_SCALE. */
export function limitOf(scale: number, aMinute = 30) {
  return { rateLimit: { max: Math.max(1, Math.floor(aMinute * scale)), timeWindow: 60_000 } }
}

/** Counts one more under this key in a window of so many milliseconds, and says whether that is more than `max`. */
export type RateCounter = (key: string, max: number, windowMs: number) => Promise<WindowCount & { isTooMany: boolean }>

const databaseTimeoutMs = 1_000
const mostKeys = 10_000

/**
 * Counts in the database, so that all processes together keep one limit. When it does not answer within a second, this
 * process counts by itself: the limit is looser then, never off. Callers over the limit are remembered here until their
 * window ends, so that a flood costs the database nothing.
 */
export function rateCounter(sql: Sql): RateCounter {
  const over = windows()
  const own = windows()

  return async (key, max, windowMs) => {
    const refused = countKnown(over, key)
    if (refused) return { ...refused, isTooMany: true }
    const counted = await inTime(countOne(sql, key, windowMs)).catch(() => countHere(own, key, windowMs))
    const isTooMany = counted.count > max
    if (isTooMany) over.set(key, { count: counted.count }, { ttl: Math.max(1, counted.endsInMs) })
    return { ...counted, isTooMany }
  }
}

type Windows = LRUCache<string, { count: number }>

/** Counts by key, each until its window ends. The least recently used make room: a flood of addresses costs no more memory. */
function windows(): Windows {
  return new LRUCache({ max: mostKeys })
}

function countKnown(counts: Windows, key: string): WindowCount | null {
  const known = counts.get(key)
  return known ? { count: ++known.count, endsInMs: Math.ceil(counts.getRemainingTTL(key)) } : null
}

function countHere(counts: Windows, key: string, windowMs: number): WindowCount {
  const known = countKnown(counts, key)
  if (known) return known
  counts.set(key, { count: 1 }, { ttl: windowMs })
  return { count: 1, endsInMs: windowMs }
}

/** The same for `@fastify/rate-limit`, each route under its own name. */
export function rateLimitStore(count: RateCounter) {
  return class Store {
    readonly route: string
    constructor({ routeInfo }: { routeInfo?: { method?: unknown; url?: string } } = {}) {
      this.route = `${routeInfo?.method ?? ''} ${routeInfo?.url ?? ''}`
    }
    incr(
      key: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      windowMs = 60_000,
      max = 30,
    ) {
      count(`${this.route} ${key}`, max, windowMs).then(
        ({ count: current, endsInMs: ttl }) => done(null, { current, ttl }),
        (error) => done(error),
      )
    }
    child(options: object) {
      return new Store(options)
    }
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('the database took too long to count')), databaseTimeoutMs)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
