import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { numberReceipts } from '../../billing/receipts/queries.ts'
import { remoteOf } from './answers.ts'
import type { BenchHarness } from './harness.ts'
import type { Measurement } from './measurement.ts'
import { settleStatement, skipMails } from './queries.ts'
import { byTurns } from './series.ts'
import {
  connectBare,
  countDue,
  hotUpdates,
  makeAccounts,
  resetDraws,
  settleScript,
  simpleUpdate,
} from './simple-update-queries.ts'

const run = promisify(execFile)
const seller = { name: 'Bench', stateCode: '27', gstin: null }

/** What is aimed at beside a simple update with so many clients, and what it was while numbers were given before the commit. */
const aims = [
  { clients: 1, least: 0.6, before: 0.39 },
  { clients: 8, least: 0.45, before: 0.12 },
  { clients: 20, least: 0.4, before: 0.09 },
]

/**
 * Settlements a second beside `pgbench -N` on the same server, by turns; receipts are numbered meanwhile as the product does, and the
 * clock runs until none is due. Where pgbench is not installed both sides are bare connections.
 */
export async function measureAgainstUpdates(harness: BenchHarness): Promise<Measurement[]> {
  const pgbench = findPgbench()
  const driver = pgbench ? await pgbenchDriver(harness, pgbench) : await bareDriver(harness)
  const measured: Measurement[] = []
  try {
    for (const { clients, least, before } of aims) {
      const count = (harness.quick ? 25 : 100) * Math.max(4, clients)
      const { update, settle } = await byTurns(harness.quick ? 2 : 5, {
        update: () => driver.update(clients, count),
        settle: async () => {
          await skipMails(harness.sql)
          const ids = await harness.orders(count)
          return withNumbers(harness, ids.length, () => driver.settle(clients, ids))
        },
      })
      measured.push({
        name: `settlement beside a simple update, ${clients} at once`,
        unit: '/s',
        ours: settle,
        theirs: update,
        result: settle.median / update.median,
        aim: { least },
        notes: [
          `${count} a round, ${pgbench ? 'both by pgbench (theirs is pgbench -N)' : 'both over bare connections (no pgbench here)'}; every receipt numbered within the clock; was ${before}`,
        ],
      })
    }
    measured.at(-1)!.notes.push(await hotUpdates(harness.sql))
    return measured
  } finally {
    await driver.close()
  }
}

type Driver = {
  /** Transactions a second. */
  update(clients: number, count: number): Promise<number>
  settle(clients: number, ids: string[]): Promise<number>
  close(): Promise<void>
}

async function pgbenchDriver(harness: BenchHarness, pgbench: string): Promise<Driver> {
  const folder = mkdtempSync(join(tmpdir(), 'etf-pgbench-'))
  await run(pgbench, ['-i', '-q', '-s', '2', harness.databaseUrl])
  const rate = async (clients: number, count: number, how: string[]) => {
    const each = Math.ceil(count / clients)
    const options = [
      '-n',
      '-M',
      'prepared',
      '-c',
      String(clients),
      '-j',
      String(Math.min(2, clients)),
      '-t',
      String(each),
    ]
    const { stdout } = await run(pgbench, [...options, ...how, harness.databaseUrl])
    return Number(/tps = ([\d.]+)/.exec(stdout)![1])
  }
  return {
    update: (clients, count) => rate(clients, count * 2, ['-N']),
    settle: async (clients, ids) => {
      const [first] = ids
      const script = join(folder, 'settle.sql')
      writeFileSync(script, settleScript(first!.slice(0, first!.lastIndexOf('-')), remoteOf(first!), seller))
      await resetDraws(harness.sql)
      return rate(clients, ids.length, ['-f', script])
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function bareDriver(harness: BenchHarness): Promise<Driver> {
  await makeAccounts(harness.sql)
  const connections = await connectBare(harness.databaseUrl, Math.max(...aims.map(({ clients }) => clients)))
  const rate = async (
    clients: number,
    count: number,
    act: (client: (typeof connections)[0], n: number) => Promise<unknown>,
  ) => {
    const started = performance.now()
    let next = 0
    const lane = async (client: (typeof connections)[0]) => {
      for (let n = next++; n < count; n = next++) await act(client, n)
    }
    await Promise.all(connections.slice(0, clients).map(lane))
    return (count * 1000) / (performance.now() - started)
  }
  return {
    update: (clients, count) => rate(clients, count * 2, simpleUpdate),
    settle: (clients, ids) =>
      rate(clients, ids.length, (client, n) =>
        client.query({
          name: 'settle',
          text: settleStatement,
          values: [ids[n], JSON.stringify(remoteOf(ids[n]!)), 'webhook', JSON.stringify(seller)],
        }),
      ),
    close: async () => void (await Promise.all(connections.map((client) => client.end()))),
  }
}

/** Numbers what is due, one statement at a time, while these settle. Answers the rate with the time for the last numbers. */
async function withNumbers({ sql }: BenchHarness, count: number, settle: () => Promise<number>): Promise<number> {
  let isOver = false
  const numbering = (async () => {
    while (!isOver) if ((await numberReceipts(sql, 1_000)) === 0) await pause(2)
  })()
  numbering.catch(() => {}) // it is awaited below; the bench may end before
  try {
    const rate = await settle()
    const started = performance.now()
    while ((await countDue(sql)) > 0) await pause(1)
    return count / (count / rate + (performance.now() - started) / 1000)
  } finally {
    isOver = true
    await numbering
  }
}

function findPgbench(): string | null {
  const folders = (process.env.PATH ?? '').split(':')
  const debian = '/usr/lib/postgresql'
  try {
    folders.push(...readdirSync(debian).map((version) => join(debian, version, 'bin')))
  } catch {
    // Not Debian's layout: only the PATH is looked at.
  }
  const has = (folder: string) => {
    try {
      return readdirSync(folder).includes('pgbench')
    } catch {
      return false
    }
  }
  const found = folders.find(has)
  return found ? join(found, 'pgbench') : null
}
