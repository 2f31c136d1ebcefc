import { TOTP } from 'otpauth'
import { finishEnrolment, secretToEnrol } from '../../src/identity/second-factor/second-factor.ts'
import type { Role } from '../../src/identity/users/queries.ts'
import type { TestApp } from './app.ts'
import { registration, Visitor } from './visitor.ts'

/** An administrator at a browser: signed in with a second factor, and with an authenticator at hand. */
export type Admin = { visitor: Visitor; id: string; form: Record<string, string>; secret: string; code: () => string }

/** Makes one. `fresh`: password and code were given just now, so that acts about money do not ask again. */
export async function adminOf(app: TestApp, role: Exclude<Role, 'subscriber'> = 'admin', fresh = true): Promise<Admin> {
  const form = registration({ name: 'Meera Admin' })
  const visitor = new Visitor(app)
  await visitor.register(form)
  const [row] = await app.sql<
    { id: string }[]
  >`update users set role = ${role} where email = ${form.email!} returning id`
  const holder = { id: row!.id, username: form.username! }
  const { secret } = await secretToEnrol(app.sql, app.config.totpKeys, holder)
  const now = Date.now()
  await finishEnrolment(app.sql, app.config.totpKeys, holder, codeAt(secret, now))
  await app.sql`update sessions set second_factor_at = now(), confirmed_at = ${fresh ? app.sql`now()` : null},
                expires_at = now() + interval '8 hours' where user_id = ${holder.id}`
  // A step is used once; the next tries take the steps after it, which the tolerance allows for one.
  return { visitor, id: holder.id, form, secret, code: () => codeAt(secret, Date.now() + 30_000) }
}

/** The code an authenticator app shows at an instant (milliseconds since 1970). */
export function codeAt(secret: string, timestamp: number): string {
  return TOTP.generate({ secret: secretOf(secret), timestamp })
}

function secretOf(base32: string) {
  return new TOTP({ secret: base32 }).secret
}
