import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { Cancellation, Grant, Phase, Subscription } from './subscriptions.ts'

/** What ended a period early: `end_cause` in void-period.sql. */
export type EndCause = 'by-hand' | 'dispute' | 'refund'

/** Where does this user stand, now? The stored status may lag behind the clock, so it is computed. */
export async function findSubscriptionRow(sql: Sql, userId: string): Promise<Subscription | undefined> {
  const [row] = await sql<(Omit<Subscription, 'phases'> & { phases: PhaseAsText[] })[]>`
    select s.user_id, status_by_now(s) as status, s.is_paid, has_access(s) is true as has_access,
           p.key as plan_key, p.name as plan_name, p.title as plan_title, phases_of(s.user_id) as phases,
           s.current_period_start, s.current_period_end, s.current_period_end + grace_period() as grace_ends_at
    from subscriptions s
    left join plans p on p.key = running_plan(s)
    where s.user_id = ${userId}
  `
  return row && { ...row, phases: phasesIn(row.phases) }
}

type PhaseAsText = { planTitle: string | null; from: string; until: string }

/** What `phases_of` answers, with its instants as such. */
export function phasesIn(phases: readonly PhaseAsText[]): Phase[] {
  return phases.map(({ planTitle, from, until }) => ({ planTitle, from: new Date(from), until: new Date(until) }))
}

/**
 * Moves statuses along and notes each change; moves stored plans to those of periods that began. One statement; the time
 * between runs decides nothing.
 */
export async function updateStatuses(sql: Sql): Promise<number> {
  const changed = await sql`
    with due as (
      select s.user_id, s.status as was, status_by_now(s) as becomes
      from subscriptions s
      where s.status in ('active', 'grace')
        and s.current_period_end <= now()
        and status_by_now(s) <> s.status
      limit 5000
      for update skip locked
    ), moved as (
      update subscriptions s
      set status = due.becomes, is_paid = s.is_paid and due.becomes <> 'expired', updated_at = now()
      from due
      where s.user_id = due.user_id
      returning s.user_id, due.was, due.becomes
    ), begun as (
      select s.user_id, p.plan_key
      from subscription_periods p
      join subscriptions s on s.user_id = p.user_id
      where p.created_at < p.starts_at
        and p.starts_at between now() - interval '3 days' and now()
        and p.voided_at is null
        and s.plan_key is distinct from p.plan_key
        and p.plan_key = running_plan(s)
        and s.user_id not in (select user_id from due)
      limit 5000
      for update of s skip locked
    ), follow as (
      update subscriptions s
      set plan_key = begun.plan_key, updated_at = now()
      from begun
      where s.user_id = begun.user_id
    )
    insert into audit (actor, action, user_id, details)
    select 'clock', 'subscription.' || becomes, user_id, jsonb_build_object('from', was)
    from moved
  `
  return changed.count
}

/**
 * The subject names user, end and days ahead, so that a renewal makes a new subject and a repeat makes none. The week's
 * mail is left out where the day's is due already, and either where days were granted for no longer than that: the mail
 * about them has just said when they end.
 */
export async function insertRenewalMails(sql: Sql): Promise<number> {
  const written = await sql`
    insert into mails (kind, subject_key, user_id, to_name, to_email)
    select 'renewal',
           s.user_id || ':' || (s.current_period_end at time zone 'Asia/Kolkata')::date || ':' || ahead.days,
           s.user_id, u.name, u.email
    from subscriptions s
    join users u on u.id = s.user_id
    cross join lateral (
      select case when s.current_period_end < now() + interval '1 day' then 1 else 7 end as days
    ) ahead
    where s.status = 'active'
      and s.current_period_end > now()
      and s.current_period_end < now() + interval '7 days'
      and (s.is_paid or s.current_period_start < s.current_period_end - make_interval(days => ahead.days))
    on conflict on constraint one_mail_per_kind_and_subject do nothing
  `
  return written.count
}

/**
 * The subscription a renewal mail is about, if its access still ends on that Indian day, and the plan to go on with: the
 * one bought last at today's price, else the shortest on sale. `planTitle` is the plan that ends then, null where days were
 * granted.
 */
export async function findEndingSubscription(sql: Sql, userId: string, endsOn: string) {
  const [row] = await sql<
    {
      planTitle: string | null
      nextName: string
      nextTitle: string
      pricePaise: number
      currentPeriodEnd: Date
      graceEndsAt: Date
    }[]
  >`
    select last.title as plan_title,
           next.name as next_name, next.title as next_title, next.price_paise,
           s.current_period_end, s.current_period_end + grace_period() as grace_ends_at
    from subscriptions s
    cross join lateral (
      select (array_agg(plan.title order by period.ends_at desc))[1] as title,
             (array_agg(plan.name order by period.ends_at desc) filter (where plan.name is not null))[1] as bought_name
      from subscription_periods period
      left join plans plan on plan.key = period.plan_key
      where period.user_id = s.user_id and period.voided_at is null
    ) last
    cross join lateral (
      select name, title, price_paise
      from plans
      where on_sale
      order by name = last.bought_name desc nulls last, months, price_paise
      limit 1
    ) next
    where s.user_id = ${userId}
      and has_access(s)
      and (s.current_period_end at time zone 'Asia/Kolkata')::date = ${endsOn}::date
  `
  return row
}

/** Adds days; see grant-days.sql for the answers. */
export async function addDays(sql: Sql, grant: Grant, by: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select grant_days(${grant.userId}, ${grant.days}, ${grant.reason}, ${grant.key}, ${instantOf(sql, grant.seenEnd)},
                      ${by.actor}) as outcome
    from origin
  `
  return row!.outcome
}

/** Ends access now; see cancel-subscription.sql for the answers. */
export async function endNow(sql: Sql, cancellation: Cancellation, by: Actor): Promise<string> {
  const { userId, reason, key, seenEnd } = cancellation
  const [row] = await sql<{ outcome: string }[]>`
    with origin as materialized (${auditContextOf(sql, by)})
    select cancel_subscription(${userId}, ${reason}, ${key}, ${instantOf(sql, seenEnd)}, ${by.actor}) as outcome
    from origin
  `
  return row!.outcome
}

/** The instant behind `microsOf`: a Date would lose what comes after the milliseconds. */
function instantOf(sql: Sql, micros: string | null) {
  return sql`timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond'`
}

/** When somebody's access ends and would end with so many days more; `seenEnd` is for `grantDays` and `cancelSubscription`. */
export async function findEnd(sql: Sql, userId: string, days: number) {
  const [row] = await sql<{ end: Date | null; seenEnd: string | null; startsAt: Date; endsAt: Date }[]>`
    select current_period_end as end, (extract(epoch from current_period_end) * 1000000)::bigint::text as seen_end,
           greatest(now(), current_period_end) as starts_at,
           greatest(now(), current_period_end) + make_interval(hours => 24 * ${days}::int) as ends_at
    from subscriptions
    where user_id = ${userId}
  `
  return row
}

/** A granted period that still counts. */
export async function findGrant(sql: Sql, periodId: string) {
  const [row] = await sql<{ days: number; startsAt: Date; endsAt: Date }[]>`
    select round(extract(epoch from ends_at - starts_at) / 86400)::int as days, starts_at, ends_at
    from subscription_periods
    where id = ${periodId} and voided_at is null
  `
  return row
}

/** When the cancelled access of a user ended; none when there is access again. */
export async function findCancelledEnd(sql: Sql, userId: string) {
  const [row] = await sql<{ endedAt: Date }[]>`
    select current_period_end as ended_at from subscriptions where user_id = ${userId} and status = 'cancelled'
  `
  return row
}
