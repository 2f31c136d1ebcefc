import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** What is stored of an account's password now: the mark by which a change of it is noticed. */
export async function findPasswordHash(sql: Sql, userId: string): Promise<string | undefined> {
  const [row] = await sql<{ passwordHash: string }[]>`select password_hash from users where id = ${userId}`
  return row?.passwordHash
}

/**
 * Gives an account another password, ends its links and its sessions but this one, and tells its address. Returns false
 * when the password is not `before` any more, or this session ended meanwhile.
 */
export async function updatePassword(
  sql: Sql,
  by: Actor,
  change: { userId: string; handle: string; before: string; after: string },
): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`
    select change_password(${change.userId}, ${change.handle}, ${change.before}, ${change.after}, ${by.actor},
                           ${originJson(sql, by)}) as changed
  `
  return row!.changed
}
