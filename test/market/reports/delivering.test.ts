import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type MailServer, startMailServer } from '../../records/mails/server.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { importUntil, pastSlot, reader } from './readers.ts'

let app: TestApp
let server: MailServer
let slot: Awaited<ReturnType<typeof pastSlot>>
beforeAll(async () => {
  server = await startMailServer()
  app = await startApp({ SMTP_PORT: String(server.port) })
  slot = await pastSlot(app, 'weekly')
  await importUntil(app, slot.issue)
})
afterAll(async () => {
  await app.close()
  await server.stop()
})
afterEach(() => {
  server.answer = () => null
})

const count = 200
const isReport = (to: string) => to.startsWith('many')

/** So many subscribers who wait for this week's report. */
async function waiting(name: string): Promise<void> {
  await app.sql`
    with people as (
      insert into users (username, email, name, phone, state_code, password_hash, email_verified_at)
      select ${name} || n, ${`many.${name}`} || n || '@example.in', 'Reader ' || n, '+919876500000', '27', 'none', now()
      from generate_series(1, ${count}) n
      returning id
    ), running as (
      insert into subscriptions (user_id, status, is_paid, plan_key, current_period_start, current_period_end)
      select id, 'active', true, 'annual_v1', now() - interval '1 day', now() + interval '100 days' from people
    )
    insert into report_choices (user_id, cadence, weekday, minute, link, next_due_at)
    select id, 'weekly', ${slot.weekday}, ${slot.minute}, substr(md5(id::text) || md5(id::text || 'x'), 1, 43), ${slot.at} from people
  `
}
const takenReports = (name: string) =>
  server.taken.filter(({ to }) => to.startsWith(`many.${name}`)).map(({ to }) => to)
const statuses = async (name: string) =>
  Object.fromEntries(
    (
      await app.sql<{ status: string; count: number }[]>`
        select status, count(*)::int as count from mails
        where kind = 'report' and to_email like ${`many.${name}%`} group by status`
    ).map((row) => [row.status, row.count]),
  ) as Record<string, number>
/** A second worker, in a process of its own. */
function startWorker() {
  const { PATH = '', HOME = '' } = process.env
  return spawn(process.execPath, [join(import.meta.dirname, 'worker.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH,
      HOME,
      DATABASE_URL: app.databaseUrl,
      CASHFREE_CLIENT_ID: 'TEST_x',
      CASHFREE_CLIENT_SECRET: 'cfsk_x',
      BASE_URL: app.config.baseUrl,
      SMTP_SERVER: '127.0.0.1',
      SMTP_PORT: String(server.port),
      SENDER_EMAIL: 'receipts@example.in',
      SESSION_KEY: '07'.repeat(32),
    },
  })
}

describe('two hundred reports', () => {
  test('two workers queue and send each of them once', { timeout: 60_000 }, async () => {
    await waiting('two')
    const worker = startWorker()
    const gone = once(worker, 'exit')
    await app.run('queue-reports')
    await Promise.all([app.run('deliver-mails'), app.run('deliver-mails')])
    expect(await gone).toEqual([0, null])
    await app.run('deliver-mails')
    const taken = takenReports('two')
    expect([taken.length, new Set(taken).size]).toEqual([count, count])
    expect(await statuses('two')).toEqual({ sent: count })
  })

  test('a worker killed half-way: the next one goes on, and nobody gets it twice', { timeout: 60_000 }, async () => {
    await waiting('killed')
    const worker = startWorker()
    const gone = once(worker, 'exit')
    server.answer = (to) => {
      if (isReport(to) && takenReports('killed').length >= count / 2) worker.kill('SIGKILL')
      return null
    }
    expect(await gone).toEqual([null, 'SIGKILL'])
    server.answer = () => null
    const half = takenReports('killed').length
    expect(half).toBeLessThan(count)
    // What the dead worker had leased is due again after its minute.
    await app.sql`update mails set next_attempt_at = now() where status = 'queued'`
    await app.run('queue-reports')
    await app.run('deliver-mails')
    const taken = takenReports('killed')
    expect(new Set(taken).size).toBe(taken.length)
    const { sent = 0, skipped = 0, ...others } = await statuses('killed')
    expect([sent + skipped, others]).toEqual([count, {}])
    // What it held in its eight hands may have arrived, and is left alone.
    expect(skipped).toBeLessThanOrEqual(8)
    expect(taken.length).toBeGreaterThanOrEqual(count - 8)
    const [why] = await app.sql<{ lastError: string }[]>`
      select last_error from mails where kind = 'report' and status = 'skipped' limit 1`
    if (why) expect(why.lastError).toContain('may have arrived')
  })

  test('a receipt does not wait behind them', { timeout: 60_000 }, async () => {
    await waiting('behind')
    await app.run('queue-reports')
    const { email } = await reader(app)
    await app.run('deliver-mails')
    const order = server.taken.map(({ to, messageId }) => (to === email ? messageId : to))
    const receipt = order.findIndex((what) => what.startsWith('<receipt.'))
    const first = order.findIndex((what) => what.startsWith('many.behind'))
    // It is begun first; of the eight that are sent side by side others may be quicker.
    expect(receipt).toBeGreaterThanOrEqual(0)
    expect(receipt).toBeLessThan(first + 32)
  })

  test('one that is written while they go out is sent in the next round', { timeout: 60_000 }, async () => {
    await waiting('meanwhile')
    await app.run('queue-reports')
    const { email } = await reader(app)
    await app.sql`update mails set next_attempt_at = now() + interval '1 hour' where to_email = ${email} and status = 'queued'`
    const write = () =>
      app.sql`update mails set next_attempt_at = now() where to_email = ${email} and status = 'queued'`.then(() => {})
    let isWritten = false
    server.answer = (to) => {
      if (to.startsWith('many.meanwhile') && !isWritten) {
        isWritten = true
        void write()
      }
      return null
    }
    await app.run('deliver-mails')
    const order = server.taken.map(({ to }) => to)
    const first = order.findIndex((to) => to.startsWith('many.meanwhile'))
    expect(order.indexOf(email)).toBeLessThan(first + 2 * 32 + 8)
  })

  test('one the server refuses for now is tried again; one it refuses for good is not', {
    timeout: 60_000,
  }, async () => {
    await waiting('refused')
    server.answer = (to) =>
      to === 'many.refused1@example.in'
        ? { responseCode: 451, at: 'RCPT' }
        : to === 'many.refused2@example.in'
          ? { responseCode: 550, at: 'RCPT' }
          : null
    await app.run('queue-reports')
    await app.run('deliver-mails')
    expect(await statuses('refused')).toEqual({ sent: count - 2, queued: 1, dead: 1 })
    server.answer = () => null
    await app.sql`update mails set next_attempt_at = now() where status = 'queued'`
    await app.run('deliver-mails')
    expect(await statuses('refused')).toEqual({ sent: count - 1, dead: 1 })
  })
})
