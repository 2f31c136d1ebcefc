import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type pg from 'pg'
import { numberingPause } from '../../billing/receipts/numbering.ts'
import { numberReceipts } from '../../billing/receipts/queries.ts'
import { connect } from '../../platform/db.ts'
import { findProgram } from '../cluster-trial/programs.ts'
import { type BenchHarness, pool } from './harness.ts'
import type { Measurement } from './measurement.ts'
import { byTurns } from './series.ts'
import { countPaid, skipMails } from './settlement-queries.ts'
import { settledByPool } from './settlements.ts'
import { connectBare, hotUpdates, makeAccounts, simpleUpdate } from './simple-update-queries.ts'

const run = promisify(execFile)
/** Transactions in which a connection of pgbench makes its plans: the product's live for hours, pgbench's for a round. */
const warming = 10
/** Settlements by which the product's side is warmed up for each number of callers: its process lives for hours. */
const warm = 1_000

/** What is aimed at beside a simple update with so many clients, and what it was while numbers were given before the commit. */
const aims = [
  { clients: 1, least: 0.6, before: 0.39 },
  { clients: 8, least: 0.45, before: 0.12 },
  { clients: 20, least: 0.4, before: 0.09 },
]

/**
 * Settlements a second beside the simple update of `pgbench -N` on the same server, by turns; receipts are numbered meanwhile as the
 * product does, and the clock runs until none is due. Both sides are this process's: `pg` makes the updates, which is faster than our
 * pool. What pgbench itself does, where it is installed, stands in the notes: it is written in C.
 */
export async function measureAgainstUpdates(harness: BenchHarness): Promise<Measurement[]> {
  const pgbench = pgbenchOf(harness)
  await makeAccounts(harness.sql)
  const connections = await connectBare(harness.databaseUrl, Math.max(...aims.map(({ clients }) => clients)))
  const measured: Measurement[] = []
  try {
    // It would number as well, and mail: what the app makes of payments is measured with the webhook endpoint.
    process.kill(harness.app.pid, 'SIGSTOP')
    for (const aim of aims) measured.push(await measureCallers(harness, aim, { connections, pgbench }))
    measured.at(-1)!.notes.push(await hotUpdates(harness.sql))
    return measured
  } finally {
    await skipMails(harness.sql)
    process.kill(harness.app.pid, 'SIGCONT')
    await Promise.all(connections.map((client) => client.end()))
    pgbench?.close()
  }
}

type Drivers = { connections: pg.Client[]; pgbench: ReturnType<typeof pgbenchOf> }

async function measureCallers(
  harness: BenchHarness,
  { clients, least, before }: (typeof aims)[0],
  { connections, pgbench }: Drivers,
): Promise<Measurement> {
  harness.log(`  beside simple updates, ${clients} at once`)
  // Its own, which opens connections as these callers need them: those of more callers would be used in turn (docs/speed.md).
  const sql = connect(harness.databaseUrl, { max: pool, name: 'etf-bench-pool' })
  const counted = harness.quick ? Math.max(40, 200 / clients) : Math.max(150, 2_000 / clients)
  const count = clients * (warming + Math.ceil(counted))
  const settle = async (orders: number) => {
    const ids = await harness.orders(orders)
    const rate = await withNumbers(harness, orders, () => settledByPool(sql, ids, clients))
    const paid = await countPaid(harness.sql, prefixOf(ids))
    if (paid !== orders) throw new Error(`${paid} of ${orders} orders were paid`)
    return rate
  }
  try {
    await settle(warm)
    const turns = await byTurns(harness.quick ? 2 : 5, {
      update: () => updatesASecond(connections.slice(0, clients), count * 3),
      settle: () => settle(count),
      inC: async () => pgbench?.rate(clients, count * 3) ?? 0,
    })
    const ratioTo = (series: { median: number }) => turns.settle.median / series.median
    return {
      name: `settlement beside a simple update, ${clients} at once`,
      unit: '/s',
      ours: turns.settle,
      theirs: turns.update,
      result: ratioTo(turns.update),
      aim: { least },
      notes: [
        `${count} a round by the product’s own line and pool, so many callers at once; theirs is the simple update of pgbench -N by as many bare connections of pg, in the same process; every receipt numbered within the clock, the app stands still meanwhile`,
        pgbench
          ? `beside pgbench -N itself, a client in C, ${Math.round(turns.inC.median)} /s: ${ratioTo(turns.inC).toFixed(2)}; was ${before}`
          : 'pgbench is not installed here',
      ],
    }
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Simple updates a second over these connections. */
async function updatesASecond(connections: pg.Client[], count: number): Promise<number> {
  const started = performance.now()
  let next = 0
  const lane = async (client: pg.Client) => {
    while (next++ < count) await simpleUpdate(client)
  }
  await Promise.all(connections.map(lane))
  return (count * 1000) / (performance.now() - started)
}

/** What the orders of a round have in common before their numbers. */
const prefixOf = ([first]: string[]) => first!.slice(0, first!.lastIndexOf('-'))

/** Simple updates a second by pgbench; null where it is not installed. */
function pgbenchOf({ databaseUrl }: BenchHarness) {
  const pgbench = findProgram('pgbench')
  if (!pgbench) return null
  const folder = mkdtempSync(join(tmpdir(), 'etf-pgbench-'))
  return {
    async rate(clients: number, count: number): Promise<number> {
      for (const name of readdirSync(folder)) rmSync(join(folder, name))
      const sizes = ['-c', clients, '-j', Math.min(2, clients), '-t', Math.ceil(count / clients)].map(String)
      const log = ['-l', `--log-prefix=${join(folder, 'log')}`]
      await run(pgbench, ['-n', '-N', '-M', 'prepared', ...sizes, ...log, databaseUrl])
      return rateOfLogs(folder)
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** What pgbench's clients did a second, each after its first transactions: a line has the client and when it ended. */
function rateOfLogs(folder: string): number {
  const ends = new Map<string, number[]>()
  for (const name of readdirSync(folder))
    for (const line of readFileSync(join(folder, name), 'utf8').trim().split('\n')) {
      const [client = '', , , , seconds, microseconds] = line.split(' ')
      ends.set(client, [...(ends.get(client) ?? []), Number(seconds) + Number(microseconds) / 1e6])
    }
  return [...ends.values()].reduce((sum, times) => sum + rateAfterWarming(times), 0)
}

/** Transactions a second of one connection that ended at these seconds, without the first ones. */
function rateAfterWarming(times: number[]): number {
  return (times.length - warming) / (times.at(-1)! - times[warming - 1]!)
}

/**
 * Numbers what is due, one statement at a time, while these settle, and until none is due. Answers the rate with the time until the last
 * number was given. Throws where numbering does.
 */
async function withNumbers({ sql }: BenchHarness, count: number, settle: () => Promise<number>): Promise<number> {
  let settled = Number.POSITIVE_INFINITY
  const settling = settle().finally(() => {
    settled = performance.now()
  })
  let last = 0
  for (let numbered = 1; numbered > 0 || settled > performance.now(); await pause(numberingPause)) {
    numbered = await numberReceipts(sql, 1_000)
    if (numbered > 0) last = performance.now()
  }
  const rate = await settling
  return count / (count / rate + Math.max(0, last - settled) / 1000)
}
