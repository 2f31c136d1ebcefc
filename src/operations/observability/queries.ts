import type { Sql } from '../../platform/db.ts'

/** The state of the business that an operator watches. Ages in seconds, null where nothing waits. */
export type HealthSnapshot = {
  webhookLagS: number | null
  webhooksWaiting: number
  refusals: Record<string, number>
  oldestOpenOrderS: number | null
  oldestHeldOrderS: number | null
  orders: Record<string, number>
  mailsQueued: number
  oldestMailS: number | null
  mailsPausedS: number | null
  mailsDead: number
  incidents: Record<string, number>
  refunds: Record<string, number>
  subscriptions: Record<string, number>
  /** All disputes ever, by status: how many, and their amount in paise. */
  disputes: Record<string, number>
  disputedPaise: Record<string, number>
  /** Disputes whose answer is due within two days, or overdue. */
  disputesDue: number
  /** Seconds since somebody last looked for prices; null: nobody ever did. */
  priceLookS: number | null
  /** Errors of the source of prices in a row. */
  priceErrors: number
  /** Sessions of the last 30 days whose prices were asked for, by what became of them. */
  priceDays: Record<string, number>
}

/** Reads all of it in one statement, so from one snapshot. */
export async function readHealth(sql: Sql): Promise<HealthSnapshot> {
  const [row] = await sql<{ health: HealthSnapshot }[]>`
    with waiting as (
      select min(received_at) as oldest, count(*) as number from webhook_events where settled_at is null and accepted
    ), open_orders as (
      select min(created_at) as oldest, min(held_at) as held from orders where status in ('created', 'active')
    ), queued as (
      select min(created_at) filter (where not bulk) as oldest, count(*) as number from mails where status = 'queued'
    )
    select jsonb_build_object(
      'webhookLagS', (select extract(epoch from now() - oldest) from waiting),
      'webhooksWaiting', (select number from waiting),
      'refusals', (select coalesce(jsonb_object_agg(verdict, count), '{}') from webhook_refusals),
      'oldestOpenOrderS', (select extract(epoch from now() - oldest) from open_orders),
      'oldestHeldOrderS', (select extract(epoch from now() - held) from open_orders),
      'orders', (select coalesce(jsonb_object_agg(status, number), '{}')
                 from (select status, count(*) as number from orders group by status) by_status),
      'mailsQueued', (select number from queued),
      'oldestMailS', (select extract(epoch from now() - oldest) from queued),
      'mailsPausedS', (select extract(epoch from now() - paused_since) from mail_queue),
      'mailsDead', (select count(*) from mails where status = 'dead'),
      'incidents', (select coalesce(jsonb_object_agg(kind, number), '{}')
                    from (select kind, count(*) as number from incidents where resolved_at is null group by kind) by_kind),
      'refunds', (select coalesce(jsonb_object_agg(status, number), '{}')
                  from (select status, count(*) as number from refunds where finished_at is null group by status) by_status),
      'subscriptions', (select coalesce(jsonb_object_agg(status, number), '{}')
                        from (select status, count(*) as number from subscriptions group by status) by_status),
      'disputes', (select coalesce(jsonb_object_agg(status, number), '{}')
                   from (select status, count(*) as number from disputes group by status) by_status),
      'disputedPaise', (select coalesce(jsonb_object_agg(status, paise), '{}')
                        from (select status, coalesce(sum(amount_paise), 0) as paise from disputes group by status) by_status),
      'disputesDue', (select count(*) from disputes
                      where closed_at is null and status in ('open', 'unclear') and respond_by < now() + interval '2 days'),
      'priceLookS', (select extract(epoch from now() - looked_at) from feed_state),
      'priceErrors', (select errors from feed_state),
      'priceDays', (select coalesce(jsonb_object_agg(state, number), '{}')
                    from (select state, count(*) as number from feed_days
                          where day > (now() at time zone 'Asia/Kolkata')::date - 30 group by state) by_state)
    ) as health
  `
  return row!.health
}

/** What new rows of audit and webhook_events add to the counters, and up to which ids they were counted. */
export type NewRows = {
  auditUpTo: number
  eventsUpTo: number
  rescued: number
  rescuedPaise: number
  verdicts: Record<string, number>
}

/**
 * Counts the next `most` rows of audit and of webhook_events after those already counted. Rows of the last ten seconds are
 * left for the next time: a lower id may still be uncommitted.
 */
export async function countNewRows(sql: Sql, after: { audit: number; events: number }, most: number): Promise<NewRows> {
  const [row] = await sql<{ added: NewRows }[]>`
    with lines as (
      select id, actor, action, details from audit
      where id > ${after.audit}::bigint and at < now() - interval '10 seconds'
      order by id limit ${most}
    ), deliveries as (
      select id, verdict from webhook_events
      where id > ${after.events}::bigint and received_at < now() - interval '10 seconds'
      order by id limit ${most}
    ), rescues as (
      select details from lines where action = 'order.paid' and actor = 'reconciler'
    )
    select jsonb_build_object(
      'auditUpTo', (select coalesce(max(id), ${after.audit}::bigint) from lines),
      'eventsUpTo', (select coalesce(max(id), ${after.events}::bigint) from deliveries),
      'rescued', (select count(*) from rescues),
      'rescuedPaise', (select coalesce(sum((details ->> 'amountPaise')::bigint), 0) from rescues),
      'verdicts', (select coalesce(jsonb_object_agg(verdict, number), '{}')
                   from (select verdict, count(*) as number from deliveries group by verdict) by_verdict)
    ) as added
  `
  return row!.added
}

/** False when the database reports a full disk (53100). Never throws: any other error is not about the disk. */
export async function databaseHasRoom(sql: Sql): Promise<boolean> {
  return sql`select database_has_room()`.then(
    () => true,
    (error: { code?: unknown }) => error.code !== '53100',
  )
}
