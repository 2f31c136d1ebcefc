import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { doneBy } from './child.ts'
import type { BenchHarness } from './harness.ts'
import { emptyMarket, symbolsAt } from './importing.ts'
import type { Result, Task } from './market-reader.ts'
import { alone, type Measurement } from './measurement.ts'
import { weekdays, writeLong } from './price-files.ts'
import { seriesOf } from './series.ts'

/** Memory is bounded as main.ts bounds it. */
const flags = ['--expose-gc', '--max-semi-space-size=2', '--max-old-space-size=256']
const quarters = 40
const daysAQuarter = 65
/** Of what a market of three thousand takes, a thirtieth is enough to see what an instrument adds. */
const instruments = { whole: 3_000, usual: 100, quick: 40 } as const

/**
 * Ten years of daily prices of very many instruments: imported a quarter at a time, then read and analysed, each by a process of
 * its own, so that its memory is that work's alone.
 */
export async function measureWholeMarket(harness: BenchHarness): Promise<Measurement[]> {
  const count = instruments[harness.whole ? 'whole' : harness.quick ? 'quick' : 'usual']
  const folder = mkdtempSync(join(tmpdir(), 'etf-bench-market-'))
  harness.onClose(async () => rmSync(folder, { recursive: true, force: true }))
  const url = await emptyMarket(harness, 'whole_market')
  const symbols = await symbolsAt(url, count)
  const days = weekdays(quarters * daysAQuarter)
  const paths = Array.from({ length: quarters }, (_, quarter) => join(folder, `${quarter}.csv`))
  for (const [quarter, path] of paths.entries()) {
    const first = quarter * daysAQuarter
    await writeLong(path, symbols, days.slice(first, first + daysAQuarter), first)
  }
  const reader = (task: Task) => doneBy<Result>('market-reader.ts', task, flags)
  const imported = await reader({ url, paths })
  const read = await reader({ url, paths: [] })
  const rows = (symbols.length * days.length).toLocaleString('en-IN')
  return [
    alone(`import of ten years of ${count} instruments: memory on top`, 'MB', seriesOf([imported.extraMb]), 150, [
      `${rows} prices in ${paths.length} files, ${imported.seconds.toFixed(0)} s`,
    ]),
    alone('  … kept for each once read and analysed', 'KB', seriesOf([read.keptKb]), 60, [
      `read in ${read.seconds.toFixed(1)} s; at most ${read.extraMb.toFixed(0)} MB on top meanwhile`,
    ]),
    alone('  … an analysis of all, for each', 'µs', seriesOf([(1000 * read.analysisMs) / count]), 1_000, [
      `${read.analysisMs.toFixed(0)} ms of processor time for all of them`,
    ]),
  ]
}
