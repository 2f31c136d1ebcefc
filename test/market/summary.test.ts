import { describe, expect, test } from 'vitest'
import { daysAfter } from '../../src/market/calendar/days.ts'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { drawChart, sparkOf } from '../../src/market/charts/panels.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import { explain } from '../../src/market/engine/explanation.ts'
import { historyOf } from '../../src/market/engine/history.ts'
import type { Series } from '../../src/market/engine/series.ts'
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

describe('charts', () => {
  const { asOf } = analysisOf('week')
  const given = { asOf, calendar: everyWeekday }
  const history = historyOf(benchmark, instruments[0]!.prices, given)
  const days = ['2026-01-02', '2026-01-09', '2026-01-16', '2026-01-23', '2026-01-30']
  const drawn = (values: Series) =>
    drawChart(days, [{ key: 'price', title: 'Price', height: 200, lines: [{ key: 'close', values }] }])

  test.each([
    ['3m', 'day', 63],
    ['1y', 'week', 52],
    ['2y', 'week', 104],
    ['5y', 'week', 260],
  ] as const)('of %s are by %s, up to the day, and show what the prices reach', (span, step, bars) => {
    const one = historyOf(benchmark, instruments[0]!.prices, { ...given, span })
    expect([one.step, one.days.at(-1)]).toEqual([step, history.days.at(-1)])
    expect(one.days.length).toBe(Math.min(bars, one.days.length))
    if (span !== '5y') expect(one.days).toHaveLength(bars)
    for (const line of [one.closes, one.short, one.long, one.benchmark, one.rs, one.mansfield])
      expect(line).toHaveLength(one.days.length)
  })

  test('have averages of 10 and 40 weeks, and a Nifty that begins at the first price', () => {
    const mean = (values: Series) => (values as number[]).reduce((sum, one) => sum + one, 0) / values.length
    const whole = [...history.closes.keys()].findLast((bar) => !history.closes.slice(bar - 39, bar + 1).includes(null))!
    expect(history.short[whole]).toBeCloseTo(mean(history.closes.slice(whole - 9, whole + 1)), 9)
    expect(history.long[whole]).toBeCloseTo(mean(history.closes.slice(whole - 39, whole + 1)), 9)
    const first = history.closes.findIndex((close) => close !== null)
    expect(history.benchmark[first]).toBeCloseTo(history.closes[first]!, 9)
    const gained = (line: Series) => line[whole]! / line[first]!
    expect(gained(history.closes) / gained(history.benchmark)).toBeCloseTo(gained(history.rs), 9)
  })

  test('have ticks that enclose every value', () => {
    const chart = drawChart(history.days, [
      { key: 'price', title: 'Price', height: 200, lines: [{ key: 'close', values: history.closes }] },
    ])!
    const ticks = chart.panels[0]!.across.map(({ text }) => Number(text.replace('−', '-')))
    const known = history.closes.filter((value) => value !== null)
    expect(Math.min(...ticks)).toBeLessThanOrEqual(Math.min(...known))
    expect(Math.max(...ticks)).toBeGreaterThanOrEqual(Math.max(...known))
    expect(ticks.length).toBeGreaterThan(2)
    expect(ticks.length).toBeLessThan(8)
    expect(chart.times.length).toBeGreaterThan(1)
    expect(chart.times.length).toBeLessThan(6)
  })

  test('leave a gap where there is a gap, and draw nothing of nothing', () => {
    expect(drawn([1, 2, null, 3, 4])!.panels[0]!.lines[0]!.path.match(/M/g)).toHaveLength(2)
    expect(drawn([null, 5, null, null, null])).toBeNull()
    expect(drawn([5, 5, 5, 5, 5])!.panels[0]!.lines[0]!.path).not.toMatch(/NaN|Infinity/)
    expect(sparkOf([], { width: 80, height: 20 })).toBe('')
    expect(sparkOf([5, 5], { width: 80, height: 20 })).not.toContain('NaN')
  })
})
