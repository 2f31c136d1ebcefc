import { endpointOf } from '../../billing/payments/rate-budget.ts'

/** The operation of a call to Cashfree, from a fixed list: its path holds ids, which must not become labels. */
export function gatewayOperation(call: { method: string; path: string }): string {
  return operations[endpointOf(call)] ?? 'other'
}

const operations: Record<string, string> = {
  'POST /orders': 'create order',
  'GET /orders/:id': 'get order',
  'PATCH /orders/:id': 'terminate order',
  'GET /orders/:id/payments': 'get payments',
  'POST /orders/:id/refunds': 'create refund',
  'GET /orders/:id/refunds': 'get refunds',
  'GET /orders/:id/disputes': 'get disputes',
  'GET /orders/:id/refunds/:id': 'get refund',
  'POST /plans': 'create plan',
  'GET /plans/:id': 'get plan',
  'POST /subscriptions': 'create mandate',
  'GET /subscriptions/:id': 'get mandate',
  'POST /subscriptions/:id/manage': 'cancel mandate',
  'POST /subscriptions/pay': 'charge',
  'GET /subscriptions/:id/payments': 'get charges',
  'GET /subscriptions/:id/payments/:id': 'get charge',
  'POST /subscriptions/:id/payments/:id/manage': 'cancel charge',
  'POST /subscriptions/:id/refunds': 'refund charge',
  'GET /subscriptions/:id/refunds/:id': 'get refund of charge',
}

const outcomes = new Set(
  '200 400 401 403 404 409 422 429 500 502 503 504 timeout unreachable not-json too-large'.split(' '),
)

/** How a call to Cashfree ended; an unknown outcome is `other`. */
export function gatewayOutcome(outcome: string): string {
  return outcomes.has(outcome) ? outcome : 'other'
}

/** Counts with at most `most` label values: the rest, and values of an unexpected form, are added up as `other`. */
export function bounded(counts: Record<string, number>, most = 30): Record<string, number> {
  const limited: Record<string, number> = {}
  for (const [value, count] of Object.entries(counts)) {
    const known = /^[a-z][a-z0-9-]{0,39}$/.test(value) && Object.keys(limited).length < most
    const name = known ? value : 'other'
    limited[name] = (limited[name] ?? 0) + count
  }
  return limited
}
