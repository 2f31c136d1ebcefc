import { expect, test } from 'vitest'
import { everyWeekday } from '../../src/market/calendar/trading-calendar.ts'
import { analyse } from '../../src/market/engine/analysis.ts'
import type { Prices } from '../../src/market/prices/closing-prices.ts'
import { DayRun, PriceColumn } from '../../src/market/prices/price-columns.ts'
import { randomMarket } from './fixture.ts'

const run = new DayRun('2019-12-25', '2024-12-31')
const columnOf = (prices: Prices) =>
  new PriceColumn(
    run,
    Float64Array.from(run.days, (day) => prices.get(day) ?? Number.NaN),
  )
const { benchmark, instruments } = randomMarket(31)

test('a column of prices reads like the map of the same ones', () => {
  for (const { prices } of instruments) {
    const column = columnOf(prices)
    expect([...column]).toEqual([...prices])
    expect([[...column.keys()], [...column.values()]]).toEqual([[...prices.keys()], [...prices.values()]])
    expect([column.size, column.keys().some((day) => day > '2023-01-01')]).toEqual([prices.size, true])
    for (const day of [...run.days, '2019-12-24', '2025-01-01', ''])
      expect([column.get(day), column.has(day)]).toEqual([prices.get(day), prices.has(day)])
    const visited: [string, number][] = []
    column.forEach((close, day) => {
      visited.push([day, close])
    })
    expect(visited).toEqual([...prices])
  }
})

test('the analysis of columns is the analysis of maps', () => {
  const params = { step: 'week', at: null, tail: 12, calendar: everyWeekday } as const
  const columns = instruments.map((one) => ({ ...one, prices: columnOf(one.prices) }))
  expect(analyse(columnOf(benchmark), columns, params)).toEqual(analyse(benchmark, instruments, params))
})
