import { once } from 'node:events'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { measureAnalyser } from './analyser.ts'
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
import { fillDatabase } from './subscribers.ts'

const measures = {
  pages: measurePages,
  settlements: measureSettlements,
  flood: measureFlood,
  heavy: measureHeavyPages,
  memory: measureMemory,
  reports: measureReports,
  analyser: measureAnalyser,
  growth: measureGrowth,
  importing: measureImporting,
} satisfies Record<string, (town: BenchHarness) => Promise<Measurement[]>>

export type MeasureName = keyof typeof measures
export const measureNames = Object.keys(measures) as MeasureName[]

export type BenchOptions = Pick<BenchHarness, 'quick' | 'databaseUrl' | 'say'> & {
  only: MeasureName[]
  signal: AbortSignal
}

type Found = { figures: Measurement[]; left: Set<MeasureName> }

/**
 * Speed and memory as ratios: everything is measured beside the least it could cost, by turns in one run, so that a busy
 * or slow machine slows both. Starts the app and its rivals, stops them, and answers what was found as text; when it is
 * told to stop, what was found until then.
 */
export async function bench(options: BenchOptions): Promise<string> {
  const closers: (() => Promise<unknown>)[] = []
  const found: Found = { figures: [], left: new Set(options.only) }
  try {
    await Promise.race([measure(options, found, closers), aborted(options.signal)])
  } catch (error) {
    if (!options.signal.aborted) throw error
  } finally {
    for (const close of closers.reverse()) await close().catch(() => {})
  }
  const unfinished =
    found.left.size > 0 ? `\n\nNot measured, for it was out of time: ${[...found.left].join(', ')}` : ''
  return `${machine()}\n\n${printMeasurements(found.figures)}${unfinished}`
}

const panelHeads = ['page', 'half within', '', '95% within', 'aim', '']

/** How long the panel's pages take with so many subscribers and three times the orders, as text. */
export async function benchPanel(
  server: string,
  { subscribers, quick, say }: Pick<BenchOptions, 'quick' | 'say'> & { subscribers: number },
): Promise<string> {
  const url = await reusedDatabase(server, subscribers, say)
  say('▸ panel')
  return `${machine()}\n\n${printMeasurements(await measurePanel(url, quick ? 8 : 40), panelHeads)}`
}

async function measure(options: BenchOptions, found: Found, closers: (() => Promise<unknown>)[]): Promise<void> {
  await fillDatabase(options.databaseUrl, subscribers)
  const town = await buildHarness({ ...options, onClose: (close) => closers.push(close) })
  for (const name of options.only) {
    options.say(`▸ ${name}`)
    found.figures.push(...(await measures[name](town)))
    found.left.delete(name)
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
