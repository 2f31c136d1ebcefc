import { type Actor, originJson } from '../../platform/audit-context.ts'
import { type Sql, violates } from '../../platform/db.ts'

/** What an account may do: 'admin' everything in the panel, 'admin-read' read everything there and change nothing. */
export type Role = 'subscriber' | 'admin-read' | 'admin'

/** An account. `phone` is E.164, `stateCode` the two-digit GST code, null until the checkout asked for it. */
export type User = {
  id: string
  username: string
  email: string
  name: string
  phone: string
  stateCode: string | null
  role: Role
}

/** What a log-in is checked against. */
export type Credentials = User & { isSuspended: boolean; passwordHash: string }

/** The account with this username or e-mail; `login` is in small letters. */
export async function findCredentials(sql: Sql, login: string): Promise<Credentials | undefined> {
  const [row] = await sql<Credentials[]>`
    select id, username, email, name, phone, state_code, role, password_hash, suspended_at is not null as is_suspended
    from users
    where (lower(username) = ${login} or lower(email) = ${login})
      and deleted_at is null
    limit 1
  `
  return row
}

/** An account by its id, unless it was deleted. */
export async function findUser(sql: Sql, userId: string): Promise<User | undefined> {
  const [user] = await sql<User[]>`
    select id, username, email, name, phone, state_code, role from users where id = ${userId} and deleted_at is null
  `
  return user
}

/** Replaces the hash that was checked by another of the same password. False: the account has another one by now. */
export async function renewHash(sql: Sql, userId: string, checked: string, renewed: string): Promise<boolean> {
  const rows = await sql`
    update users set password_hash = ${renewed} where id = ${userId} and password_hash = ${checked}
  `
  return rows.count > 0
}

/**
 * Changes what is given of an account, as change-profile.sql says. False: nothing was different. Throws the violation of
 * one_account_per_username.
 */
export async function changePerson(
  sql: Sql,
  userId: string,
  person: { username?: string; name?: string; phone?: string; stateCode?: string },
  by: Actor,
): Promise<boolean> {
  const [row] = await sql<{ changed: boolean }[]>`
    select change_person(${userId}, ${sql.json(person)}, ${by.actor}, ${originJson(sql, by)}) as changed
  `
  return row!.changed
}

/** Gives its state to an account that has none (change-profile.sql). False: it has one, and keeps it. */
export async function giveMissingState(sql: Sql, userId: string, stateCode: string, by: Actor): Promise<boolean> {
  const [row] = await sql<{ given: boolean }[]>`
    select give_missing_state(${userId}, ${stateCode}, ${by.actor}, ${originJson(sql, by)}) as given
  `
  return row!.given
}

/** Whether an error of the database says that somebody else has this username or this e-mail. */
export function isTaken(error: unknown, what: 'username' | 'email'): boolean {
  return violates(error, `one_account_per_${what}`)
}
