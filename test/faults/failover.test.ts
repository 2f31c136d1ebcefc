import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answers, connect } from '../../src/platform/db.ts'
import { type Jobs, startJobs } from '../../src/platform/jobs.ts'
import { createLog } from '../../src/platform/log.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { newestOrder } from '../support/ledger.ts'
import { endPair, kill, makeReplica, type Pair, promote, start, startPair } from '../support/replica.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { type FaultFixture, startFixture } from './fixture.ts'

/** A primary and its replica, and the product with both in its address: the replica first, so that nothing works by luck. */
let pair: Pair
let fixture: FaultFixture
let jobs: Jobs
let visitor: Visitor
let runs = 0
beforeAll(async () => {
  pair = await startPair()
  fixture = await startFixture(pair.url, { poolMax: 4 })
  const job = { name: 'counting', everyMs: 500, run: async () => void runs++ }
  jobs = await startJobs(pair.url, [job], createLog('silent'))
  visitor = new Visitor(fixture)
  await visitor.register()
}, 120_000)
afterAll(async () => {
  await jobs?.stop(1_000)
  await fixture?.close()
  if (pair) await endPair(pair)
})

/** Asks for a page that reads and writes, again and again, until told to end. */
function asking() {
  const answered: { status: number; retryAfter: string | null; at: number }[] = []
  let on = true
  const loop = async () => {
    while (on) {
      const { status, headers } = await visitor.get('/dashboard')
      answered.push({ status, retryAfter: headers.get('retry-after'), at: performance.now() })
      await pause(20)
    }
  }
  const loops = [loop(), loop(), loop()]
  return {
    answered,
    end: async () => {
      on = false
      await Promise.all(loops)
    },
  }
}

/** Seconds from `since` to the last answer that was not the page; all of those are 503 with Retry-After. */
function secondsToRecover(answered: ReturnType<typeof asking>['answered'], since: number): number {
  const refused = answered.filter(({ status }) => status !== 200)
  expect(refused.filter(({ status, retryAfter }) => status !== 503 || !(Number(retryAfter) > 0))).toEqual([])
  return Math.max(0, ...refused.map(({ at }) => (at - since) / 1000))
}

const jobsRunAgain = async () => {
  const before = runs
  await until(async () => runs > before && jobs.isReady(), 20_000)
}

test('of two servers in the address the primary is used, by both pools and by migrations', async () => {
  expect(await migrate(pair.url)).toEqual([])
  await jobsRunAgain()
  expect((await visitor.get('/dashboard')).status).toBe(200)
})

test('an address that leads to a replica alone is no database: neither pool takes it, and it says why', async () => {
  const sql = connect(pair.second.url, { max: 2 })
  const error = await sql`select 1`.catch((thrown: Error) => thrown)
  expect(String(((error as Error).cause as Error).message)).toMatch(/in recovery, a replica/)
  expect(await answers(sql)).toBe(false)
  await sql.end({ timeout: 1 })
  await expect(migrate(pair.second.url)).rejects.toThrow(/in recovery, a replica/)
})

test('the primary dies and the replica is promoted: 503 meanwhile, then all works within five seconds', {
  timeout: 90_000,
}, async () => {
  const { id } = await newestOrder(fixture, (await new Visitor(fixture).register()).email!)
  fixture.sandbox.control.pay(id)
  const body = successBody(id)
  const load = asking()
  await pause(500)
  await kill(pair.first)
  expect((await deliver(fixture, body, signed(body))).status).toBe(503)
  await pause(1_500)
  const promoted = performance.now()
  await promote(pair.second)
  await until(async () => (await visitor.get('/dashboard')).status === 200, 20_000)
  await jobsRunAgain()
  await load.end()
  expect(secondsToRecover(load.answered, promoted)).toBeLessThan(5)
  expect((await deliver(fixture, body, signed(body))).status).toBe(200)
  expect(await fixture.sql`select from webhook_events where order_id = ${id} and accepted`).toHaveLength(1)
})

test('a switchover, after which the old primary is a replica at its old address: nothing goes there', {
  timeout: 90_000,
}, async () => {
  // The one that died comes back as a replica of the other, freshly copied as an operator would.
  const [now, later] = [pair.second, pair.first]
  await makeReplica(later, now)
  await until(() => answers(fixture.sql), 20_000)
  const alone = connect(now.url, { max: 2 })
  expect(await answers(alone)).toBe(true)
  const load = asking()
  await pause(500)
  await now.server.stop()
  await promote(later)
  const promoted = performance.now()
  await start(now, later)
  await until(async () => (await visitor.get('/dashboard')).status === 200, 20_000)
  await jobsRunAgain()
  await load.end()
  expect(secondsToRecover(load.answered, promoted)).toBeLessThan(5)
  // Who knows the old address alone is not ready, although a server answers there.
  expect(await answers(alone)).toBe(false)
  await alone.end({ timeout: 1 })
})
