import { describe, expect, test } from 'vitest'
import { daysAfter } from '../../src/market/calendar/days.ts'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { drawPanel, sparkOf } from '../../src/market/charts/panels.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import { explain } from '../../src/market/engine/explanation.ts'
import { historyOf } from '../../src/market/engine/history.ts'
import { numberFormats, stampOf, summaryOf } from '../../src/market/engine/summary.ts'
import { randomMarket } from './fixture.ts'

const { benchmark, instruments } = randomMarket(11, 4, 12)
const analysisOf = (step: 'week' | 'day') =>
  analyse(benchmark, instruments, { step, at: null, tail: 12, calendar: everyWeekday })!

describe('why a sector is where it is', () => {
  test.each(['week', 'day'] as const)('is told with the very numbers of the analysis (%s)', (step) => {
    const analysis = analysisOf(step)
    for (const one of instruments) {
      const { tail, formula } = analysis.sectors.find((sector) => sector.symbol === one.symbol)!
      const why = explain(benchmark, one.prices, { asOf: analysis.asOf, step, calendar: everyWeekday })
      expect([why?.formula ?? null, why?.ratio, why?.momentum]).toEqual([
        formula,
        tail.at(-1)?.ratio,
        tail.at(-1)?.momentum,
      ])
      if (why?.formula !== 'B/2') continue
      const [sma, mean, deviation, z, , roc, rocMean, rocDeviation] = why.steps.slice(3).map((one) => one.value)
      expect((sma! - mean!) / deviation!).toBeCloseTo(z!, 9)
      expect(100 + (roc! - rocMean!) / rocDeviation!).toBeCloseTo(why.momentum, 9)
    }
  })

  test('of a short history is told by C, and of none not at all', () => {
    const { asOf } = analysisOf('week')
    const young = new Map([...instruments[0]!.prices].filter(([day]) => day > daysAfter(asOf, -7 * 40)))
    expect(explain(benchmark, young, { asOf, step: 'week', calendar: everyWeekday })?.formula).toBe('C/2')
    expect(explain(benchmark, new Map(), { asOf, step: 'week', calendar: everyWeekday })).toBeNull()
  })
})

describe('the analysis in words', () => {
  test('counts every sector once, and names what moved', () => {
    const analysis = analysisOf('week')
    const counted = [
      ...summaryOf(analysis)
        .split('.')[0]!
        .matchAll(/(\d+) (?:are |is )?(?:leading|weakening|lagging|improving)/g),
    ].map(([, n]) => Number(n))
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(analysis.sectors.filter((one) => one.quadrant).length)
  })

  test('says so where there is nothing to place', () => {
    expect(summaryOf({ ...analysisOf('week'), sectors: [] })).toContain('not enough weeks')
    expect(stampOf(analysisOf('week'))).toMatch(/^formula [BC]\/2/)
  })
})

test('figures have a sign where they are changes, a real minus, and never a minus nought', () => {
  expect([1.25, -1.25, -0.04, 0, null].map((value) => numberFormats.signed(value))).toEqual([
    '+1.3',
    '−1.3',
    '0.0',
    '0.0',
    '–',
  ])
  expect(numberFormats.plain(-0.001)).toBe('0.00')
  expect(numberFormats.moved({ rank: 3, rankBefore: 5 })).toBe('▲2')
  expect(numberFormats.moved({ rank: 5, rankBefore: 3 })).toBe('▼2')
  expect(numberFormats.moved({ rank: 3, rankBefore: null })).toBe('')
})

describe('panels', () => {
  const { asOf } = analysisOf('week')
  const history = historyOf(benchmark, instruments[0]!.prices, { asOf, calendar: everyWeekday })

  test('hold two years of weeks, and ticks that enclose every value', () => {
    expect(history.days).toHaveLength(104)
    const panel = drawPanel(history.days, history.closes)!
    const ticks = panel.across.map(({ text }) => Number(text.replace('−', '-')))
    const known = history.closes.filter((value) => value !== null)
    expect(Math.min(...ticks)).toBeLessThanOrEqual(Math.min(...known))
    expect(Math.max(...ticks)).toBeGreaterThanOrEqual(Math.max(...known))
    expect(ticks.length).toBeGreaterThan(2)
    expect(ticks.length).toBeLessThan(8)
  })

  test('leave a gap where there is a gap, and draw nothing of nothing', () => {
    const days = ['2026-01-02', '2026-01-09', '2026-01-16', '2026-01-23', '2026-01-30']
    expect(drawPanel(days, [1, 2, null, 3, 4])!.line.match(/M/g)).toHaveLength(2)
    expect(drawPanel(days, [null, 5, null, null, null])).toBeNull()
    expect(drawPanel(days, [5, 5, 5, 5, 5])!.line).not.toMatch(/NaN|Infinity/)
    expect(sparkOf([], { width: 80, height: 20 })).toBe('')
    expect(sparkOf([5, 5], { width: 80, height: 20 })).not.toContain('NaN')
  })
})
