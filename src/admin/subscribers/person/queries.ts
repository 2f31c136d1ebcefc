import { type EndCause, phasesIn } from '../../../billing/subscriptions/queries.ts'
import { phasesLabel } from '../../../billing/subscriptions/subscriptions.ts'
import type { Sql } from '../../../platform/db.ts'
import type { Cursor } from '../../listing.ts'

/** An account as its page shows it. */
export type PersonFile = {
  id: string
  name: string
  username: string
  email: string
  phone: string | null
  /** Null: the checkout has not asked yet. */
  stateCode: string | null
  role: string
  createdAt: Date
  emailVerifiedAt: Date | null
  consentedTo: string | null
  consentedAt: Date | null
  suspendedAt: Date | null
  suspendedReason: string | null
  deletedAt: Date | null
  status: string
  isPaid: boolean
  hasAccess: boolean
  planTitle: string | null
  /** What runs and what is to come, as a sentence; null when nothing runs. */
  schedule: string | null
  currentPeriodStart: Date | null
  currentPeriodEnd: Date | null
  graceEndsAt: Date | null
  sessions: number
}

/** The account with this id. */
export async function findPerson(sql: Sql, id: string): Promise<PersonFile | undefined> {
  const [row] = await sql<(PersonFile & { phases: Parameters<typeof phasesIn>[0] })[]>`
    select u.id, u.name, u.username, u.email, u.phone, u.state_code, u.role, u.created_at, u.email_verified_at,
           u.consented_to, u.consented_at, u.suspended_at, u.suspended_reason, u.deleted_at, status_by_now(s) as status,
           s.is_paid, has_access(s) is true as has_access, p.title as plan_title, phases_of(u.id) as phases, s.current_period_start,
           s.current_period_end, s.current_period_end + grace_of(s) as grace_ends_at,
           (select count(*)::int from sessions where user_id = u.id and now() < expires_at) as sessions
    from users u
    join subscriptions s on s.user_id = u.id
    left join plans p on p.key = running_plan(s)
    where u.id = ${id}
  `
  return row && { ...row, schedule: phasesLabel(phasesIn(row.phases)) }
}

/** A period that somebody's access is or was made of; bought, or granted by `grantedBy` (a user name). */
export type Period = {
  when: 'past' | 'running' | 'ahead'
  startsAt: Date
  endsAt: Date
  orderId: string | null
  isGift: boolean
  planTitle: string | null
  amountPaise: number | null
  grantedBy: string | null
  grantReason: string | null
  voidedAt: Date | null
  voidReason: string | null
  endCause: EndCause | null
}

/** Somebody's periods, the last to end first. */
export async function listPeriods(sql: Sql, userId: string, limit: number): Promise<Period[]> {
  return sql<Period[]>`
    select case when d.ends_at <= now() then 'past' when d.starts_at > now() then 'ahead' else 'running' end as "when",
           d.starts_at, d.ends_at, d.order_id, d.gift_id is not null as is_gift, p.title as plan_title, o.amount_paise,
           coalesce(a.username, d.granted_by) as granted_by, d.grant_reason, d.voided_at, d.void_reason,
           end_cause(d) as end_cause
    from subscription_periods d
    left join plans p on p.key = d.plan_key
    left join orders o on o.id = d.order_id
    left join users a on a.id = user_behind(d.granted_by)
    where d.user_id = ${userId}
    order by d.ends_at desc, d.id
    limit ${limit}
  `
}

/** Somebody's orders with what their last attempt came to, newest first. */
export async function listOrders(sql: Sql, userId: string, limit: number) {
  return sql<
    {
      id: string
      at: Date
      planTitle: string
      amountPaise: number
      status: string
      heldAt: Date | null
      reason: string | null
      /** Payments of it that can still go back, with how much of each. */
      refundable: { cfPaymentId: string; leftPaise: number }[]
    }[]
  >`
    select o.id, o.created_at as at, p.title as plan_title, o.amount_paise, o.status, o.held_at,
           (select failure_reason from payments where order_id = o.id and status <> 'SUCCESS'
            order by coalesce(started_at, created_at) desc limit 1) as reason,
           coalesce((
             select jsonb_agg(jsonb_build_object('cfPaymentId', l.cf_payment_id, 'leftPaise', l.paise) order by l.cf_payment_id)
             from payments p
             cross join lateral (select p.cf_payment_id, refundable_paise(p) as paise) l
             where p.order_id = o.id and l.paise > 0), '[]') as refundable
    from orders o
    join plans p on p.key = o.plan_key
    where o.user_id = ${userId}
    order by o.created_at desc, o.id desc
    limit ${limit}
  `
}

/** Mails written to somebody, newest first. */
export async function listMails(sql: Sql, userId: string, limit: number) {
  return sql<{ id: number; kind: string; copy: number; status: string; at: Date; toEmail: string }[]>`
    select id, kind, copy, status, coalesce(sent_at, created_at) as at, to_email
    from mails
    where user_id = ${userId}
    order by id desc
    limit ${limit}
  `
}

/** Somebody's living sessions, the last seen first. */
export async function listSessions(sql: Sql, userId: string, limit: number) {
  return sql<{ handle: string; userAgent: string; network: string; createdAt: Date; lastSeenAt: Date }[]>`
    select handle, user_agent, network, created_at, last_seen_at
    from sessions
    where user_id = ${userId} and now() < expires_at
    order by last_seen_at desc
    limit ${limit}
  `
}

/** Something that happened to an account, as a row of `source` records it; `kind` is its action, status or kind there. */
export type TimelineEvent = {
  at: Date
  key: string
  source: 'audit' | 'payment' | 'mail' | 'incident' | 'resolution'
  kind: string
  actor: string | null
  orderId: string | null
  details: Record<string, unknown>
}

/** When an attempt ended: Cashfree names the second it ended in, and it was over before we recorded it. */
const endedAt = "least(p.completed_at + interval '999 milliseconds', p.created_at)"

/**
 * What happened to somebody, newest first: the audit, attempts to pay that failed, mails, incidents. Each part reads its
 * own newest rows only. The order is by the millisecond, which is what a link carries.
 */
export async function listTimeline(
  sql: Sql,
  userId: string,
  after: Cursor | null,
  limit: number,
): Promise<TimelineEvent[]> {
  const older = (at: string, key: string) =>
    after
      ? sql`and (date_trunc('milliseconds', ${sql.unsafe(at)}), ${sql.unsafe(key)}) < (${after.at}, ${after.id})`
      : sql``
  const part = (at: string, key: string) => sql`${older(at, key)} order by 1 desc, 2 desc limit ${limit}`
  return sql<TimelineEvent[]>`
    with audited as (
      select date_trunc('milliseconds', x.at) as at, 'a' || lpad(x.id::text, 19, '0') as key, 'audit' as source, x.action as kind,
             x.actor, x.order_id, x.details
             || case when x.action = 'order.paid' then jsonb_build_object(
                  'startsAt', d.starts_at, 'endsAt', d.ends_at, 'method', p.method, 'bankReference', p.bank_reference,
                  'receipt', (select number from receipts r where r.order_id = x.order_id and r.replaces is null))
                when s.user_id is not null then jsonb_build_object('reason', s.cancel_reason, 'comment', s.cancel_comment)
                when x.action = 'subscription.switched' then jsonb_build_object('planTitle', sold.title)
                else '{}' end as details
      from audit x
      left join subscriptions s on s.user_id = x.user_id and x.action = 'subscription.cancel-requested'
                                   and s.cancel_requested_at <= x.at
      left join subscription_periods d on d.order_id = x.order_id and x.action = 'order.paid'
      left join payments p on p.cf_payment_id = x.details ->> 'cfPaymentId' and x.action = 'order.paid'
      left join plans sold on sold.key = x.details ->> 'plan' and x.action = 'subscription.switched'
      where x.user_id = ${userId} ${part('x.at', "'a' || lpad(x.id::text, 19, '0')")}
    ), attempts as (
      select date_trunc('milliseconds', ${sql.unsafe(endedAt)}) as at, 'p' || p.cf_payment_id as key,
             'payment' as source, p.status as kind, null::text as actor, p.order_id,
             jsonb_build_object('amountPaise', p.amount_paise, 'method', p.method, 'reason', p.failure_reason,
                                'cfPaymentId', p.cf_payment_id) as details
      from payments p
      join orders o on o.id = p.order_id
      where o.user_id = ${userId} and p.applied_at is null
        ${part(endedAt, "'p' || p.cf_payment_id")}
    ), written as (
      select date_trunc('milliseconds', coalesce(m.sent_at, m.created_at)) as at, 'm' || m.id as key, 'mail' as source,
             m.status as kind, null::text as actor, null::text as order_id,
             jsonb_build_object('id', m.id, 'kind', m.kind, 'copy', m.copy, 'about', m.subject_key, 'to', m.to_email,
                                'error', m.last_error) as details
      from mails m
      where m.user_id = ${userId} ${part('coalesce(m.sent_at, m.created_at)', "'m' || m.id")}
    ), opened as (
      select date_trunc('milliseconds', i.opened_at) as at, 'i' || i.id as key, 'incident' as source, i.kind,
             null::text as actor, i.order_id, jsonb_build_object('id', i.id) as details
      from incidents i
      where i.user_id = ${userId} ${part('i.opened_at', "'i' || i.id")}
    ), resolved as (
      select date_trunc('milliseconds', i.resolved_at) as at, 'r' || i.id as key, 'resolution' as source, i.kind,
             i.resolved_by as actor, i.order_id, jsonb_build_object('id', i.id, 'resolution', i.resolution) as details
      from incidents i
      where i.user_id = ${userId} and i.resolved_at is not null ${part('i.resolved_at', "'r' || i.id")}
    ), happened as (
      select * from audited union all select * from attempts union all select * from written
      union all select * from opened union all select * from resolved
      order by at desc, key desc
      limit ${limit}
    )
    select h.at, h.key, h.source, h.kind, coalesce(a.username, h.actor) as actor, h.order_id, h.details
    from happened h
    left join users a on a.id = user_behind(h.actor)
    order by h.at desc, h.key desc
  `
}
