import { setImmediate as turn } from 'node:timers/promises'
import type { Sql } from '../../platform/db.ts'
import type { RemoteOrder } from '../payments/gateway.ts'
import { type Answer, type Settlement, settleOrder, settleUsualOrders } from './queries.ts'

/** Statements of a process that settle at once: one writes while the other commits. */
const lanes = 2
/** Orders that one statement settles at most: more would cost each hardly less, and it holds their locks until its commit. */
const most = 10

type Waiting = { answer: Answer; settle: (settlement: Promise<Settlement>) => void }

/** The answers that wait for a statement of a pool, and how many lanes are open. */
const lines = new WeakMap<Sql, { waiting: Waiting[]; open: number }>()

/**
 * Writes an answer of Cashfree, together with those of other orders that come at the same time: one statement and one commit settle
 * them all, so that each of many costs less than one alone. What is not the usual payment, and each of those whose common statement
 * failed, is settled by a statement of its own: no order's answer decides about another's. Throws what the database throws.
 */
export function settleTogether(sql: Sql, answer: Answer, seller: object): Promise<Settlement> {
  const line = lines.get(sql) ?? { waiting: [], open: 0 }
  if (!mayBeUsual(answer.remote) || line.waiting.some((other) => other.answer.orderId === answer.orderId))
    return settleOrder(sql, answer, seller)
  lines.set(sql, line)
  return new Promise((settle) => {
    line.waiting.push({ answer, settle })
    if (line.open < lanes) settleInTurn(sql, line, seller)
  })
}

/** What settle-usual-orders.sql asks of an answer before it looks at the order. */
function mayBeUsual({ status, attempts }: RemoteOrder): boolean {
  return status === 'PAID' && attempts?.length === 1 && attempts[0]!.status === 'SUCCESS'
}

async function settleInTurn(sql: Sql, line: { waiting: Waiting[]; open: number }, seller: object): Promise<void> {
  line.open++
  // What comes in the same turn of the event loop goes together.
  for (await turn(); line.waiting.length > 0; await turn()) {
    const batch = line.waiting.splice(0, most)
    const answers = batch.map(({ answer }) => answer)
    const common = settleUsualOrders(sql, answers, seller)
    const settled = batch.length > 1 ? common.catch(() => new Map<string, Settlement>()) : common
    for (const { answer, settle } of batch)
      settle(settled.then((found) => found.get(answer.orderId) ?? settleOrder(sql, answer, seller)))
    await settled.catch(() => {})
  }
  line.open--
}
