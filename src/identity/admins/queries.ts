import type { Sql } from '../../platform/db.ts'
import type { Role, User } from './users.ts'

type AdminRole = Exclude<Role, 'subscriber'>
type NewAdmin = Omit<User, 'id'> & { passwordHash: string; role: AdminRole }

/**
 * Writes an administrator's account unless one of that username or e-mail exists; whoever makes it vouches for the address.
 * Returns whether it was written.
 */
export async function insertAdmin(sql: Sql, user: NewAdmin): Promise<boolean> {
  const rows = await sql`
    with account as (
      insert into users (username, email, name, phone, state_code, role, password_hash, email_verified_at)
      values (${user.username}, ${user.email}, ${user.name}, ${user.phone}, ${user.stateCode}, ${user.role}, ${user.passwordHash},
              now())
      on conflict do nothing
      returning id, role
    ), pending as (
      insert into subscriptions (user_id) select id from account
    )
    insert into audit (actor, action, user_id, details)
    select 'command', 'admin.created', id, jsonb_build_object('role', role) from account
    returning id
  `
  return rows.count > 0
}

/** The account with this username or e-mail, whatever its case. */
export async function findAccount(
  sql: Sql,
  login: string,
): Promise<Pick<User, 'id' | 'username' | 'role'> | undefined> {
  const [row] = await sql<Pick<User, 'id' | 'username' | 'role'>[]>`
    select id, username, role
    from users
    where (lower(email) = lower(${login}) or lower(username) = lower(${login}))
      and deleted_at is null
  `
  return row
}

/** All administrators, and whether each has set up an authenticator app. */
export async function listAdmins(
  sql: Sql,
): Promise<(Pick<User, 'username' | 'email' | 'role'> & { enrolled: boolean; suspended: boolean })[]> {
  return sql`
    select username, email, role, suspended_at is not null as suspended,
           exists (select from second_factors f where f.user_id = users.id and f.enrolled_at is not null) as enrolled
    from users
    where role <> 'subscriber' and deleted_at is null
    order by lower(username)
  `
}

/**
 * Gives an account another role. Its sessions end, for they were opened with another power; whoever is no administrator
 * any more needs no second factor either. False: it has the role already.
 */
export async function changeRole(sql: Sql, userId: string, role: Role, actor: string): Promise<boolean> {
  const rows = await sql`
    with before as (
      select id, role from users where id = ${userId} for no key update
    ), changed as (
      update users set role = ${role}
      from before
      where users.id = before.id and before.role <> ${role}
      returning users.id, before.role as before, users.role as after
    ), ended as (
      delete from sessions where user_id in (select id from changed)
    ), factor as (
      delete from second_factors where user_id in (select id from changed where after = 'subscriber')
    ), codes as (
      delete from recovery_codes where user_id in (select id from changed where after = 'subscriber')
    )
    insert into audit (actor, action, user_id, details)
    select ${actor}, 'role.changed', id, jsonb_build_object('before', before, 'after', after) from changed
    returning id
  `
  return rows.count > 0
}

/** Puts a new password in place of a lost one and ends all sessions. */
export async function replacePassword(sql: Sql, userId: string, passwordHash: string, actor: string): Promise<void> {
  await sql`
    with changed as (
      update users set password_hash = ${passwordHash} where id = ${userId} returning id
    ), ended as (
      delete from sessions where user_id in (select id from changed)
    ), links as (
      update account_links set used_at = now()
      where user_id in (select id from changed) and purpose = 'reset-password' and used_at is null
    )
    insert into audit (actor, action, user_id) select ${actor}, 'password.replaced', id from changed
  `
}
