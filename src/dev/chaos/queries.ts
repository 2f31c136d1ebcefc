import type { Sql } from '../../platform/db.ts'

/** Ends one of the product's database connections; `chance` (0 to 1) picks which. */
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
 * Makes everything due that waits for its time; with `aDay`, the last refreshes of paid orders too. Mails leased by a
 * process that was killed before `faultsEndedAt` are released.
 */
export async function letTimePass(sql: Sql, aDay: boolean, faultsEndedAt: Date): Promise<void> {
  await sql`update orders set next_look_at = now() where next_look_at > now() and (${aDay} or status <> 'paid')`
  await sql`update webhook_events set next_settle_at = now() where settled_at is null and next_settle_at > now()`
  await sql`
    update mails set next_attempt_at = now()
    where status = 'queued' and next_attempt_at > now()
      and (leased_until is null or (leased_until < ${faultsEndedAt} + interval '1 minute' and now() > ${faultsEndedAt} + interval '4 seconds'))
  `
  await sql`update refunds set next_look_at = now() where next_look_at > now()`
}

/** Number of webhooks and mails that still have to be handled. */
export async function countUnfinished(sql: Sql): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select ((select count(*) from webhook_events where accepted and settled_at is null)
          + (select count(*) from mails where status = 'queued'))::int as n
  `
  return row!.n
}

export type RecordedOrder = {
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

/** What is recorded of every order, and whether its buyer has access to the analyser. */
export async function listRecordedOrders(sql: Sql): Promise<RecordedOrder[]> {
  return sql<RecordedOrder[]>`
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

/** E-mail addresses of all accounts. */
export async function listAccounts(sql: Sql): Promise<Set<string>> {
  const rows = await sql<{ email: string }[]>`select email from users`
  return new Set(rows.map(({ email }) => email))
}

/** Numbers of all receipts. */
export async function listReceiptNumbers(sql: Sql): Promise<Set<string>> {
  const rows = await sql<{ number: string }[]>`select number from receipts`
  return new Set(rows.map(({ number }) => number))
}

/** Digests (SHA-256, hex) of the bodies of all webhooks that were stored. */
export async function listWebhookDigests(sql: Sql): Promise<Set<string>> {
  const rows = await sql<
    { digest: string }[]
  >`select distinct encode(sha256(body), 'hex') as digest from webhook_events`
  return new Set(rows.map(({ digest }) => digest))
}
