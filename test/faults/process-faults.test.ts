import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { newestOrder, paidOnce, subscriberOf, tracesOf } from '../support/ledger.ts'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { startProxy, through } from '../support/proxy.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

let harness: ProcessHarness
beforeAll(async () => {
  harness = await buildHarness()
}, 60_000)
afterAll(() => harness.close())

const preload = (name: string) => ({ NODE_OPTIONS: `--import ${join(import.meta.dirname, 'preload', name)}` })

async function registered(app: Pick<AppProcess, 'url'> & { host?: string }) {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  return { visitor, email: form.email!, order: await newestOrder(harness, form.email!) }
}

/** Begins a request and is gone before its end. */
async function hangUp({ url }: Pick<AppProcess, 'url'>): Promise<void> {
  const socket = connect(Number(new URL(url).port), 'localhost')
  await once(socket, 'connect')
  socket.write(
    'POST /webhooks/cashfree HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n',
  )
  await once(socket, 'data') // it has read the head, however busy the machine is, and waits for the body
  socket.resetAndDestroy()
}

const hourMs = 3_600_000
describe('our clock', () => {
  test.each([
    ['six hours', 6 * hourMs],
    ['minus two days', -48 * hourMs],
  ])('a clock that is %s off changes no entitlement', { timeout: 60_000 }, async (_what, skew) => {
    const app = await harness.start({ ...preload('skewed-clock.mjs'), TEST_CLOCK_SKEW_MS: String(skew) })
    const { visitor, email, order } = await registered(app)
    harness.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await tracesOf(harness, order.id)).toMatchObject(paidOnce)
    const { currentPeriodStart, currentPeriodEnd } = await subscriberOf(harness, email)
    expect(Math.abs(currentPeriodStart!.getTime() - Date.now())).toBeLessThan(60_000)
    expect(currentPeriodEnd!.getTime() - currentPeriodStart!.getTime()).toBeGreaterThan(27 * 24 * hourMs)
    expect((await visitor.get('/dashboard')).status).toBe(200)
    // A delivery whose time stamp looks old or early to us is still a reason to ask.
    const other = await registered(app)
    harness.sandbox.control.pay(other.order.id)
    const body = successBody(other.order.id)
    expect((await deliver(app, body, signed(body))).status).toBe(200)
    await until(async () => (await tracesOf(harness, other.order.id)).status === 'paid')
    // Access ends when the database says so.
    await harness.sql`update subscriptions set current_period_end = now() - interval '9 days' where user_id = ${other.order.userId}`
    const page = await other.visitor.get(`/api/payment-status/${other.order.id}`)
    expect(page.json()).toMatchObject({ subscription: { status: 'expired' } })
    await app.stop('SIGKILL')
  })
})

test('a log that nobody reads does not stop the site', { timeout: 60_000 }, async () => {
  const host = 'etf.example.in'
  const app = await harness.start({
    NODE_ENV: 'production',
    BASE_URL: `https://${host}`,
    HOST: 'localhost',
    RATE_LIMIT_SCALE: '',
    LOG_LEVEL: 'debug',
    TRUST_PROXY: 'loopback',
    CHECKOUT_REQUIRES_PRICES: 'false',
  })
  app.child.stdout!.pause()
  app.child.stderr!.pause()
  const patience = () => AbortSignal.timeout(5_000)
  const { visitor } = await registered({ url: app.url, host })
  // Each costs a line of some two hundred bytes; a pipe holds some hundreds of them.
  for (let batch = 0; batch < 75; batch++) await Promise.all(Array.from({ length: 40 }, () => hangUp(app)))
  const answer = await fetch(`${app.url}/healthz`, { signal: patience() })
  expect(answer.status).toBe(200)
  expect((await visitor.get('/dashboard')).status).toBe(200)
  const before = app.output().length
  app.child.stdout!.resume()
  app.child.stderr!.resume()
  // So it was: a good part of what it had to say had to wait.
  await until(async () => app.output().length > before + 200_000)
  await app.stop('SIGKILL')
})

test('a log on a full disk stops neither the site nor its end', { timeout: 60_000 }, async () => {
  const full = openSync('/dev/full', 'w')
  const script = `
    import { writeSync } from 'node:fs'
    import { createLog } from '${join(import.meta.dirname, '..', '..', 'src', 'platform', 'log.ts')}'
    const log = createLog('info')
    for (let i = 0; i < 5; i++) {
      log.info('a line that has no place')
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    writeSync(2, 'still here')
    process.exit(7)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', full, 'pipe'],
  })
  let said = ''
  child.stderr!.on('data', (chunk) => {
    said += chunk
  })
  await until(async () => child.exitCode !== null, 20_000).finally(() => child.kill('SIGKILL'))
  closeSync(full)
  expect([child.exitCode, said]).toEqual([7, 'still here'])
})

test('more visitors than files may be open: the site is there again when they are gone', {
  timeout: 60_000,
}, async () => {
  const app = await harness.start()
  execFileSync('prlimit', ['--pid', String(app.child.pid), '--nofile=70:70'])
  const { hostname, port } = new URL(app.url)
  const crowd = Array.from({ length: 300 }, () => connect(Number(port), hostname).on('error', () => {}))
  await pause(1_500)
  expect(app.child.exitCode).toBeNull()
  for (const socket of crowd) socket.destroy()
  await until(async () => (await fetch(`${app.url}/readyz`).catch(() => null))?.status === 200, 30_000)
  await app.stop('SIGKILL')
})

test('an error that nobody caught is said, ends the process with a code, and loses nothing', {
  timeout: 60_000,
}, async () => {
  const app = await harness.start(preload('uncaught-on-signal.mjs'))
  const { order } = await registered(app)
  harness.sandbox.control.pay(order.id)
  const body = successBody(order.id)
  const [answer] = await Promise.all([
    deliver(app, body, signed(body)).catch(() => null),
    pause(5).then(() => app.child.kill('SIGUSR2')),
  ])
  await until(async () => app.child.exitCode !== null)
  expect(app.child.exitCode).toBeGreaterThan(0)
  await until(async () => app.output().includes('nobody expected this'))
  const next = await harness.start()
  if (answer?.status === 200) {
    await harness.sql`update webhook_events set next_settle_at = now() where settled_at is null`
    await until(async () => (await tracesOf(harness, order.id)).status === 'paid', 20_000)
  } else await deliver(next, body, signed(body))
  await until(async () => (await tracesOf(harness, order.id)).status === 'paid', 20_000)
  expect(await tracesOf(harness, order.id)).toMatchObject(paidOnce)
  await next.stop()
})

test('jobs go on after the line to the database fell silent', { timeout: 150_000 }, async () => {
  const [{ name } = { name: '' }] = await harness.sql<{ name: string }[]>`select current_database() as name`
  const server = new URL(inject('serverUrl'))
  server.pathname = `/${name}`
  const proxy = await startProxy({ host: server.hostname, port: Number(server.port) })
  const app = await harness.start({
    DATABASE_URL: through(proxy, server.href),
    RECONCILE_INTERVAL_MS: '300',
    RECONCILE_MIN_AGE_MS: '0',
  })
  const { email, order } = await registered(app)
  await proxy.setMode('hold')
  await pause(1_500)
  await proxy.setMode('pass')
  harness.sandbox.control.faults({ webhooksMuted: true })
  harness.sandbox.control.pay(order.id)
  await harness.sql`update orders set next_look_at = now() where id = ${order.id}`
  await until(async () => (await subscriberOf(harness, email)).status === 'active', 100_000)
  expect(app.child.exitCode).toBeNull()
  harness.sandbox.control.clearFaults()
  await app.stop('SIGKILL')
  await proxy.close()
})
