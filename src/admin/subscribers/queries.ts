import type { Sql } from '../../platform/db.ts'
import { keyOfCursor } from '../list-queries.ts'
import type { Cursor } from '../listing.ts'

/** A person as a line of the list. */
export type Person = {
  id: string
  at: Date
  name: string
  username: string
  email: string
  phone: string | null
  role: string
  isVerified: boolean
  isSuspended: boolean
  isDeleted: boolean
  status: string
  isPaid: boolean
  planTitle: string | null
  until: Date | null
}

/** '' admits everybody; the status 'leaving': cancelled, and what was paid for still runs. `verified` is 'yes' or 'no'; `plan` a plan's name, whatever its version. */
export type Filter = { status: string; plan: string; role: string; verified: string }

/** A tsquery over the words of a name, and a `like` pattern for the start of a user name or address. */
export type NamePattern = { words: string; start: string }

/**
 * People, newest first. Their subscription is as old as they are, so it is walked along, whatever the filter; of a plan
 * each version has its own way.
 */
export async function listNewest(sql: Sql, filter: Filter, after: Cursor | null, limit: number): Promise<Person[]> {
  const { status, plan, role, verified } = filter
  const walked = sql`
    select s.user_id
    from subscriptions s
    join users u on u.id = s.user_id
    where true
      ${plan ? sql`and s.plan_key = version.key` : sql``}
      ${status === 'leaving' ? sql`and is_leaving(s)` : status ? sql`and s.status = ${status}` : sql``}
      ${['', 'leaving', 'active'].includes(status) ? sql`` : sql`and s.status <> 'active'`}
      ${role === 'subscriber' ? sql`and u.role = 'subscriber'` : sql``}
      ${role && role !== 'subscriber' ? sql`and u.role <> 'subscriber' and u.role = ${role}` : sql``}
      ${verified === 'yes' ? sql`and u.email_verified_at is not null` : sql``}
      ${verified === 'no' ? sql`and u.email_verified_at is null` : sql``}
      ${
        after
          ? sql`and (s.created_at, s.user_id) <
                ${keyOfCursor(sql, after, sql`select created_at from subscriptions where user_id = ${after.id}`)}`
          : sql``
      }
    order by s.created_at desc, s.user_id desc
    limit ${limit}
  `
  const versions = sql`select key from plans where name = ${plan}`
  return sql<Person[]>`
    with walked as materialized (
      ${plan ? sql`select w.user_id from (${versions}) version cross join lateral (${walked}) w` : walked}
    )
    select ${columns(sql)}
    from walked
    join subscriptions s using (user_id)
    join users u on u.id = s.user_id
    left join plans p on p.key = running_plan(s)
    order by s.created_at desc, s.user_id desc
    limit ${limit}
  `
}

/** People whose name, user name or e-mail matches, newest first; see search.sql. */
export async function listByName(
  sql: Sql,
  { status, plan, role, verified }: Filter,
  named: NamePattern,
  after: Cursor | null,
  limit: number,
): Promise<Person[]> {
  const at = after ? sql`coalesce((select created_at from users where id = ${after.id}), ${after.at})` : sql`null`
  return sql<Person[]>`
    select ${columns(sql)}
    from people_called(${named.words}, ${named.start}, ${status}, ${plan}, ${role}, ${verified},
                       ${at}, ${after?.id ?? null}::uuid, ${limit}) called
    join users u on u.id = called.id
    join subscriptions s on s.user_id = u.id
    left join plans p on p.key = running_plan(s)
    order by u.created_at desc, u.id desc
  `
}

/** Who has exactly this name, address, phone or id, or an order with this number on any of its papers. */
export async function findExactly(
  sql: Sql,
  { text, phone, id }: { text: string; phone: string | null; id: string | null },
): Promise<Person[]> {
  return sql<Person[]>`
    with meant as materialized (
      select id from users where lower(username) = lower(${text})
      union
      select id from users where lower(email) = lower(${text})
      union
      (select id from users where phone = ${phone} order by created_at desc limit 20)
      union
      select id from users where id = ${id}
      union
      select user_id from orders where id in (select orders_named(${text}))
    )
    select ${columns(sql)}
    from meant
    join subscriptions s on s.user_id = meant.id
    join users u on u.id = meant.id
    left join plans p on p.key = running_plan(s)
    order by s.created_at desc, s.user_id desc
    limit 50
  `
}

/** The names that plans have had, shortest first, for the filter. */
export async function listPlanNames(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`select name from plans group by name order by min(months), name`
  return rows.map(({ name }) => name)
}

function columns(sql: Sql) {
  return sql`u.id, u.created_at as at, u.name, u.username, u.email, u.phone, u.role,
             u.email_verified_at is not null as is_verified, u.suspended_at is not null as is_suspended,
             u.deleted_at is not null as is_deleted, case when is_leaving(s) then 'leaving' else status_by_now(s) end as status, s.is_paid, p.title as plan_title,
             s.current_period_end as until`
}
