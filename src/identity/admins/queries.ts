import type { Sql } from '../../platform/db.ts'
import type { Role, User } from '../users/queries.ts'

type AdminRole = Exclude<Role, 'subscriber'>
type NewAdmin = Omit<User, 'id'> & { passwordHash: string; role: AdminRole }

/**
 * Writes an administrator's account unless one of that username or e-mail exists. Who runs the server vouches for the
 * address.
 * Returns whether it was written.
 */
export async function insertAdmin(sql: Sql, user: NewAdmin): Promise<boolean> {
  const [row] = await sql<{ isNew: boolean }[]>`
    select create_admin(${user.username}, ${user.email}, ${user.name}, ${user.phone}, ${user.stateCode}, ${user.passwordHash},
                        ${user.role}) as is_new
  `
  return row!.isNew
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

/** Gives an account another role and ends its sessions (change-admins.sql). False: it has the role already. */
export async function changeRole(sql: Sql, userId: string, role: Role, actor: string): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`select assign_role(${userId}, ${role}, ${actor}) as changed`
  return row!.changed
}

/** Puts a new password in place of a lost one; all sessions and links to choose another end. */
export async function replacePassword(sql: Sql, userId: string, passwordHash: string, actor: string): Promise<void> {
  await sql`select replace_password(${userId}, ${passwordHash}, ${actor})`
}
