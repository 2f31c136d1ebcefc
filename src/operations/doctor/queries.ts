import type { EndCause } from '../../billing/subscriptions/queries.ts'
import type { Sql } from '../../platform/db.ts'

/** Version, limits and clock of the server. */
export async function readServer(sql: Sql) {
  const [row] = await sql<
    { versionNumber: number; version: string; maxConnections: number; now: Date; hasMigrations: boolean }[]
  >`
    select current_setting('server_version_num')::int as version_number,
           current_setting('server_version') as version,
           current_setting('max_connections')::int as max_connections,
           clock_timestamp() as now,
           to_regclass('migrations') is not null as has_migrations
  `
  return row!
}

/** What stands around the server: a pooler before it (whose connections are not the server's own), replicas behind it. */
export async function readSurroundings(sql: Sql) {
  const rows = await sql<{ pid: number; replicas: number; synchronous: boolean; unlimited: boolean }[]>`
    select pg_backend_pid() as pid,
           (select count(*) from pg_stat_replication)::int as replicas,
           current_setting('synchronous_standby_names') <> ''
             and current_setting('synchronous_commit') not in ('off', 'local') as synchronous,
           current_setting('statement_timeout') = '0' as unlimited
  `
  return { ...rows[0]!, pooler: rows.state.pid !== rows[0]!.pid }
}

/** Names of the applied migrations, and the marker of the functions. */
export async function readMigrations(sql: Sql): Promise<string[]> {
  return (await sql<{ name: string }[]>`select name from migrations order by name`).map((row) => row.name)
}

/** Whether this role could change the audit or the tables. */
export async function readRights(sql: Sql): Promise<{ rewrites: boolean }> {
  const [row] = await sql<{ rewrites: boolean }[]>`
    select has_table_privilege('audit', 'update, delete, truncate')
           or has_table_privilege('audit_seals', 'insert, update, delete, truncate')
           or has_schema_privilege(current_schema(), 'create') as rewrites
  `
  return row!
}

/** For how many days access goes on after a period, as the last start wrote it down. */
export async function readGraceDays(sql: Sql): Promise<number> {
  const [row] = await sql<{ graceDays: number }[]>`select grace_days from product_settings`
  return row!.graceDays
}

/** Seconds since a background job last ended, in any process; null: none ever did. */
export async function readJobsAge(sql: Sql): Promise<number | null> {
  const [row] = await sql<{ ageS: number | null }[]>`
    select extract(epoch from now() - max(ended_at))::float8 as age_s from job_runs
  `
  return row!.ageS
}

/** For how many days ahead deliveries have the partition of their month, and how many came into none. */
export async function readEventPartitions(sql: Sql): Promise<{ daysAhead: number; strays: number }> {
  const [row] = await sql<{ daysAhead: number; strays: number }[]>`
    select coalesce(extract(day from max(to_at) - now())::int, 0) as days_ahead,
           (select count(*)::int from (select from webhook_events_default limit 1000) d) as strays
    from event_partitions()
  `
  return row!
}

/** Up to where the audit's chain was verified; ages in days, null: never. `wholeDays` counts from the first row until the first time. */
export async function readAuditVerification(sql: Sql) {
  const [row] = await sql<{ position: number; onRecord: boolean; days: number | null; wholeDays: number | null }[]>`
    select (head ->> 'position')::bigint as position, (head ->> 'onRecord')::boolean as on_record,
           extract(day from now() - (head ->> 'verifiedAt')::timestamptz)::int as days,
           extract(day from now() - coalesce(head ->> 'wholeAt', head ->> 'firstAt')::timestamptz)::int as whole_days
    from verified_audit_head() as head
  `
  return row!
}

/** What waits for a person or has waited too long. Ages in seconds, null where nothing waits. */
export async function readProblems(sql: Sql) {
  const [row] = await sql<
    {
      incidents: { kind: string; number: number; oldest: string }[]
      mailsDead: number
      oldestMailS: number | null
      webhookLagS: number | null
      ordersStuck: string[]
      ordersHeld: string[]
      refundsStuck: string[]
    }[]
  >`
    select
      (select coalesce(jsonb_agg(to_jsonb(i)), '[]')
       from (select kind, count(*) as number, min(opened_at) as oldest from incidents
             where resolved_at is null group by kind order by kind limit 20) i) as incidents,
      (select count(*)::int from mails where status = 'dead') as mails_dead,
      -- Mails to many may take hours where a rate is kept.
      (select extract(epoch from now() - min(created_at))::float8 from mails
       where status = 'queued' and (not bulk or created_at < now() - interval '1 day')) as oldest_mail_s,
      (select extract(epoch from now() - min(received_at))::float8
       from webhook_events where settled_at is null and accepted) as webhook_lag_s,
      (select coalesce(jsonb_agg(id), '[]')
       from (select id from orders where status in ('created', 'active', 'terminating')
                                     and next_look_at < now() - interval '10 minutes'
             order by next_look_at limit 5) o) as orders_stuck,
      (select coalesce(jsonb_agg(id), '[]')
       from (select id from orders where held_at is not null and paid_at is null order by held_at limit 5) o) as orders_held,
      (select coalesce(jsonb_agg(id), '[]')
       from (select id from refunds where finished_at is null and created_at < now() - interval '3 days'
             order by created_at limit 5) r) as refunds_stuck
  `
  return row!
}

/** All that is recorded of an order, without who paid it. Times as ISO text. */
export type OrderFile = {
  order: {
    id: string
    status: string
    amountPaise: number
    currency: string
    plan: string
    gatewayStatus: string | null
    createdAt: string
    expiresAt: string
    paidAt: string | null
    heldAt: string | null
    askedAt: string | null
    nextLookAt: string | null
    userId: string
  }
  attempts: {
    cfPaymentId: string
    status: string
    amountPaise: number | null
    method: string | null
    reason: string | null
    applied: boolean
  }[]
  period: {
    startsAt: string
    endsAt: string
    voidedAt: string | null
    voidReason: string | null
    endCause: EndCause | null
    isNow: boolean
  } | null
  subscription: { status: string; isPaid: boolean; currentPeriodEnd: string | null } | null
  receipt: string | null
  /** Its receipt waits for its number. */
  isReceiptDue: boolean
  refunds: { id: string; status: string; amountPaise: number; lastError: string | null }[]
  disputes: { id: string; status: string; type: string; amountPaise: number | null; respondBy: string | null }[]
  mails: { kind: string; status: string; attempts: number; sentAt: string | null; lastError: string | null }[]
  deliveries: { at: string; type: string | null; verdict: string; settledAt: string | null; outcome: string | null }[]
  incidents: { kind: string; openedAt: string; resolvedAt: string | null; details: unknown }[]
  audit: { at: string; actor: string; action: string }[]
}

/** All records of an order; undefined when there is no such order. */
export async function readOrderFile(sql: Sql, orderId: string): Promise<OrderFile | undefined> {
  const [row] = await sql<{ file: OrderFile }[]>`
    select jsonb_build_object(
      'order', jsonb_build_object('id', o.id, 'status', o.status, 'amountPaise', o.amount_paise, 'currency', o.currency,
        'plan', o.plan_key, 'gatewayStatus', o.gateway_status, 'createdAt', o.created_at, 'expiresAt', o.expires_at,
        'paidAt', o.paid_at, 'heldAt', o.held_at, 'askedAt', o.asked_at, 'nextLookAt', o.next_look_at, 'userId', o.user_id),
      'attempts', (select coalesce(jsonb_agg(jsonb_build_object('cfPaymentId', cf_payment_id, 'status', status,
          'amountPaise', amount_paise, 'method', method, 'reason', failure_reason, 'applied', applied_at is not null)
          order by coalesce(completed_at, started_at, created_at)), '[]') from payments where order_id = o.id),
      'period', (select jsonb_build_object('startsAt', starts_at, 'endsAt', ends_at, 'voidedAt', voided_at,
          'voidReason', void_reason, 'endCause', end_cause(subscription_periods),
          'isNow', now() between starts_at and ends_at) from subscription_periods where order_id = o.id),
      'subscription', (select jsonb_build_object('status', status, 'isPaid', is_paid,
          'currentPeriodEnd', current_period_end) from subscriptions where user_id = o.user_id),
      'receipt', valid_receipt_number(o.id),
      'isReceiptDue', exists (select from receipts_due where order_id = o.id),
      'refunds', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'status', status, 'amountPaise', amount_paise,
          'lastError', last_error) order by created_at), '[]') from refunds where order_id = o.id),
      'disputes', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'status', status, 'type', type,
          'amountPaise', amount_paise, 'respondBy', respond_by) order by opened_at), '[]') from disputes where order_id = o.id),
      'mails', (select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'status', status, 'attempts', attempts,
          'sentAt', sent_at, 'lastError', last_error) order by id), '[]') from mails
          where (kind = 'receipt' and subject_key in (select number from receipts where order_id = o.id))
             or (kind = 'refund' and subject_key in (select id from refunds where order_id = o.id))),
      'deliveries', (select coalesce(jsonb_agg(jsonb_build_object('at', received_at, 'type', type, 'verdict', verdict,
          'settledAt', settled_at, 'outcome', outcome) order by id), '[]')
          from (select * from webhook_events where order_id = o.id order by id desc limit 20) e),
      'incidents', (select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'openedAt', opened_at,
          'resolvedAt', resolved_at, 'details', details) order by id), '[]') from incidents where order_id = o.id),
      'audit', (select coalesce(jsonb_agg(jsonb_build_object('at', at, 'actor', actor, 'action', action) order by id), '[]')
          from (select * from audit where order_id = o.id order by id desc limit 40) a)
    ) as file
    from orders o where o.id = ${orderId}
  `
  return row?.file
}

/** The ceiling of a mandate that somebody without a plan would open today, in paise; null where no plan is on sale. */
export async function readCeiling(sql: Sql): Promise<number | null> {
  const [row] = await sql<{ paise: number | null }[]>`select mandate_ceiling(gen_random_uuid()) as paise`
  return row!.paise
}
