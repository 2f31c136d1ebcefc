import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
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
}

/** A person's choice and what comes of it. `nextIssue` is the trading day the next report is about. */
export type Choice = ReportSettings & {
  userId: string
  email: string
  isConfirmed: boolean
  hasAccess: boolean
  /** Null until something was chosen. */
  link: string | null
  nextDueAt: Date | null
  nextIssue: string | null
  /** The time has come, and the prices have not. */
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
           coalesce(c.map, true) as map, c.link, c.next_due_at,
           report_issue(c.cadence, c.next_due_at)::text as next_issue,
           c.next_due_at is not null and c.next_due_at <= now() as is_waiting,
           case when c.asked_on = (now() at time zone 'Asia/Kolkata')::date then c.asked else 0 end as asked_today
    from users u
    left join subscriptions s on s.user_id = u.id
    left join report_choices c on c.user_id = u.id
  `
}

/** Keeps a choice; the next report is due at its next time from now on. The link is for a first choice only. */
export async function saveChoice(
  sql: Sql,
  userId: string,
  wanted: ReportSettings & { link: string },
  by: Actor,
): Promise<void> {
  const { cadence, weekday, minute, ranks, heat, map, link } = wanted
  await sql`
    with origin as materialized (${auditContextOf(sql, by)}), before as (
      select * from report_choices where user_id = ${userId}
    ), kept as (
      insert into report_choices as c (user_id, cadence, weekday, minute, ranks, heat, map, link, next_due_at)
      values (${userId}, ${cadence}, ${weekday}, ${minute}, ${ranks}, ${heat}, ${map}, ${link},
              next_report(${cadence}, ${weekday}, ${minute}, now()))
      on conflict (user_id) do update
      set cadence = excluded.cadence, weekday = excluded.weekday, minute = excluded.minute, ranks = excluded.ranks,
          heat = excluded.heat, map = excluded.map, updated_at = now(),
          -- Another section is no reason to miss the report that waits for its prices right now.
          next_due_at = case when (c.cadence, c.weekday, c.minute) = (excluded.cadence, excluded.weekday, excluded.minute)
                             then c.next_due_at else excluded.next_due_at end
      returning *
    )
    insert into audit (actor, action, user_id, details)
    select ${by.actor}, 'reports.chosen', kept.user_id,
           jsonb_build_object('before', ${said(sql, 'before')}, 'after', ${said(sql, 'kept')})
    from kept
    cross join origin
    left join before on true
  `
}

/** A choice as the audit tells it, null where there was none: not its link. */
function said(sql: Sql, row: 'before' | 'kept') {
  const of = sql(row)
  return sql`case when ${of}.user_id is not null then
    jsonb_build_object('cadence', ${of}.cadence, 'weekday', ${of}.weekday, 'minute', ${of}.minute, 'ranks', ${of}.ranks,
                       'heat', ${of}.heat, 'map', ${of}.map) end`
}

/** Turns the reports off for whoever has this link. False: nobody has it. */
export async function turnOff(sql: Sql, link: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ known: boolean }[]>`
    with origin as materialized (${auditContextOf(sql, by)}), before as (
      select user_id, cadence from report_choices where link = ${link} for update
    ), stopped as (
      update report_choices c
      set cadence = 'off', next_due_at = null, updated_at = now()
      from before
      where c.user_id = before.user_id and before.cadence <> 'off'
      returning c.user_id, before.cadence
    ), noted as (
      insert into audit (actor, action, user_id, details)
      select ${by.actor}, 'reports.stopped', user_id, jsonb_build_object('before', cadence, 'after', 'off')
      from stopped, origin
    )
    select exists (select from before) as known
  `
  return row!.known
}

/** Puts another link in the place of the one a person has. */
export async function replaceLink(sql: Sql, userId: string, link: string, by: Actor): Promise<void> {
  await sql`
    with origin as materialized (${auditContextOf(sql, by)}), replaced as (
      update report_choices set link = ${link}, updated_at = now() where user_id = ${userId} returning user_id
    )
    insert into audit (actor, action, user_id)
    select ${by.actor}, 'reports.link-renewed', user_id from replaced, origin
  `
}

/** Queues a report for now, and counts it. False: as many as may be were asked for today. The same key again is the same. */
export async function insertAskedReport(
  sql: Sql,
  userId: string,
  { key, link, most }: { key: string; link: string; most: number },
  by: Actor,
): Promise<boolean> {
  const subject = `${userId}:now:${key}`
  const [row] = await sql<{ queued: boolean }[]>`
    with origin as materialized (${auditContextOf(sql, by)}), today as (
      select (now() at time zone 'Asia/Kolkata')::date as day
    ), counted as (
      insert into report_choices as c (user_id, link, asked_on, asked, asked_key)
      select ${userId}, ${link}, day, 1, ${key} from today
      on conflict (user_id) do update
      set asked = case when c.asked_on = excluded.asked_on then c.asked + 1 else 1 end, asked_on = excluded.asked_on,
          asked_key = excluded.asked_key
      where c.asked_key is distinct from excluded.asked_key
        and (c.asked_on is distinct from excluded.asked_on or c.asked < ${most})
      returning user_id
    ), written as (
      insert into mails (kind, subject_key, user_id, to_name, to_email)
      select 'report', ${subject}, counted.user_id, r.name, r.email
      from counted cross join lateral report_readers(counted.user_id) r
      on conflict on constraint one_mail_per_kind_and_subject do nothing
      returning user_id
    ), noted as (
      insert into audit (actor, action, user_id) select ${by.actor}, 'reports.asked', user_id from written, origin
    )
    select exists (select from written) as queued
  `
  return row!.queued || isAsked(sql, subject)
}

async function isAsked(sql: Sql, subject: string): Promise<boolean> {
  const rows = await sql`select from mails where kind = 'report' and subject_key = ${subject}`
  return rows.count > 0
}

/** A slot whose time has come. `lack`: why nothing may go out about its issue; null when it may. */
export type DueSlot = {
  cadence: 'weekly' | 'daily'
  dueAt: Date
  issue: string
  nextAt: Date
  /** A later slot has come as well, or this one is older than three days. */
  isOver: boolean
  /** Due for an hour. */
  isLate: boolean
  lack: 'sample' | 'held' | 'missing' | 'half' | null
}

/** Every slot that somebody waits in, the oldest first; the people in one slot share cadence, day and time. */
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
           d.due_at < now() - interval '1 hour' as is_late, lacks.lack
    from dated d
    join lacks using (issue)
    order by d.due_at
  `
}

/** Sends everybody who waits in a slot on to the next one, without a report. */
export async function moveOn(sql: Sql, { cadence, dueAt, nextAt }: DueSlot): Promise<void> {
  await sql`
    update report_choices set next_due_at = ${nextAt} where cadence = ${cadence} and next_due_at = ${dueAt}
  `
}

/**
 * Writes the mails of some who wait in a slot and sends them on to the next, in one statement: whoever has the one has the
 * other, whatever process dies. Whose access ended, or whose address is not confirmed, goes on without. Answers how many
 * went on; 0 when nobody waits any more.
 */
export async function queueSome(sql: Sql, { cadence, dueAt, nextAt, issue }: DueSlot, limit: number): Promise<number> {
  const [row] = await sql<{ moved: number }[]>`
    with due as materialized (
      select user_id from report_choices
      where cadence = ${cadence} and next_due_at = ${dueAt}
      order by user_id
      limit ${limit}
      for update skip locked
    ), written as (
      insert into mails (kind, subject_key, user_id, to_name, to_email, bulk)
      select 'report', concat_ws(':', due.user_id, ${cadence}::text, ${issue}::text), due.user_id, r.name, r.email, true
      from due cross join lateral report_readers(due.user_id) r
      on conflict on constraint one_mail_per_kind_and_subject do nothing
    ), moved as (
      update report_choices c set next_due_at = ${nextAt} from due where c.user_id = due.user_id returning c.user_id
    )
    select count(*)::int as moved from moved
  `
  return row!.moved
}

/** Tells some who wait in a slot, once, that its report is late. Answers how many were looked at; 0 when all are told. */
export async function announceLateReports(
  sql: Sql,
  { cadence, dueAt, issue }: DueSlot,
  limit: number,
): Promise<number> {
  const [row] = await sql<{ told: number }[]>`
    with due as materialized (
      select user_id from report_choices
      where cadence = ${cadence} and next_due_at = ${dueAt} and told_late_of is distinct from ${issue}::date
      order by user_id
      limit ${limit}
      for update skip locked
    ), written as (
      insert into mails (kind, subject_key, user_id, to_name, to_email, bulk)
      select 'report-late', concat_ws(':', due.user_id, ${cadence}::text, ${issue}::text), due.user_id, r.name, r.email, true
      from due cross join lateral report_readers(due.user_id) r
      where not exists (select from mails m where m.kind = 'report'
                        and m.subject_key = concat_ws(':', due.user_id, ${cadence}::text, ${issue}::text))
      on conflict on constraint one_mail_per_kind_and_subject do nothing
    ), told as (
      update report_choices c set told_late_of = ${issue}::date from due where c.user_id = due.user_id returning c.user_id
    )
    select count(*)::int as told from told
  `
  return row!.told
}

/** Who a report is written for, if it may still go to the address it was queued for; with whether it was queued. */
export async function findReader(sql: Sql, userId: string, email: string, subjectKey: string) {
  const [row] = await sql<(ReportSettings & { name: string; link: string; isQueued: boolean })[]>`
    select r.name, c.cadence, c.weekday::int as weekday, c.minute::int as minute, c.ranks, c.heat, c.map, c.link,
           exists (select from mails m where m.kind = 'report' and m.subject_key = ${subjectKey}) as is_queued
    from report_choices c
    cross join lateral report_readers(c.user_id) r
    where c.user_id = ${userId} and lower(r.email) = lower(${email})
  `
  return row
}
