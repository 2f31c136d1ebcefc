import { describe, expect, test } from 'vitest'
import { dateInIndia, dateTimeInIndia, isoInIndia, midnightInIndia } from '../../src/platform/dates.ts'

describe('days and times are India’s', () => {
  test.each([
    ['2026-11-20T18:29:59Z', 'Fri, 20 Nov 2026', '11:59 pm'],
    ['2026-11-20T18:30:00Z', 'Sat, 21 Nov 2026', '12:00 am'],
    ['2026-12-31T18:30:00Z', 'Fri, 1 Jan 2027', '12:00 am'],
    ['2028-02-29T06:30:00Z', 'Tue, 29 Feb 2028', '12:00 pm'],
    ['2026-09-05T14:35:00Z', 'Sat, 5 Sep 2026', '8:05 pm'],
  ])('%s is %s, %s IST', (instant, date, time) => {
    expect(dateInIndia(new Date(instant))).toBe(date)
    expect(dateTimeInIndia(new Date(instant)).replace(/\s/g, ' ')).toBe(`${date}, ${time} IST`)
  })

  test('Cashfree gets the literal offset, to the second', () => {
    expect(isoInIndia(new Date('2026-12-31T18:30:00.999Z'))).toBe('2027-01-01T00:00:00+05:30')
    expect(Date.parse(isoInIndia(new Date('2026-11-20T18:29:59Z')))).toBe(Date.parse('2026-11-20T18:29:59Z'))
  })

  test.each(['0000-01-01', '1999-12-31', '3000-01-01', '2026-02-30', '2026-13-01', '26-01-01', ' 2026-01-01', ''])(
    'a day typed as %j is none',
    (day) => expect(midnightInIndia(day)).toBeNull(),
  )

  test('a day begins at its Indian midnight', () =>
    expect(midnightInIndia('2027-01-01')).toEqual(new Date('2026-12-31T18:30:00Z')))
})
