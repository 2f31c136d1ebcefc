import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { isQuiet } from '../../src/dev/chaos/chaos.ts'
import { type Findings, noFindings, traffic } from '../../src/dev/chaos/people.ts'
import { startProxy } from '../../src/dev/chaos/proxy.ts'
import { letTimePass } from '../../src/dev/chaos/queries.ts'
import { randomFrom } from '../../src/dev/chaos/random.ts'
import { judgeRun } from '../../src/dev/chaos/verdict.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { readRelease } from '../../src/platform/release.ts'
import { emptyDatabase } from '../operations/databases.ts'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { type AppProcess, buildHarness, type ProcessHarness } from '../support/process.ts'
import { checkOut, hasCommit, releaseBefore } from '../support/release-before.ts'
import { keys } from '../support/services.ts'
import { until } from '../support/until.ts'

// The release before as its processes were, from the history of this clone, on a database that it made.
const before = releaseBefore()
const isHere = hasCommit(before)
const seed = Number(process.env.SEED ?? Date.now() % 1e8)

let harness: ProcessHarness
let balancer: Balancer
let sql: Sql
let old: ReturnType<typeof checkOut>
const closers: (() => unknown)[] = []
beforeAll(async () => {
  if (!isHere) return
  harness = await buildHarness()
  balancer = await startBalancer()
  old = checkOut(before)
  const database = await emptyDatabase(inject('serverUrl'))
  sql = connect(database.url, { max: 2, name: 'etf-test' })
  const gateway = await startProxy({ host: '127.0.0.1', port: harness.sandbox.port })
  closers.push(database.drop, () => sql.end({ timeout: 1 }), gateway.close, old.remove, balancer.close, harness.close)
  Object.assign(harness.settings, {
    DATABASE_URL: database.url,
    BASE_URL: balancer.url,
    API_BASE: `http://127.0.0.1:${gateway.port}/pg`,
  })
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** Once more where a start fails, as a supervisor does. */
const start = async (checkout?: string) => {
  const app = await harness.start({}, checkout).catch(() => harness.start({}, checkout))
  balancer.nodes.push(app.url)
  return app
}
/** As a deployment does it, which takes a process out of the proxy first; or as an accident, which does not. */
async function end(app: AppProcess, signal: 'SIGTERM' | 'SIGKILL') {
  const leave = () => {
    balancer.nodes = balancer.nodes.filter((node) => node !== app.url)
  }
  if (signal === 'SIGTERM') leave()
  await app.stop(signal)
  await pause(300)
  leave()
}
const releaseOf = async (app: AppProcess) =>
  ((await (await fetch(`${app.url}/readyz`)).json()) as { release: string }).release

describe('the release before and this one, side by side behind a proxy, while people register and pay', () => {
  test.skipIf(!isHere)(
    isHere
      ? 'rolled forward, back and forward again, a process killed each time: nothing fails, nothing is lost, nothing doubled'
      : `SKIPPED, the history of this clone lacks the release before (${before})`,
    { timeout: 240_000 },
    async () => {
      const findings: Findings = noFindings()
      let one = await start(old.folder)
      let two = await start(old.folder)
      harness.sandbox.control.webhooks({ url: `${balancer.url}/webhooks/cashfree` })
      let over = false
      const scene = {
        apps: [{ url: balancer.url }, { url: balancer.url }] as const,
        sandbox: harness.sandbox,
        gatewayApi: `http://127.0.0.1:${harness.sandbox.port}/pg`,
        keys,
      }
      // Until a function or a table changes, nothing tells the two apart.
      const theirs: typeof import('../../src/platform/release.ts') = await import(
        pathToFileURL(join(old.folder, 'src', 'platform', 'release.ts')).href
      )
      const [ours, earlier] = [await readRelease(), await theirs.readRelease()]
      const asOlder =
        ours.digest === earlier.digest && ours.migrations.length === earlier.migrations.length
          ? 'current'
          : 'older-than-database'
      const people = traffic(scene, randomFrom(seed), findings, 2, () => over)
      const somePay = async () => {
        const so = findings.journeys
        await until(async () => findings.journeys >= so + 3, 60_000)
      }
      await somePay()

      // Forward: the first of the new ones migrates under load.
      let three = await start()
      expect([await releaseOf(one), await releaseOf(three)]).toEqual([asOlder, 'current'])
      await end(one, 'SIGTERM')
      let four = await start()
      await somePay()
      await end(two, 'SIGKILL')
      await somePay()

      // Back: the old release starts on the newer database, and changes nothing there.
      one = await start(old.folder)
      two = await start(old.folder)
      expect([await releaseOf(one), await releaseOf(three)]).toEqual([asOlder, 'current'])
      await end(three, 'SIGKILL')
      await end(four, 'SIGTERM')
      await somePay()

      // And forward again.
      three = await start()
      four = await start()
      await end(one, 'SIGKILL')
      await end(two, 'SIGTERM')
      await somePay()
      over = true
      await people

      const ended = new Date()
      await until(async () => {
        await letTimePass(sql, true, ended)
        await pause(500)
        return isQuiet({ sql, sandbox: harness.sandbox })
      }, 60_000)
      const verdict = await judgeRun({ sql, sandbox: harness.sandbox, mails: { accepted: new Map() } }, findings)
      console.log(
        `side by side, SEED=${seed}: ${findings.requests} requests, ${findings.failed} failed, ${balancer.retries} sent again by the proxy; ${verdict.payments} payments, ${verdict.lost.length} lost, ${verdict.doubled.length} doubled`,
      )
      expect(findings).toMatchObject({ failed: 0, gaveUp: 0, wrongOwner: [] })
      expect(verdict).toMatchObject({ lost: [], doubled: [], wrongOwner: [], falseGrants: [] })
      expect(verdict.integrity.checks.filter(({ wrong }) => wrong > 0)).toEqual([])
      expect(verdict.payments).toBeGreaterThan(5)
    },
  )
})
