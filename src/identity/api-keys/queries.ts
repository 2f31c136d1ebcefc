import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import type { User } from '../users/queries.ts'

/** A key as its owner sees it; of the key itself the last four characters. `lastUsedOn`: a day in India, 'YYYY-MM-DD'. */
export type ApiKeyRow = { handle: string; name: string; ending: string; createdAt: Date; lastUsedOn: string | null }

type NewKey = { session: string; userId: string; name: string; keyHash: Buffer; ending: string; most: number }

type Outcome = 'made' | 'too-many' | 'refused' | 'signed-out'

/**
 * Keeps a new key's hash. 'too-many': the person has `most` already; 'refused': they may have none; 'signed-out': the session
 * of this handle has ended.
 */
export async function insertApiKey(sql: Sql, key: NewKey, by: Actor): Promise<Outcome> {
  const [row] = await sql<{ outcome: Outcome }[]>`
    select make_api_key_in_session(${key.session}, ${key.userId}, ${key.name}, ${key.keyHash}, ${key.ending},
                                   ${key.most}, ${by.actor}, ${originJson(sql, by)}) as outcome
  `
  return row!.outcome
}

/** Ends a key of this person's for good. False: they have no such key. */
export async function deleteApiKey(sql: Sql, userId: string, handle: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ revoked: boolean }[]>`
    select revoke_api_key(${userId}, ${handle}, ${by.actor}, ${originJson(sql, by)}) as revoked
  `
  return row!.revoked
}

/** A person's keys, the newest first. */
export async function listApiKeysOf(sql: Sql, userId: string): Promise<ApiKeyRow[]> {
  return sql<ApiKeyRow[]>`
    select handle, name, ending, created_at, last_used_on::text as last_used_on
    from api_keys
    where user_id = ${userId}
    order by created_at desc, handle
  `
}

/** Whose key has this hash, unless a session of theirs would be refused too. The day of the use is noted, once a day. */
export async function findKeyOwner(sql: Sql, keyHash: Buffer): Promise<{ handle: string; user: User } | undefined> {
  const [row] = await sql<(User & { handle: string })[]>`
    with known as (
      select k.handle, k.user_id, k.last_used_on
      from api_keys k
      join users u on u.id = k.user_id
      where k.key_hash = ${keyHash} and u.role = 'subscriber' and u.suspended_at is null and u.deleted_at is null
    ), used as (
      update api_keys set last_used_on = (now() at time zone 'Asia/Kolkata')::date
      where handle in (select handle from known
                       where last_used_on is distinct from (now() at time zone 'Asia/Kolkata')::date)
    )
    select known.handle, u.id, u.username, u.email, u.name, u.phone, u.state_code, u.role
    from known
    join users u on u.id = known.user_id
  `
  if (!row) return undefined
  const { handle, ...user } = row
  return { handle, user }
}
