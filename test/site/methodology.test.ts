import { afterAll, beforeAll, expect, test } from 'vitest'
import { tolerated } from '../../src/market/engine/carrying.ts'
import { horizons } from '../../src/market/engine/outcomes.ts'
import { change, zScore } from '../../src/market/engine/series.ts'
import { lookback, mansfieldBars, quarter } from '../../src/market/engine/strength.ts'
import { textOf } from '../market/dashboard/people.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
let page: string
beforeAll(async () => {
  app = await startApp()
  page = textOf((await new Visitor(app).get('/methodology')).body)
})
afterAll(() => app.close())

test('the methodology names the lengths that the engine has', () => {
  const { day, week, month } = mansfieldBars
  for (const sentence of [
    `the return of ${quarter} trading days + 0.2 × each of those of ${2 * quarter}, ${3 * quarter} and ${4 * quarter}`,
    `Formula B needs ${lookback['B/2']} weeks of prices.`,
    `formula C is used from ${lookback['C/2']} weeks on`,
    `its own mean of ${week} weeks`,
    `“Mansfield ${month}m”, “Mansfield ${day}d”`,
    `within ${horizons.join(' or ')} weeks`,
  ])
    expect(page).toContain(sentence)
  expect([tolerated.week, tolerated.day, tolerated.month]).toEqual([1, 5, 0])
  expect(page).toContain('tolerates one missing week, or five missing days when daily')
})

test('a change is in percent and a deviation that of the population, as it says', () => {
  expect(page).toContain('100 × (RS-Ratio ÷ RS-Ratio 4 weeks ago − 1), not the difference in points')
  expect(change([98, 99, 100, 101, 102.9], 4).at(-1)).toBeCloseTo(5, 10)
  expect(page).toContain('the squares are divided by 40, not 39')
  const values = Array.from({ length: 40 }, (_, i) => i)
  const squares = values.reduce((sum, value) => sum + (value - 19.5) ** 2, 0)
  expect(zScore(values, 40).at(-1)).toBeCloseTo(19.5 / Math.sqrt(squares / 40), 10)
})
