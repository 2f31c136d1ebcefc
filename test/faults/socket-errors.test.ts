import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorsOf, moments, type SocketFault } from '../../src/dev/chaos/socket-faults.ts'
import { newestOrder } from '../support/ledger.ts'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { startProxy, type TcpProxy, through } from '../support/proxy.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

const folder = mkdtempSync(join(tmpdir(), 'etf-sockets-'))
const file = join(folder, 'faults.json')
const suffer = (...faults: SocketFault[]) => writeFileSync(file, JSON.stringify(faults))
const preload = join(import.meta.dirname, '..', '..', 'src', 'dev', 'chaos', 'failing-sockets.ts')

/** Two processes whose database, Cashfree and mail server are each at a port of its own, all reached by name. */
let harness: ProcessHarness
let line: TcpProxy
let gatewayLine: TcpProxy
let app: AppProcess
/** Its database is reached by address, so that only the others' names cannot be looked up. */
let other: AppProcess
let visitor: Visitor
let ports: { database: number; gateway: number; mail: number }
beforeAll(async () => {
  suffer()
  harness = await buildHarness()
  const { hostname, port } = new URL(harness.databaseUrl)
  line = await startProxy({ host: hostname, port: Number(port) })
  gatewayLine = await startProxy({ host: '127.0.0.1', port: Number(new URL(harness.meter.url).port) })
  ports = { database: line.port, gateway: gatewayLine.port, mail: harness.mailbox.smtpPort }
  const suffering = {
    API_BASE: `http://localhost:${ports.gateway}/pg`,
    SMTP_SERVER: 'localhost',
    NODE_OPTIONS: `--import ${preload}`,
    FAILING_SOCKETS: file,
  }
  app = await harness.start({
    DATABASE_URL: through(line, harness.databaseUrl).replace('127.0.0.1', 'localhost'),
    ...suffering,
  })
  other = await harness.start({
    DATABASE_URL: through(line, harness.databaseUrl),
    ...suffering,
  })
  visitor = new Visitor(app)
  await visitor.register()
}, 60_000)
afterAll(async () => {
  await harness.close()
  await line.close()
  await gatewayLine.close()
  rmSync(folder, { recursive: true })
})

/** Every way to fail; a look-up fails by the name, the others at a port. */
const kinds = Object.entries(errorsOf).flatMap(([at, codes]) =>
  codes.map((code): [SocketFault['at'], string] => [at as SocketFault['at'], code]),
)
const faultOf = (at: SocketFault['at'], port: number, code: string, when: SocketFault['when']): SocketFault => ({
  at,
  to: at === 'look-up' ? 'localhost' : port,
  code,
  when,
})

async function expectAlive(app: AppProcess) {
  const answer = await fetch(`${app.url}/healthz`)
  expect([answer.status, app.child.exitCode]).toEqual([200, null])
}

describe('the line to the database', () => {
  test.each(kinds)(
    '%s %s: what needs it is 503, the process lives, and all is well when it is over',
    {
      timeout: 60_000,
    },
    async (at, code) => {
      // At once, which nobody expects, and one of the others in turn.
      for (const when of [
        moments[0],
        moments[1 + (kinds.findIndex((kind) => kind[0] === at && kind[1] === code) % 2)]!,
      ]) {
        suffer(faultOf(at, ports.database, code, when))
        if (at !== 'send') line.breakAll()
        await until(async () => (await visitor.get('/dashboard')).status === 503)
        const answer = await visitor.get('/account')
        expect([when, answer.status]).toEqual([when, 503])
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        expect(answer.body).toContain('<main')
        expect(answer.body).not.toContain(code)
        await expectAlive(app)
        suffer()
        await until(async () => (await visitor.get('/dashboard')).status === 200)
      }
    },
  )

  test('and the jobs go on', { timeout: 60_000 }, async () => {
    await until(async () => (await fetch(`${app.url}/readyz`)).status === 200, 40_000)
  })
})

describe('the lines to Cashfree and to the mail server', () => {
  test.each(kinds)(
    '%s %s: nobody is charged, nothing is lost, the process lives',
    {
      timeout: 60_000,
    },
    async (at, code) => {
      const person = new Visitor(other)
      const when = moments[kinds.findIndex((kind) => kind[0] === at && kind[1] === code) % moments.length]!
      suffer(faultOf(at, ports.gateway, code, when), faultOf(at, ports.mail, code, when))
      // What was opened before is no use; a connection that stands can still fail to send.
      if (at !== 'send') gatewayLine.breakAll()
      const { email } = await person.register()
      const page = await person.get('/checkout/monthly')
      expect([when, page.status]).toEqual([when, 200])
      expect(page.body).toContain('Nothing was charged')
      await expectAlive(other)
      suffer()
      expect((await person.post('/checkout/monthly')).status).toBe(303)
      expect((await newestOrder(harness, email!)).status).toBe('active')
    },
  )

  test('and every mail goes out', { timeout: 60_000 }, async () => {
    await harness.sql`update mails set next_attempt_at = now(), leased_until = null where status = 'queued'`
    await until(async () => {
      const [row] = await harness.sql<{ n: number }[]>`select count(*)::int as n from mails where status <> 'sent'`
      return row!.n === 0
    }, 40_000)
    for (const each of [app, other]) expect(each.output()).not.toContain('uncaught')
  })
})
