import { insertAdmin } from '../../src/identity/admins/queries.ts'
import { hashPassword } from '../../src/identity/passwords/passwords.ts'
import type { Role } from '../../src/identity/users/queries.ts'
import { codeAt } from '../support/admin.ts'
import type { TestApp } from '../support/app.ts'
import { registration, Visitor } from '../support/visitor.ts'

/** An administrator who has not logged in yet, and how they do. */
export type NewAdmin = {
  id: string
  username: string
  password: string
  /** Gives the password at a fresh browser, and no code yet. */
  givePassword: (visitor?: Visitor, next?: string) => Promise<Visitor>
  /** The first log-in: reads the secret off the page and gives its first code. */
  enrol: () => Promise<{ visitor: Visitor; secret: string; recoveryCodes: string[] }>
  /** Enrols where that was not done yet, and logs in all the way. */
  logIn: () => Promise<Visitor>
}

/** Makes one, as `npm run admin` does. */
export async function newAdmin(
  app: Pick<TestApp, 'url' | 'sql'>,
  role: Exclude<Role, 'subscriber'> = 'admin',
): Promise<NewAdmin> {
  const { username, email, password } = registration() as { username: string; email: string; password: string }
  const person = { username, email, name: 'Meera Admin', phone: '+919876500001', stateCode: '27', role }
  await insertAdmin(app.sql, { ...person, passwordHash: await hashPassword(password) })
  const [row] = await app.sql<{ id: string }[]>`select id from users where username = ${username}`

  async function givePassword(visitor = new Visitor(app), next = '') {
    const answer = await visitor.post('/login', { login: username, password, next })
    if (answer.status !== 303) throw new Error(`the password was answered ${answer.status}`)
    return visitor
  }
  async function enrol() {
    const visitor = await givePassword()
    const secret = secretOn((await visitor.get('/login/authenticator')).body)
    const answer = await visitor.post('/login/authenticator', { code: codeAt(secret, Date.now()) })
    const shown = await visitor.get(answer.location ?? '/')
    return { visitor, secret, recoveryCodes: codesOn(shown.body) }
  }
  return { id: row!.id, username, password, givePassword, enrol, logIn: async () => (await enrol()).visitor }
}

/** The secret as the page shows it for typing. */
export function secretOn(page: string): string {
  return (/<code id="secret">([^<]+)</.exec(page)?.[1] ?? '').replaceAll(' ', '')
}

/** The recovery codes on the page that shows them once. */
export function codesOn(page: string): string[] {
  return [...page.matchAll(/<li><code>([^<]+)<\/code>/g)].map((match) => match[1]!)
}
