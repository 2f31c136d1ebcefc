import type { Sql } from '../../platform/db.ts'

/** Notes that this account logged in from a browser whose id is known already. False: the id is not known. */
export async function markBrowserSeen(sql: Sql, userId: string, idHash: Buffer): Promise<boolean> {
  const rows = await sql`
    insert into known_devices (id_hash, user_id)
    select ${idHash}, ${userId}
    where exists (select from known_devices where id_hash = ${idHash})
    on conflict (id_hash, user_id) do update set last_used_at = now()
    returning id_hash
  `
  return rows.count > 0
}

/** Stores a new browser of this account, unless it was deleted meanwhile. */
export async function insertKnownBrowser(sql: Sql, userId: string, idHash: Buffer): Promise<void> {
  await sql`
    insert into known_devices (id_hash, user_id)
    select ${idHash}, id from users where id = ${userId} and deleted_at is null for share
  `
}

/** Forgets browsers that nobody logged in from for half a year. Returns how many. */
export async function deleteUnusedBrowsers(sql: Sql): Promise<number> {
  const unused = await sql`delete from known_devices where last_used_at < now() - interval '180 days'`
  return unused.count
}
