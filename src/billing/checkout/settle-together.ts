import { type Sql, violates } from '../../platform/db.ts'
import { together } from '../../platform/together.ts'
import type { RemoteOrder } from '../payments/gateway.ts'
import { type Answer, type Settlement, settleOrder, settleUsualOrders } from './queries.ts'

/**
 * Writes an answer of Cashfree, together with those of other orders that come at the same time: one statement and one commit settle
 * them all, so that each of many costs less than one alone. What is not the usual payment, and each of those whose common statement
 * failed, is settled by a statement of its own: no order's answer decides about another's. A pool's payments have one `seller`. Throws
 * what the database throws.
 */
export async function settleTogether(sql: Sql, answer: Answer, seller: object): Promise<Settlement> {
  const usual = mayBeUsual(answer.remote) ? await settleUsual(sql, { answer, seller }) : null
  return usual ?? settleOrder(sql, answer, seller)
}

/** What settle-usual-orders.sql asks of an answer before it looks at the order. */
function mayBeUsual({ status, attempts }: RemoteOrder): boolean {
  return status === 'PAID' && attempts?.length === 1 && attempts[0]!.status === 'SUCCESS'
}

/**
 * Settles the usual payments; null for what is not one. Two statements at once: one works while the other commits. With more than ten
 * orders each would cost hardly less, and a statement holds their locks until its commit.
 */
const settleUsual = together(settleAll, { lanes: 2, most: 10, patienceMs: 1_000 })

async function settleAll(sql: Sql, all: { answer: Answer; seller: object }[]): Promise<(Settlement | null)[]> {
  // One answer for an order: what the others come to is told by the rules, once it is settled.
  const answers = new Map(all.toReversed().map(({ answer }) => [answer.orderId, answer]))
  const settled = await settleUsualOrders(sql, [...answers.values()], all[0]!.seller).catch((error: unknown) => {
    // Another order brought the same attempt this moment: the rules tell them apart.
    if (violates(error, 'payments_pkey')) return new Map<string, Settlement>()
    throw error
  })
  return all.map(({ answer }) => (answers.get(answer.orderId) === answer && settled.get(answer.orderId)) || null)
}
