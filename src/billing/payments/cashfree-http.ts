import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { GatewayUnavailable } from './gateway.ts'
import { parseGatewayJson } from './gateway-json.ts'
import { endpointOf, pauseAsked, type RateBudget, rateBudget } from './rate-budget.ts'

export type CashfreeSettings = {
  /** Base including /pg, no trailing slash. */
  apiBase: string
  clientId: string
  clientSecret: string
  /** Time limit of a call made for a waiting person, in milliseconds. */
  timeoutMs: number
  /** Called after every finished call, for logs and metrics. `outcome` is the HTTP status or the kind of failure. */
  observe?: (call: { method: string; path: string; outcome: string; ms: number }) => void
  /**
   * Asked before each exchange where processes share a rate limit: how many seconds the call should wait, 0 when it may go. Must not throw.
   */
  permit?: (endpoint: string, patient: boolean) => Promise<number>
}

export type Call = {
  method: string
  path: string
  body?: unknown
  idempotencyKey?: string
  /** Time limit in milliseconds. */
  within?: number | undefined
  /** Nobody waits for it: it gives way when the rate limit runs low. */
  patient?: boolean
}
export type Answer = { status: number; code: string; type: string; body: unknown }

const apiVersion = '2025-01-01'
const largestAnswer = 1_000_000

/**
 * One HTTP exchange with Cashfree: pinned version, a limit on time and size, no redirect followed (a 307 would carry
 * the secret to another host). Repeats once, inside the same time limit, when the call is safe to repeat: a read, or a
 * write under its idempotency key. Throws GatewayUnavailable for everything that is not an understood answer.
 */
export function cashfreeHttp(settings: CashfreeSettings): (call: Call) => Promise<Answer> {
  const budget = rateBudget()
  return async (call) => {
    if (call.patient) budget.giveWay(call)
    const signal = AbortSignal.timeout(call.within ?? settings.timeoutMs)
    const repeatable = call.method === 'GET' || call.idempotencyKey !== undefined
    for (let attempt = 1; ; attempt++) {
      const waitS = (await settings.permit?.(endpointOf(call), call.patient ?? false)) ?? 0
      if (waitS > 0) throw new GatewayUnavailable('rate limit', { retryAfterS: waitS })
      const started = performance.now()
      const outcome = await exchange(settings, call, signal, budget).catch((error: unknown) => unavailable(error))
      const failed = outcome instanceof GatewayUnavailable
      const what = failed ? outcome.message : String(outcome.status)
      settings.observe?.({ method: call.method, path: call.path, outcome: what, ms: performance.now() - started })
      if (!failed) return outcome
      if (!repeatable || attempt > 1 || signal.aborted || outcome.retryAfterS !== null) throw outcome
      await pause(100 + Math.random() * 150)
    }
  }
}

async function exchange(
  settings: CashfreeSettings,
  call: Call,
  signal: AbortSignal,
  budget: RateBudget,
): Promise<Answer> {
  const response = await fetch(settings.apiBase + call.path, {
    method: call.method,
    signal,
    redirect: 'error',
    headers: {
      accept: 'application/json',
      'x-api-version': apiVersion,
      'x-client-id': settings.clientId,
      'x-client-secret': settings.clientSecret,
      'x-request-id': randomUUID(),
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(call.idempotencyKey === undefined ? {} : { 'x-idempotency-key': call.idempotencyKey }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  })
  budget.note(call, response)
  const body = readJson(await readBounded(response))
  if (response.status === 429) throw new GatewayUnavailable('429', { retryAfterS: pauseAsked(response.headers) })
  if (response.status >= 500) throw new GatewayUnavailable(String(response.status), { answered: true })
  if (body === undefined) throw new GatewayUnavailable('not-json')
  const error = (body ?? {}) as { code?: unknown; type?: unknown }
  return { status: response.status, code: String(error.code ?? ''), type: String(error.type ?? ''), body }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > largestAnswer) throw new GatewayUnavailable('too-large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readJson(text: string): unknown {
  try {
    return parseGatewayJson(text)
  } catch {
    return undefined
  }
}

function unavailable(error: unknown): GatewayUnavailable {
  if (error instanceof GatewayUnavailable) return error
  const name = (error as Error).name
  return new GatewayUnavailable(name === 'TimeoutError' || name === 'AbortError' ? 'timeout' : 'unreachable')
}
