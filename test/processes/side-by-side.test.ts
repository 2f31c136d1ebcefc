import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type AppProcess, superviseApp } from '../../src/dev/chaos/app-process.ts'
import { noFindings, traffic } from '../../src/dev/chaos/people.ts'
import { waitForQuiet } from '../../src/dev/chaos/quiet.ts'
import { randomFrom } from '../../src/dev/chaos/random.ts'
import { type Surroundings, startSurroundings } from '../../src/dev/chaos/surroundings.ts'
import { judgeRun } from '../../src/dev/chaos/verdict.ts'
import { type RoundRobin, startRoundRobin } from '../../src/dev/cluster-trial/round-robin.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { root } from '../../src/platform/environment.ts'
import { emptyDatabase, onServer } from '../operations/databases.ts'
import { checkOut, hasCommit, releaseBefore } from '../support/release-before.ts'
import { until } from '../support/until.ts'

// The release before, as the history of this clone has it, on a database that it made.
const before = releaseBefore()
const isHere = hasCommit(before)
const seed = Number(process.env.SEED ?? Date.now() % 1e8)

let surroundings: Surroundings
let balancer: RoundRobin
let sql: Sql
let env: Record<string, string>
let old: string
let nodes: AppProcess[]
const closers: (() => unknown)[] = []
beforeAll(async () => {
  if (!isHere) return
  const database = await emptyDatabase(inject('serverUrl'))
  closers.push(database.drop)
  sql = connect(database.url, { max: 2, name: 'etf-test' })
  closers.push(() => sql.end({ timeout: 1 }))
  surroundings = await startSurroundings()
  closers.push(surroundings.close)
  balancer = await startRoundRobin()
  closers.push(balancer.stop)
  const checkout = checkOut(before)
  closers.push(checkout.remove)
  old = checkout.folder
  env = {
    ...surroundings.env,
    DATABASE_URL: database.url,
    DB_POOL_MAX: '5',
    RATE_LIMIT_SCALE: '1000',
    LOG_LEVEL: 'fatal',
    HOST: 'localhost',
    BASE_URL: balancer.url,
  }
  surroundings.sandbox.control.webhooks({ url: `${balancer.url}/webhooks/cashfree` })
  nodes = [await superviseApp(env, { checkout: old }), await superviseApp(env, { checkout: old })]
  closers.push(() => Promise.all(nodes.map((node) => node.stop())))
  for (const node of nodes) await node.untilReady()
  balancer.nodes = nodes.map(({ url }) => url)
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** Whether the releases of two checkouts make the same database: so it is until a release's first migration or change of a function. */
function hasSameDatabase(...checkouts: [string, string]): boolean {
  const [one, other] = checkouts.map((checkout) => {
    const platform = join(checkout, 'src', 'platform')
    return `${readdirSync(join(platform, 'migrations'))}\n${readFileSync(join(platform, 'function-revisions.txt'))}`
  })
  return one === other
}

describe('with two roles', () => {
  test.skipIf(!isHere)(
    isHere
      ? 'the release before starts as the application’s role on a database that this one migrated, and serves with its jobs'
      : `SKIPPED, the history of this clone lacks the release before (${before})`,
    { timeout: 240_000 },
    async () => {
      const { url, drop } = await emptyDatabase(inject('serverUrl'))
      const role = `app_${randomBytes(4).toString('hex')}`
      await onServer(url, `create role ${role} login password 'kept'`)
      const asOwner = (checkout: string) =>
        promisify(execFile)(process.execPath, [join(checkout, 'src', 'commands', 'migrate.ts'), '--app-role', role], {
          env: { PATH: process.env.PATH, DATABASE_URL: url },
        })
      await asOwner(old)
      await asOwner(root)
      const site = await superviseApp(
        { ...env, DATABASE_URL: Object.assign(new URL(url), { username: role, password: 'kept' }).href },
        { checkout: old },
      )
      try {
        await site.untilReady()
        const ready = await fetch(`${site.url}/readyz`)
        const release = hasSameDatabase(old, root) ? 'current' : 'older-than-database'
        expect(await ready.json()).toMatchObject({ status: 'ready', jobs: true, release })
        expect(site.refusedStarts).toBe(0)
      } finally {
        await site.stop()
        await drop()
        await onServer(inject('serverUrl'), `drop role ${role}`)
      }
    },
  )
})

describe('the release before and this one, side by side behind a proxy, while people register and pay', () => {
  test.skipIf(!isHere)(
    isHere
      ? 'rolled forward, back and forward again, a process of each killed: nothing fails, nothing is lost, nothing doubled'
      : `SKIPPED, the history of this clone lacks the release before (${before})`,
    { timeout: 240_000 },
    async () => {
      const [left, right] = nodes as [AppProcess, AppProcess]
      const findings = noFindings()
      let over = false
      const scene = { ...surroundings, entrances: [{ url: balancer.url }] }
      const people = traffic(scene, randomFrom(seed), findings, 2, () => over)
      const somePay = async () => {
        const so = findings.journeys
        await until(async () => findings.journeys >= so + 2, 60_000)
      }
      const kill = async (node: AppProcess) => {
        node.kill()
        await somePay()
        await node.untilReady()
      }
      await somePay()

      // Forward. The first one migrates under load; the one that is killed comes again as the release before, on the newer database.
      await left.restart({ checkout: root, env })
      await somePay()
      await kill(right)
      await right.restart({ checkout: root, env })
      await somePay()

      // Back, where this release is killed, and forward again.
      await left.restart({ checkout: old, env })
      await kill(right)
      await left.restart({ checkout: root, env })
      await somePay()
      over = true
      await people

      await waitForQuiet({ ...surroundings, sql, apps: nodes })
      const verdict = await judgeRun({ ...surroundings, sql }, findings)
      const { payments, lost, doubled, wrongOwner, falseGrants, integrity } = verdict
      console.log(
        `side by side, SEED=${seed}: ${findings.requests} requests, ${findings.failed.length} failed, ${balancer.retries} sent again by the proxy; ${payments} payments, ${lost.length} lost, ${doubled.length} doubled; ${nodes.flatMap(({ unexpected }) => unexpected).join('\n')}`,
      )
      expect(findings).toMatchObject({ failed: [], unavailable: [], gaveUp: 0, wrongOwner: [] })
      expect({ lost, doubled, wrongOwner, falseGrants }).toEqual({
        lost: [],
        doubled: [],
        wrongOwner: [],
        falseGrants: [],
      })
      expect(integrity.checks.filter(({ wrong }) => wrong > 0)).toEqual([])
      expect(payments).toBeGreaterThan(5)
    },
  )
})
