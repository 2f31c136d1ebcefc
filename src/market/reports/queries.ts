import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

export type Cadence = 'off' | 'weekly' | 'daily'

/** What a person wants to be mailed. `weekday` 1 is Monday; `minute` is of the Indian day. */
export type ReportSettings = {
  cadence: Cadence
  weekday: number
  minute: number
  ranks: boolean
  heat: boolean
  map: boolean
  /** Returns minus the Nifty's. */
  excess: boolean
  /** The starred sectors alone. */
  starred: boolean
}

/** A person's choice, and what follows from it. `nextIssue` is the trading day the next report is about. */
export type Choice = ReportSettings & {
  userId: string
  email: string
  isConfirmed: boolean
  hasAccess: boolean
  /** Null until something was chosen. */
  link: string | null
  nextDueAt: Date | null
  nextIssue: string | null
  /** The report is due, and its prices are not there yet. */
  isWaiting: boolean
  askedToday: number
}

/** The choice of a person; with the columns' defaults where there is no row yet. */
export async function findChoice(sql: Sql, userId: string): Promise<Choice | undefined> {
  const [row] = await sql<Choice[]>`${choices(sql)} where u.id = ${userId} and u.deleted_at is null`
  return row
}

/** The choice that a manage link opens. */
export async function findChoiceByLink(sql: Sql, link: string): Promise<Choice | undefined> {
  const [row] = await sql<Choice[]>`${choices(sql)} where c.link = ${link} and u.deleted_at is null`
  return row
}

function choices(sql: Sql) {
  return sql`
    select u.id as user_id, u.email, u.email_verified_at is not null as is_confirmed, has_access(s) is true as has_access,
           coalesce(c.cadence, 'off') as cadence, coalesce(c.weekday, 6)::int as weekday,
           coalesce(c.minute, 480)::int as minute, coalesce(c.ranks, true) as ranks, coalesce(c.heat, true) as heat,
           coalesce(c.map, true) as map,
           coalesce(c.excess, false) as excess, coalesce(c.starred, false) as starred, c.link, c.next_due_at,
           report_issue(c.cadence, c.next_due_at)::text as next_issue,
           c.next_due_at is not null and c.next_due_at <= now() as is_waiting,
           case when c.asked_on = (now() at time zone 'Asia/Kolkata')::date then c.asked else 0 end as asked_today
    from users u
    left join subscriptions s on s.user_id = u.id
    left join report_choices c on c.user_id = u.id
  `
}

/** Saves a choice; the next report is due at its next time from now on. The link is for a first choice only. */
export async function saveChoice(
  sql: Sql,
  userId: string,
  wanted: ReportSettings & { link: string },
  by: Actor,
): Promise<void> {
  const { link, ...choice } = wanted
  await sql`
    select save_report_choice(${userId}, ${sql.json(choice)}, ${link}, ${by.actor}, ${originJson(sql, by)})
  `
}

/** Turns the reports off for the person whose link this is. False: it is nobody's. */
export async function turnOff(sql: Sql, link: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ known: boolean }[]>`
    select stop_reports(${link}, ${by.actor}, ${originJson(sql, by)}) as known
  `
  return row!.known
}

/** Replaces the link that a person has; where there is none, nothing. */
export async function replaceLink(sql: Sql, userId: string, link: string, by: Actor): Promise<void> {
  await sql`select renew_report_link(${userId}, ${link}, ${by.actor}, ${originJson(sql, by)})`
}

/** Queues a report for now, and counts it. False: `most` were queued today. The same key again is the same. */
export async function queueReportNow(
  sql: Sql,
  userId: string,
  { key, link, most }: { key: string; link: string; most: number },
  by: Actor,
): Promise<boolean> {
  const [row] = await sql<{ queued: boolean }[]>`
    select queue_report_now(${userId}, ${key}, ${link}, ${most}, ${by.actor}, ${originJson(sql, by)}) as queued
  `
  return row!.queued
}

/** A slot that is due. `lack`: the reason why nothing may be mailed about its issue; null when it may. */
export type DueSlot = {
  cadence: 'weekly' | 'daily'
  dueAt: Date
  issue: string
  nextAt: Date
  /** The next slot is due as well, or this one is older than three days. */
  isOver: boolean
  /** It is past nine in the evening of the issue's day: prices that are not there are late. */
  arePricesLate: boolean
  /** Prices are late, and the report was due an hour ago. */
  isLate: boolean
  lack: 'sample' | 'held' | 'missing' | 'half' | null
}

/** Every due slot in which people wait, the oldest first; the people in one slot share cadence, day and time. */
export async function listDueSlots(sql: Sql): Promise<DueSlot[]> {
  return sql<DueSlot[]>`
    with slots as (
      select distinct cadence, next_due_at as due_at, minute, case cadence when 'weekly' then weekday else 1 end as weekday
      from report_choices
      where next_due_at <= now()
    ), dated as (
      select s.cadence, s.due_at, report_issue(s.cadence, s.due_at) as issue,
             next_report(s.cadence, s.weekday, s.minute, s.due_at) as next_at
      from slots s
    ), lacks as materialized (
      select issue, report_lack(issue) as lack from (select distinct issue from dated) issues
    )
    select d.cadence, d.due_at, d.issue::text as issue, d.next_at,
           d.next_at <= now() or d.due_at < now() - interval '3 days' as is_over,
           prices_late_at(d.issue) <= now() as are_prices_late,
           greatest(d.due_at + interval '1 hour', prices_late_at(d.issue)) <= now() as is_late, lacks.lack
    from dated d
    join lacks using (issue)
    order by d.due_at
  `
}

/** Moves everybody who waits in a slot on to the next one, without a report. */
export async function moveOn(sql: Sql, { cadence, dueAt, nextAt }: DueSlot): Promise<void> {
  await sql`
    update report_choices set next_due_at = ${nextAt} where cadence = ${cadence} and next_due_at = ${dueAt}
  `
}

/** See queue_reports in queueing.sql: queues mails of some who wait in a slot. Answers how many moved on; 0 when nobody waits. */
export async function queueSome(sql: Sql, { cadence, dueAt, nextAt, issue }: DueSlot, limit: number): Promise<number> {
  const [row] = await sql<{ moved: number }[]>`
    select queue_reports(${cadence}, ${dueAt}, ${nextAt}, ${issue}, ${limit}) as moved
  `
  return row!.moved
}

/** See announce_late_reports in queueing.sql: mails some who wait that their report is late; 0 when nobody is left. */
export async function announceLateReports(
  sql: Sql,
  { cadence, dueAt, issue }: DueSlot,
  limit: number,
): Promise<number> {
  const [row] = await sql<{ done: number }[]>`
    select announce_late_reports(${cadence}, ${dueAt}, ${issue}, ${limit}) as done
  `
  return row!.done
}

/** The person a report is for, while it may still go to the address it was queued for, and whether it was queued. */
export async function findReader(sql: Sql, userId: string, email: string, subjectKey: string) {
  const [row] = await sql<(ReportSettings & { name: string; link: string; isQueued: boolean })[]>`
    select r.name, c.cadence, c.weekday::int as weekday, c.minute::int as minute, c.ranks, c.heat, c.map,
           c.excess, c.starred, c.link,
           exists (select from mails m where m.kind = 'report' and m.subject_key = ${subjectKey}) as is_queued
    from report_choices c
    cross join lateral report_readers(c.user_id) r
    where c.user_id = ${userId} and lower(r.email) = lower(${email})
  `
  return row
}
