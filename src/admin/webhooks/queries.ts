import type { Sql } from '../../platform/db.ts'
import type { Span } from '../days.ts'
import { andWithinDays, listValues } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'
import { below } from '../row-numbers.ts'

/** A delivery as a line of the list. */
export type Delivery = {
  id: number
  receivedAt: Date
  accepted: boolean
  verdict: string
  type: string | null
  orderId: string | null
  outcome: string | null
  settleAttempts: number
  nextSettleAt: Date | null
  settledAt: Date | null
}

/** Everything that is stored of one; `ours`: its order is one of ours. */
export type WholeDelivery = Delivery & {
  cfPaymentId: string | null
  eventTime: Date | null
  headers: Record<string, string>
  body: Buffer
  ours: boolean
}

/** `accepted`: 'yes', 'no', or 'waiting' for those that were taken and are not settled yet. */
type DeliveryFilter = { accepted: string; verdict: string; type: string; order: string; span: Span }

/** Deliveries, newest first. */
export async function listDeliveries(sql: Sql, filter: DeliveryFilter, after: Cursor | null, limit: number) {
  return sql<Delivery[]>`
    select ${columns(sql)}
    from webhook_events e
    where e.id < ${below(after)}
      ${andAccepted(sql, filter.accepted)}
      ${filter.verdict ? sql`and e.verdict = ${filter.verdict}` : sql``}
      ${filter.type ? sql`and e.type = ${filter.type}` : sql``}
      ${filter.order ? sql`and e.order_id = ${filter.order}` : sql``}
      ${andWithinDays(sql, sql`e.id`, 'webhook_events', 'received_at', filter.span)}
    order by e.id desc
    limit ${limit}
  `
}

/** One delivery, whole. */
export async function findDelivery(sql: Sql, id: number): Promise<WholeDelivery | undefined> {
  const [row] = await sql<WholeDelivery[]>`
    select ${columns(sql)}, e.cf_payment_id, e.event_time, e.headers, e.body,
           exists (select from orders o where o.id = e.order_id) as ours
    from webhook_events e
    where e.id = ${id}
  `
  return row
}

/** What a delivery about refunds or disputes changed: the audit's rows of its order while it was settled. */
export async function listChanges(sql: Sql, { orderId, receivedAt, settledAt }: WholeDelivery) {
  if (orderId === null || settledAt === null) return []
  return sql<{ action: string; amountPaise: number | null; refund: string | null }[]>`
    select action, (details ->> 'amountPaise')::int as amount_paise, details ->> 'refund' as refund
    from audit
    where order_id = ${orderId} and actor = 'webhook' and (action like 'refund.%' or action like 'dispute.%')
      and at between ${receivedAt} and ${settledAt}
    order by id
    limit 20
  `
}

/** How many deliveries were ever refused, by reason. */
export async function listRefusals(sql: Sql) {
  return sql<{ verdict: string; count: number; lastAt: Date }[]>`
    select verdict, count, last_at from webhook_refusals order by count desc
  `
}

/** Types that were delivered, for the filter. */
export function listTypes(sql: Sql): Promise<string[]> {
  return listValues(sql, 'webhook_events', 'type', 50)
}

function columns(sql: Sql) {
  return sql`e.id, e.received_at, e.accepted, e.verdict, e.type, e.order_id, e.outcome, e.settle_attempts,
             e.next_settle_at, e.settled_at`
}

/** `and` it was accepted or not. Waiting ones are few among millions: they are found in the index that holds only them. */
function andAccepted(sql: Sql, accepted: string) {
  if (accepted === 'yes') return sql`and e.accepted`
  if (accepted === 'no') return sql`and not e.accepted`
  if (accepted === 'waiting')
    return sql`and e.id in (select w.id from webhook_events w where w.settled_at is null and w.accepted offset 0)`
  return sql``
}
