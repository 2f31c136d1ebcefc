import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { readSettings } from '../environment.ts'
import { withDatabase } from '../house.ts'
import { connect, type Sql } from '../platform/db.ts'
import { AppError } from '../platform/errors.ts'
import { migrate } from '../platform/migrate.ts'
import { hashPassword } from '../users/passwords.ts'
import { insertAdmin, promoteToAdmin } from '../users/queries.ts'
import { checkRegistration } from '../users/registration.ts'

const usage = `Make an administrator, or promote an account:
  npm run admin -- --email you@example.in --name "Your Name" --username you --phone 9876500001 --state 27
  npm run admin -- --promote you@example.in`

const { values } = parseArgs({
  options: {
    email: { type: 'string', default: '' },
    name: { type: 'string', default: '' },
    username: { type: 'string', default: '' },
    phone: { type: 'string', default: '' },
    state: { type: 'string', default: '' },
    promote: { type: 'string' },
  },
})

await withDatabase(readSettings(), async (url) => {
  await migrate(url)
  const sql = connect(url, { max: 1 })
  try {
    console.log(await (values.promote === undefined ? create(sql) : promote(sql, values.promote)))
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    console.error(
      [...Object.entries(error.fields).map(([field, problem]) => `${field}: ${problem}`), '', usage].join('\n'),
    )
    process.exitCode = 1
  } finally {
    await sql.end({ timeout: 5 })
  }
})

async function create(sql: Sql): Promise<string> {
  const password = randomBytes(15).toString('base64url')
  const { password: _typed, ...person } = checkRegistration({ ...values, password })
  if (!(await insertAdmin(sql, { ...person, passwordHash: await hashPassword(password) })))
    throw new AppError('invalid', 'taken', {
      fields: { username: 'This username or e-mail has an account; use --promote.' },
    })
  return `${person.username} is an administrator. Password, shown this once: ${password}`
}

async function promote(sql: Sql, login: string): Promise<string> {
  if (!(await promoteToAdmin(sql, login)))
    throw new AppError('invalid', 'unknown', { fields: { promote: `There is no account ${login}.` } })
  return `${login} is an administrator now. Open sessions were ended; log in again.`
}
