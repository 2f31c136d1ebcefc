import type { SandboxContext } from '../context.ts'

/** Calls a minute that the sandbox publishes. Calls not listed there get the table's most common limit. */
const LIMITS: Record<string, number> = {
  'orders.create': 30,
  'orders.get': 60,
  'payments.list': 30,
  'orders.pay': 30,
  'settlements.get': 20,
  'refunds.create': 30,
  'refunds.get': 60,
}
const OTHERS = 60
const WINDOW_MS = 60_000

export type RateLimits = { take(endpoint: string, caller: string): { headers: Record<string, string>; over: boolean } }

/** Sliding windows of a minute, when limits are enforced; otherwise the headers show a limit that is never reached. */
export function createRateLimits(context: SandboxContext): RateLimits {
  const calls = new Map<string, number[]>()

  return {
    take(endpoint, caller) {
      const now = context.clock.now()
      const limit = LIMITS[endpoint] ?? OTHERS
      const key = `${endpoint} ${caller}`
      const recent = (calls.get(key) ?? []).filter((at) => at > now - WINDOW_MS)
      const over = context.settings.enforceRateLimits && recent.length >= limit
      if (!over) recent.push(now)
      calls.set(key, recent.slice(-limit))
      const retryS = over ? Math.min(59, Math.max(1, Math.ceil((recent[0]! + WINDOW_MS - now) / 1000))) : 0
      const left = context.settings.enforceRateLimits ? Math.max(0, limit - recent.length) : limit - 1
      return { over, headers: headers(limit, left, retryS, endpoint) }
    },
  }
}

function headers(limit: number, remaining: number, retryS: number, endpoint: string): Record<string, string> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-retry': String(retryS),
    // Order Pay carries no credentials, so it can only be counted by address.
    'x-ratelimit-type': endpoint === 'orders.pay' ? 'ip' : 'app_id',
  }
}
