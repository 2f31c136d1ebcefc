import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import { anotherWorker, queueMails } from './queue.ts'
import { type MailServer, startMailServer } from './server.ts'

let app: TestApp
let server: MailServer
let env: Record<string, string>
beforeEach(async () => {
  server = await startMailServer()
  env = { SMTP_PORT: String(server.port) }
})
afterEach(async () => {
  await app.close()
  await server.stop()
})
const start = async (more: Record<string, string>) => {
  app = await startApp({ ...env, ...more })
}

describe('mails to one person', () => {
  test('written while ten thousand reports go out is the next to be sent', { timeout: 60_000 }, async () => {
    await start({ MAIL_CONNECTIONS: '4' })
    server.latency = 50
    await queueMails(app, 'report', 10_000, { bulk: true })
    const stop = new AbortController()
    const delivering = app.run('deliver-mails', stop.signal)
    await until(async () => server.taken.length > 20)
    await queueMails(app, 'receipt', 1)
    const before = server.taken.length
    void app.run('deliver-mails')
    await until(async () => server.taken.some(({ to }) => to.startsWith('receipt')))
    const place = server.taken.findIndex(({ to }) => to.startsWith('receipt'))
    // Those that the server had already, and those that overtake its connecting.
    expect(place - before).toBeLessThanOrEqual(12)
    stop.abort()
    await delivering
  })

  test('do not wait for a server that takes its time over reports: they have a connection besides', async () => {
    await start({ MAIL_CONNECTIONS: '2' })
    server.latency = 3_000
    await queueMails(app, 'report', 20, { bulk: true })
    const stop = new AbortController()
    const delivering = app.run('deliver-mails', stop.signal)
    await until(async () => server.connections >= 2)
    await pause(200)
    server.latency = 0
    await queueMails(app, 'receipt', 1)
    void app.run('deliver-mails')
    await until(async () => server.taken.some(({ to }) => to.startsWith('receipt')))
    expect(server.taken.map(({ to }) => to)).toEqual(['receipt1@example.in'])
    stop.abort()
    await delivering
  })

  test('go out at their rate also when the database’s clock was set back by a day', async () => {
    await start({ MAIL_PER_SECOND: '20' })
    await app.sql`update mail_queue set next_send_at = now() + interval '1 day'`
    await queueMails(app, 'clock', 3)
    await app.run('deliver-mails')
    expect(server.taken).toHaveLength(3)
  })

  test('get the next turn where a rate is kept, whoever waits', async () => {
    await start({ MAIL_PER_SECOND: '5' })
    await queueMails(app, 'report', 200, { bulk: true })
    const stop = new AbortController()
    const delivering = app.run('deliver-mails', stop.signal)
    await until(async () => server.taken.length >= 3)
    await queueMails(app, 'receipt', 2)
    const before = server.taken.length
    await until(async () => server.taken.filter(({ to }) => to.startsWith('receipt')).length === 2)
    expect(server.taken.length - before).toBeLessThanOrEqual(4)
    stop.abort()
    await delivering
  })
})

describe('MAIL_PER_SECOND', () => {
  test.each([1, 2])('is kept by %i workers together', async (workers) => {
    await start({ MAIL_PER_SECOND: '20' })
    await queueMails(app, 'limited', 60)
    const others = Array.from({ length: workers - 1 }, () => anotherWorker(app))
    const began = performance.now()
    await Promise.all([app.run('deliver-mails'), ...others.map(({ deliver }) => deliver())])
    const tookS = (performance.now() - began) / 1000
    expect(server.taken).toHaveLength(60)
    expect(new Set(server.taken.map(({ to }) => to)).size).toBe(60)
    expect(tookS).toBeGreaterThan(57 / 20)
    await Promise.all(others.map(({ close }) => close()))
  })

  test('is not made up for after a rest: what was left unused is lost', async () => {
    await start({ MAIL_PER_SECOND: '10' })
    await app.sql`update mail_queue set next_send_at = now() - interval '1 hour'`
    await queueMails(app, 'rested', 15)
    const began = performance.now()
    await app.run('deliver-mails')
    expect(performance.now() - began).toBeGreaterThan(1_300)
  })

  test('is not used up by mails that are not sent: to suppressed addresses, or about what is no longer so', async () => {
    await start({ MAIL_PER_SECOND: '2' })
    await queueMails(app, 'suppressed', 20)
    await app.sql`update mails set kind = 'receipt'`
    await app.sql`
      insert into mail_suppressions (email, kind, provider)
      select to_email, 'hard-bounce', 'ses' from mails where to_email like 'suppressed%'`
    await app.sql`
      select enqueue_mail('price-change', n || ':' || gen_random_uuid(), null, 'Reader', 'skipped' || n || '@example.in')
      from generate_series(1, 20) n`
    await queueMails(app, 'sent', 3)
    const began = performance.now()
    await app.run('deliver-mails')
    const tookS = (performance.now() - began) / 1000
    expect(server.taken).toHaveLength(3)
    expect(await app.sql`select from mails where status = 'skipped'`).toHaveLength(40)
    expect(tookS).toBeGreaterThan(2 / 2)
    expect(tookS).toBeLessThan(43 / 2 / 2)
  })
})

describe('MAIL_CONNECTIONS', () => {
  test('are so many mails at the mail server at once, and no more', async () => {
    await start({ MAIL_CONNECTIONS: '3' })
    server.latency = 30
    await queueMails(app, 'many', 60, { bulk: true })
    await app.run('deliver-mails')
    expect(server.most).toBe(3)
    expect(server.connections).toBeLessThanOrEqual(3)
    expect(server.taken).toHaveLength(60)
  })
})
