import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Sql } from '../../../src/platform/db.ts'
import { freshDatabase } from '../../support/database.ts'

let sql: Sql
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  sql = connect(database.url, { max: 2 })
  drop = async () => {
    await sql.end({ timeout: 2 })
    await database.drop()
  }
})
afterAll(() => drop())

async function later(from: string, months: number): Promise<string> {
  const [row] = await sql<{ at: string }[]>`
    select to_char(anchored_months_later(${from}::timestamptz, ${months}, day_of_month_in_india(${from}::timestamptz)) at time zone 'Asia/Kolkata', 'YYYY-MM-DD HH24:MI:SS') as at`
  return row!.at
}

describe('so many months later, by the Indian calendar', () => {
  test.each([
    ['2027-01-31 10:00:00+05:30', 1, '2027-02-28 10:00:00'],
    ['2028-01-31 10:00:00+05:30', 1, '2028-02-29 10:00:00'],
    ['2027-01-30 23:59:59+05:30', 1, '2027-02-28 23:59:59'],
    ['2027-01-28 00:00:00+05:30', 1, '2027-02-28 00:00:00'],
    ['2027-03-31 12:00:00+05:30', 1, '2027-04-30 12:00:00'],
    ['2027-02-28 12:00:00+05:30', 1, '2027-03-28 12:00:00'],
    ['2026-12-31 12:00:00+05:30', 1, '2027-01-31 12:00:00'],
    ['2028-02-29 12:00:00+05:30', 12, '2029-02-28 12:00:00'],
    ['2027-02-28 12:00:00+05:30', 12, '2028-02-28 12:00:00'],
    ['2024-02-29 12:00:00+05:30', 48, '2028-02-29 12:00:00'],
    // In UTC this is still 30 January; in India the 31st has begun.
    ['2027-01-30 19:00:00+00:00', 1, '2027-02-28 00:30:00'],
    ['2027-02-27 18:29:59+00:00', 1, '2027-03-27 23:59:59'],
    ['2027-02-27 18:30:00+00:00', 1, '2027-03-28 00:00:00'],
    ['2026-12-31 18:30:00+00:00', 12, '2028-01-01 00:00:00'],
  ])('%s plus %i', async (from, months, expected) => expect(await later(from, months)).toBe(expected))

  test('is the same whatever time zone the session has', async () => {
    for (const zone of ['UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland']) {
      const [row] = await sql<{ at: Date }[]>`
        select anchored_months_later('2027-03-10 12:00:00+05:30'::timestamptz, 1, 10) as at from set_config('TimeZone', ${zone}, true)`
      expect(row!.at.toISOString()).toBe('2027-04-10T06:30:00.000Z')
    }
  })

  test('is always later, and a later payment never ends earlier', async () => {
    const [row] = await sql<{ broken: number }[]>`
      with days as (select generate_series('2026-01-01'::timestamptz, '2029-01-01', '7 hours') as at),
           ends as (select at, anchored_months_later(at, 1, day_of_month_in_india(at)) as month, lag(anchored_months_later(at, 1, day_of_month_in_india(at))) over (order by at) as earlier from days)
      select count(*)::int as broken from ends where month <= at + interval '27 days' or month > at + interval '32 days' or month < earlier - interval '1 day'`
    expect(row?.broken).toBe(0)
  })
})

test.each([
  ['2027-04-30 09:00:00+05:30', null, 30],
  ['2027-02-28 09:00:00+05:30', null, 28],
  ['2027-02-28 09:00:00+05:30', 31, 31],
  ['2027-04-29 09:00:00+05:30', 31, 29],
])('what ends on %s with the day %s remembered goes on from day %i', async (end, remembered, day) => {
  const [row] = await sql<{ day: number }[]>`
    select anchor_of(s) as day
    from jsonb_populate_record(null::subscriptions, ${sql.json({ current_period_end: end, anchor_day: remembered })}) s`
  expect(row!.day).toBe(day)
})

describe('renewals in a row', () => {
  /** The ends of so many renewals of so many months, each from the end of the one before, as Indian days. */
  async function endsOf(from: string, months: number, times: number): Promise<string[]> {
    const rows = await sql<{ day: string }[]>`
      with recursive ends as (
        select ${from}::timestamptz as at, 0 as n
        union all
        select anchored_months_later(at, ${months}, day_of_month_in_india(${from}::timestamptz)), n + 1 from ends where n < ${times}
      )
      select to_char(at at time zone 'Asia/Kolkata', 'YYYY-MM-DD') as day from ends where n > 0 order by n`
    return rows.map(({ day }) => day)
  }

  test('remember the day of the first: 31 January, 28 February, 31 March, 30 April', async () => {
    expect(await endsOf('2027-01-31 09:00:00+05:30', 1, 4)).toEqual([
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
      '2027-05-31',
    ])
  })

  test('of years from 29 February come back to it', async () => {
    expect(await endsOf('2028-02-29 09:00:00+05:30', 12, 4)).toEqual([
      '2029-02-28',
      '2030-02-28',
      '2031-02-28',
      '2032-02-29',
    ])
  })

  test('of 48 months, from every day of two years and at both ends of the day, keep day and time', async () => {
    const [row] = await sql<{ broken: number }[]>`
      with recursive firsts as (
        select (day + time) at time zone 'Asia/Kolkata' as first
        from generate_series('2027-03-01'::timestamp, '2029-02-28', '1 day') day, (values (interval '0'), ('23:59:59')) times(time)
      ), ends as (
        select first, first as at, 0 as n from firsts
        union all
        select first, anchored_months_later(at, 1, day_of_month_in_india(first)), n + 1 from ends where n < 48
      ), here as (
        select first at time zone 'Asia/Kolkata' as first, at at time zone 'Asia/Kolkata' as at, n from ends
      )
      select count(*)::int as broken from here
      where at::time <> first::time
        or at <> first + make_interval(months => n)`
    expect(row?.broken).toBe(0)
  })
})
