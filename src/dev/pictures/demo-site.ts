import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../app.ts'
import { cashfree } from '../../billing/payments/cashfree.ts'
import { grantDays } from '../../billing/subscriptions/subscriptions.ts'
import { register } from '../../identity/registration/registration.ts'
import { seedSample } from '../../market/prices/sample-prices.ts'
import { readConfig } from '../../platform/config.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { connect } from '../../platform/db.ts'
import { createLog } from '../../platform/log.ts'
import { prepareDatabase } from '../../platform/migrate.ts'
import { freePort } from '../free-port.ts'
import { startServices } from '../services.ts'

/** The product with sample prices and one subscriber, on a database of its own that goes with it. */
export type DemoSite = { url: string; subscriber: { login: string; password: string }; close: () => Promise<void> }

/** Starts it in this process, with every stand-in on a port of its own. */
export async function startDemoSite(): Promise<DemoSite> {
  const folder = mkdtempSync(join(tmpdir(), 'etf-pictures-'))
  const given = readConfig({
    EMBEDDED_DATA_DIR: folder,
    PORT: String(await freePort()),
    SANDBOX_PORT: '0',
    MAILBOX_PORT: '0',
    MAILBOX_SMTP_PORT: '0',
    PRICE_SOURCE: 'off',
  })
  const log = createLog('error')
  const running = await startServices(given, log)
  const { config, databaseUrl, sessionKeys } = running
  await prepareDatabase(databaseUrl)
  const sql = connect(databaseUrl, { max: 4 })
  const gateway = cashfree({ ...config.cashfree, ...config.cashfree.credentials! })
  const app = await buildApp({ services: { config, sql, gateway, log, wake: () => {} }, sessionKeys })
  await seedSample(sql, dayInIndia(new Date()))
  const password = randomBytes(12).toString('base64url')
  const person = { name: 'Asha Rao', email: 'asha@example.in', phone: '9876500001', state: '27', password }
  const user = await register(sql, person)
  const grant = {
    userId: user.id,
    days: 365,
    reason: 'To be pictured',
    key: randomBytes(12).toString('hex'),
    seenEnd: null,
  }
  await grantDays(sql, grant, { actor: 'command', origin: null })
  await app.listen({ port: config.port, host: 'localhost' })
  return {
    url: config.baseUrl,
    subscriber: { login: person.email, password },
    async close() {
      await app.close()
      await sql.end({ timeout: 5 })
      await running.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
