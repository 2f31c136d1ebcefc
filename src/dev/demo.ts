import { randomBytes } from 'node:crypto'
import { insertAdmin } from '../identity/admins/queries.ts'
import { hashPassword } from '../identity/passwords/passwords.ts'
import type { Day } from '../market/calendar/days.ts'
import { insertInstrument } from '../market/instruments/queries.ts'
import { hasImports } from '../market/prices/imports/queries.ts'
import { seedSample } from '../market/prices/sample-prices.ts'
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

const themes = [
  { symbol: 'MAKEINDIA', name: 'Manufacturing', tracks: 'Nifty India Manufacturing TRI' },
  { symbol: 'EVINDIA', name: 'Electric vehicles', tracks: 'Nifty EV & New Age Automotive TRI' },
  { symbol: 'MNC', name: 'Multinationals', tracks: 'Nifty MNC TRI' },
]

/**
 * Fills an empty market for the demo: themes, which no database begins with, so that each universe has something to rank; and the
 * invented prices of everything. False: there are prices, or were.
 */
export async function seedMarket(sql: Sql, today: Day): Promise<boolean> {
  if (await hasImports(sql)) return false
  const usual = { universe: 'theme', isin: null, shown: true, isBenchmarkChoice: false } as const
  for (const theme of themes) await insertInstrument(sql, { ...theme, ...usual }, { actor: 'sample', origin: null })
  return seedSample(sql, today)
}
