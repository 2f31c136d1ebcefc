import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '../../platform/db.ts'
import { migrate } from '../../platform/migrate.ts'
import { doneBy } from './child.ts'
import type { BenchHarness } from './harness.ts'
import type { Result, Task } from './importer.ts'
import { alone, type Measurement, show } from './measurement.ts'
import { weekdays, writeBhavcopies, writeLong } from './price-files.ts'
import { createDatabase, followInstruments } from './queries.ts'
import { seriesOf } from './series.ts'

const instruments = 40

/**
 * Five years of prices of forty instruments, read, compared and committed by a process of its own; beside csv-parse, which
 * only splits the same bytes into cells.
 */
export async function measureImporting(harness: BenchHarness): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'etf-bench-prices-'))
  harness.onClose(async () => rmSync(folder, { recursive: true, force: true }))
  const days = weekdays(harness.quick ? 250 : 1_250)
  const measurements: Measurement[] = []
  for (const { name, what, write } of [
    { name: 'bhavcopies.zip', what: `${days.length} bhavcopies of 2,040 rows in a zip`, write: writeBhavcopies },
    { name: 'long.csv', what: 'one CSV', write: writeLong },
  ]) {
    const url = await emptyMarket(harness, name.replace(/\W/g, '_'))
    const path = join(folder, name)
    await write(path, await symbolsAt(url, instruments), days)
    const took = await doneBy<Result>('importer.ts', { url, path, name } satisfies Task)
    const title = `import of ${took.prices.toLocaleString('en-IN')} prices, ${what}`
    measurements.push(
      name.endsWith('.zip') ? besideCsvParse(title, took) : alone(title, 's', seriesOf([took.seconds]), 30),
      alone('… memory on top', 'MB', seriesOf([took.extraMb]), 150),
    )
  }
  return measurements
}

/** Of bhavcopies one row in fifty is ours, so that reading them is nearly all of the work. */
function besideCsvParse(name: string, { seconds, csvParseSeconds }: Result): Measurement {
  const result = seconds / csvParseSeconds
  const [ours, theirs] = [seriesOf([seconds]), seriesOf([csvParseSeconds])]
  const note = `theirs: csv-parse alone on the same bytes, nothing kept; the import takes ${show(result)} times as long`
  return { name, unit: 's', ours, theirs, result, aim: { most: 0.5 }, notes: [note] }
}

/** A migrated database without prices; its address. */
export async function emptyMarket(harness: BenchHarness, name: string): Promise<string> {
  await createDatabase(harness.sql, name)
  const url = Object.assign(new URL(harness.databaseUrl), { pathname: `/${name}` }).href
  await migrate(url)
  return url
}

/** Follows so many instruments in a database; their symbols. */
export async function symbolsAt(url: string, count: number): Promise<string[]> {
  const sql = connect(url, { max: 1 })
  return followInstruments(sql, count).finally(() => sql.end({ timeout: 5 }))
}
