import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** What there is of a person, in numbers, for the page that asks whether to delete it. */
export type Holdings = {
  daysLeft: number
  currentPeriodEnd: Date | null
  receipts: number
  creditNotes: number
  payments: number
  sessions: number
}

/** Counts it. Days are whole ones, rounded up, of access that was paid for or granted; days of grace are none. */
export async function countHoldings(sql: Sql, userId: string): Promise<Holdings> {
  const [row] = await sql<Holdings[]>`
    select case when s.status in ('active', 'grace')
                then greatest(0, ceil(extract(epoch from s.current_period_end - now()) / 86400))::int
                else 0 end as days_left,
           s.current_period_end,
           (select count(*)::int from receipts where user_id = s.user_id) as receipts,
           (select count(*)::int from credit_notes where user_id = s.user_id) as credit_notes,
           (select count(*)::int from orders o join payments p on p.order_id = o.id where o.user_id = s.user_id) as payments,
           (select count(*)::int from sessions where user_id = s.user_id) as sessions
    from subscriptions s
    where s.user_id = ${userId}
  `
  return row!
}

/** Orders that may still be paid, an attempt begun in time included: those to ask Cashfree about before deleting. */
export async function listOrdersToClose(sql: Sql, userId: string): Promise<{ id: string; status: string }[]> {
  return sql<{ id: string; status: string }[]>`
    select id, status
    from orders
    where user_id = ${userId}
      and paid_at is null
      and mandate_id is null
      and (status in ('created', 'active', 'terminating') or now() < expires_at + interval '25 hours')
    order by created_at desc
    limit 20
  `
}

/** Deletes the account (delete-account.sql). Answers 'deleted', 'gone', or why not. */
export async function deleteAccountRows(
  sql: Sql,
  userId: string,
  given: { seenEnd: Date | null; unusableHash: string; by: Actor },
): Promise<string> {
  const { seenEnd, unusableHash, by } = given
  const [row] = await sql<{ outcome: string }[]>`
    select delete_account(${userId}, ${seenEnd}, ${unusableHash}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}
