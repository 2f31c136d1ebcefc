import { randomBytes } from 'node:crypto'
import { keysOf, withDatabase } from '../dev/services.ts'
import { changeRole, findAccount, insertAdmin, listAdmins, replacePassword } from '../identity/admins/queries.ts'
import { hashPassword } from '../identity/passwords/passwords.ts'
import { checkRegistration } from '../identity/registration/registration.ts'
import { deleteSecondFactor } from '../identity/second-factor/queries.ts'
import { currentCode } from '../identity/second-factor/second-factor.ts'
import { connect, type Sql } from '../platform/db.ts'
import { readSettings } from '../platform/environment.ts'
import { AppError } from '../platform/errors.ts'
import { prepareDatabase } from '../platform/migrate.ts'
import { parseArguments } from './arguments.ts'

const usage = `Administrators (LOGIN is a username or an e-mail):
  npm run admin -- --email you@example.in --name "Your Name" --username you --phone 9876500001 --state 27 [--read-only]
  npm run admin -- --list
  npm run admin -- --promote LOGIN [--read-only]    makes an account an administrator
  npm run admin -- --demote LOGIN                   makes it a subscriber again
  npm run admin -- --reset-password LOGIN           prints a new one, this once
  npm run admin -- --reset-second-factor LOGIN      the next log-in sets up a new authenticator app
  npm run admin -- --code LOGIN                     in the demo: the code an authenticator app would show`

const text = { type: 'string', default: '' } as const
const actions = ['promote', 'demote', 'reset-password', 'reset-second-factor', 'code'] as const
const { values } = parseArguments(usage, {
  options: {
    ...{ email: text, name: text, username: text, phone: text, state: text },
    ...{ promote: { type: 'string' }, demote: { type: 'string' }, 'reset-password': { type: 'string' } },
    ...{ 'reset-second-factor': { type: 'string' }, code: { type: 'string' } },
    ...{ list: { type: 'boolean' }, 'read-only': { type: 'boolean' } },
  },
})
const settings = readSettings()
const role = values['read-only'] ? 'admin-read' : 'admin'

await withDatabase(settings, async (url, home) => {
  await prepareDatabase(url)
  const sql = connect(url, { max: 1 })
  try {
    console.log(await run(sql, home))
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const problems = Object.entries(error.fields).map(([field, problem]) => `${field}: ${problem}`)
    console.error([...(problems.length > 0 ? problems : [error.message]), '', usage].join('\n'))
    process.exitCode = 1
  } finally {
    await sql.end({ timeout: 5 })
  }
})

async function run(sql: Sql, home: string): Promise<string> {
  if (values.list) return list(sql)
  const action = actions.find((name) => values[name] !== undefined)
  if (!action) return create(sql)
  const account = await findAccount(sql, values[action]!.trim())
  if (!account) throw new AppError('not-found', `There is no account ${values[action]}.`)
  const { id, username } = account
  switch (action) {
    case 'promote':
      return (await changeRole(sql, id, role, 'command'))
        ? `${username} is an administrator now${role === 'admin' ? '' : ', who can view everything and change nothing'}. Open sessions were ended; log in again.`
        : `${username} has this role already.`
    case 'demote':
      return (await changeRole(sql, id, 'subscriber', 'command'))
        ? `${username} is no longer an administrator. Open sessions were ended.`
        : `${username} is not an administrator.`
    case 'reset-password':
      return `The password of ${username}, shown this once: ${await givePassword(sql, id)}`
    case 'reset-second-factor':
      await deleteSecondFactor(sql, id, 'command')
      return `The authenticator app of ${username} is removed; the next log-in sets up a new one. Open sessions were ended.`
    case 'code':
      return demoCode(sql, home, account)
  }
}

async function create(sql: Sql): Promise<string> {
  const password = newPassword()
  const { password: _typed, ...checked } = checkRegistration({ ...values, password })
  const person = { ...checked, username: values.username.trim() }
  if (!(await insertAdmin(sql, { ...person, role, passwordHash: await hashPassword(password) })))
    throw new AppError('invalid', 'taken', {
      fields: { username: 'This username or e-mail has an account; use --promote.' },
    })
  return `${person.username} is an administrator. Password, shown this once: ${password}`
}

async function list(sql: Sql): Promise<string> {
  const labels = { admin: 'full access', 'admin-read': 'view only', subscriber: '' }
  const rows = (await listAdmins(sql)).map(({ username, email, role, enrolled, suspended }) =>
    [
      username.padEnd(20),
      email.padEnd(32),
      labels[role].padEnd(14),
      enrolled ? 'authenticator app' : 'no authenticator app yet',
      ...(suspended ? ['suspended'] : []),
    ].join('  '),
  )
  return rows.length > 0 ? rows.join('\n') : 'There is no administrator yet.'
}

async function givePassword(sql: Sql, userId: string): Promise<string> {
  const password = newPassword()
  await replacePassword(sql, userId, await hashPassword(password), 'command')
  return password
}

/** A printed code is no second factor, so only the demo, with the embedded database, has this. */
async function demoCode(sql: Sql, home: string, account: { id: string; username: string }): Promise<string> {
  if (settings.production || settings.database.url)
    throw new AppError('forbidden', 'Codes are printed only in the demo, with the embedded database.')
  return currentCode(sql, keysOf(settings, home).totpKeys, account)
}

function newPassword(): string {
  return randomBytes(15).toString('base64url')
}
