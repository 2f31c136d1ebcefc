import type { Sql } from '../../platform/db.ts'
import type { User } from '../users/queries.ts'

type NewUser = Omit<User, 'id' | 'role'> & { passwordHash: string; consentedTo: string }

/**
 * Writes an account, its pending subscription and the mail that asks to confirm its address together, so that none is ever
 * seen without the others. Throws the violation of one_account_per_username or one_account_per_email.
 */
export async function insertUser(sql: Sql, user: NewUser): Promise<User> {
  const [row] = await sql<User[]>`
    select id, username, email, name, phone, state_code, role
    from register_user(${user.username}, ${user.email}, ${user.name}, ${user.phone}, ${user.stateCode}, ${user.passwordHash},
                       ${user.consentedTo})
  `
  return row!
}
