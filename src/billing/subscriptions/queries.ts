import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/**
 * Where a subscription stands by the database's clock.
 * pending: never paid · active: until `currentPeriodEnd` · grace: until `graceEndsAt` · expired · cancelled.
 */
export type Subscription = {
  userId: string
  status: 'pending' | 'active' | 'grace' | 'expired' | 'cancelled'
  /** Money is behind the access that runs. Days that were only granted are access as well, and not paid. */
  isPaid: boolean
  /** May this person see the analyser now? The one question that the rest of the product asks. */
  hasAccess: boolean
  /** The plan of the period that runs, or ran last: not of one that was bought ahead. Null where none was ever bought. */
  planKey: string | null
  planName: string | null
  planTitle: string | null
  currentPeriodStart: Date | null
  currentPeriodEnd: Date | null
  /** When access stops; the same as `currentPeriodEnd` for who chose to leave. */
  graceEndsAt: Date | null
  /** Since when its owner wants to leave at the end; null: they stay. */
  cancelRequestedAt: Date | null
  /** The name of the plan they chose from the period's end on; null: the same. */
  nextPlan: string | null
  /** What runs and what is to come, plan by plan; empty when nothing runs. */
  phases: Phase[]
}

/** A stretch of access under one plan; null: days that nobody paid for. */
export type Phase = { planTitle: string | null; from: Date; until: Date }

/**
 * Days given by an administrator. `seenEnd`: the end of access as the administrator saw it, in microseconds since 1970,
 * null for never; `key` comes from the form, so that sending it twice grants once.
 */
export type Grant = { userId: string; days: number; reason: string; key: string; seenEnd: string | null }

/** The end of somebody's access by an administrator. As in `Grant`. */
export type Cancellation = Omit<Grant, 'days'>

/** What ended a period early: `end_cause` in void-period.sql. */
export type EndCause = 'switch' | 'by-hand' | 'dispute' | 'refund'

/** Where does this user stand, now? The stored status may lag behind the clock, so it is computed. */
export async function findSubscriptionRow(sql: Sql, userId: string): Promise<Subscription | undefined> {
  const [row] = await sql<SubscriptionRow[]>`
    select ${subscriptionColumns(sql)}
    from subscriptions s
    left join plans p on p.key = running_plan(s)
    where s.user_id = ${userId}
  `
  return row && { ...row, phases: phasesIn(row.phases) }
}

/** As `subscriptionColumns` answers it. */
export type SubscriptionRow = Omit<Subscription, 'phases'> & { phases: PhaseAsText[] }

/** What `findSubscriptionRow` reads of a subscription `s` and its running plan `p`, for statements that read more besides. */
export function subscriptionColumns(sql: Sql) {
  return sql`
    s.user_id, status_by_now(s) as status, s.is_paid, has_access(s) is true as has_access,
    p.key as plan_key, p.name as plan_name, p.title as plan_title, phases_of(s.user_id) as phases,
    s.current_period_start, s.current_period_end, s.current_period_end + grace_of(s) as grace_ends_at,
    s.cancel_requested_at, s.next_plan
  `
}

type PhaseAsText = { planTitle: string | null; from: string; until: string }

/** What `phases_of` answers, with its instants as such. */
export function phasesIn(phases: readonly PhaseAsText[]): Phase[] {
  return phases.map(({ planTitle, from, until }) => ({ planTitle, from: new Date(from), until: new Date(until) }))
}

/** Writes down what the clock has decided (active → grace → expired) for those who read the table. Returns how many changed. */
export async function updateStatuses(sql: Sql): Promise<number> {
  const [row] = await sql<{ changed: number }[]>`select keep_statuses() as changed`
  return row!.changed
}

/**
 * The subscription a reminder is about, if its access still ends, or ended, on that Indian day and its owner did not leave.
 * `planTitle` is the plan that ends then, null where days were granted; `paidPaise` what that plan cost when it was bought.
 */
export async function findEndingSubscription(sql: Sql, userId: string, endsOn: string) {
  const [row] = await sql<
    {
      status: Subscription['status']
      planTitle: string | null
      paidPaise: number | null
      planName: string | null
      nextName: string
      currentPeriodEnd: Date
      graceEndsAt: Date
      hasAutopay: boolean
    }[]
  >`
    select exists (select from mandates m where m.user_id = s.user_id and m.authorised_at is not null and m.cancel_asked_at is null
                                            and m.ended_at is null) as has_autopay,
           status_by_now(s) as status, last.title as plan_title, last.price_paise as paid_paise, last.name as plan_name,
           plan_to_offer(s) as next_name, s.current_period_end, s.current_period_end + grace_period() as grace_ends_at
    from subscriptions s
    left join lateral (
      select plan.title, plan.price_paise, plan.name
      from subscription_periods period left join plans plan on plan.key = period.plan_key
      where period.user_id = s.user_id and period.voided_at is null
      order by period.ends_at desc limit 1
    ) last on true
    where s.user_id = ${userId}
      and status_by_now(s) in ('active', 'grace', 'expired')
      and s.cancel_requested_at is null
      and plan_to_offer(s) is not null
      and (s.current_period_end at time zone 'Asia/Kolkata')::date = ${endsOn}::date
  `
  return row
}

/** Adds days; see grant-days.sql for the answers. */
export async function addDays(sql: Sql, grant: Grant, by: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select grant_days(${grant.userId}, ${grant.days}, ${grant.reason}, ${grant.key}, ${instantOf(sql, grant.seenEnd)},
                      ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** Ends access now; see cancel-subscription.sql for the answers. */
export async function endNow(sql: Sql, cancellation: Cancellation, by: Actor): Promise<string> {
  const { userId, reason, key, seenEnd } = cancellation
  const [row] = await sql<{ outcome: string }[]>`
    select cancel_subscription(${userId}, ${reason}, ${key}, ${instantOf(sql, seenEnd)},
                               ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** The subscriber leaves at the end; see leave-subscription.sql for the answers. */
export async function leaveAtEnd(
  sql: Sql,
  userId: string,
  why: { reason: string; comment: string },
  by: Actor,
): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select leave_at_end(${userId}, ${why.reason}, ${why.comment}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** The subscriber stays after all; see leave-subscription.sql for the answers. */
export async function resumeLeft(sql: Sql, userId: string, by: Actor): Promise<string> {
  const [row] = await sql<{ outcome: string }[]>`
    select resume_subscription(${userId}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** Writes the setting down for SQL (grace-period.sql). True when it was another one. */
export async function keepGraceDays(sql: Sql, days: number): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`select keep_grace_days(${days}) as changed`
  return row!.changed
}

/** An instant from microseconds since 1970: a Date would lose what comes after the milliseconds. */
function instantOf(sql: Sql, micros: string | null) {
  return sql`timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond'`
}

/** When somebody's access ends and would end with so many days more; `seenEnd` is for `grantDays` and `cancelSubscription`. */
export async function findEnd(sql: Sql, userId: string, days: number) {
  const [row] = await sql<{ end: Date | null; seenEnd: string | null; startsAt: Date; endsAt: Date }[]>`
    select current_period_end as end, (extract(epoch from current_period_end) * 1000000)::bigint::text as seen_end,
           from_when as starts_at, from_when + make_interval(hours => 24 * ${days}::int) as ends_at
    from subscriptions s
    cross join lateral (select case when has_access(s) then s.current_period_end else now() end as from_when) start
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
