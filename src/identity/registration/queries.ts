import type { Sql } from '../../platform/db.ts'
import type { User } from '../users/queries.ts'

/** Without a username the database makes one of `wish`. */
type NewUser = Omit<User, 'id' | 'role' | 'username'> &
  ({ username: string } | { username: null; wish: string }) & { passwordHash: string; consentedTo: string }

/**
 * Writes an account, its pending subscription and the mail that asks to confirm its address together, so that none is ever
 * seen without the others. Throws the violation of one_account_per_username, where one was chosen, or one_account_per_email.
 */
export async function insertUser(sql: Sql, user: NewUser): Promise<User> {
  const wish = user.username === null ? user.wish : null
  const [row] = await sql<User[]>`
    select id, username, email, name, phone, state_code, role
    from register_account(${user.username}, ${wish}, ${user.email}, ${user.name}, ${user.phone}, ${user.stateCode},
                          ${user.passwordHash}, ${user.consentedTo})
  `
  return row!
}
