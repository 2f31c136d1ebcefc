import postgres from 'postgres'
import { settleOrder } from '../../billing/checkout/queries.ts'
import { connect, type Sql } from '../../platform/db.ts'
import { remoteOf } from './answers.ts'
import { fillDatabase } from './fill-tables.ts'
import { type BenchHarness, pool, subscribers } from './harness.ts'
import type { Measurement } from './measurement.ts'
import { createDatabase, explainEverything, growing, wholeTableReads } from './queries.ts'
import { byTurns, seriesOf } from './series.ts'
import { openPayableOrders } from './settlement-queries.ts'
import { settledByPool } from './settlements.ts'

const wholeTable = new RegExp(`Seq Scan on (${growing.join('|')})\\b`)

/** Whether settling costs more with a hundred times the subscribers. Both databases are on one server, so they take turns. */
export async function measureGrowth(harness: BenchHarness): Promise<Measurement[]> {
  const large = harness.quick ? 100_000 : 1_000_000
  harness.log(`▸ generating ${large.toLocaleString('en')} subscribers`)
  // Neither is the app's own database, where its jobs would interfere.
  const small = await createBenchDatabase(harness, 'bench_small')
  const url = await createBenchDatabase(harness, 'bench_large')
  await fillDatabase(small, subscribers)
  const seconds = await fillDatabase(url, large)
  const count = harness.quick ? 200 : 500
  const few = connect(small, { max: pool })
  const many = connect(url, { max: pool })
  let opened = 0
  const orders = (sql: Sql, of: number) => {
    opened += count
    return openPayableOrders(sql, { prefix: `run${opened}`, count, from: opened, of })
  }
  try {
    const before = await wholeTableReads(many)
    const series = await byTurns(harness.quick ? 3 : 5, {
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

/** Settles these orders on a connection with auto_explain. Returns the plan of each statement, with its buffers. */
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
    for (const id of ids)
      await settleOrder(sql as unknown as Sql, { orderId: id, remote: remoteOf(id), actor: 'webhook' }, {})
  } finally {
    await sql.end({ timeout: 5 })
  }
  return plans
}

/** Pages that one settlement touched, from the plan of the outermost statement, which comes last. */
function pagesOf(plan: string): number {
  const count = (kind: string) => Number(new RegExp(`Buffers: shared[^\\n]*?${kind}=(\\d+)`).exec(plan)?.[1] ?? 0)
  return count('hit') + count('read')
}

async function createBenchDatabase(harness: BenchHarness, name: string): Promise<string> {
  await createDatabase(harness.sql, name)
  return harness.databaseUrl.replace(/\/\w+$/, `/${name}`)
}
