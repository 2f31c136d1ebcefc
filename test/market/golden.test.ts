import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { weeklyBars } from '../../src/market/engine/bars.ts'
import { carriedOver } from '../../src/market/engine/carrying.ts'
import { closesOn, frameOf } from '../../src/market/engine/frame.ts'
import { quadrantOf } from '../../src/market/engine/quadrants.ts'
import type { Series } from '../../src/market/engine/series.ts'
import { mansfield, readingsOf, type Strength, strengthB, strengthC } from '../../src/market/engine/strength.ts'

type Variant = { first_index: number; last: [number, number]; quadrant_last: string; sequence: string[] }
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'market', 'rs-golden.json'), 'utf8'),
) as {
  dates: string[]
  bench: number[]
  sec: number[]
  rs_last: number
  mansfield52_last: number
  variants: { B_sma10_z40: Variant; C_sma_ratio: Variant }
}
const pricesOf = (closes: number[]) => new Map(golden.dates.map((day, i) => [day, closes[i]!]))
const frame = frameOf(pricesOf(golden.bench), everyWeekday, null, { weeks: 160, days: 160 })!
const { rs } = weeklyBars(frame, closesOn(frame.days, pricesOf(golden.sec)))
const line = carriedOver(rs, 1)

/** Quadrants one after the other, each once while it lasts. */
function pathOf({ ratio, momentum }: Strength): string[] {
  const readings = ratio.flatMap((x, i) =>
    x !== null && momentum[i] !== null ? [{ ratio: x, momentum: momentum[i]! }] : [],
  )
  return readings.map(quadrantOf).filter((quadrant, i, all) => quadrant !== all[i - 1])
}
const firstOf = (series: Series) => series.findIndex((value) => value !== null)

describe('the golden pair of 160 weeks', () => {
  test('has its relative strength and Mansfield reading to nine decimals', () => {
    expect(rs.at(-1)).toBeCloseTo(golden.rs_last, 9)
    expect(mansfield(line, 52).at(-1)).toBeCloseTo(golden.mansfield52_last, 9)
    expect(firstOf(mansfield(line, 52))).toBe(51)
  })

  test.each([
    ['B', strengthB(rs), golden.variants.B_sma10_z40],
    ['C', strengthC(rs), golden.variants.C_sma_ratio],
  ] as const)(
    'has the last reading of formula %s to nine decimals, from the bar it can first be known at',
    (_name, strength, known) => {
      expect(strength.ratio.at(-1)).toBeCloseTo(known.last[0], 9)
      expect(strength.momentum.at(-1)).toBeCloseTo(known.last[1], 9)
      expect(firstOf(strength.momentum)).toBe(known.first_index)
    },
  )

  test('is read by B/2 exactly as by B/1, which does not carry missing bars over, and so is its young by C', () => {
    expect(readingsOf(line)).toEqual({ ...strengthB(rs), formula: 'B/2', carried: 0 })
    const young = rs.slice(-91)
    expect(readingsOf(carriedOver(young, 1))).toEqual({ ...strengthC(young), formula: 'C/2', carried: 0 })
  })

  test('is read by B/2 without one of its weeks, which silences B/1 for 92', () => {
    const gap = rs.with(-30, null)
    expect(strengthB(gap).momentum.at(-1)).toBeNull()
    const carried = rs.with(-30, rs.at(-31)!)
    expect(readingsOf(carriedOver(gap, 1))).toMatchObject({
      formula: 'B/2',
      carried: 1,
      ratio: expect.arrayContaining([strengthB(carried).ratio.at(-1)]),
      momentum: expect.arrayContaining([strengthB(carried).momentum.at(-1)]),
    })
    expect(readingsOf(carriedOver(gap.with(-60, null), 1))).toMatchObject({ formula: 'C/2', carried: 0 })
  })

  test.each([
    ['B', strengthB(rs), golden.variants.B_sma10_z40],
    ['C', strengthC(rs), golden.variants.C_sma_ratio],
  ] as const)('goes through the quadrants of formula %s in the known order', (_name, strength, known) => {
    expect(pathOf(strength)).toEqual(known.sequence)
    expect(pathOf(strength).at(-1)).toBe(known.quadrant_last)
  })
})
