import { once } from 'node:events'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { measureAlerts } from './alerts.ts'
import { measureAnalyser } from './analyser.ts'
import { fillDatabase } from './fill-tables.ts'
import { measureFlood } from './flood.ts'
import { measureGrowth } from './growth.ts'
import { type BenchHarness, buildHarness, subscribers } from './harness.ts'
import { measureHeavyPages } from './heavy-pages.ts'
import { measureImporting } from './importing.ts'
import { type Measurement, printMeasurements } from './measurement.ts'
import { measureMemory } from './memory.ts'
import { measurePages } from './pages.ts'
import { measurePanel } from './panel/panel.ts'
import { reusedDatabase } from './panel/reused-database.ts'
import { measureReports } from './reports.ts'
import { measureSettlements } from './settlements.ts'
import { measureAgainstUpdates } from './simple-updates.ts'
import { measureWholeMarket } from './whole-market.ts'

const measures = {
  pages: measurePages,
  settlements: measureSettlements,
  updates: measureAgainstUpdates,
  flood: measureFlood,
  heavy: measureHeavyPages,
  memory: measureMemory,
  reports: measureReports,
  alerts: measureAlerts,
  analyser: measureAnalyser,
  growth: measureGrowth,
  importing: measureImporting,
  market: measureWholeMarket,
} satisfies Record<string, (harness: BenchHarness) => Promise<Measurement[]>>

export type MeasureName = keyof typeof measures
export const measureNames = Object.keys(measures) as MeasureName[]

export type BenchOptions = Pick<BenchHarness, 'quick' | 'whole' | 'limit' | 'databaseUrl' | 'log'> & {
  only: MeasureName[]
  signal: AbortSignal
}

type Results = { measurements: Measurement[]; missing: Set<MeasureName> }

/**
 * Speed and memory as ratios: everything is measured in turns with a bare counterpart, so that a busy or slow machine slows
 * both. Starts the app and its counterparts, stops them, and returns the measurements as text; when `signal` fires, those
 * made until then.
 */
export async function bench(options: BenchOptions): Promise<string> {
  const closers: (() => Promise<unknown>)[] = []
  const results: Results = { measurements: [], missing: new Set(options.only) }
  try {
    await Promise.race([measure(options, results, closers), aborted(options.signal)])
  } catch (error) {
    if (!options.signal.aborted) throw error
  } finally {
    for (const close of closers.reverse()) await close().catch(() => {})
  }
  const unfinished =
    results.missing.size > 0 ? `\n\nNot measured for lack of time: ${[...results.missing].join(', ')}` : ''
  return `${machine()}\n\n${printMeasurements(results.measurements)}${unfinished}`
}

const panelHeads = ['page', 'half within', '', '95% within', 'aim', '']

/** How long the panel's pages take with so many subscribers and three times as many orders, as text. */
export async function benchPanel(
  server: string,
  { subscribers, quick, log }: Pick<BenchOptions, 'quick' | 'log'> & { subscribers: number },
): Promise<string> {
  const url = await reusedDatabase(server, subscribers, log)
  log('▸ panel')
  return `${machine()}\n\n${printMeasurements(await measurePanel(url, quick ? 8 : 40), panelHeads)}`
}

async function measure(options: BenchOptions, results: Results, closers: (() => Promise<unknown>)[]): Promise<void> {
  await fillDatabase(options.databaseUrl, subscribers)
  const harness = await buildHarness({ ...options, onClose: (close) => closers.push(close) })
  for (const name of options.only) {
    options.log(`▸ ${name}`)
    results.measurements.push(...(await measures[name](harness)))
    results.missing.delete(name)
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}

function machine(): string {
  const load = loadavg()[0]!.toFixed(1)
  return `Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}, load ${load}, ${new Date().toISOString().slice(0, 10)}`
}
