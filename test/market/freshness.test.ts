import { describe, expect, test } from 'vitest'
import { type Day, daysAfter } from '../../src/market/calendar/days.ts'
import { everyWeekday, tradingCalendar } from '../../src/market/calendar/trading-calendar.ts'
import { freshnessOf } from '../../src/market/engine/freshness.ts'
import { dayInIndia } from '../../src/platform/dates.ts'
import { seeded } from './fixture.ts'

const entered = (days: string[]) => days.map((day) => ({ day }))
/** Years of which enough holidays are entered; Tue, 24 Nov 2026 is one, and Sun, 8 Nov 2026 has a session. */
const calendar = tradingCalendar(
  entered([
    ...['2025', '2026'].flatMap((year) =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((n) => `${year}-02-${String(n + 1).padStart(2, '0')}`),
    ),
    ...['2025-02-16', '2025-02-17', '2025-02-18', '2025-02-19', '2026-02-16', '2026-02-17', '2026-02-18'],
    '2026-11-24',
  ]),
  entered(['2026-11-08']),
)
const at = (asOf: Day | null, now: string, sample = false, given = calendar) =>
  freshnessOf({ asOf, sample, calendar: given }, new Date(now))

describe('the line about prices that are due', () => {
  test.each([
    ['2026-11-26', '2026-11-27T17:59:59+05:30', null, 'before six in the evening nothing is due'],
    ['2026-11-26', '2026-11-27T18:00:00+05:30', 'Prices of Thu, 26 Nov; Friday’s are not in yet', 'from six on'],
    ['2026-11-26', '2026-11-27T18:31:00Z', 'Prices of Thu, 26 Nov; Friday’s are not in yet', 'after midnight in India'],
    ['2026-11-26', '2026-11-29T12:00:00+05:30', 'Prices of Thu, 26 Nov; Friday’s are not in yet', 'on the weekend'],
    ['2026-11-27', '2026-11-29T20:00:00+05:30', null, 'a weekend has no session'],
    [
      '2026-11-26',
      '2026-11-30T17:59:00+05:30',
      'Prices of Thu, 26 Nov; Friday’s are not in yet',
      'Monday’s not yet due',
    ],
    [
      '2026-11-26',
      '2026-11-30T18:00:00+05:30',
      'Prices of Thu, 26 Nov; Friday’s and Monday’s are not in yet',
      'two sessions',
    ],
    ['2026-11-23', '2026-11-24T23:59:00+05:30', null, 'a holiday has no session'],
    ['2026-11-06', '2026-11-08T18:00:00+05:30', 'Prices of Fri, 6 Nov; Sunday’s are not in yet', 'a special session'],
    [
      '2026-11-13',
      '2026-11-27T18:00:00+05:30',
      'Prices of Fri, 13 Nov; those of the 9 sessions since are not in yet',
      'an outage of two weeks with a holiday',
    ],
    [
      '2025-12-31',
      '2026-01-01T20:00:00+05:30',
      'Prices of Wed, 31 Dec 2025; Thursday’s are not in yet',
      'across a year’s end',
    ],
    [null, '2026-11-27T20:00:00+05:30', null, 'without prices'],
    ['2027-11-27', '2026-11-27T20:00:00+05:30', null, 'with prices of a day to come'],
  ] as const)('prices of %s at %s: %s (%s)', (asOf, now, line, _when) => {
    expect(at(asOf, now)).toBe(line)
  })

  test('names a day by its date where its weekday could be another', () => {
    const only = { isOpen: (day: Day) => day === '2026-11-13', isKnown: () => true }
    expect(at('2026-11-12', '2026-11-27T20:00+05:30', false, only)).toBe(
      'Prices of Thu, 12 Nov; those of Fri, 13 Nov are not in yet',
    )
    expect(at('2026-11-12', '2026-11-19T20:00+05:30', false, only)).toContain('Friday’s')
  })

  test('does not claim a session in a year whose holidays nobody entered', () => {
    expect(at('2026-11-26', '2026-11-27T20:00+05:30', false, everyWeekday)).toBe(
      'Prices of Thu, 26 Nov; Friday’s are not in yet, unless the exchange was closed',
    )
  })

  test('calls a sample a sample', () => {
    expect(at('2026-11-26', '2026-11-27T20:00+05:30', true)).toMatch(/^Sample prices of /)
  })

  test('is there exactly when a session after the newest prices is due', () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6))
    console.log(`random evenings of seed ${seed}`)
    const random = seeded(seed)
    for (let i = 0; i < 500; i++) {
      const now = new Date(Date.parse('2026-03-01') + random() * 300 * 86_400_000)
      const today = dayInIndia(now)
      const asOf = daysAfter(today, -Math.floor(random() * 12))
      const isEvening = now.getTime() >= Date.parse(`${today}T18:00+05:30`)
      const since = Array.from({ length: 12 }, (_, n) => daysAfter(asOf, n + 1))
      const isDue = since.some((day) => calendar.isOpen(day) && (day < today || (day === today && isEvening)))
      expect([now.toISOString(), asOf, at(asOf, now.toISOString()) !== null]).toEqual([now.toISOString(), asOf, isDue])
    }
  })
})
