import { setImmediate as turn } from 'node:timers/promises'
import { DatabaseUnavailable, type Sql, violates, withPriority } from '../../platform/db.ts'
import type { RemoteOrder } from '../payments/gateway.ts'
import { type Answer, type Settlement, settleOrder, settleUsualOrders } from './queries.ts'

/** Statements of a process that settle at once: one works while the other commits. */
const lanes = 2
/** Orders that one statement settles at most: more would cost each hardly less, and it holds their locks until its commit. */
const most = 10
/** Milliseconds after which nobody waits behind a statement any longer: the database answers slowly, or not at all. */
const patienceMs = 1_000

type Waiting = { answer: Answer; settle: (settlement: Promise<Settlement>) => void }
type Line = { waiting: Waiting[]; free: number }

/** What waits for a statement of a pool, and how many statements may be sent. */
const lines = new WeakMap<Sql, Line>()

/**
 * Writes an answer of Cashfree, together with those of other orders that come at the same time: one statement and one commit settle
 * them all, so that each of many costs less than one alone. What is not the usual payment, and each of those whose common statement
 * failed, is settled by a statement of its own: no order's answer decides about another's. A pool's payments have one `seller`. Throws
 * what the database throws.
 */
export function settleTogether(sql: Sql, answer: Answer, seller: object): Promise<Settlement> {
  const line = lines.get(sql) ?? { waiting: [], free: lanes }
  if (!mayBeUsual(answer.remote) || line.waiting.some((other) => other.answer.orderId === answer.orderId))
    return settleOrder(sql, answer, seller)
  lines.set(sql, line)
  return new Promise((settle) => {
    line.waiting.push({ answer, settle })
    // Whose answer takes the others along says nothing of them: a page's, or a delivery's.
    withPriority(() => settleNext(sql, line, seller))
  })
}

/** What settle-usual-orders.sql asks of an answer before it looks at the order. */
function mayBeUsual({ status, attempts }: RemoteOrder): boolean {
  return status === 'PAID' && attempts?.length === 1 && attempts[0]!.status === 'SUCCESS'
}

/** Settles the share of a free lane in what waits. Never rejects. */
async function settleNext(sql: Sql, line: Line, seller: object): Promise<void> {
  await turn() // what comes in the same turn of the event loop goes together
  if (line.waiting.length === 0 || line.free === 0) return
  const batch = line.waiting.splice(0, Math.min(most, Math.ceil(line.waiting.length / line.free)))
  line.free--
  const answers = batch.map(({ answer }) => answer)
  const since = performance.now()
  const common = settleUsualOrders(sql, answers, seller)
  const settled = common.catch((error: unknown) => {
    const isOthers = violates(error, 'payments_pkey') // another order brought the same attempt this moment
    if ((batch.length === 1 && !isOthers) || tookTooLong(error)) throw error
    return new Map<string, Settlement>()
  })
  for (const { answer, settle } of batch)
    settle(settled.then((found) => found.get(answer.orderId) ?? settleOrder(sql, answer, seller)))
  await settled.catch(() => {})
  if (performance.now() - since > patienceMs)
    for (const { answer, settle } of line.waiting.splice(0)) settle(settleOrder(sql, answer, seller))
  line.free++
  settleNext(sql, line, seller)
}

/** The database answers nobody now: each would wait as long once more. A connection that broke is one of many. */
const tookTooLong = (error: unknown) => error instanceof DatabaseUnavailable && error.cause === undefined
