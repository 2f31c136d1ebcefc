import { setTimeout as pause } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { BillingServices } from '../payments/gateway.ts'
import { GatewayRefused, GatewayUnavailable } from '../payments/gateway.ts'
import type { Order } from '../payments/queries.ts'
import { type SettlementSource, settle } from './settle.ts'

/** Fewest milliseconds between two questions about one order that people's browsers can cause. */
const spacingMs = 2_000
const returns = new LRUCache<string, { startsAt: number; look: Promise<void> }>({ max: 10_000 })

/**
 * Asks about an order because its payer came back. The first time at once; a reload waits its turn rather than show
 * an old answer, because it may be the second return, after a second attempt. Any number of reloads share a turn.
 */
export function askForReturn(deps: BillingServices, orderId: string): Promise<void> {
  const now = performance.now()
  const last = returns.get(orderId)
  if (last && now < last.startsAt) return last.look
  const startsAt = Math.max(now, (last?.startsAt ?? 0) + spacingMs)
  const look = pause(startsAt - now).then(() => ask(deps, orderId, 'return'))
  returns.set(orderId, { startsAt, look })
  return look
}

/** Asks about an unpaid order unless somebody did within the last `freshMs`. Never throws because Cashfree is away. */
export async function lookUnlessFresh(
  deps: BillingServices,
  order: Order,
  actor: SettlementSource,
  freshMs: number,
): Promise<void> {
  if (!isWorthALook(order)) return
  // The time is the database's; where our clock is far off, asking once too often beats never asking.
  if (order.askedAt && Math.abs(Date.now() - order.askedAt.getTime()) < freshMs) return
  if (!spendLook(order.userId)) return
  await ask(deps, order.id, actor)
}

/** A tab that waits asks 20 times a minute. One account, however many orders and tabs it has, gets two tabs' worth. */
const looksAMinute = 40
let minute = 0
const spent = new Map<string, number>()

function spendLook(userId: string): boolean {
  const now = Math.floor(Date.now() / 60_000)
  if (now !== minute) spent.clear()
  minute = now
  const before = spent.get(userId) ?? 0
  spent.set(userId, before + 1)
  return before < looksAMinute
}

/** Orders that were closed long ago are the reconciler's business; a browser cannot make us ask about them for ever. */
function isWorthALook(order: Order): boolean {
  if (order.status === 'created' || order.status === 'active') return true
  return order.status !== 'paid' && order.closedAt !== null && Date.now() - order.closedAt.getTime() < 3_600_000
}

/**
 * A look may be shared with a job that gives Cashfree more time. Nobody waits for it longer than a person's own look
 * would take: what it finds later is written all the same, and the page says what is known by then.
 */
async function ask(deps: BillingServices, orderId: string, actor: SettlementSource): Promise<void> {
  const look = settle(deps, orderId, actor).then(
    () => {},
    (error: unknown) => {
      if (!(error instanceof GatewayUnavailable || error instanceof GatewayRefused)) throw error
      deps.log.warn({ orderId, err: error }, 'Cashfree could not be asked')
    },
  )
  const patience = new AbortController()
  const enough = pause(deps.config.cashfree.timeoutMs + 500, undefined, { signal: patience.signal }).catch(() => {})
  try {
    await Promise.race([look, enough])
  } finally {
    patience.abort()
    look.catch(() => {})
  }
}
