import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect, type Sql } from '../../platform/db.ts'
import { root } from '../../platform/environment.ts'
import { type AppProcess, type Launch, superviseApp } from '../chaos/app-process.ts'
import type { Scene } from '../chaos/people.ts'
import { type Surroundings, startSurroundings } from '../chaos/surroundings.ts'
import { freePort } from '../free-port.ts'
import { startBalancer } from './balancer.ts'
import { type Pair, startPair } from './pair.ts'
import { type Pooler, startPooler } from './pooler.ts'
import { findBalancer, findProgram } from './programs.ts'
import { superuserUrl, urlOf } from './server.ts'

/** The site on several nodes, with all it depends on. */
export type Cluster = Scene &
  Pick<Surroundings, 'mails'> & {
    pair: Pair
    /** A superuser's connections to the primary of the moment. */
    sql: Sql
    nodes: readonly [AppProcess, AppProcess]
    worker: AppProcess
    /** Brings the database to this checkout's release, then ends and starts one process after the other. */
    roll(): Promise<void>
  }

const password = 'trial'

type Start = { folder: string; before: string | null; later: (close: () => unknown) => void }

/**
 * Starts it all in this folder, with the release whose checkout is `before` or else with this one. `later` is told of each part,
 * as soon as there is one, how to end it; the last goes first.
 */
export async function startCluster({ folder, before, later }: Start): Promise<Cluster> {
  const logs = join(folder, 'logs')
  mkdirSync(logs, { recursive: true })
  const surroundings = await startSurroundings()
  later(() => surroundings.close())
  const pair = await startPair(folder, password, later)
  const both = pair.servers.map(({ port }) => port)
  const sql = connect(superuserUrl(both), { max: 2, name: 'etf-trial' })
  later(() => sql.end({ timeout: 1 }))

  const pgbouncer = findProgram('pgbouncer')
  const poolers: Pooler[] = []
  later(() => Promise.all(poolers.map((pooler) => pooler.stop())))
  if (pgbouncer)
    for (const server of pair.servers) poolers.push(await startPooler(pgbouncer, { server, password, logs }))
  const ports = pgbouncer ? poolers.map(({ port }) => port) : both

  const front = await freePort()
  const shared = {
    ...surroundings.env,
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    BASE_URL: `https://localhost:${front}`,
    TRUST_PROXY: '127.0.0.1',
    CHECKOUT_REQUIRES_PRICES: 'false',
    CASHFREE_TIMEOUT_MS: '4000',
    DB_POOL_MAX: '6',
    LOG_LEVEL: 'warn',
  }
  // Only an owner's own connection can migrate; the release before knows one server and no pooler.
  const direct = () => ({ ...shared, DATABASE_URL: urlOf('etf', password, [pair.primary().port]) })
  const now = {
    ...shared,
    DATABASE_URL: urlOf('etf', password, ports),
    ...(pgbouncer ? { DB_POOLER: 'transaction' } : {}),
  }
  const launch = (role: string): Launch => ({ checkout: root, env: { ...now, ROLE: role } })
  const first = (role: string): Launch => (before ? { checkout: before, env: direct() } : launch(role))

  await migrate(before ?? root, direct())
  const roles = ['web', 'web', 'worker'] as const
  const names = ['node-a', 'node-b', 'worker'] as const
  const apps: AppProcess[] = []
  later(() => Promise.all(apps.map((app) => app.stop())))
  for (const [i, role] of roles.entries()) {
    const { env, checkout } = first(role)
    apps.push(await superviseApp(env, { checkout, logFile: join(logs, `${names[i]}.log`) }))
  }
  for (const app of apps) await app.untilReady()
  const [nodeA, nodeB, worker] = apps as [AppProcess, AppProcess, AppProcess]
  const nodes = [nodeA, nodeB] as const
  const place = pair.servers[0].place
  const balancer = await startBalancer(findBalancer(), {
    port: front,
    nodes: nodes.map(({ port }) => port),
    place,
    logs,
  })
  later(() => balancer.stop())
  const url = `http://localhost:${front}`
  surroundings.sandbox.control.webhooks({ url: `${url}/webhooks/cashfree` })
  return {
    ...surroundings,
    entrances: [{ url }],
    pair,
    sql,
    nodes,
    worker,
    async roll() {
      await migrate(root, direct())
      for (const [i, app] of apps.entries()) await app.restart(launch(roles[i]!))
    },
  }
}

/** Runs `npm run migrate` of a checkout. Throws with what it says. */
async function migrate(checkout: string, env: Record<string, string>): Promise<void> {
  const { PATH = '', HOME = '' } = process.env
  await promisify(execFile)(process.execPath, [join(checkout, 'src', 'commands', 'migrate.ts')], {
    env: { PATH, HOME, ...env },
  })
}
