import { once } from 'node:events'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { type Figure, isMet, printFigures } from './figure.ts'
import { measureFlood } from './flood.ts'
import { measureGrowth } from './growth.ts'
import { measureMemory } from './memory.ts'
import { measurePages } from './pages.ts'
import { measureSettlements } from './settlements.ts'
import { fillDatabase } from './subscribers.ts'
import { buildTown, subscribers, type Town } from './town.ts'

const measures = {
  pages: measurePages,
  settlements: measureSettlements,
  flood: measureFlood,
  memory: measureMemory,
  growth: measureGrowth,
} satisfies Record<string, (town: Town) => Promise<Figure[]>>

export type MeasureName = keyof typeof measures
export const measureNames = Object.keys(measures) as MeasureName[]

export type BenchOptions = Pick<Town, 'quick' | 'databaseUrl' | 'say'> & { only: MeasureName[]; signal: AbortSignal }

/**
 * Speed and memory as ratios: everything is measured beside the least it could cost, by turns in one run, so that a busy
 * or slow machine slows both. Starts the app and its rivals, stops them, and answers what was found as text.
 */
export async function bench(options: BenchOptions): Promise<{ text: string; missed: number }> {
  const closers: (() => Promise<unknown>)[] = []
  try {
    const figures = await Promise.race([measure(options, closers), aborted(options.signal)])
    return {
      text: `${machine()}\n\n${printFigures(figures)}`,
      missed: figures.filter((figure) => !isMet(figure)).length,
    }
  } finally {
    for (const close of closers.reverse()) await close().catch(() => {})
  }
}

async function measure(options: BenchOptions, closers: (() => Promise<unknown>)[]): Promise<Figure[]> {
  await fillDatabase(options.databaseUrl, subscribers)
  const town = await buildTown({ ...options, onClose: (close) => closers.push(close) })
  const figures: Figure[] = []
  for (const name of options.only) {
    options.say(`▸ ${name}`)
    figures.push(...(await measures[name](town)))
  }
  return figures
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}

function machine(): string {
  const load = loadavg()[0]!.toFixed(1)
  return `Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}, load ${load}, ${new Date().toISOString().slice(0, 10)}`
}
