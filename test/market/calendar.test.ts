import { describe, expect, test } from 'vitest'
import { daysAfter } from '../../src/market/calendar/days.ts'
import { everyWeekday, tradingCalendar, weekGoesOn } from '../../src/market/calendar/trading-calendar.ts'

const days = (...given: string[]) => given.map((day) => ({ day }))

describe('a trading calendar', () => {
  const calendar = tradingCalendar(days('2026-11-10', '2025-10-21', '2026-08-15'), days('2026-11-08', '2025-10-21'))

  test.each([
    ['2026-11-06', true, 'a Friday'],
    ['2026-11-07', false, 'a Saturday'],
    ['2026-11-08', true, 'a Sunday with a session'],
    ['2026-11-10', false, 'a holiday'],
    ['2025-10-21', true, 'a holiday with an evening session'],
    ['2026-08-15', false, 'a holiday that is a Saturday'],
  ])('%s: open %s, being %s', (day, open) => expect(calendar.isOpen(day)).toBe(open))

  test('knows a year from ten weekdays off on; holidays on weekends say nothing', () => {
    const off = Array.from({ length: 10 }, (_, i) => daysAfter('2027-03-01', 7 * i))
    expect(tradingCalendar(days(...off), []).isKnown(2027)).toBe(true)
    expect(tradingCalendar(days(...off), []).isKnown(2026)).toBe(false)
    expect(tradingCalendar(days(...off.slice(1), '2027-08-15', off[1]!), []).isKnown(2027)).toBe(false)
    expect(everyWeekday.isKnown(2026)).toBe(false)
  })
})

describe('a week', () => {
  test.each([
    ['2026-11-19', [], [], true, 'Friday is still to come'],
    ['2026-11-20', [], [], false, 'nothing is left'],
    ['2026-11-19', ['2026-11-20'], [], false, 'only a holiday is left'],
    ['2026-11-22', [], [], false, 'Sunday is its end, whatever Monday brings'],
    ['2026-11-06', [], ['2026-11-08'], true, 'Sunday has a session'],
    ['2026-11-08', [], ['2026-11-08'], false, 'that session is its last'],
    ['2026-11-19', ['2026-11-20'], ['2026-11-20'], true, 'the holiday has an evening session'],
  ])('on %s, off %j, special %j: goes on %s, since %s', (day, off, special, goesOn) => {
    expect(weekGoesOn(day, tradingCalendar(days(...off), days(...special)))).toBe(goesOn)
  })
})
