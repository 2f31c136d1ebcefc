import { expect, test } from 'vitest'
import { barChart, lineChart, niceTop, shortNumber, shortRupees } from '../../../src/admin/charts.ts'
import { ageLabel, percent, signed } from '../../../src/admin/home/labels.ts'
import { calendar, periodOf } from '../../../src/admin/home/periods.ts'

const words = { print: String, short: String, step: 1 }

test('bars stand on a common zero, as high as they are worth, and never leave the drawing', () => {
  const chart = barChart(
    [
      { label: 'a', up: 100, down: 50 },
      { label: 'b', up: 50 },
      { label: 'c', up: 0 },
    ],
    words,
  )
  const [a, back, b] = chart.bars
  expect(chart.bars).toHaveLength(3)
  expect(a!.y + a!.height).toBeCloseTo(chart.zero, 0)
  expect(a!.height).toBeCloseTo(2 * b!.height, 0)
  expect(back).toMatchObject({ tone: 'down', y: chart.zero, title: 'a: −50' })
  for (const bar of chart.bars) {
    expect(bar.x).toBeGreaterThanOrEqual(chart.left)
    expect(bar.x + bar.width).toBeLessThanOrEqual(chart.right)
    expect(bar.y + bar.height).toBeLessThanOrEqual(chart.height)
  }
})

test('a day without metrics is marked as a gap, days before the first metrics are left empty', () => {
  const chart = barChart(
    [
      { label: 'a', up: null },
      { label: 'b', up: 3 },
      { label: 'c', up: null },
    ],
    words,
  )
  expect(chart.gaps.map(({ title }) => title)).toEqual(['c: not counted yet'])
  const line = lineChart(
    [
      { label: 'a', value: 1 },
      { label: 'b', value: null },
      { label: 'c', value: 0.5 },
    ],
    { ...words, step: 0.5, top: 1 },
  )
  expect(line.paths).toHaveLength(2)
})

test('nothing at all still draws a line at zero', () => {
  const chart = barChart([{ label: 'a', up: 0 }], words)
  expect(chart.bars).toEqual([])
  expect(chart.lines).toHaveLength(1)
  expect(JSON.stringify(chart)).not.toContain('null')
  expect(barChart([], words).bars).toEqual([])
})

test('a scale ends at a round number and names no half person', () => {
  expect(barChart([{ label: 'a', up: 3 }], words).lines.map(({ text }) => text)).toEqual(['3', '0'])
  expect(barChart([{ label: 'a', up: 4 }], words).lines.map(({ text }) => text)).toEqual(['4', '2', '0'])
  expect(barChart([{ label: 'a', up: 0, down: 9 }], words).lines.map(({ text }) => text)).toEqual(['0', '−9'])
  expect([0, 1, 7, 23, 49_900, 812_345].map(niceTop)).toEqual([1, 1, 8, 30, 50_000, 1_000_000])
})

test('large amounts are short in lakh and crore', () => {
  expect([0, 49_900, 1_234_500, 34_500_000, 12_080_765_050].map(shortRupees)).toEqual([
    '₹0',
    '₹499',
    '₹12.3 K',
    '₹3.45 L',
    '₹12.1 Cr',
  ])
  expect(shortNumber(261_728)).toBe('2.62 L')
})

test('a share is never called whole while something failed', () => {
  expect([null, 0, 0.614, 0.996, 0.99999, 1].map(percent)).toEqual(['—', '0%', '61%', '99.6%', '99.9%', '100%'])
  expect([0, -0, -49_900].map(signed)).toEqual(['₹0', '₹0', '−₹499'])
  expect([null, 0.4, 59, 3_599, 86_400, 300_000].map(ageLabel)).toEqual(['', '0 s', '59 s', '59 min', '24 h', '3 days'])
})

test('a calendar has every day, also across the end of a month, and a period says what it misses', () => {
  expect(calendar([], '2026-03-02', 4).map(({ day }) => day)).toEqual([
    '2026-02-27',
    '2026-02-28',
    '2026-03-01',
    '2026-03-02',
  ])
  const day = (name: string) => ({
    ...{
      registered: 1,
      opened: 1,
      paid: 1,
      grossPaise: 1,
      refunds: 0,
      refundedPaise: 0,
      ordersTried: 1,
      ordersSucceeded: 1,
      attemptsPaid: 1,
      attemptsFailed: 2,
    },
    ...{ failures: { bank: 2 }, joined: 1, returned: 0, churned: 0, rescued: 0, rescuedPaise: 0, day: name },
    ...{ disputed: 0, disputedPaise: 0, lost: 0, lostPaise: 0 },
  })
  const month = periodOf('This month', [day('2026-03-01'), day('2026-03-03')], '2026-03-01', '2026-03-04')
  expect(month).toMatchObject({ paid: 2, failures: { bank: 4 }, missing: 2 })
  expect(periodOf('This month', [day('2026-03-03')], '2026-03-01', '2026-03-03').missing).toBe(0)
})
