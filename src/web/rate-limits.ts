import type { Sql } from '../platform/db.ts'
import { rateLimitKey } from '../platform/networks.ts'
import { type Counted, countOne } from '../platform/rate-counters.ts'

/** Says whether one more under this key in so many milliseconds is too many, and for how long. */
export type RateCounter = (key: string, max: number, windowMs: number) => Promise<Counted & { isTooMany: boolean }>

const patienceMs = 1_000
const mostKeys = 10_000

/**
 * Counts in the database, so that all processes together keep one limit. Where it does not answer within a second, this
 * process counts by itself: a limit is looser then, never open. Who is over the limit is remembered here until their
 * window ends, so that a flood costs the database nothing.
 */
export function rateCounter(sql: Sql): RateCounter {
  const over = new Map<string, { count: number; endsAt: number }>()
  const own = new Map<string, { count: number; endsAt: number }>()

  return async (key, max, windowMs) => {
    const now = Date.now()
    const known = over.get(key)
    if (known && known.endsAt > now) return { count: ++known.count, endsInMs: known.endsAt - now, isTooMany: true }
    const counted = await inTime(countOne(sql, key, windowMs)).catch(() => countHere(key, windowMs, now))
    const isTooMany = counted.count > max
    if (isTooMany) keep(over, key, { count: counted.count, endsAt: now + counted.endsInMs })
    return { ...counted, isTooMany }
  }

  function countHere(key: string, windowMs: number, now: number): Counted {
    const before = own.get(key)
    const entry = before && before.endsAt > now ? before : { count: 0, endsAt: now + windowMs }
    entry.count++
    keep(own, key, entry)
    return { count: entry.count, endsInMs: entry.endsAt - now }
  }
}

/** The same for `@fastify/rate-limit`, each door under its own name. */
export function rateLimitStore(count: RateCounter) {
  return class Store {
    readonly door: string
    constructor({ routeInfo }: { routeInfo?: { method?: unknown; url?: string } } = {}) {
      this.door = `${routeInfo?.method ?? ''} ${routeInfo?.url ?? ''}`
    }
    incr(
      key: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      windowMs = 60_000,
      max = 30,
    ) {
      count(`${this.door} ${key}`, max, windowMs).then(
        ({ count: current, endsInMs: ttl }) => done(null, { current, ttl }),
        (error) => done(error),
      )
    }
    child(options: object) {
      return new Store(options)
    }
  }
}

/** Whom a request counts for. Behind TRUST_PROXY `ip` is the address that the proxy vouches for. */
export function callerOf({ ip }: { ip: string }): string {
  return rateLimitKey(ip)
}

/** The oldest make room: a flood of addresses costs no more memory than this. */
function keep<T>(entries: Map<string, T>, key: string, entry: T): void {
  entries.delete(key)
  entries.set(key, entry)
  if (entries.size > mostKeys) entries.delete(entries.keys().next().value!)
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('the database took too long to count')), patienceMs)
  return Promise.race([work, promise]).finally(() => clearTimeout(timer))
}
