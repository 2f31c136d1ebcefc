import type { Sql } from '../../platform/db.ts'
import type { Span } from '../days.ts'

/** One thing that was done: by whom, on what, with what before and after, from where. */
export type Entry = {
  id: number
  at: Date
  actor: string
  action: string
  orderId: string | null
  userId: string | null
  details: Record<string, unknown>
  origin: { address?: string; userAgent?: string; requestId?: string } | null
  actorName: string | null
}

export type AuditFilter = { actor: string; action: string; userId: string | null; order: string; span: Span }

/** Entries below a number, newest first. */
export async function listAudit(sql: Sql, filter: AuditFilter, below: number, limit: number) {
  return sql<Entry[]>`
    select a.id, a.at, a.actor, a.action, a.order_id, a.user_id, a.details, a.origin,
           (select u.username from users u where u.id = case when a.actor ~ '^user:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substring(a.actor from 6)::uuid end) as actor_name
    from audit a
    where a.id < ${below}
      ${filter.actor ? sql`and a.actor = ${filter.actor}` : sql``}
      ${filter.action ? sql`and a.action = ${filter.action}` : sql``}
      ${filter.userId ? sql`and a.user_id = ${filter.userId}` : sql``}
      ${filter.order ? sql`and a.order_id = ${filter.order}` : sql``}
      ${filter.span.since ? withinDays(sql, filter.span) : sql``}
    order by a.id desc
    limit ${limit}
  `
}

/** Actions that were noted, for the filter: one step through the index for each. */
export async function listActions(sql: Sql): Promise<string[]> {
  const rows = await sql<{ action: string }[]>`
    with recursive seen as (
      (select action from audit order by action limit 1)
      union all
      select (select a.action from audit a where a.action > seen.action order by a.action limit 1)
      from seen
      where seen.action is not null
    )
    select action from seen where action is not null limit 200
  `
  return rows.map((row) => row.action)
}

/** Administrators to suggest in the filter; whoever is not among the first 200 is found by typing. */
export async function listAdmins(sql: Sql) {
  return sql<{ username: string }[]>`
    select username from users where role <> 'subscriber' order by lower(username) limit 200
  `
}

/** The account behind a username, an e-mail or an id, as typed. */
export async function findPerson(sql: Sql, typed: string): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    select id from users where lower(username) = lower(${typed})
    union all
    select id from users where lower(email) = lower(${typed})
    union all
    select id from users where id = ${/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(typed) ? typed : null}::uuid
    limit 1
  `
  return row?.id
}

/** What the last nightly check of the books said of the chain; undefined before the first. */
export async function findNightlyCheck(sql: Sql) {
  const [row] = await sql<{ checkedAt: Date; wrong: number }[]>`
    select c.checked_at, (entry ->> 'wrong')::int as wrong
    from (select checked_at, report from book_checks order by id desc limit 1) c
    cross join jsonb_array_elements(c.report -> 'checks') as entry
    where entry ->> 'broken' = 'broken_i23_audit_chain'
  `
  return row
}

/** The numbers of a day's rows, found by the day alone (`offset 0` keeps the planner from walking all numbers instead). */
function withinDays(sql: Sql, { since, before }: Span) {
  const day = sql`select id from audit where at >= ${since} and at < ${before} offset 0`
  return sql`and a.id between (select min(id) from (${day}) d) and (select max(id) from (${day}) d)`
}
