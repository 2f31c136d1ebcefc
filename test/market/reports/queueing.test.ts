import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { daysAfter } from '../../../src/market/calendar/days.ts'
import { everyWeekday } from '../../../src/market/calendar/trading-calendar.ts'
import { freshnessOf } from '../../../src/market/engine/freshness.ts'
import { undoImport } from '../../../src/market/prices/imports/queries.ts'
import { dayInIndia } from '../../../src/platform/dates.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { importUntil, makeDue, pastSlot, queuedFor, reader, reportsTo } from './readers.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
beforeEach(async () => {
  await app.sql`update report_choices set cadence = 'off', next_due_at = null`
  await app.sql`update imports set status = 'dropped' where status = 'held'`
  await app.sql`delete from holidays where name = 'test'`
  await app.sql`delete from special_sessions where name = 'test'`
})

const incidents = () =>
  app.sql<{ subjectKey: string; details: { issue: string; reason: string } }[]>`
    select subject_key, details from incidents where kind = 'report-held' and resolved_at is null`
/** Closes days, counted from today in India. */
const closeDays = (first: number, last: number) => app.sql`
  insert into holidays
  select (now() at time zone 'Asia/Kolkata')::date + ahead, 'test' from generate_series(${first}::int, ${last}::int) ahead
  on conflict do nothing`
const undoAll = async () => {
  for (const { id } of await app.sql<{ id: number }[]>`select id::int as id from imports where status = 'committed'`)
    await undoImport(app.sql, id, { actor: 'test', origin: null }, null)
}

describe('when a report is due, and about what', () => {
  const issueAt = async (cadence: string, at: string) =>
    (await app.sql<{ day: string }[]>`select report_issue(${cadence}, ${at})::text as day`)[0]!.day
  const nextAfter = async (cadence: string, weekday: number, minute: number, after: string) =>
    (await app.sql<{ at: Date }[]>`select next_report(${cadence}, ${weekday}, ${minute}, ${after}) as at`)[0]!.at

  test.each([
    ['weekly', '2026-11-21T08:00+05:30', '2026-11-20', 'a Saturday is about the week before it'],
    ['weekly', '2026-11-20T17:59+05:30', '2026-11-13', 'on Friday before six the week has no closing prices yet'],
    ['weekly', '2026-11-20T18:00+05:30', '2026-11-20', 'from six on it has'],
    ['weekly', '2026-12-24T18:00+05:30', '2026-12-24', 'before a holiday on Friday, the week ends on Thursday'],
    ['daily', '2026-11-23T08:00+05:30', '2026-11-20', 'Monday morning is about Friday'],
    ['daily', '2026-12-28T08:00+05:30', '2026-12-24', 'and about Thursday where Friday was a holiday'],
    ['weekly', '2026-04-04T08:00+05:30', '2026-04-02', 'Good Friday ends the week on Thursday'],
    ['daily', '2026-04-04T08:00+05:30', '2026-04-02', 'and nothing is due about Good Friday itself'],
    ['daily', '2026-11-09T08:00+05:30', '2026-11-08', 'a Sunday with a Muhurat session is a day like any other'],
    ['daily', '2026-11-08T08:00+05:30', '2026-11-06', 'but not before its evening'],
    ['weekly', '2026-11-07T08:00+05:30', '2026-10-30', 'with a session on Sunday the week is not over on Saturday'],
    ['weekly', '2026-11-09T08:00+05:30', '2026-11-08', 'and its last session is that Sunday’s'],
    ['weekly', '2026-02-01T18:00+05:30', '2026-02-01', 'the same on a Budget Sunday, from six on'],
    [
      'daily',
      '2025-10-23T08:00+05:30',
      '2025-10-21',
      'a holiday with an evening session has prices, the one after has none',
    ],
    ['daily', '2026-11-24T00:00+05:30', '2026-11-23', 'midnight in India is the day after'],
    ['daily', '2026-11-23T18:29Z', '2026-11-23', 'a minute before midnight in India, whatever the day is in London'],
  ])('%s at %s: %s, for %s', async (cadence, at, issue) => {
    expect(await issueAt(cadence, at)).toBe(issue)
  })

  test.each([
    ['weekly', 6, 480, '2026-11-21T07:59+05:30', '2026-11-21T08:00+05:30', 'a minute before is in time'],
    ['weekly', 6, 480, '2026-11-21T08:00+05:30', '2026-11-28T08:00+05:30', 'at the minute it is the next week’s'],
    ['weekly', 6, 0, '2026-11-20T23:59+05:30', '2026-11-21T00:00+05:30', 'midnight belongs to the day it begins'],
    [
      'daily',
      1,
      480,
      '2026-11-21T08:00+05:30',
      '2026-11-24T08:00+05:30',
      'after Saturday’s nothing is new until Tuesday',
    ],
    ['daily', 1, 1140, '2026-11-21T08:00+05:30', '2026-11-23T19:00+05:30', 'an evening report comes on the day itself'],
    ['daily', 1, 480, '2026-04-03T09:00+05:30', '2026-04-07T08:00+05:30', 'Good Friday has no report, and no late one'],
    ['daily', 1, 480, '2026-11-07T08:00+05:30', '2026-11-09T08:00+05:30', 'a session on Sunday has one on Monday'],
    ['daily', 1, 1140, '2026-11-06T19:00+05:30', '2026-11-08T19:00+05:30', 'or on Sunday evening itself'],
    ['daily', 1, 480, '2026-11-10T08:00+05:30', '2026-11-12T08:00+05:30', 'the holiday after it has none'],
    ['weekly', 6, 480, '2026-10-31T08:00+05:30', '2026-11-09T08:00+05:30', 'Saturday’s waits for a session on Sunday'],
    ['weekly', 5, 1140, '2026-10-30T19:00+05:30', '2026-11-08T19:00+05:30', 'and so does Friday evening’s'],
    [
      'weekly',
      6,
      480,
      '2026-11-07T08:00+05:30',
      '2026-11-09T08:00+05:30',
      'also when the session was entered too late',
    ],
    ['weekly', 6, 480, '2026-11-09T08:00+05:30', '2026-11-14T08:00+05:30', 'and is on Saturday again afterwards'],
    ['weekly', 1, 480, '2026-11-02T08:00+05:30', '2026-11-09T08:00+05:30', 'Monday’s is in time anyway'],
    ['weekly', 6, 480, '2026-03-28T08:00+05:30', '2026-04-04T08:00+05:30', 'Good Friday changes nothing'],
    ['daily', 1, 480, '2026-12-25T09:00+05:30', '2026-12-29T08:00+05:30', 'a holiday has none'],
  ])('%s (day %i, minute %i), after %s: %s, for %s', async (cadence, weekday, minute, after, next) => {
    expect(await nextAfter(cadence, weekday, minute, after)).toEqual(new Date(next))
  })
})

describe('of the sessions of three years, holidays and Muhurat evenings among them', () => {
  const issuesFrom = (cadence: string, weekday: number, minute: number) =>
    app.sql<{ issue: string }[]>`
      with recursive slots as (
        select next_report(${cadence}, ${weekday}, ${minute}, '2024-01-01T00:00+05:30') as at
        union all
        select next_report(${cadence}, ${weekday}, ${minute}, at) from slots where at < '2027-01-04T00:00+05:30'
      )
      select report_issue(${cadence}, at)::text as issue from slots`
  const sessions = async (isOnlyLast: boolean) =>
    (
      await app.sql<{ day: string }[]>`
        select max(day)::text as day
        from (select generate_series('2024-01-01'::date, '2026-12-27', interval '1 day')::date as day) days
        where trades_on(day) group by case when ${isOnlyLast} then date_trunc('week', day)::date else day end order by 1`
    ).map(({ day }) => day)
  const within = (issues: { issue: string }[], days: string[]) =>
    issues.map(({ issue }) => issue).filter((issue) => issue >= days[0]! && issue <= days.at(-1)!)

  test.each([[0], [480], [1079], [1080], [1439]])('each has one daily report, at minute %i', async (minute) => {
    const days = await sessions(false)
    expect(within(await issuesFrom('daily', 1, minute), days)).toEqual(days)
  })

  // Not on Friday morning: a week that a holiday ends on Thursday is there already, and takes the place of the one before.
  test.each([
    [1, 480],
    [3, 1140],
    [5, 1140],
    [6, 480],
    [6, 1140],
    [7, 480],
    [7, 1140],
  ])('each week has one weekly report, on day %i at minute %i', async (weekday, minute) => {
    const days = await sessions(true)
    expect(within(await issuesFrom('weekly', weekday, minute), days)).toEqual(days)
  })
})

test('a holiday that nobody entered is passed over once later prices are there', async () => {
  const issues = async () =>
    (
      await app.sql`
        select report_issue('weekly', '2019-04-20T08:00+05:30')::text as weekly,
               report_issue('daily', '2019-04-20T08:00+05:30')::text as daily`
    )[0]
  expect(await issues()).toEqual({ weekly: '2019-04-19', daily: '2019-04-19' })
  await importUntil(app, '2019-04-18')
  expect(await issues()).toEqual({ weekly: '2019-04-19', daily: '2019-04-19' })
  await importUntil(app, '2019-04-22', { from: '2019-04-22' })
  expect(await issues()).toEqual({ weekly: '2019-04-18', daily: '2019-04-18' })
  await importUntil(app, '2019-04-19', { from: '2019-04-19', symbols: ['NIFTYBEES'] })
  expect(await issues()).toEqual({ weekly: '2019-04-19', daily: '2019-04-19' })
  await undoAll()
})

describe('prices of a day are late', () => {
  test.each([
    ['2026-11-27T20:59:59+05:30', false, 'not before nine in the evening'],
    ['2026-11-27T15:29:59Z', false, 'whatever the time is in London'],
    ['2026-11-27T21:00:01+05:30', true, 'from nine on'],
    ['2026-11-28T00:01+05:30', true, 'and after midnight'],
  ])('at %s: %s, %s', async (at, late) => {
    const [row] = await app.sql<{ late: boolean }[]>`select prices_late_at('2026-11-27') < ${at} as late`
    expect(row!.late).toBe(late)
  })

  test('and are due from six on, in the database as in the line on pages', async () => {
    const [row] = await app.sql<{ after: string }[]>`select prices_due_after()::text as after`
    const due = Date.parse(`2026-11-27T${row!.after}+05:30`)
    const lineAt = (ms: number) =>
      freshnessOf({ asOf: '2026-11-26', sample: false, calendar: everyWeekday }, new Date(ms))
    expect([lineAt(due - 1_000), lineAt(due)]).toEqual([null, expect.stringContaining('not in yet')])
  })
})

describe('queueing reports', () => {
  test('everybody due gets one mail about the issue, and is due again at the next time', async () => {
    const slot = await pastSlot(app, 'weekly')
    await importUntil(app, slot.issue)
    const [one, two] = [await reader(app), await reader(app)]
    await makeDue(app, slot, [one.userId, two.userId])
    await app.run('queue-reports')
    for (const { userId } of [one, two])
      expect(await queuedFor(app, userId)).toEqual([
        { kind: 'report', subjectKey: `${userId}:weekly:${slot.issue}`, status: 'queued', bulk: true },
      ])
    for (const { userId, email } of [one, two]) {
      const [mail] = await reportsTo(app, email)
      expect(mail!.headers['message-id']).toBe(`<report.${userId}-weekly-${slot.issue}@example.in>`)
      const [choice] = await app.sql<{ nextDueAt: Date }[]>`
        select next_due_at from report_choices where user_id = ${userId}`
      expect(choice!.nextDueAt.getTime()).toBe(slot.at.getTime() + 7 * 86_400_000)
    }
  })

  test('a special session has its report, whatever day of the week it is', async () => {
    await closeDays(-20, 0)
    await app.sql`insert into special_sessions select (now() at time zone 'Asia/Kolkata')::date - 1, 'test'`
    const slot = await pastSlot(app, 'daily')
    expect(slot.issue).toBe(daysAfter(dayInIndia(new Date()), -1))
    await importUntil(app, slot.issue)
    const { userId, email } = await reader(app)
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    expect(await queuedFor(app, userId)).toMatchObject([
      { kind: 'report', subjectKey: `${userId}:daily:${slot.issue}` },
    ])
    expect(await reportsTo(app, email)).toHaveLength(1)
    await undoAll()
  })

  test('two workers at once, and asking again, make it one', async () => {
    const slot = await pastSlot(app, 'daily')
    await importUntil(app, slot.issue)
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    await Promise.all(Array.from({ length: 4 }, () => app.run('queue-reports')))
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    expect(await queuedFor(app, userId)).toHaveLength(1)
  })

  test('nobody gets one whose access ended, who is suspended, or whose address is not confirmed', async () => {
    const slot = await pastSlot(app, 'weekly')
    await importUntil(app, slot.issue)
    const people = await Promise.all(Array.from({ length: 3 }, () => reader(app)))
    const [expired, suspended, unconfirmed] = people.map(({ userId }) => userId) as [string, string, string]
    await app.sql`update subscriptions set current_period_end = now() - interval '4 days' where user_id = ${expired}`
    await app.sql`update users set suspended_at = now(), suspended_reason = 'test' where id = ${suspended}`
    await app.sql`update users set email_verified_at = null where id = ${unconfirmed}`
    await makeDue(app, slot, [expired, suspended, unconfirmed])
    await app.run('queue-reports')
    for (const id of [expired, suspended, unconfirmed]) {
      expect(await queuedFor(app, id)).toEqual([])
      const [choice] = await app.sql`select from report_choices where user_id = ${id} and next_due_at > now()`
      expect(choice).toBeDefined()
    }
  })

  test('a report that waits in the outbox is not sent to who stopped, lapsed or moved meanwhile', async () => {
    const slot = await pastSlot(app, 'weekly')
    await importUntil(app, slot.issue)
    const people = await Promise.all(Array.from({ length: 3 }, () => reader(app)))
    const [stopped, lapsed, moved] = people.map(({ userId }) => userId) as [string, string, string]
    await makeDue(app, slot, [stopped, lapsed, moved])
    await app.run('queue-reports')
    await app.sql`update report_choices set cadence = 'off', next_due_at = null where user_id = ${stopped}`
    await app.sql`update subscriptions set status = 'cancelled' where user_id = ${lapsed}`
    await app.sql`update users set email = 'moved@example.in' where id = ${moved}`
    await app.run('deliver-mails')
    for (const id of [stopped, lapsed, moved]) expect(await queuedFor(app, id)).toMatchObject([{ status: 'skipped' }])
    expect((await app.mailbox.list()).filter((mail) => mail.recipients.includes('moved@example.in'))).toEqual([])
  })

  test('of sample prices nothing is due to anybody, and nobody is troubled', async () => {
    await undoAll()
    await app.sql`update imports set status = 'undone' where status = 'committed'`
    const slot = await pastSlot(app, 'weekly')
    const id = await importUntil(app, slot.issue, { commit: false })
    await app.sql`update imports set origin = 'sample', status = 'committed', committed_at = now() where id = ${id}`
    const before = await incidents()
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    expect(await queuedFor(app, userId)).toEqual([])
    expect(await incidents()).toEqual(before)
    await app.sql`update imports set status = 'dropped' where id = ${id}`
  })
})

describe('prices that are late, held or half there', () => {
  test('nothing goes out; admin and subscribers are told once; it goes out by itself when they arrive', async () => {
    await undoAll()
    await app.sql`delete from incidents where kind = 'report-held'`
    const slot = await pastSlot(app, 'weekly')
    await importUntil(app, daysAfter(slot.issue, -1))
    const { userId, email } = await reader(app)
    await makeDue(app, slot, [userId])
    for (let i = 0; i < 3; i++) await app.run('queue-reports')
    expect(await queuedFor(app, userId)).toEqual([
      { kind: 'report-late', subjectKey: `${userId}:weekly:${slot.issue}`, status: 'queued', bulk: true },
    ])
    expect(await incidents()).toMatchObject([
      { details: { issue: slot.issue, reason: expect.stringContaining('no price') } },
    ])
    await app.run('deliver-mails')
    const late = (await app.mailbox.list()).filter(
      (mail) => mail.recipients.includes(email) && /late/.test(mail.subject),
    )
    expect(late).toHaveLength(1)
    expect(late[0]!.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click')
    await importUntil(app, slot.issue)
    await app.run('queue-reports')
    expect((await reportsTo(app, email)).length).toBe(1)
    expect(await queuedFor(app, userId)).toMatchObject([{ kind: 'report-late' }, { kind: 'report', status: 'sent' }])
  })

  test('within the first hour subscribers are not troubled', async () => {
    await undoAll()
    await closeDays(0, 0)
    const slot = await pastSlot(app, 'weekly', 0)
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    expect(await queuedFor(app, userId)).toEqual([])
    expect((await incidents()).length).toBe(1)
  })

  test('before the prices are late nobody is told that they are missing, neither admin nor subscribers', async () => {
    await undoAll()
    await app.sql`delete from incidents where kind = 'report-held'`
    const slot = await pastSlot(app, 'weekly')
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    const functions = readFileSync(join(import.meta.dirname, '../../../src/market/calendar/calendar.sql'), 'utf8')
    await app.sql`
      create or replace function prices_late_at(p_day date) returns timestamptz language sql immutable
      as $$ select 'infinity'::timestamptz $$`
    await app.run('queue-reports').finally(() => app.sql.unsafe(functions))
    expect([await queuedFor(app, userId), await incidents()]).toEqual([[], []])
    await app.run('queue-reports')
    expect(await queuedFor(app, userId)).toMatchObject([{ kind: 'report-late' }])
    expect(await incidents()).toHaveLength(1)
  })

  test('“it is late” is not sent any more when the report was queued meanwhile', async () => {
    await undoAll()
    const slot = await pastSlot(app, 'weekly')
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    await importUntil(app, slot.issue)
    await app.run('queue-reports')
    await app.run('deliver-mails')
    expect(await queuedFor(app, userId)).toMatchObject([
      { kind: 'report-late', status: 'skipped' },
      { kind: 'report', status: 'sent' },
    ])
  })

  test('an import of that day with a jump nobody decided holds it back', async () => {
    const slot = await pastSlot(app, 'weekly')
    await importUntil(app, slot.issue)
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    const held = await importUntil(app, slot.issue, {
      symbols: ['ITBEES'],
      from: slot.issue,
      commit: false,
      times: 0.1,
    })
    await app.run('queue-reports')
    expect((await queuedFor(app, userId)).map(({ kind }) => kind)).toEqual(['report-late'])
    await app.sql`update imports set status = 'dropped' where id = ${held}`
    await app.run('queue-reports')
    expect((await queuedFor(app, userId)).map(({ kind }) => kind)).toEqual(['report-late', 'report'])
  })

  test('an import of that day with a question nobody answered holds it back, one about earlier days does not', async () => {
    const slot = await pastSlot(app, 'weekly')
    await importUntil(app, slot.issue)
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    const held = await importUntil(app, slot.issue, { symbols: ['ITBEES'], from: slot.issue, commit: false })
    await app.sql`
      insert into import_questions (import_id, kind, symbol, seen, first_day, last_day, prices)
      values (${held}, 'basis', 'ITBEES', 'ITBEES.csv', ${slot.issue}, ${slot.issue}, 1)`
    await app.run('queue-reports')
    expect((await queuedFor(app, userId)).map(({ kind }) => kind)).toEqual(['report-late'])
    await app.sql`update import_questions set first_day = '2020-01-01', last_day = '2020-01-01' where import_id = ${held}`
    await app.run('queue-reports')
    expect((await queuedFor(app, userId)).map(({ kind }) => kind)).toEqual(['report-late', 'report'])
    await app.sql`update imports set status = 'dropped' where id = ${held}`
  })

  test('the benchmark’s price without those of the sectors is half an import, and waits', async () => {
    await undoAll()
    const slot = await pastSlot(app, 'weekly')
    await importUntil(app, daysAfter(slot.issue, -1))
    await importUntil(app, slot.issue, { symbols: ['NIFTYBEES', 'ITBEES'], from: slot.issue })
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    expect((await queuedFor(app, userId)).map(({ kind }) => kind)).toEqual(['report-late'])
    await importUntil(app, slot.issue, { from: slot.issue })
    await app.run('queue-reports')
    expect((await queuedFor(app, userId)).map(({ kind }) => kind)).toEqual(['report-late', 'report'])
  })

  test('an import that is undone after queueing keeps the mail back until there are prices again', async () => {
    await undoAll()
    const slot = await pastSlot(app, 'weekly')
    await importUntil(app, slot.issue)
    const { userId, email } = await reader(app)
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    await undoAll()
    expect(await reportsTo(app, email)).toEqual([])
    expect(await queuedFor(app, userId)).toMatchObject([{ status: 'queued' }])
    await importUntil(app, slot.issue)
    await app.sql`update mails set next_attempt_at = now() where status = 'queued'`
    expect(await reportsTo(app, email)).toHaveLength(1)
  })

  test('after three days the issue is passed over for the next one', async () => {
    await undoAll()
    const slot = await pastSlot(app, 'weekly', 73)
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    expect(await queuedFor(app, userId)).toEqual([])
    const [next] = await app.sql`select from report_choices where user_id = ${userId} and next_due_at > now()`
    expect(next).toBeDefined()
  })

  test('of a daily report only the newest is still of interest', async () => {
    const slot = await pastSlot(app, 'daily', 6 * 24 + 2)
    const newest = await pastSlot(app, 'daily', 2)
    await importUntil(app, newest.issue)
    const { userId } = await reader(app)
    await makeDue(app, slot, [userId])
    for (let i = 0; i < 8; i++) await app.run('queue-reports')
    const queued = await queuedFor(app, userId)
    expect(queued.map(({ subjectKey }) => subjectKey)).toEqual([`${userId}:daily:${newest.issue}`])
  })
})
