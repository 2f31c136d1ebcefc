import type { Sql } from '../../platform/db.ts'
import type { Span } from '../days.ts'

/** What the ledger shows of a delivery. */
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

/** Everything that is kept of one; `ours`: its order is in our books. */
export type WholeDelivery = Delivery & {
  cfPaymentId: string | null
  eventTime: Date | null
  headers: Record<string, string>
  body: Buffer
  ours: boolean
}

/** `accepted`: 'yes', 'no', or 'waiting' for those that were taken and are not settled yet. */
export type DeliveryFilter = { accepted: string; verdict: string; type: string; order: string; span: Span }

/** Deliveries below a number, newest first. */
export async function listDeliveries(sql: Sql, filter: DeliveryFilter, below: number, limit: number) {
  return sql<Delivery[]>`
    select ${columns(sql)}
    from webhook_events e
    where e.id < ${below}
      ${taken(sql, filter.accepted)}
      ${filter.verdict ? sql`and e.verdict = ${filter.verdict}` : sql``}
      ${filter.type ? sql`and e.type = ${filter.type}` : sql``}
      ${filter.order ? sql`and e.order_id = ${filter.order}` : sql``}
      ${filter.span.since ? withinDays(sql, filter.span) : sql``}
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

/** Deliveries refused since ever, by reason. */
export async function listRefusals(sql: Sql) {
  return sql<{ verdict: string; count: number; lastAt: Date }[]>`
    select verdict, count, last_at from webhook_refusals order by count desc
  `
}

/** Types that were delivered, for the filter: one step through the index for each. */
export async function listTypes(sql: Sql): Promise<string[]> {
  const rows = await sql<{ type: string }[]>`
    with recursive seen as (
      (select type from webhook_events where type is not null order by type limit 1)
      union all
      select (select e.type from webhook_events e where e.type > seen.type order by e.type limit 1)
      from seen
      where seen.type is not null
    )
    select type from seen where type is not null limit 50
  `
  return rows.map((row) => row.type)
}

function columns(sql: Sql) {
  return sql`e.id, e.received_at, e.accepted, e.verdict, e.type, e.order_id, e.outcome, e.settle_attempts,
             e.next_settle_at, e.settled_at`
}

/** Waiting ones are few among millions: they are read through the index that holds only them. */
function taken(sql: Sql, accepted: string) {
  if (accepted === 'yes') return sql`and e.accepted`
  if (accepted === 'no') return sql`and not e.accepted`
  if (accepted === 'waiting')
    return sql`and e.id in (select w.id from webhook_events w where w.settled_at is null and w.accepted offset 0)`
  return sql``
}

/** The numbers of a day's rows, found by the day alone (`offset 0` keeps the planner from walking all numbers instead). */
function withinDays(sql: Sql, { since, before }: Span) {
  const day = sql`select id from webhook_events where received_at >= ${since} and received_at < ${before} offset 0`
  return sql`and e.id between (select min(id) from (${day}) d) and (select max(id) from (${day}) d)`
}
