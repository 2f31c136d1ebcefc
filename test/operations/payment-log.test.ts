import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, statSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { settle } from '../../src/billing/checkout/settle.ts'
import { refundPayment } from '../../src/billing/refunds/refunds.ts'
import { type AppendFile, appendFile } from '../../src/platform/append-file.ts'
import { createLog } from '../../src/platform/log.ts'
import { openPaymentLog } from '../../src/platform/payment-log.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { buildHarness } from '../support/process.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { folder } from './databases.ts'

type Line = {
  event: string
  orderId: string
  amountPaise: number
  plan: string
  actor: string
  time: string
  status?: string
}
const linesIn = (file: string): Line[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : []

/** A log that collects its lines. */
function keptLog() {
  const lines: string[] = []
  return { log: createLog('trace', { write: (line) => void lines.push(line) }), lines }
}

describe('what happens to a payment is told', () => {
  let app: TestApp
  let file: AppendFile
  const path = join(folder(), 'payments.log')
  beforeAll(async () => {
    app = await startApp()
    file = appendFile(path, app.services.log)
    openPaymentLog(app.services.log, file)
  })
  afterAll(async () => {
    await app.close()
    await file.close()
  })
  const eventsOf = (orderId: string) => linesIn(path).filter((line) => line.orderId === orderId)

  test('initiated, failed, confirmed and refunded: once each, with order, amount, plan and actor', async () => {
    const visitor = new Visitor(app)
    const order = await newestOrder(app, (await visitor.register({ plan: 'annual' })).email!)
    app.sandbox.control.fail(order.id)
    for (let look = 0; look < 3; look++) await settle(app.services, order.id, 'return')
    app.sandbox.control.pay(order.id)
    for (let look = 0; look < 3; look++) await settle(app.services, order.id, 'return')
    const [payment] = await app.sql<{ cfPaymentId: string }[]>`
      select cf_payment_id from payments where order_id = ${order.id} and applied_at is not null`
    const cfPaymentId = payment!.cfPaymentId
    await refundPayment(app.services, {
      cfPaymentId,
      ordinal: 1,
      amountPaise: 499_000,
      reason: 'asked',
      actor: 'user:admin',
    })
    await app.run('send-refunds')
    const common = {
      orderId: order.id,
      plan: 'annual_v1',
      amountPaise: 499_000,
      time: expect.stringMatching(/^20.*Z$/),
    }
    await until(async () => {
      const lines = eventsOf(order.id)
      const events = lines.map(({ event }) => event)
      const isBack = lines.some(({ event, status }) => event === 'payment refunded' && status === 'SUCCESS')
      return isBack && events.includes('payment failed') && events.includes('payment confirmed')
    })
    await pause(50)
    const lines = eventsOf(order.id).filter(({ event, status }) => event !== 'payment refunded' || status === 'SUCCESS')
    expect(lines).toEqual([
      { event: 'payment initiated', actor: 'checkout', ...common },
      { event: 'payment failed', actor: expect.stringMatching(/webhook|poll|return/), status: 'FAILED', ...common },
      { event: 'payment confirmed', actor: expect.stringMatching(/webhook|return/), ...common },
      { event: 'payment refunded', actor: expect.stringMatching(/webhook|refunds/), status: 'SUCCESS', ...common },
    ])
    expect(readFileSync(path, 'utf8')).not.toContain(cfPaymentId)
  })

  test('held, once', async () => {
    const order = await newestOrder(app, (await new Visitor(app).register()).email!)
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(order.id)
    app.sandbox.control.faults({ wrongAmount: true })
    for (let look = 0; look < 3; look++) expect((await settle(app.services, order.id, 'webhook')).outcome).toBe('held')
    app.sandbox.control.clearFaults()
    await until(async () => eventsOf(order.id).length >= 2)
    await pause(50)
    expect(eventsOf(order.id).map(({ event, amountPaise }) => [event, amountPaise])).toEqual([
      ['payment initiated', 49_900],
      ['payment held', 49_900],
    ])
  })
})

describe('the file it is kept in', () => {
  test('is ours alone, and another one after it was moved away, with or without being told', async () => {
    const path = join(folder(), 'payments.log')
    const { log, lines } = keptLog()
    const file = appendFile(path, log)
    file.append('one')
    await until(async () => existsSync(path) && readFileSync(path, 'utf8') === 'one\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    renameSync(path, `${path}.1`)
    file.append('two')
    await until(async () => existsSync(path) && readFileSync(path, 'utf8') === 'two\n')
    renameSync(path, `${path}.2`)
    file.reopen()
    file.append('three')
    await file.close()
    expect([`${path}.1`, `${path}.2`, path].map((name) => readFileSync(name, 'utf8'))).toEqual([
      'one\n',
      'two\n',
      'three\n',
    ])
    expect(lines).toEqual([])
  })

  test('may be on a full disk: one complaint, and one notice when it works again', async () => {
    const path = join(folder(), 'payments.log')
    symlinkSync('/dev/full', path)
    const { log, lines } = keptLog()
    const file = appendFile(path, log)
    for (let n = 0; n < 50; n++) {
      file.append(`lost ${n}`)
      await pause(1)
    }
    // All fifty were tried; it opens again with the next line.
    await file.close(30_000)
    unlinkSync(path)
    file.append('kept')
    await until(async () => existsSync(path) && readFileSync(path, 'utf8').endsWith('kept\n'))
    await file.close()
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'payment log broken', code: 'ENOSPC' },
      { event: 'payment log works again', missing: 50 },
    ])
    expect(readFileSync(path, 'utf8')).toBe('kept\n')
  })

  test('may be a pipe that nobody reads, or a folder: nothing waits for it', async () => {
    const pipe = join(folder(), 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const [path, code] of [
      [pipe, 'ENXIO'],
      [folder(), 'EISDIR'],
      ['/proc/nowhere/payments.log', 'ENOENT'],
    ] as const) {
      const { log, lines } = keptLog()
      const file = appendFile(path, log)
      file.append('one')
      file.append('two')
      await file.close(500)
      expect(lines.map((line) => JSON.parse(line).code)).toEqual([code])
    }
  })
})

describe('a whole journey', () => {
  test('leaves no personal data and no secret in the log, the payment log or the metrics; a hang-up reopens the file', async () => {
    const harness = await buildHarness()
    try {
      const path = join(folder(), 'payments.log')
      const app = await harness.start({
        LOG_LEVEL: 'trace',
        PAYMENTS_LOG: path,
        RECONCILE_INTERVAL_MS: '300',
        RECONCILE_MIN_AGE_MS: '0',
      })
      harness.sandbox.control.webhooks({ url: `${app.url}/webhooks/cashfree` })
      const visitor = new Visitor(app)
      const form = await visitor.register({ phone: '98765 43210', name: 'Padmavati Subramanian' })
      const order = await newestOrder(harness, form.email!)
      await visitor.post('/login', { login: form.email!, password: 'Wrong-Guess-77' })
      await visitor.get('/checkout/monthly')
      await visitor.postJson('/api/create-payment-token', { orderId: order.id })
      harness.sandbox.control.fail(order.id)
      await until(async () => linesIn(path).some(({ event }) => event === 'payment failed'), 15_000)
      // Cashfree away, odd bodies: what goes wrong is logged too.
      harness.meter.target = null
      await visitor.get(`/payment/return?order_id=${order.id}`)
      harness.meter.target = harness.sandbox.publicUrl
      await visitor.post('/register', { ...form, phone: '12' })
      await fetch(`${app.url}/webhooks/cashfree`, {
        method: 'POST',
        body: JSON.stringify({ data: { customer_details: form } }),
      })
      await visitor.postJson('/api/create-cashfree-order', '{"plan":')
      renameSync(path, `${path}.1`)
      app.child.kill('SIGHUP')
      harness.sandbox.control.pay(order.id)
      await until(async () => linesIn(path).some(({ event }) => event === 'payment confirmed'), 15_000)
      expect(linesIn(`${path}.1`).map(({ event }) => event)).toEqual(['payment initiated', 'payment failed'])
      await until(async () => (await harness.mailbox.list()).some(({ subject }) => subject.includes('receipt')), 20_000)
      expect(app.child.exitCode).toBeNull()

      const metrics = await (await fetch(`${app.url}/metrics`)).text()
      expect(metrics).toMatch(/etf_job_runs_total\{job="reconcile",result="ok"\} [1-9]/)
      expect(metrics).toMatch(/etf_gateway_call_duration_seconds_count\{operation="create order",outcome="200"\} 1/)
      const all = [app.output(), readFileSync(path, 'utf8'), readFileSync(`${path}.1`, 'utf8'), metrics].join('\n')
      expect(all).toContain('payment confirmed')
      const [row] = await harness.sql<{ phone: string; paymentSessionId: string; passwordHash: string }[]>`
        select u.phone, u.password_hash, o.payment_session_id from orders o join users u on u.id = o.user_id where o.id = ${order.id}`
      const never = {
        'e-mail': form.email!,
        username: form.username!,
        name: 'Padmavati',
        password: form.password!,
        'mistyped password': 'Wrong-Guess-77',
        phone: '9876543210',
        'phone as typed': '98765 43210',
        'session of the payment': row!.paymentSessionId,
        'password hash': row!.passwordHash,
        'client secret': 'cfsk_ma_test_app',
        'session key': 'ab'.repeat(32),
        cookie: [...visitor.cookies.values()][0]!,
      }
      for (const [what, text] of Object.entries(never)) expect(all.includes(text), what).toBe(false)
      expect(await app.stop()).toBe(0)
    } finally {
      await harness.close()
    }
  })

  test('a mail server that quotes an address does not get it into the log', () => {
    const { log, lines } = keptLog()
    const error = Object.assign(
      new Error('550 5.1.1 <asha.rao+etf@mail.example.in>: no such user, call +91 98765 43210'),
      {
        cause: new Error('for asha.rao@example.in'),
      },
    )
    log.warn({ err: error, session: { payment_session_id: 'session_abcdefghijkl' }, password: 'x1x1x1' }, 'mail failed')
    expect(lines[0]).not.toMatch(/asha|98765|session_abc|x1x1x1/)
    expect(lines[0]).toContain('550 5.1.1')
  })
})
