import type { Sql } from '../../platform/db.ts'
import { isUuid } from '../../platform/ids.ts'
import type { Span } from '../days.ts'
import { andWithinDays, listValues } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'
import { below } from '../row-numbers.ts'

/** An entry of the audit: who did what, on what, with what before and after, from where. */
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

type AuditFilter = { actor: string; action: string; userId: string | null; order: string; span: Span }

/** Entries, newest first. */
export async function listAudit(sql: Sql, filter: AuditFilter, after: Cursor | null, limit: number) {
  return sql<Entry[]>`
    select a.id, a.at, a.actor, a.action, a.order_id, a.user_id, a.details, a.origin,
           (select username from users where id = user_behind(a.actor)) as actor_name
    from audit a
    where a.id < ${below(after)}
      ${filter.actor ? sql`and a.actor = ${filter.actor}` : sql``}
      ${['', 'webhook', 'return'].includes(filter.actor) ? sql`` : sql`and a.actor not in ('webhook', 'return')`}
      ${filter.action ? sql`and a.action = ${filter.action}` : sql``}
      ${filter.userId ? sql`and a.user_id = ${filter.userId}` : sql``}
      ${filter.order ? sql`and a.order_id = ${filter.order}` : sql``}
      ${andWithinDays(sql, sql`a.id`, 'audit', 'at', filter.span)}
    order by a.id desc
    limit ${limit}
  `
}

/** Actions that were recorded, for the filter. */
export function listActions(sql: Sql): Promise<string[]> {
  return listValues(sql, 'audit', 'action', 200)
}

/** Administrators to suggest in the filter: the first 200; any other can be typed. */
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
    select id from users where id = ${isUuid(typed) ? typed : null}::uuid
    limit 1
  `
  return row?.id
}

/** What the last nightly integrity check said of the chain; undefined before the first. */
export async function findNightlyCheck(sql: Sql) {
  const [row] = await sql<{ checkedAt: Date; wrong: number }[]>`
    select c.checked_at, (entry ->> 'wrong')::int as wrong
    from (select checked_at, report from book_checks order by id desc limit 1) c
    cross join jsonb_array_elements(c.report -> 'checks') as entry
    where entry ->> 'broken' = 'broken_i23_audit_chain'
  `
  return row
}
