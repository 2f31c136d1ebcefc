import { setTimeout as pause } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { type BillingServices, isGatewayFailure } from '../payments/gateway.ts'
import { isOpen } from '../payments/payments.ts'
import { findOrder, type Order } from '../payments/queries.ts'
import { type SettlementSource, settle } from './settle.ts'

/** Fewest milliseconds between two questions about one order that people's browsers can cause. */
const spacingMs = 2_000
/** `refreshed` is there until its answer came. */
type Turn = { startsAt: number; refreshed: Promise<Order> | null }
const turns = new LRUCache<string, Turn>({ max: 10_000 })

/**
 * Asks Cashfree about an order because its payer came back, and answers the order as it is then. The first time at once; a
 * reload waits its turn rather than show an old answer, because it may be the second return, after a second attempt. Any
 * number of reloads share a turn. Never throws because Cashfree is away.
 */
export function refreshForReturn(services: BillingServices, order: Order): Promise<Order> {
  const now = performance.now()
  const last = turns.get(order.id)
  if (last?.refreshed && now < last.startsAt) return last.refreshed
  const startsAt = Math.max(now, (last?.startsAt ?? 0) + spacingMs)
  const refreshed = pause(startsAt - now).then(() => ask(services, order, 'return'))
  const turn: Turn = { startsAt, refreshed }
  turns.set(order.id, turn)
  const forget = () => {
    turn.refreshed = null
  }
  refreshed.then(forget, forget)
  return refreshed
}

/** The questions under way, by source and order: those of polls leave out the attempts, which others need. */
const asking = new Map<string, Promise<Order>>()

/**
 * Asks Cashfree about an unpaid order unless somebody did within the last `freshMs`, and answers the order as it is then. To all
 * but polls only what was heard of its attempts is fresh: one of them may be pending at the bank. `isCounted` is false for the
 * question before a payment, which the polls of open tabs must not use up. Callers of one source share a question that is under
 * way. Never throws because Cashfree is away.
 */
export async function refreshUnlessFresh(
  services: BillingServices,
  order: Order,
  actor: SettlementSource,
  freshMs: number,
  { isCounted } = { isCounted: true },
): Promise<Order> {
  if (!mayChange(order)) return order
  const lastAsked = actor === 'poll' ? order.askedAt : (order.attemptsAskedAt ?? order.createdAt)
  // The time is the database's; where our clock is far off, asking once too often beats never asking.
  if (lastAsked && Math.abs(Date.now() - lastAsked.getTime()) < freshMs) return order
  const key = `${actor} ${order.id}`
  const shared = asking.get(key)
  if (shared) return shared
  if (isCounted && !takeFromAllowance(order.userId)) return order
  const asked = ask(services, order, actor).finally(() => asking.delete(key))
  asking.set(key, asked)
  return asked
}

/** A tab that waits asks 20 times a minute. One account, however many orders and tabs it has, gets two tabs' worth. */
const allowedAMinute = 40
let minute = 0
const taken = new Map<string, number>()

function takeFromAllowance(userId: string): boolean {
  const now = Math.floor(Date.now() / 60_000)
  if (now !== minute) taken.clear()
  minute = now
  const before = taken.get(userId) ?? 0
  taken.set(userId, before + 1)
  return before < allowedAMinute
}

/** Orders that were closed long ago are left to the reconciler; a browser cannot make us ask about them for ever. */
function mayChange(order: Order): boolean {
  if (order.mandateId !== null) return false
  if (isOpen(order)) return true
  return order.status !== 'paid' && order.closedAt !== null && Date.now() - order.closedAt.getTime() < 3_600_000
}

/**
 * Settling may be shared with a job that gives Cashfree more time. Nobody waits for it longer than a question of their own
 * would take: what comes of it later is written all the same, and the page says what is known by then.
 */
async function ask(services: BillingServices, order: Order, actor: SettlementSource): Promise<Order> {
  const settled = settle(services, order.id, actor).then(
    (settlement) => settlement.order,
    (error: unknown) => {
      if (!isGatewayFailure(error)) throw error
      services.log.warn({ orderId: order.id, err: error }, 'Cashfree could not be asked')
      return null
    },
  )
  const patience = new AbortController()
  const enough = pause(services.config.cashfree.timeoutMs + 500, null, { signal: patience.signal }).catch(() => null)
  try {
    return (await Promise.race([settled, enough])) ?? (await findOrder(services.sql, order.id)) ?? order
  } finally {
    patience.abort()
    settled.catch(() => {})
  }
}
