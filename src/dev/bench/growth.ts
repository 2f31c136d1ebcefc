import postgres from 'postgres'
import { settleOrder } from '../../billing/checkout/queries.ts'
import { connect, type Sql } from '../../platform/db.ts'
import { remoteOf } from './answers.ts'
import { type BenchHarness, pool, subscribers } from './harness.ts'
import type { Measurement } from './measurement.ts'
import { createDatabase, explainEverything, growing, openPayableOrders, wholeTableReads } from './queries.ts'
import { byTurns, seriesOf } from './series.ts'
import { settledByPool } from './settlements.ts'
import { fillDatabase } from './subscribers.ts'

const wholeTable = new RegExp(`Seq Scan on (${growing.join('|')})\\b`)

/** Whether settling costs more with a hundred times the subscribers. Both databases are on one server, so by turns. */
export async function measureGrowth(town: BenchHarness): Promise<Measurement[]> {
  const large = town.quick ? 100_000 : 1_000_000
  town.say(`▸ generating ${large.toLocaleString('en')} subscribers`)
  // Neither is the app's own database: its jobs would work on one side only.
  const small = await another(town, 'bench_small')
  const url = await another(town, 'bench_large')
  await fillDatabase(small, subscribers)
  const seconds = await fillDatabase(url, large)
  const count = town.quick ? 200 : 500
  const few = connect(small, { max: pool })
  const many = connect(url, { max: pool })
  let opened = 0
  const orders = (sql: Sql, of: number) => {
    opened += count
    return openPayableOrders(sql, { prefix: `run${opened}`, count, from: opened, of })
  }
  try {
    const before = await wholeTableReads(many)
    const series = await byTurns(town.quick ? 3 : 5, {
      few: async () => settledByPool(few, await orders(few, subscribers)),
      many: async () => settledByPool(many, await orders(many, large)),
    })
    const after = await wholeTableReads(many)
    const scanned = Object.keys(after).filter((table) => after[table] !== before[table])
    const plans = await plansOf(url, (await orders(many, large)).slice(0, 3))
    const sequential = plans.filter((plan) => wholeTable.test(plan))
    if (plans.length === 0) throw new Error('the server did not explain its plans')
    return [
      {
        name: `cost of a settlement, ${large.toLocaleString('en')} subscribers against ${subscribers.toLocaleString('en')}`,
        unit: '/s',
        ours: series.many,
        theirs: series.few,
        result: series.few.median / series.many.median,
        aim: { most: 1.3 },
        notes: [`${large.toLocaleString('en')} subscribers were generated in ${seconds.toFixed(0)} s`],
      },
      {
        name: '  … sequential scans of tables that grow',
        unit: 'plans',
        ours: seriesOf([sequential.length]),
        theirs: null,
        result: sequential.length + scanned.length,
        aim: { most: 0 },
        notes: [
          `in ${plans.length} plans of what settle_order runs (EXPLAIN ANALYZE, BUFFERS of statements inside it)`,
          `a warm settlement touches ${pagesOf(plans.at(-1)!)} pages in all`,
          `tables read whole while settling, by the server's own count: ${scanned.join(', ') || 'none'}`,
          ...sequential.slice(0, 2),
        ],
      },
    ]
  } finally {
    await Promise.all([few.end({ timeout: 5 }), many.end({ timeout: 5 })])
  }
}

/** Settles these orders on a connection that explains itself: the plan of each statement inside, with what it read. */
async function plansOf(url: string, ids: string[]): Promise<string[]> {
  const plans: string[] = []
  const sql = postgres(url, {
    max: 1,
    fetch_types: false,
    onnotice: (notice) => {
      if (/plan:/.test(notice.message ?? '')) plans.push(notice.message!)
    },
  })
  try {
    await sql.unsafe(explainEverything)
    for (const id of ids) await settleOrder(sql as unknown as Sql, id, remoteOf(id), { actor: 'webhook', seller: {} })
  } finally {
    await sql.end({ timeout: 5 })
  }
  return plans
}

/** Pages that one whole settlement touched, from the plan of the outermost statement, the last to be told. */
function pagesOf(plan: string): number {
  const count = (word: string) => Number(new RegExp(`Buffers: shared[^\\n]*?${word}=(\\d+)`).exec(plan)?.[1] ?? 0)
  return count('hit') + count('read')
}

async function another(town: BenchHarness, name: string): Promise<string> {
  await createDatabase(town.sql, name)
  return town.databaseUrl.replace(/\/\w+$/, `/${name}`)
}
