/** What a call to Cashfree was about, from a short list: its path holds ids, which are no label. */
export function gatewayOperation({ method, path }: { method: string; path: string }): string {
  const pattern = path
    .replace(/\?.*$/, '')
    .replace(/^\/orders\/[^/]+/, '/orders/:id')
    .replace(/\/refunds\/.+/, '/refunds/:id')
  return operations[`${method} ${pattern}`] ?? 'other'
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
}

const outcomes = new Set(
  '200 400 401 403 404 409 422 429 500 502 503 504 timeout unreachable not-json too-large'.split(' '),
)

/** How a call to Cashfree ended; what nobody has heard of is `other`. */
export function gatewayOutcome(outcome: string): string {
  return outcomes.has(outcome) ? outcome : 'other'
}

/** Counts by word with at most `most` words: the rest, and what is no word of ours, is added up as `other`. */
export function bounded(counts: Record<string, number>, most = 30): Record<string, number> {
  const kept: Record<string, number> = {}
  for (const [word, count] of Object.entries(counts)) {
    const known = /^[a-z][a-z0-9-]{0,39}$/.test(word) && Object.keys(kept).length < most
    const name = known ? word : 'other'
    kept[name] = (kept[name] ?? 0) + count
  }
  return kept
}
