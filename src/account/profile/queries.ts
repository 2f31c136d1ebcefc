import { type Actor, originJson } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** Changes name, mobile and state of an account, as change-profile.sql says. False: nothing was different. */
export async function updateProfile(
  sql: Sql,
  userId: string,
  person: { name: string; phone: string; stateCode: string },
  by: Actor,
): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`
    select change_profile(${userId}, ${person.name}, ${person.phone}, ${person.stateCode}, ${by.actor},
                          ${originJson(sql, by)}) as changed
  `
  return row!.changed
}
