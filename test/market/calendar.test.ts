import { describe, expect, test } from 'vitest'
import { calendarFlaws } from '../../src/market/calendar/calendar-flaws.ts'
import { daysAfter } from '../../src/market/calendar/days.ts'
import { readHolidayList } from '../../src/market/calendar/holiday-list.ts'
import { everyWeekday, tradingCalendar, weekGoesOn } from '../../src/market/calendar/trading-calendar.ts'
import { daysText, sessionsOf } from '../../src/market/prices/sessions.ts'
import { AppError } from '../../src/platform/errors.ts'

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

describe('a list of holidays', () => {
  const refusalOf = (text: string) => {
    try {
      readHolidayList(text)
      return 'nothing'
    } catch (error) {
      return error instanceof AppError && error.code === 'invalid' ? error.fields.lines : error
    }
  }

  test('is read from NSE’s JSON: the capital market’s weekdays, and the session that an asterisk marks', () => {
    const entry = (tradingDate: string, weekDay: string, description: string) => ({
      tradingDate,
      weekDay,
      description,
      morning_session: '',
      evening_session: '',
      Sr_no: 1,
    })
    const list = {
      CBM: [entry('19-Feb-2026', 'Thursday', 'Chatrapati Shivaji Maharaj Jayanti')],
      CM: [
        entry('26-Jan-2026', 'Monday', 'Republic Day'),
        entry('15-Feb-2026', 'Sunday', 'Mahashivratri'),
        entry('08-Nov-2026', 'Sunday', 'Diwali Laxmi Pujan*'),
        entry('21-Oct-2025', 'Tuesday', 'Diwali Laxmi Pujan*'),
      ],
    }
    const read = {
      holidays: [
        { day: '2026-01-26', name: 'Republic Day' },
        { day: '2025-10-21', name: 'Diwali Laxmi Pujan' },
      ],
      sessions: [
        { day: '2026-11-08', name: 'Muhurat trading' },
        { day: '2025-10-21', name: 'Muhurat trading' },
      ],
      weekends: 1,
    }
    expect(readHolidayList(JSON.stringify(list))).toEqual(read)
    expect(readHolidayList(`  ${JSON.stringify(list.CM, null, 2)}`)).toEqual(read)
  })

  test('is read from the table of NSE’s page as it is copied, and typed one a line', () => {
    const table =
      'Sr. No\tDate\tDay\tDescription\n1\t26-Jan-2026\tMonday\tRepublic Day\n2\t03-Mar-2026\tTuesday\tHoli\n'
    expect(readHolidayList(table).holidays).toEqual([
      { day: '2026-01-26', name: 'Republic Day' },
      { day: '2026-03-03', name: 'Holi' },
    ])
    expect(
      readHolidayList('| 1 | 15-Jan-2026 | Thursday | Municipal Corporation Election - Maharashtra |').holidays,
    ).toEqual([{ day: '2026-01-15', name: 'Municipal Corporation Election - Maharashtra' }])
    expect(
      readHolidayList(
        '2027-01-26 Republic Day\r\n\n20270326, Good Friday\n2027-03-03 Satyanarayan\n2028-02-26 Budget *',
      ),
    ).toEqual({
      holidays: [
        { day: '2027-01-26', name: 'Republic Day' },
        { day: '2027-03-26', name: 'Good Friday' },
        { day: '2027-03-03', name: 'Satyanarayan' },
      ],
      sessions: [{ day: '2028-02-26', name: 'Budget' }],
      weekends: 0,
    })
  })

  test('of a day that appears twice the last counts, as a holiday and as a session each', () => {
    expect(readHolidayList('2027-10-29 Diwali\n2027-10-29 Laxmi Pujan\n2027-10-29 Muhurat trading')).toEqual({
      holidays: [{ day: '2027-10-29', name: 'Laxmi Pujan' }],
      sessions: [{ day: '2027-10-29', name: 'Muhurat trading' }],
      weekends: 0,
    })
  })

  test.each([
    ['', 'One a line, like'],
    ['Sr. No\tDate\tDay\tDescription', 'One a line, like'],
    ['Republic Day', 'Line 1: “Republic Day” is not a date and a name'],
    ['2027-01-26', 'Line 1: “2027-01-26” is not a date and a name'],
    ['2027-01-26 *', 'is not a date and a short name'],
    ['2027-01-26 Republic Day\n2027-02-31 Nothing', 'Line 2: “2027-02-31 Nothing”'],
    ['1\t26-Jan-2026\tTuesday\tRepublic Day', 'Line 1: 2026-01-26 is a Monday, not a Tuesday.'],
    [`2027-01-26 ${'x'.repeat(61)}`, 'is not a date and a short name'],
    [`2027-01-26 ${'x'.repeat(600)}`, 'Line 1 is longer than 500 characters.'],
    [Array.from({ length: 201 }, () => '2027-01-26 Republic Day').join('\n'), 'At most 200 entries'],
    ['{"CM":[{"tradingDate":"26-Jan-2026"', 'This JSON cannot be read'],
    ['{"FO":[]}', 'This is not NSE’s list of holidays'],
    ['{"CM":[{"tradingDate":20260126,"description":"Republic Day"}]}', 'This is not NSE’s list of holidays'],
    ['[]', 'One a line, like'],
    ['[{"tradingDate":"32-Jan-2026","description":"Nothing"}]', 'Entry 1 of CM: “32-Jan-2026 Nothing”'],
    [
      '[{"tradingDate":"26-Jan-2026","weekDay":"Friday","description":"Republic Day"}]',
      'Entry 1 of CM: 2026-01-26 is a Monday',
    ],
    ['<html>Access Denied</html>', 'Line 1: “<html>Access Denied</html>”'],
  ])('that says %j is refused with a sentence: %s', (text, sentence) => {
    expect(refusalOf(text)).toContain(sentence)
  })

  test('reads absurd text as fast as any', () => {
    const started = performance.now()
    for (const text of [
      `x${' '.repeat(99_000)}x`,
      '|'.repeat(99_000),
      `2027-01-26${'\t'.repeat(400)}|`,
      '['.repeat(99_000),
    ])
      expect(refusalOf(text)).toEqual(expect.any(String))
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

describe('a calendar looks incomplete', () => {
  const of2026 = [
    '01-15 01-26 03-03 03-26 03-31 04-03 04-14 05-01 05-28 06-26 09-14 10-02 10-20 11-10 11-24 12-25',
  ].flatMap((text) => text.split(' ').map((date) => ({ day: `2026-${date}`, name: date })))
  const sessions = [{ day: '2026-11-08', name: 'Muhurat trading' }]
  const flaws = (holidays: typeof of2026, today: string, special = sessions) =>
    calendarFlaws({ holidays, sessions: special }, today).map(({ title, text }) => `${title}: ${text}`)

  test('never when the year is whole; the next one is asked for from 15 December on', () => {
    expect(flaws(of2026, '2026-12-14')).toEqual([])
    expect(flaws(of2026, '2026-12-15')).toEqual([expect.stringContaining('No holidays of 2027 are entered')])
    expect(flaws(of2026, '2027-01-01')).toEqual([expect.stringContaining('No holidays of 2027 are entered')])
  })

  test('when a fixed holiday is missing on a weekday; on a Saturday it is none', () => {
    const without = of2026.filter(({ day }) => !['2026-01-26', '2026-12-25'].includes(day))
    expect(flaws(without, '2026-06-01')).toEqual([
      'The calendar of 2026 looks incomplete: Missing: Republic Day, Christmas.',
    ])
  })

  test('when there are fewer than ten, and when Diwali has no session', () => {
    const [flaw] = flaws(of2026.slice(7), '2026-06-01', [])
    expect(flaw).toContain('9 entered, and NSE closes on 13 to 17 weekdays a year.')
    expect(flaw).toContain('No Muhurat session in October or November.')
    expect(flaws(of2026, '2026-06-01', [{ day: '2026-02-01', name: 'Union Budget' }])).toHaveLength(1)
  })

  test('in every year that was begun, past ones and coming ones', () => {
    const begun = [...of2026, { day: '2030-01-28', name: 'one' }, { day: '2019-08-12', name: 'one' }]
    expect(flaws(begun, '2026-06-01').map((text) => text.slice(0, 20))).toEqual([
      'The calendar of 2030',
      'The calendar of 2019',
    ])
  })
})

describe('sessions', () => {
  const known = tradingCalendar(
    days(
      '2026-01-26',
      '2026-03-03',
      '2026-03-26',
      '2026-03-31',
      '2026-04-03',
      '2026-04-14',
      '2026-05-01',
      '2026-10-02',
      '2026-10-20',
      '2026-11-10',
    ),
    days('2026-11-08'),
  )
  const own = (from: string, until: string, without: string[] = []) => {
    const found: string[] = []
    for (let day = from; day <= until; day = daysAfter(day, 1))
      if (known.isOpen(day) && !without.includes(day)) found.push(day)
    return found
  }

  test('that everybody misses are named as a run, a holiday and a weekend inside it or not', () => {
    const week = ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20']
    const found = sessionsOf(own('2026-10-01', '2026-11-27', week), [], known)
    expect(found.missing).toEqual(week)
    expect(daysText(found.missing, found.all)).toBe('Mon 16 Nov to Fri 20 Nov 2026')
    const around = ['2026-10-13', '2026-11-06', '2026-11-08', '2026-11-09', '2026-11-11']
    const other = sessionsOf(own('2026-10-01', '2026-11-27', around), [], known)
    expect(daysText(other.missing, other.all)).toBe('Fri 6 Nov to Wed 11 Nov 2026; Tue 13 Oct 2026')
    expect(daysText(other.missing, other.all, 1)).toBe('Fri 6 Nov to Wed 11 Nov 2026; and 1 before')
  })

  test('are not asked of years without a calendar, unless others traded', () => {
    const dates = ['2019-08-05', '2019-08-06', '2019-08-08']
    expect(sessionsOf(dates, [], known)).toEqual({ all: dates, missing: [], closed: [], unknownYears: [2019] })
    expect(sessionsOf(dates, ['2019-08-07'], known).missing).toEqual(['2019-08-07'])
  })

  test('with prices on a closed day of a known year are told apart', () => {
    const found = sessionsOf(['2026-10-01', '2026-10-02', '2026-10-03', '2026-10-05'], [], known)
    expect(found).toMatchObject({ missing: [], closed: ['2026-10-02', '2026-10-03'], unknownYears: [] })
  })

  test('without any price there are none', () => {
    expect(sessionsOf([], [], known)).toEqual({ all: [], missing: [], closed: [], unknownYears: [] })
    expect(daysText([], [])).toBe('')
  })
})
