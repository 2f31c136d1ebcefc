import { randomBytes } from 'node:crypto'
import { insertAdmin } from '../identity/admins/queries.ts'
import { hashPassword } from '../identity/passwords/passwords.ts'
import type { Sql } from '../platform/db.ts'

/** Makes the demo's admin, unless there is one. Only this call knows the generated password; null for an earlier admin. */
export async function seedDemo(sql: Sql): Promise<{ username: string; password: string | null }> {
  const password = randomBytes(12).toString('base64url')
  const made = await insertAdmin(sql, {
    username: 'admin',
    email: 'admin@example.in',
    name: 'Demo admin',
    phone: '+919876500000',
    stateCode: '27',
    role: 'admin',
    passwordHash: await hashPassword(password),
  })
  return { username: 'admin', password: made ? password : null }
}
