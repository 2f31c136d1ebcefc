import { once } from 'node:events'
import { type Day, daysAfter } from '../../market/calendar/days.ts'
import { readTradingCalendar } from '../../market/calendar/trading-calendar.ts'
import { listInstruments } from '../../market/instruments/queries.ts'
import { commitImport, holdImport, stagePrices, startImport } from '../../market/prices/imports/queries.ts'
import { inventPrices } from '../../market/prices/sample-prices.ts'
import { connect, type Sql } from '../../platform/db.ts'
import { end, start } from './child.ts'
import { fillDatabase } from './fill-tables.ts'
import type { BenchHarness } from './harness.ts'
import { alone, type Measurement } from './measurement.ts'
import { countDigests, createDatabase, findNewestSessions, setOpen, turnAlertsOn } from './queries.ts'
import { seriesOf } from './series.ts'

/**
 * The evening's import among 10,000 subscribers with alerts of many kinds: from its commit until everybody's digest is composed
 * and queued.
 */
export async function measureAlerts(harness: BenchHarness): Promise<Measurement[]> {
  const people = harness.quick ? 2_000 : 10_000
  await createDatabase(harness.sql, 'bench_alerts')
  const databaseUrl = harness.databaseUrl.replace(/\/\w+$/, '/bench_alerts')
  await fillDatabase(databaseUrl, Math.ceil(people / 0.95))
  const sql = connect(databaseUrl, { max: 2, name: 'etf-bench-alerts' })
  try {
    const [before, evening] = await findNewestSessions(sql)
    const listeners = await turnAlertsOn(sql)
    const prices = await pricesUntil(sql, evening)
    // Everybody knows the session before: the exchange is closed on the evening's day until then.
    await setOpen(sql, evening, false)
    await importPrices(
      sql,
      prices.filter(({ day }) => day <= before),
    )
    await runJob(databaseUrl)
    await setOpen(sql, evening, true)
    await importPrices(
      sql,
      prices.filter(({ day }) => day > before),
    )
    const started = performance.now()
    await runJob(databaseUrl)
    const seconds = (performance.now() - started) / 1000
    const { digests, changes } = await countDigests(sql)
    return [
      alone(
        `alerts of an evening for ${listeners.toLocaleString('en')}, composed and queued`,
        's',
        seriesOf([seconds]),
        60 * (people / 10_000),
        [
          `${digests.toLocaleString('en')} digests of ${changes.toLocaleString('en')} changes; a process of its own, its start included`,
        ],
      ),
    ]
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function runJob(databaseUrl: string): Promise<void> {
  const { child } = await start('report-worker.ts')
  child.send({ databaseUrl, smtp: 1, job: 'queue-alerts' })
  await once(child, 'message')
  await end(child)
}

type Row = { symbol: string; day: Day; close: number }

async function pricesUntil(sql: Sql, until: Day): Promise<Row[]> {
  const [instruments, calendar] = await Promise.all([listInstruments(sql), readTradingCalendar(sql)])
  return [...inventPrices(instruments, daysAfter(until, 1), calendar)].flatMap(([symbol, prices]) =>
    [...prices].map(([day, close]) => ({ symbol, day, close })),
  )
}

async function importPrices(sql: Sql, prices: Row[]): Promise<void> {
  const by = { actor: 'bench', origin: null }
  const importId = await startImport(sql, { origin: 'command', actor: by.actor })
  const rows = prices.map((row, i) => ({ ...row, basis: 'traded' as const, file: 0, line: i + 1 }))
  for (let i = 0; i < rows.length; i += 2_000) await stagePrices(sql, importId, rows.slice(i, i + 2_000))
  await holdImport(sql, importId, { files: [], problems: [], problemCount: 0 })
  const outcome = await commitImport(sql, importId, by, null)
  if (outcome !== 'committed') throw new Error(`the bench's prices could not be committed: ${outcome}`)
}
