import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { holdImport, stagePrices, startImport } from '../../../src/market/prices/imports/queries.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { digestsOf, digestsTo, type Evenings, everything, listener, openEvenings } from './evenings.ts'

let app: TestApp
let evenings: Evenings
/** The next evening that was not imported. */
let evening = 0
beforeAll(async () => {
  app = await startApp()
  evenings = await openEvenings(app, 7, 20)
  await evenings.import(evening++)
  // What follows is a digest of these evenings: on each of them something changes.
  await app.run('queue-alerts')
})
afterAll(() => app.close())

/** Somebody who knows the newest session. */
async function upToDate(choice?: Record<string, string>) {
  const person = await listener(app, choice)
  await app.run('queue-alerts')
  return person
}
const issueOf = (number: number) => evenings.days[number]!
const nextEvening = async () => {
  await evenings.import(evening)
  return issueOf(evening++)
}
const wordsOf = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', '’')
    .replace(/\s+/g, ' ')

describe('after the evening’s prices', () => {
  test('what changed comes in one digest: the change in its subject, each with its symbol, from, to, number and link', async () => {
    const { userId, email } = await upToDate()
    const issue = await nextEvening()
    await app.run('queue-alerts')
    await app.run('queue-alerts')
    const [digest, ...others] = await digestsOf(app, userId)
    expect([others, digest!.issue, digest!.status]).toEqual([[], issue, 'queued'])
    expect(digest!.changes.length).toBeGreaterThan(1)
    const [mail, ...more] = await digestsTo(app, email)
    expect(more).toEqual([])
    const [first] = digest!.changes
    expect(mail!.subject!).toMatch(/^[A-Z][\w &]+: .*, and \d+ more$/)
    for (const body of [mail!.text, wordsOf(mail!.html!)]) {
      expect(body).toContain(mail!.subject!)
      expect(body).toMatch(/As of \w+, \d+ \w+ \d{4}, since \w+, \d+ \w+ \d{4}\. Daily map; formula B\/2\./)
      expect(body).toContain('Source: end-of-day closing prices')
      for (const { symbol } of digest!.changes) expect(body).toContain(symbol)
      expect(body).not.toMatch(/\b(buy|sell|should|recommend|target|undefined|NaN)\b/i)
    }
    for (const { symbol } of digest!.changes)
      for (const body of [mail!.text, mail!.html])
        expect(body).toContain(`${app.config.baseUrl}/dashboard/sectors/${encodeURIComponent(symbol)}`)
    expect(first!.symbol).toBeTruthy()
    expect(mail!.headers['list-unsubscribe']).toMatch(/^<http:.*\/alerts\/[\w-]{43}\/stop>$/)
    expect(mail!.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click')
  })

  test('nothing comes where nothing changed of what was asked for', async () => {
    const person = await upToDate({ on: 'yes', step: 'day', scope: 'starred', quadrant: 'yes' })
    await nextEvening()
    await app.run('queue-alerts')
    expect(await digestsOf(app, person.userId)).toEqual([])
    const [row] = await app.sql<{ issue: string }[]>`
      select s.issue::text as issue from alert_choices c join alert_states s on s.id = c.told_state where user_id = ${person.userId}`
    expect(row!.issue).toBe(issueOf(evening - 1))
  })

  test('who turns alerts on is told from the next session on, and who turns them off and on again nothing twice', async () => {
    const { userId, visitor } = await upToDate()
    expect(await digestsOf(app, userId)).toEqual([])
    await nextEvening()
    await visitor.post('/account/alerts', { ...everything, on: '' })
    await visitor.post('/account/alerts', everything)
    await app.run('queue-alerts')
    expect(await digestsOf(app, userId)).toEqual([])
  })

  test('several workers at once, and again, make one of it', async () => {
    const people = await Promise.all(Array.from({ length: 3 }, () => listener(app)))
    await app.run('queue-alerts')
    await nextEvening()
    await Promise.all(Array.from({ length: 4 }, () => app.run('queue-alerts')))
    for (const { userId } of people) expect(await digestsOf(app, userId)).toHaveLength(1)
  })

  test('nobody gets one whose access ended, who is suspended, not confirmed or has withdrawn consent; nor the news of that time later', async () => {
    const people = await Promise.all(Array.from({ length: 4 }, () => listener(app)))
    await app.run('queue-alerts')
    const [ended, suspended, unconfirmed, withdrawn] = people.map(({ userId }) => userId) as [
      string,
      string,
      string,
      string,
    ]
    await app.sql`update subscriptions set current_period_end = now() - interval '9 days' where user_id = ${ended}`
    await app.sql`update users set suspended_at = now(), suspended_reason = 'test' where id = ${suspended}`
    await app.sql`update users set email_verified_at = null where id = ${unconfirmed}`
    await app.sql`update users set consent_withdrawn_at = now() where id = ${withdrawn}`
    await nextEvening()
    await app.run('queue-alerts')
    for (const { userId } of people) expect(await digestsOf(app, userId)).toEqual([])
    await app.sql`update users set suspended_at = null, suspended_reason = null where id = ${suspended}`
    await app.run('queue-alerts')
    expect(await digestsOf(app, suspended)).toEqual([])
  })

  test('a digest that waits in the outbox is not sent to who stopped, lapsed or moved meanwhile', async () => {
    const people = await Promise.all(Array.from({ length: 3 }, () => listener(app)))
    await app.run('queue-alerts')
    await nextEvening()
    await app.run('queue-alerts')
    const [stopped, lapsed, moved] = people as [(typeof people)[0], (typeof people)[0], (typeof people)[0]]
    await stopped.visitor.post('/account/alerts', { ...everything, on: '' })
    await app.sql`update subscriptions set status = 'cancelled' where user_id = ${lapsed.userId}`
    await app.sql`update users set email = 'moved.on@example.in' where id = ${moved.userId}`
    await app.run('deliver-mails')
    for (const { userId } of people) expect(await digestsOf(app, userId)).toMatchObject([{ status: 'skipped' }])
  })

  test('a sector that was renamed meanwhile is compared with itself, and told of under its new symbol', async () => {
    const { userId } = await upToDate()
    const symbols = (await app.sql<{ symbol: string }[]>`select symbol from instruments where kind = 'sector'`).map(
      (one) => one.symbol,
    )
    const renames = symbols.map((symbol) => ({
      symbol,
      newSymbol: `${symbol.slice(0, 8)}X`,
      until: issueOf(evening - 1),
    }))
    const back = renames.map(({ symbol, newSymbol, until }) => ({ symbol: newSymbol, newSymbol: symbol, until }))
    await evenings.import(evening++)
    await app.sql`select rename_instruments(${app.sql.json(renames)}, 'test', null)`
    await app.sql`update market_state set version = version + 1`
    await app.run('queue-alerts')
    const [digest] = await digestsOf(app, userId)
    expect(digest!.changes.length).toBeGreaterThan(0)
    expect(digest!.changes.every(({ symbol }) => symbol.endsWith('X'))).toBe(true)
    await app.sql`select rename_instruments(${app.sql.json(back)}, 'test', null)`
    await app.sql`update market_state set version = version + 1`
  })
})

describe('prices that are not to be trusted', () => {
  test('taken back before the mail left, they are not told; the change comes with the next session', async () => {
    const { userId, email } = await upToDate()
    const importId = await evenings.import(evening)
    await app.run('queue-alerts')
    await evenings.undo(importId)
    expect(await digestsTo(app, email)).toEqual([])
    expect(await digestsOf(app, userId)).toMatchObject([{ issue: issueOf(evening), status: 'skipped' }])
    const told = (await digestsOf(app, userId))[0]!.changes
    await evenings.import(evening++)
    await app.run('queue-alerts')
    expect(await digestsOf(app, userId)).toHaveLength(1)
    await nextEvening()
    await app.run('queue-alerts')
    const [, next] = await digestsOf(app, userId)
    const [row] = await app.sql<{ issue: string }[]>`
      select s.issue::text as issue from alert_digests d join alert_states s on s.id = d.from_state
      where d.user_id = ${userId} and d.issue = ${next!.issue}`
    expect([told.length > 0, row!.issue]).toEqual([true, issueOf(evening - 3)])
  })

  test('a day that was told, taken back and imported again is not told again', async () => {
    const { userId, email } = await upToDate()
    const importId = await evenings.import(evening)
    await app.run('queue-alerts')
    expect(await digestsTo(app, email)).toHaveLength(1)
    for (const other of [false, true]) {
      await evenings.undo(importId)
      await app.run('queue-alerts')
      await evenings.import(evening, other)
      await app.run('queue-alerts')
    }
    evening++
    expect(await digestsOf(app, userId)).toHaveLength(1)
    expect(await digestsTo(app, email)).toHaveLength(1)
  })

  const inconvenient: [string, (day: string) => Promise<unknown>, () => Promise<unknown>][] = [
    [
      'held, with a jump that nobody decided',
      async (day) => {
        const id = await startImport(app.sql, { origin: 'command', actor: 'test' })
        await stagePrices(app.sql, id, [{ symbol: 'ITBEES', day, close: 1, basis: 'traded', file: 0, line: 1 }])
        await holdImport(app.sql, id, { files: [], problems: [], problemCount: 0 })
      },
      () => app.sql`update imports set status = 'dropped' where status = 'held'`,
    ],
    [
      'a sample',
      () =>
        app.sql`update imports set origin = 'sample' where id = (select max(id) from imports where status = 'committed')`,
      () => app.sql`update imports set origin = 'command' where origin = 'sample'`,
    ],
    [
      'half there',
      (day) => app.sql`
        update prices set day = day + 4000 where day = ${day} and symbol in (select symbol from instruments where kind = 'sector' limit 8)`,
      () => app.sql`update prices set day = day - 4000 where day > '2035-01-01'`,
    ],
    [
      'out of date, the exchange having been open since',
      (day) => app.sql`delete from holidays where day <= ${day}::date + 5`,
      () => app.sql`
        insert into holidays (day, name)
        select ${issueOf(evening - 1)}::date + ahead, 'test' from generate_series(1, 30) ahead on conflict do nothing`,
    ],
  ]
  test.each(inconvenient)('%s: nothing is told; it is when that is over', async (_, spoil, mend) => {
    const { userId } = await upToDate()
    const issue = await nextEvening()
    await spoil(issue)
    await app.run('queue-alerts')
    expect(await digestsOf(app, userId)).toEqual([])
    await mend()
    await app.sql`update market_state set version = version + 1`
    await app.run('queue-alerts')
    expect(await digestsOf(app, userId)).toMatchObject([{ issue }])
  })

  test('another benchmark is no news: everything begins anew with it', async () => {
    const { userId } = await upToDate()
    const [{ symbol } = { symbol: '' }] = await app.sql<{ symbol: string }[]>`
      select symbol from instruments where kind <> 'benchmark' order by symbol limit 1`
    await app.sql`select change_benchmark(${symbol}, 'NIFTYBEES', 'test', null)`
    await nextEvening()
    await app.run('queue-alerts')
    expect(await digestsOf(app, userId)).toEqual([])
    await app.sql`select change_benchmark('NIFTYBEES', ${symbol}, 'test', null)`
    await app.sql`update instruments set kind = 'sector' where symbol = ${symbol}`
    await app.sql`update market_state set version = version + 1`
  })
})

describe('quiet hours', () => {
  test.each([
    ['22:00', '07:00', '21:44', false, 'before them it may leave'],
    ['22:00', '07:00', '21:45', true, 'but not so shortly before that it might arrive in them'],
    ['22:00', '07:00', '00:00', true, 'over midnight'],
    ['22:00', '07:00', '06:59', true, 'to their last minute'],
    ['22:00', '07:00', '07:00', false, 'and not a minute longer'],
    ['09:00', '17:00', '12:00', true, 'in the daytime too'],
    ['09:00', '17:00', '17:00', false, 'up to their end'],
    ['00:10', '06:00', '23:56', true, 'where the quarter of an hour is of the day before'],
  ])('from %s until %s, at %s: %s, %s', async (from, until, at, quiet) => {
    const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
    const [row] = await app.sql<{ quiet: boolean }[]>`
      select is_quiet(${minutes(from)}, ${minutes(until)}, ${`2026-11-27T${at}+05:30`}) as quiet`
    expect(row!.quiet).toBe(quiet)
  })

  test('a digest that falls into them leaves afterwards, with all that changed', async () => {
    const { userId } = await upToDate()
    const quiet = (from: number, until: number) => app.sql`
      update alert_choices set quiet_from = minute_of_day(now() + make_interval(hours => ${from})),
                               quiet_until = minute_of_day(now() + make_interval(hours => ${until}))
      where user_id = ${userId}`
    await app.sql`
      create or replace function minute_of_day(p_at timestamptz) returns int language sql as
      $$ select (extract(hour from p_at at time zone 'Asia/Kolkata') * 60 + extract(minute from p_at at time zone 'Asia/Kolkata'))::int $$`
    await quiet(-2, 3)
    await nextEvening()
    await app.run('queue-alerts')
    expect(await digestsOf(app, userId)).toEqual([])
    await quiet(2, 5)
    await app.run('queue-alerts')
    expect(await digestsOf(app, userId)).toMatchObject([{ issue: issueOf(evening - 1), status: 'queued' }])
  })
})
