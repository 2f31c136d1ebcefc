import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mapOf } from '../../src/market/charts/rotation-map.ts'
import { cachedAnalysis, currentMarket, type Market, stepsIn } from '../../src/market/engine/market.ts'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
let market: Market
beforeAll(async () => {
  app = await startApp()
  await seedSample(app.sql, '2026-11-20')
  market = await currentMarket(app.sql)
})
afterAll(() => app.close())

const weekly = { step: 'week', tail: 4 } as const
const play = (weeks: number, tail: number) => {
  for (const at of stepsIn(market, 'week').slice(1, weeks + 1)) cachedAnalysis(market, { step: 'week', at, tail })
}

describe('an analysis', () => {
  test('of the newest day is kept for everybody while one reader plays 104 weeks, with every length of tail', () => {
    const today = cachedAnalysis(market, { ...weekly, at: null })
    const byDay = cachedAnalysis(market, { step: 'day', at: null, tail: 12, against: 'JUNIORBEES' })
    for (const tail of [4, 8, 12]) play(104, tail)
    expect(cachedAnalysis(market, { ...weekly, at: null })).toBe(today)
    expect(cachedAnalysis(market, { step: 'day', at: null, tail: 12, against: 'JUNIORBEES' })).toBe(byDay)
  })

  test('of the newest day is one, whether the day is named or not', () => {
    const today = cachedAnalysis(market, { ...weekly, at: null })
    expect(cachedAnalysis(market, { ...weekly, at: market.asOf })).toBe(today)
    expect(cachedAnalysis(market, { ...weekly, at: '2027-01-01' })).toBe(today)
  })

  test('of an earlier week is kept for who steps back and forth, and not for good', () => {
    const at = stepsIn(market, 'week')[1]!
    const before = cachedAnalysis(market, { ...weekly, at })
    play(104, 4)
    expect(cachedAnalysis(market, { ...weekly, at })).toBe(before)
    for (const tail of [8, 12, 20]) play(104, tail)
    expect(cachedAnalysis(market, { ...weekly, at })).not.toBe(before)
  })
})

describe('the map of an analysis', () => {
  test('is laid out once for the same choices, and not kept for good while readers choose others', () => {
    const analysis = cachedAnalysis(market, { ...weekly, at: null })!
    const small = { ...analysis, sectors: analysis.sectors.slice(0, 2) }
    const map = mapOf(small, { labelled: ['ITBEES'] })
    for (let i = 0; i < 100; i++) mapOf(small, { labelled: [`other ${i}`] })
    expect(mapOf(small, { labelled: ['ITBEES'], names: 'few', zoom: null })).toBe(map)
    expect(mapOf({ ...small }, { labelled: ['ITBEES'] })).not.toBe(map)
    for (let i = 0; i < 300; i++) mapOf(small, { labelled: [`other ${i}`] })
    expect(mapOf(small, { labelled: ['ITBEES'] })).not.toBe(map)
  })
})
