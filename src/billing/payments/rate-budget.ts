import { GatewayUnavailable } from './gateway.ts'

type Named = { method: string; path: string }

export type RateBudget = {
  /** Throws GatewayUnavailable when a call nobody waits for should give way; `retryAfterS` says for how long. */
  giveWay(call: Named): void
  /** Reads from an answer how much of its endpoint's rate limit is left. */
  note(call: Named, answer: { status: number; headers: Headers }): void
}

/** Seconds for which background calls pause when little is left. (Cashfree's windows slide over a minute.) */
const waitS = 10

/**
 * Remembers how much of Cashfree's rate limits is left, endpoint by endpoint, from the headers of its answers
 * (`x-ratelimit-limit`, `-remaining`, `-retry`). The last tenth is for people; a 429 silences background work until its time.
 */
export function rateBudget(now: () => number = Date.now): RateBudget {
  const quietUntil = new Map<string, number>()
  return {
    giveWay(call) {
      const rest = (quietUntil.get(endpointOf(call)) ?? 0) - now()
      if (rest > 0) throw new GatewayUnavailable('rate limit', { retryAfterS: Math.ceil(rest / 1000) })
    },
    note(call, { status, headers }) {
      const limit = Number(headers.get('x-ratelimit-limit') ?? Number.NaN)
      const remaining = Number(headers.get('x-ratelimit-remaining') ?? Number.NaN)
      if (status === 429) quietUntil.set(endpointOf(call), now() + pauseAsked(headers) * 1000)
      else if (limit > 0 && remaining <= limit / 10) quietUntil.set(endpointOf(call), now() + waitS * 1000)
    },
  }
}

/** Seconds Cashfree asks to be left alone: `x-ratelimit-retry`, else the minute its best-practice page names. */
export function pauseAsked(headers: Headers): number {
  const seconds = Number(
    headers.get('x-ratelimit-retry') ?? headers.get('retry-after') ?? headers.get('x-ratelimit-reset'),
  )
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3600) : 60
}

/** Limits are per kind of call: "GET /orders/:id/payments", whatever the order. */
export function endpointOf({ method, path }: Named): string {
  if (path === '/subscriptions/pay') return `${method} ${path}`
  return `${method} ${path.replace(/\?.*$/, '').replace(/(\/(?:orders|plans|subscriptions|payments|refunds)\/)[^/]+/g, '$1:id')}`
}
