import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { weeklyBars, weeksOf } from '../../src/market/engine/bars.ts'
import { quadrantOf } from '../../src/market/engine/quadrants.ts'
import type { Series } from '../../src/market/engine/series.ts'
import { mansfield, relativeStrength, type Strength, strengthB, strengthC } from '../../src/market/engine/strength.ts'

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
const bars = weeklyBars(weeksOf(golden.dates), pricesOf(golden.bench), pricesOf(golden.sec))
const rs = relativeStrength(bars)

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
    expect(mansfield(rs, 52).at(-1)).toBeCloseTo(golden.mansfield52_last, 9)
    expect(firstOf(mansfield(rs, 52))).toBe(51)
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

  test.each([
    ['B', strengthB(rs), golden.variants.B_sma10_z40],
    ['C', strengthC(rs), golden.variants.C_sma_ratio],
  ] as const)('goes through the quadrants of formula %s in the known order', (_name, strength, known) => {
    expect(pathOf(strength)).toEqual(known.sequence)
    expect(pathOf(strength).at(-1)).toBe(known.quadrant_last)
  })
})
