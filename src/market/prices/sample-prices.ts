import type { Sql } from '../../platform/db.ts'
import { type Day, daysAfter } from '../calendar/days.ts'
import { type InstrumentRow, listInstruments } from '../instruments/queries.ts'
import type { Prices } from './closing-prices.ts'
import { commitImport, dropImport, hasImports, holdImport, stagePrices, startImport } from './imports/queries.ts'

const years = 4
const batch = 2_000
const by = { actor: 'sample', origin: null }

/**
 * Fills an empty market with invented prices for a demo. They are labelled as a sample wherever they are shown, and are
 * dropped with the first real import. False: there are prices, or were.
 */
export async function seedSample(sql: Sql, today: Day): Promise<boolean> {
  if (await hasImports(sql)) return false
  const invented = inventPrices(await listInstruments(sql), today)
  const rows = [...invented].flatMap(([symbol, prices]) =>
    [...prices].map(([day, close], i) => ({ symbol, day, close, basis: 'traded' as const, file: 0, line: i + 1 })),
  )
  const importId = await startImport(sql, { origin: 'sample', actor: by.actor })
  for (let i = 0; i < rows.length; i += batch) await stagePrices(sql, importId, rows.slice(i, i + batch))
  const file = { name: 'invented', bytes: 0, sha256: '', formats: ['Sample'], prices: rows.length }
  await holdImport(sql, importId, { files: [file], problems: [], problemCount: 0 })
  if ((await commitImport(sql, importId, by, null)) === 'committed') return true
  // Another process committed prices first.
  await dropImport(sql, importId, by)
  return false
}

/** Four years of invented weekdays up to the one before `today`, by symbol; the same for the same day and instruments. */
export function inventPrices(instruments: readonly InstrumentRow[], today: Day): Map<string, Prices> {
  const days = weekdaysUntil(today, years * 260)
  const walk = inventedWalks(days.length)
  return new Map(
    instruments.map(({ symbol, kind }, place) => {
      const closes = kind === 'benchmark' ? walk.benchmark : walk.sector(place)
      return [symbol, new Map(days.map((day, i) => [day, closes[i]!]))]
    }),
  )
}

/**
 * A benchmark that climbs with weekly ups and downs, and sectors that swing around it in cycles of one to two years, so
 * that they go round the map. The same at every call.
 */
function inventedWalks(count: number) {
  const noise = seededNoise(2027)
  let level = 180
  const benchmark = Array.from({ length: count }, () => {
    level *= 1 + 0.0004 + 0.008 * noise()
    return round2(level)
  })
  return {
    benchmark,
    sector(place: number): number[] {
      const period = 280 + 240 * Math.abs(noise())
      const phase = 2 * Math.PI * (place / 16 + 0.1 * noise())
      const reach = 0.06 + 0.05 * Math.abs(noise())
      const base = 0.12 + 1.4 * Math.abs(noise())
      let wander = 0
      return benchmark.map((close, i) => {
        wander = 0.985 * wander + 0.004 * noise()
        return round2(close * base * Math.exp(reach * Math.sin(phase + (2 * Math.PI * i) / period) + wander))
      })
    },
  }
}

function weekdaysUntil(today: Day, count: number): Day[] {
  const days: Day[] = []
  for (let day = daysAfter(today, -1); days.length < count; day = daysAfter(day, -1)) {
    const weekday = new Date(day).getUTCDay()
    if (weekday !== 0 && weekday !== 6) days.push(day)
  }
  return days.reverse()
}

/** From -1 to 1, the same for the same seed (mulberry32). */
function seededNoise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return 2 * (((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) - 1
  }
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
