import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { analyserOf } from '../../src/market/dashboard/analyser.ts'
import { readParams } from '../../src/market/dashboard/analysis-params.ts'
import { type Figured, numberColumns, printed, roundedIn } from '../../src/market/dashboard/columns.ts'
import { sectorOf } from '../../src/market/dashboard/sector.ts'
import { notesOf } from '../../src/market/engine/gaps.ts'
import type { Market } from '../../src/market/engine/market.ts'
import {
  describeExample,
  describeFirst,
  describeMomentum,
  describeRatio,
  legendsFor,
  meaningsOf,
} from '../../src/market/engine/meanings.ts'
import { quadrantOf } from '../../src/market/engine/quadrants.ts'
import { numberFormats, summaryOf } from '../../src/market/engine/summary.ts'
import { reportOf } from '../../src/market/reports/report.ts'
import { between, randomMarket, withGaps } from './fixture.ts'

const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
const seeds = Array.from({ length: 12 }, (_, i) => first + i)
console.log(`random markets of the seeds ${seeds[0]} to ${seeds.at(-1)}`)

/** Eight sectors: two of them young, so that their readings are by formula C, and two with gaps. */
function marketOf(seed: number): Market {
  const { benchmark, instruments, days, random } = randomMarket(seed, 4, 8)
  const young = days.at(-200)!
  const row = { kind: 'sector', universe: 'sector', shown: true, tracks: '', isin: null }
  const against = {
    ...row,
    symbol: 'NIFTYBEES',
    name: 'Nifty 50',
    kind: 'benchmark',
    universe: 'broad',
    prices: benchmark,
  }
  const sectors = instruments.map((one, i) => ({
    ...row,
    ...one,
    prices: i < 2 ? between(one.prices, young, '9999-12-31') : i < 4 ? withGaps(one.prices, random) : one.prices,
  }))
  return {
    version: seed,
    changedAt: new Date(0),
    sample: false,
    benchmark: against as never,
    benchmarks: [against] as never,
    sectors: sectors as never,
    shown: [against, ...sectors] as never,
    alternatives: [],
    calendar: everyWeekday,
    asOf: days.at(-1)!,
  }
}

const readings = seeds.flatMap((seed) => {
  const market = marketOf(seed)
  return (['week', 'day'] as const).flatMap((step) => {
    const params = readParams({ step, tail: '20' })
    return market.sectors.map(({ symbol }) => ({ seed, step, sector: sectorOf(market, symbol, params) }))
  })
})
/** Whether a word is in a sentence, beside what the numbers say. */
const claim = (text: string, word: RegExp, isTrue: boolean) => (word.test(text) ? isTrue : true)

describe('what is said of a reading agrees with its numbers', () => {
  const placed = readings.flatMap(({ seed, step, sector }) => {
    const { tail, formula, quadrant } = sector.sectorRank
    const [now, before] = [tail.at(-1), tail.at(-5)]
    if (!now || !before) return []
    const change = 100 * (now.ratio / before.ratio - 1)
    return [{ where: `seed ${seed}, ${sector.sectorRank.name} by ${step}`, sector, now, change, formula, quadrant }]
  })

  test('the markets hold readings whose momentum is above 100 while RS-Ratio falls, and the other way round', () => {
    const full = placed.filter((one) => one.formula === 'B/2')
    const against = full.filter(({ now, change }) => now.momentum > 100 !== change > 0)
    console.log(`${against.length} of ${full.length} readings by B go against the old words`)
    expect(against.length).toBeGreaterThan(0)
    expect(placed.some((one) => one.formula === 'C/2')).toBe(true)
  })

  test('no sentence of a sector’s page contradicts a sign', () => {
    for (const { where, sector, now, change, formula } of placed) {
      const { ratio, momentum, quadrant } = sector.says!
      const truths: [string, boolean][] = [
        [ratio, claim(ratio, /above/, now.ratio > 100)],
        [ratio, claim(ratio, /below/, now.ratio < 100)],
        [momentum, claim(momentum, /above its usual pace/, now.momentum > 100)],
        [momentum, claim(momentum, /below its usual pace/, now.momentum < 100)],
        [momentum, claim(momentum, /rose by/, change > 0)],
        [momentum, claim(momentum, /fell by/, change < 0)],
        [momentum, claim(momentum, /hardly/, Math.abs(change) < 0.0051)],
        [quadrant, /stronger/.test(quadrant) === now.ratio >= 100],
        [quadrant, /weaker/.test(quadrant) === now.ratio < 100],
        [quadrant, claim(quadrant, /better pace/, now.momentum >= 100)],
        [quadrant, claim(quadrant, /worse pace/, now.momentum < 100)],
        [quadrant, claim(quadrant, /higher than/, change >= 0)],
        [quadrant, claim(quadrant, /lower than/, change < 0)],
        // By B nothing is said of whether it rose; by C nothing of what is usual.
        [quadrant, formula === 'B/2' ? !/higher|lower/.test(quadrant) : !/usual|pace/.test(quadrant)],
        [momentum, /usual/.test(momentum) === (formula === 'B/2')],
      ]
      expect(truths.filter(([, isTrue]) => !isTrue).map(([text]) => `${where}: ${text}`)).toEqual([])
    }
  })

  test('the average beside a change is printed with its sign, and on the right side of it', () => {
    for (const { where, sector, now, change } of placed) {
      const usual = /, ([+−]?[\d.]+) % on average$/.exec(sector.says!.momentum)?.[1]
      if (usual === undefined) continue
      const value = Number(usual.replace('−', '-'))
      expect([where, now.momentum >= 100 ? change >= value - 0.0051 : change <= value + 0.0051]).toEqual([where, true])
    }
  })

  test('the summary counts quadrants, and a move it names is one', () => {
    for (const seed of seeds) {
      const { analysis } = analyserOf(marketOf(seed), readParams({ tail: '20' }))!
      const summary = summaryOf(analysis)
      for (const [, count, quadrant] of summary.matchAll(/(\d+) (?:is |are )?(leading|weakening|lagging|improving)/g)) {
        const members = analysis.sectors.filter(({ tail }) => {
          const now = tail.at(-1)
          const sides = now && `${now.ratio >= 100} ${now.momentum >= 100}`
          return (
            sides ===
            { leading: 'true true', weakening: 'true false', lagging: 'false false', improving: 'false true' }[
              quadrant!
            ]
          )
        })
        expect([seed, quadrant, members.length]).toEqual([seed, quadrant, Number(count)])
      }
      for (const [, name, from, to] of summary.matchAll(/(Sector \d+) from (\w+) to (\w+)/g)) {
        const one = analysis.sectors.find((sector) => sector.name === name)!
        expect(one.quadrant).toBe(to)
        expect(from).not.toBe(to)
      }
    }
  })

  test('a sector named as an example is ahead by its score and does not lead; the first has the highest score', () => {
    for (const seed of seeds) {
      const { analysis } = analyserOf(marketOf(seed), readParams({}))!
      const one = analysis.sectors.find(
        ({ score, quadrant }) => score !== null && score > 100 && quadrant && quadrant !== 'leading',
      )
      const example = describeExample(analysis)
      expect([seed, example === '']).toEqual([seed, one === undefined])
      if (one)
        expect(example).toContain(`${one.name} has rank ${one.rank}: its score of ${one.score!.toFixed(2)} is ahead`)
      const top = Math.max(...analysis.sectors.map(({ score }) => score ?? 0))
      const first = /^(.*) has the highest score, and is (\w+) now/.exec(describeFirst(analysis))
      if (first)
        expect(analysis.sectors.find(({ score }) => score === top)).toMatchObject({
          name: first[1],
          quadrant: first[2],
        })
    }
  })

  test('every dash has its reason on the page, in the file’s notes and in the mail', () => {
    for (const seed of seeds) {
      const market = marketOf(seed)
      const analyser = analyserOf(market, readParams({}))!
      for (const row of analyser.rows)
        for (const { text, reason } of row.cells)
          expect([seed, row.name, text === '–']).toEqual([seed, row.name, reason !== undefined])
      for (const row of analyser.rows.filter((one) => one.cells.some(({ text }) => text === '–')))
        expect(notesOf(row, 'week').join('. ')).not.toBe('')
      const { gaps } = reportOf(market, analyser.analysis, { cadence: 'weekly', isExcess: false })
      for (const { name } of analyser.analysis.unranked) expect(gaps).toContain(name)
    }
  })
})

describe('words at the border', () => {
  test('what rounds to 100.00 is just on its side, and 100 itself on none', () => {
    expect(describeRatio(99.999, 'B/2', 'week')).toBe('just below its own average of 40 weeks')
    expect(describeRatio(100, 'C/2', 'day')).toBe('exactly at its own average of 14 days')
    expect(describeMomentum(100.2, { change: -0.4, usual: -0.9 }, 'week')).toBe(
      'above its usual pace: RS-Ratio fell by 0.40 % in 4 weeks, −0.90 % on average',
    )
    expect(describeMomentum(100.001, { change: 0.001, usual: null }, 'day')).toBe('RS-Ratio hardly changed in 4 days')
  })

  test.each([
    [99.996, '99.996'],
    [99.994, '99.99'],
    [99.99996, '99.99996'],
    [100 - 2 ** -46, '99.99999999999999'],
    [100, '100.00'],
    [100.004, '100.00'],
    [0.5, '0.50'],
  ])('a reading of %d is printed on its side of 100, in tables, files and JSON: %s', (value, text) => {
    expect(numberFormats.reading(value)).toBe(text)
    const tail = [{ day: '2026-11-20', ratio: value, momentum: value }]
    const one = { score: null, mansfield: null, fromHigh: null, returns: {}, blanks: {}, tail } as unknown as Figured
    for (const column of numberColumns.filter(({ key }) => key === 'ratio' || key === 'momentum')) {
      expect(printed(column, one)).toBe(text)
      const rounded = roundedIn(column, one)!
      expect(rounded).toBe(Number(text))
      expect(quadrantOf({ ratio: rounded, momentum: rounded })).toBe(quadrantOf(tail[0]!))
    }
  })

  test('a full reading is never said to rise or fall by its quadrant, a provisional one never to be usual', () => {
    for (const unit of ['week', 'day'] as const) {
      for (const text of Object.values(meaningsOf('B/2', unit))) expect(text).not.toMatch(/higher|lower|grow|ris|fall/)
      for (const text of Object.values(meaningsOf('C/2', unit))) expect(text).not.toMatch(/usual|pace|grow/)
      expect(legendsFor(unit).pace).toContain(`4 ${unit}s`)
    }
  })
})

/** The files of the market's code, pages, mails and documents in which this is said, whatever lines it is broken into. */
function filesThatSay(pattern: RegExp): string[] {
  const root = join(import.meta.dirname, '../..')
  return ['src/market', 'src/site', 'views', 'docs']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|eta|md)$/.test(name))
        .map((name) => join(folder, name)),
    )
    .filter((name) => pattern.test(readFileSync(join(root, name), 'utf8').replace(/\s+/g, ' ')))
}

test('no page, mail or document says that the rank is by the return of a year', () => {
  const old = /(over|by|about) the past year|the past year against|order of its year/i
  expect(filesThatSay(old)).toEqual([])
})

test('no page, mail or document says that momentum above 100 means growing', () => {
  const old =
    /(strength|momentum|RS-Ratio)\b[^.<]{0,60}\b(is|are|and|but|whether that is)\s+(growing|slipping|rising)|above 100 it (is|grows)/i
  expect(filesThatSay(old)).toEqual([])
})
