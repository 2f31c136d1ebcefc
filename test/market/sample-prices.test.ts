import { expect, test } from 'vitest'
import { tradingCalendar } from '../../src/market/calendar/trading-calendar.ts'
import { inventPrices } from '../../src/market/prices/sample-prices.ts'

const funds = ['NIFTYBEES', 'BANKBEES', 'ITBEES'].map((symbol) => ({ symbol }))

test('an invented price of a day is the same whenever it is asked for, and whatever else is followed', () => {
  const today = inventPrices(funds, '2026-11-20')
  const later = inventPrices([...funds, { symbol: 'NEWFUND' }].reverse(), '2027-03-01')
  for (const { symbol } of funds)
    for (const [day, close] of today.get(symbol)!)
      if (later.get(symbol)!.has(day)) expect(later.get(symbol)!.get(day), `${symbol} ${day}`).toBe(close)
  expect(later.get('BANKBEES')!.has('2026-11-20')).toBe(true)
})

test('there is none on a holiday, one on a special session, and entering either changes no other day', () => {
  const calendar = tradingCalendar([{ day: '2026-11-10' }], [{ day: '2026-11-08' }])
  const [plain, known] = [inventPrices(funds, '2026-11-20'), inventPrices(funds, '2026-11-20', calendar)]
  const [before, after] = [plain.get('ITBEES')!, known.get('ITBEES')!]
  expect([before.has('2026-11-10'), before.has('2026-11-08')]).toEqual([true, false])
  expect([after.has('2026-11-10'), after.has('2026-11-08')]).toEqual([false, true])
  const shared = [...before].filter(([day]) => day !== '2026-11-10')
  expect(shared).toEqual([...after].filter(([day]) => day !== '2026-11-08'))
})

test('from one session to the next no invented price moves as far as a split would', () => {
  for (const prices of inventPrices(funds, '2026-11-20').values()) {
    const closes = [...prices.values()]
    const moves = closes.slice(1).map((close, i) => Math.abs(Math.log(close / closes[i]!)))
    expect(Math.max(...moves)).toBeLessThan(0.05)
  }
})
