import { type Actor, auditContextOf } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'

/** Changes name, mobile and state of an account and notes which of them, not what they say. False: all are the same. */
export async function updateProfile(
  sql: Sql,
  userId: string,
  person: { name: string; phone: string; stateCode: string },
  by: Actor,
): Promise<boolean> {
  const rows = await sql`
    with origin as materialized (${auditContextOf(sql, by)}), before as (
      select id, name, phone, state_code from users where id = ${userId} and deleted_at is null for no key update
    ), changed as (
      update users u
      set name = ${person.name}, phone = ${person.phone}, state_code = ${person.stateCode}
      from before
      where u.id = before.id
        and (before.name, before.phone, before.state_code)
            is distinct from (${person.name}::text, ${person.phone}::text, ${person.stateCode}::text)
      returning u.id,
        jsonb_build_object('name', before.name is distinct from u.name, 'phone', before.phone is distinct from u.phone,
                           'state', before.state_code is distinct from u.state_code) as what
    )
    insert into audit (actor, action, user_id, details)
    select ${by.actor}, 'profile.changed', changed.id, jsonb_build_object('changed', changed.what)
    from origin, changed
    returning id
  `
  return rows.count > 0
}
