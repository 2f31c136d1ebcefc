import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { end, start } from './child.ts'
import type { BenchHarness } from './harness.ts'
import { emptyMarket, symbolsAt } from './importing.ts'
import type { Result, Task } from './market-reader.ts'
import type { Measurement } from './measurement.ts'
import { weekdays, writeLong } from './price-files.ts'
import { seriesOf } from './series.ts'

/** Memory is bounded as `npm start` bounds it. */
const flags = ['--expose-gc', '--max-semi-space-size=8', '--max-old-space-size=256']
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
  const days = weekdays('2026-11-20', quarters * daysAQuarter)
  const paths = Array.from({ length: quarters }, (_, quarter) => join(folder, `${quarter}.csv`))
  for (const [quarter, path] of paths.entries()) {
    const first = quarter * daysAQuarter
    await writeLong(path, symbols, days.slice(first, first + daysAQuarter), first)
  }
  const imported = await done({ url, paths })
  const read = await done({ url, paths: [] })
  const rows = (symbols.length * days.length).toLocaleString('en-IN')
  const measurement = (name: string, value: number, unit: string, most: number, notes: string[]): Measurement => {
    return { name, unit, ours: seriesOf([value]), theirs: null, result: value, aim: { most, unit: ` ${unit}` }, notes }
  }
  return [
    measurement(`import of ten years of ${count} instruments: memory on top`, imported.extraMb, 'MB', 150, [
      `${rows} prices in ${paths.length} files, ${imported.seconds.toFixed(0)} s`,
    ]),
    measurement('  … kept for each once read and analysed', read.keptKb, 'KB', 40, [
      `read in ${read.seconds.toFixed(1)} s; at most ${read.extraMb.toFixed(0)} MB on top meanwhile`,
    ]),
    measurement('  … an analysis of all, for each', (1000 * read.analysisMs) / count, 'µs', 1_000, [
      `${read.analysisMs.toFixed(0)} ms of processor time for all of them`,
    ]),
  ]
}

async function done(task: Task): Promise<Result> {
  const { child } = await start<string>('market-reader.ts', flags)
  try {
    child.send(task)
    const [result] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('the market was not read to its end'))),
    ])
    return result as Result
  } finally {
    await end(child)
  }
}
