import type { Sql } from '../../platform/db.ts'

/** Ends one of the product's connections, whichever `chance` (0 to 1) falls on. */
export async function killBackends(sql: Sql, chance: number): Promise<void> {
  await sql`
    select pg_terminate_backend(pid)
    from (
      select pid, row_number() over (order by pid) as place, count(*) over () as many
      from pg_stat_activity
      where application_name in ('etf-web', 'etf-jobs')
    ) backend
    where place = 1 + floor(${chance} * many)
  `
}

/**
 * Lets everything that waits for its time be due: an hour's pause passes in a moment. A day's, with the last looks at
 * paid orders. Mails that a process held when it was killed, before `calmSince`, are free again.
 */
export async function letTimePass(sql: Sql, aDay: boolean, calmSince: Date): Promise<void> {
  await sql`update orders set next_look_at = now() where next_look_at > now() and (${aDay} or status <> 'paid')`
  await sql`update webhook_events set next_settle_at = now() where settled_at is null and next_settle_at > now()`
  await sql`
    update mails set next_attempt_at = now()
    where status = 'queued' and next_attempt_at > now()
      and (leased_until is null or (leased_until < ${calmSince} + interval '1 minute' and now() > ${calmSince} + interval '4 seconds'))
  `
  await sql`update refunds set next_look_at = now() where next_look_at > now()`
}

/** Work that is still under way. */
export async function countUnfinished(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select ((select count(*) from webhook_events where accepted and settled_at is null)
          + (select count(*) from mails where status = 'queued'))::int as n
  `
  return row!.n
}

export type BookedOrder = {
  id: string
  paid: boolean
  owner: string
  periods: number
  receipts: number
  applied: number
  captured: number
  strangers: number
  hasAccess: boolean
  refunded: boolean
}

/** What the books say of every order, and whether its buyer may see the analyser. */
export async function listBookedOrders(sql: Sql): Promise<BookedOrder[]> {
  return sql<BookedOrder[]>`
    select o.id, o.paid_at is not null as paid, u.email as owner,
           (select count(*)::int from subscription_periods p where p.order_id = o.id) as periods,
           (select count(*)::int from receipts r where r.order_id = o.id) as receipts,
           (select count(*)::int from payments p where p.order_id = o.id and p.applied_at is not null) as applied,
           (select count(*)::int from payments p where p.order_id = o.id and p.status = 'SUCCESS') as captured,
           (select count(*)::int from subscription_periods p where p.order_id = o.id and p.user_id <> o.user_id) as strangers,
           has_access(s) is true as has_access,
           exists (select from subscription_periods p where p.order_id = o.id and p.voided_at is not null) as refunded
    from orders o
    join users u on u.id = o.user_id
    join subscriptions s on s.user_id = o.user_id
  `
}
