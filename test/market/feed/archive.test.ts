import { gzipSync } from 'node:zlib'
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askNow } from '../../../src/market/feed/queries.ts'
import { findFeedStatus } from '../../../src/market/feed/status-queries.ts'
import { undo } from '../../../src/market/prices/imports/imports.ts'
import { type Archive, bhavcopy, clearCalendar, closeOf, startArchive, startFeed, type TestFeed } from './fixture.ts'

/** Friday, 20 Nov 2026 and the ten sessions before it; Tuesday the 24th is a holiday. */
const known = ['09', '10', '11', '12', '13', '16', '17', '18', '19', '20'].map((date) => `2026-11-${date}`)
const tester = { actor: 'test', origin: null }
let feed: TestFeed
let archive: Archive
beforeEach(async () => {
  feed = await startFeed('2026-11-23T17:59:00+05:30')
  await clearCalendar(feed.sql)
  archive = await startArchive()
  await feed.sql`insert into holidays (day, name) values ('2026-11-24', 'A holiday')`
  await feed.commit(known)
})
afterEach(async () => {
  await feed.close()
  await archive.close()
})

const closeOn = async (symbol: string, day: string) =>
  (await feed.sql<{ close: number }[]>`select close from counted_prices(${symbol}) where day = ${day}`)[0]?.close
const incidents = () =>
  feed.sql<{ kind: string; subjectKey: string; isOpen: boolean }[]>`
    select kind, subject_key, resolved_at is null as is_open from incidents order by id
  `
const states = (found: readonly { about: string; state: string }[] | null) =>
  (found ?? []).map(({ about, state }) => `${about} ${state}`)

describe('the archive', () => {
  test('is asked from 18:00 of a session on, every 20 minutes until the file is there, which counts by itself', async () => {
    expect(await feed.run(archive.prices)).toEqual([])
    expect(archive.asked).toEqual([])
    await feed.setClock('2026-11-23T18:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(['2026-11-23 waiting'])
    await feed.setClock('2026-11-23T18:19:00+05:30')
    expect(await feed.run(archive.prices)).toEqual([])
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    await feed.setClock('2026-11-23T18:20:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(['2026-11-23 committed'])
    expect(await closeOn('BANKBEES', '2026-11-23')).toBe(closeOf('BANKBEES', '2026-11-23'))
    expect(archive.asked).toEqual(['2026-11-23', '2026-11-23'])
    expect(await incidents()).toEqual([])
    expect(await feed.sql`select origin, created_by from imports order by id desc limit 1`).toMatchObject([
      { origin: 'feed', createdBy: 'feed' },
    ])
  })

  test('is never asked on a holiday, and on a special session it is', async () => {
    for (const day of ['2026-11-23', '2026-11-25', '2026-11-26', '2026-11-27']) archive.files.set(day, bhavcopy(day))
    await feed.sql`insert into special_sessions (day, name) values ('2026-11-28', 'A Saturday session')`
    archive.files.set('2026-11-28', bhavcopy('2026-11-28'))
    await feed.setClock('2026-11-29T10:00:00+05:30')
    await feed.run(archive.prices)
    expect(archive.asked).toEqual(['2026-11-23', '2026-11-25', '2026-11-26', '2026-11-27', '2026-11-28'])
    expect(await closeOn('BANKBEES', '2026-11-28')).toBeGreaterThan(0)
  })

  test('catches up ten missing sessions in one look, the oldest first, one import each', async () => {
    const missing = ['11-23', '11-25', '11-26', '11-27', '11-30', '12-01', '12-02', '12-03', '12-04', '12-07']
    for (const day of missing) archive.files.set(`2026-${day}`, bhavcopy(`2026-${day}`))
    await feed.setClock('2026-12-07T19:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(missing.map((day) => `2026-${day} committed`))
    expect(await feed.sql`select from imports where created_by = 'feed' and status = 'committed'`).toHaveLength(10)
    expect(await feed.run(archive.prices)).toEqual([])
  })

  test('has more than ten missing sessions imported together, so that a split among them is one decision', async () => {
    const missing = ['11-23', '11-25', '11-26', '11-27', '11-30', '12-01', '12-02', '12-03', '12-04', '12-07', '12-08']
    for (const day of missing)
      archive.files.set(`2026-${day}`, bhavcopy(`2026-${day}`, day > '12-01' ? { ITBEES: 10 } : {}))
    await feed.setClock('2026-12-08T19:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(missing.map((day) => `2026-${day} held`))
    expect(await incidents()).toMatchObject([{ kind: 'prices-held', isOpen: true }])
    archive.asked.length = 0
    expect(await feed.run(archive.prices)).toEqual([])
    expect(archive.asked, 'what waits for a decision is not fetched again').toEqual([])
  }, 20_000)

  test('leaves a day open whose file never comes, and goes on with those after it', async () => {
    archive.files.set('2026-11-25', bhavcopy('2026-11-25'))
    await feed.setClock('2026-11-25T18:30:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(['2026-11-23 waiting', '2026-11-25 committed'])
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    await feed.setClock('2026-11-26T09:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(['2026-11-23 committed'])
  })
})

/** The files of two days in one zip. */
function twoDays(day: string, other: string): Uint8Array {
  return zipSync({ ...unzipSync(bhavcopy(day)), ...unzipSync(bhavcopy(other)) })
}

/** A day's file in which the benchmark's row is of another day. */
function oneRowOf(day: string, other: string): Uint8Array {
  const files = Object.entries(unzipSync(bhavcopy(day))).map(([name, content]) => {
    const rows = strFromU8(content).split('\n')
    return [name, strToU8(rows.map((row) => (row.includes('NIFTYBEES') ? row.replaceAll(day, other) : row)).join('\n'))]
  })
  return zipSync(Object.fromEntries(files))
}

describe('a wrong answer of the archive', () => {
  const blocked = 'it may block this server'
  const page = '<!DOCTYPE html><title>Denied</title>'
  test.each<[string, (day: string) => Parameters<Archive['files']['set']>[1], string]>([
    ['403', () => (_, response) => response.writeHead(403, { 'content-type': 'text/html' }).end(page), blocked],
    [
      'a block page called 200',
      () => (_, response) => response.setHeader('content-type', 'text/html').end(page),
      blocked,
    ],
    ['a block page called a zip', () => new TextEncoder().encode(page), blocked.slice(3)],
    ['a zip that ends early', (day) => bhavcopy(day).subarray(0, 200), 'cannot be unpacked'],
    ['yesterday’s file again', () => bhavcopy('2026-11-20'), 'The file is of Fri, 20 Nov 2026, not of the day'],
    ['500', () => (_, response) => response.writeHead(500).end(), 'answers 500'],
    [
      'a redirect to another host',
      () => (_, response) => response.writeHead(302, { location: 'https://example.in/' }).end(),
      'sends us on to another host, port or scheme',
    ],
    [
      'a redirect without end',
      () => (request, response) => response.writeHead(302, { location: request.url }).end(),
      'more than 3 times',
    ],
    [
      'a file without end',
      () => (_, response) => void response.write(Buffer.alloc(21 * 1024 * 1024)),
      'more than 20 MB',
    ],
    [
      'a connection that breaks',
      () => (_, response) =>
        void response.writeHead(200, { 'content-length': 500 }).write('PK', () => response.destroy()),
      'cannot be read',
    ],
  ])('%s is said, changes nothing, and is asked again later, ever more seldom', async (_, answer, sentence) => {
    archive.files.set('2026-11-23', answer('2026-11-23'))
    await feed.setClock('2026-11-23T18:00:00+05:30')
    const found = await feed.run(archive.prices)
    expect(states(found)).toEqual(['2026-11-23 failed'])
    expect(found[0]!.sentence).toMatch(sentence)
    expect(found[0]!.sentence).not.toMatch(/DOCTYPE|Denied/)
    expect(await closeOn('BANKBEES', '2026-11-23')).toBeUndefined()
    expect(await feed.sql`select from imports where created_by = 'feed'`).toHaveLength(0)
    archive.asked.length = 0
    const tries: string[] = []
    for (let minute = 18 * 60 + 1; minute < 24 * 60; minute += 5) {
      const at = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
      await feed.setClock(`2026-11-23T${at}:00+05:30`)
      if ((await feed.run(archive.prices)).length > 0) tries.push(at)
    }
    expect(tries).toEqual(['18:21', '19:01', '20:21', '23:01'])
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    await feed.setClock('2026-11-24T09:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(['2026-11-23 committed'])
  })

  test('is told from every other, in a sentence', async () => {
    await feed.setClock('2026-11-23T18:00:00+05:30')
    const answers: [string, (day: string) => Parameters<Archive['files']['set']>[1], string][] = [
      [
        'a redirect to another port',
        () => (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:8/' }).end(),
        'sends us on to another host, port or scheme',
      ],
      [
        'a redirect to another scheme',
        () => (request, response) => response.writeHead(301, { location: `https://${request.headers.host}/` }).end(),
        'sends us on to another host, port or scheme',
      ],
      [
        'a redirect with a password',
        () => (request, response) => response.writeHead(302, { location: `http://a:b@${request.headers.host}/` }).end(),
        'sends us on to another host, port or scheme',
      ],
      [
        'a redirect to nowhere',
        () => (_, response) => response.writeHead(302, { location: 'http://[' }).end(),
        'sends us on to another host, port or scheme',
      ],
      ['nothing', () => new Uint8Array(), 'not downloaded to its end'],
      ['half of it (206)', () => (_, response) => response.writeHead(206).end('PK'), 'answers 206'],
      ['a block page with a byte order mark', () => new TextEncoder().encode(`\uFEFF\n${page}`), blocked.slice(3)],
      ['a zip of two days', (day) => twoDays(day, '2026-11-20'), 'The file is of Fri, 20 Nov 2026, not of the day'],
      ['a file with one row of another day', (day) => oneRowOf(day, '2026-11-20'), 'The file is of Fri, 20 Nov 2026'],
      [
        'too much when it is unpacked on the way',
        () => (_, response) =>
          response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(21 * 1024 * 1024))),
        'more than 20 MB',
      ],
      ['“too often”', () => (_, response) => response.writeHead(429, { 'retry-after': '60' }).end(), 'ask too often'],
    ]
    for (const [name, answer, sentence] of answers) {
      archive.files.set('2026-11-23', answer('2026-11-23'))
      await feed.sql`delete from feed_days`
      await feed.sql`update feed_state set next_at = null`
      const found = await feed.run(archive.prices)
      expect([name, states(found)]).toEqual([name, ['2026-11-23 failed']])
      expect(found[0]!.sentence, name).toContain(sentence)
    }
    expect(await feed.sql`select from imports where created_by = 'feed'`).toHaveLength(0)
  })

  test('about one day, again and again, holds up the days after it no longer than three times', async () => {
    archive.files.set('2026-11-23', (_, response) => response.writeHead(403).end())
    for (const day of ['2026-11-25', '2026-11-26']) archive.files.set(day, bhavcopy(day))
    await feed.setClock('2026-11-26T18:00:00+05:30')
    for (const at of ['18:00', '18:20', '19:00']) {
      await feed.setClock(`2026-11-26T${at}:00+05:30`)
      expect(states(await feed.run(archive.prices))).toEqual(['2026-11-23 failed'])
    }
    await feed.setClock('2026-11-26T20:20:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual([
      '2026-11-25 committed',
      '2026-11-26 committed',
      '2026-11-23 failed',
    ])
  })

  test('about a day of a long outage is asked for again, however old the day is, and in the end no more', async () => {
    const sessions = await feed.sql<{ day: string }[]>`
      select d::date::text as day from generate_series('2026-11-23'::date, '2026-12-31', '1 day') d where trades_on(d::date)
    `
    for (const { day } of sessions) archive.files.set(day, bhavcopy(day))
    archive.files.set('2026-11-25', bhavcopy('2026-11-23'))
    archive.files.delete('2026-11-26')
    await feed.setClock('2026-12-31T19:00:00+05:30')
    const first = states(await feed.run(archive.prices))
    expect(first.filter((state) => !state.endsWith('committed'))).toEqual(['2026-11-25 failed', '2026-11-26 waiting'])
    expect(first).toHaveLength(sessions.length)
    archive.files.set('2026-11-25', bhavcopy('2026-11-25'))
    await feed.setClock('2027-01-01T10:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(['2026-11-25 committed', '2026-11-26 waiting'])
    archive.asked.length = 0
    await feed.sql`insert into holidays (day, name) select d, 'Closed' from generate_series('2027-01-01'::date, '2027-03-01', '1 day') d`
    for (let hours = 0; hours < 24 * 30; hours += 6) {
      await feed.setClock(new Date(Date.parse('2027-01-02T10:00:00+05:30') + hours * 3_600_000).toISOString())
      await feed.run(archive.prices)
    }
    expect(archive.asked).toEqual(Array(18).fill('2026-11-26'))
    expect((await findFeedStatus(feed.sql, false)).nextAt, 'what is asked no more is not due').toBeNull()
  }, 60_000)

  test('about one day does not stop the others; one of the whole archive does', async () => {
    archive.files.set('2026-11-23', bhavcopy('2026-11-20'))
    archive.files.set('2026-11-25', bhavcopy('2026-11-25'))
    archive.files.set('2026-11-26', (_, response) => response.writeHead(403).end())
    await feed.setClock('2026-11-27T19:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual([
      '2026-11-23 failed',
      '2026-11-25 committed',
      '2026-11-26 failed',
    ])
    expect(archive.asked).toEqual(['2026-11-23', '2026-11-25', '2026-11-26'])
    expect(await feed.run(archive.prices)).toEqual([])
  })
})

describe('what is not clean', () => {
  test.each<[string, Record<string, number | string | null>, RegExp]>([
    ['a split overnight', { ITBEES: 10 }, /^Needs a decision/],
    ['no benchmark', { NIFTYBEES: null }, /The benchmark has no price on 23 Nov 2026/],
    ['half a file', { BANKBEES: null, ITBEES: null }, /2 of 5 instruments .* half a file/],
    ['a price that is none', { ITBEES: 'n/a' }, /Some lines cannot be read/],
  ])(
    '%s is held with one incident that leads to the import, and shows subscribers nothing',
    async (_, closes, reason) => {
      archive.files.set('2026-11-23', bhavcopy('2026-11-23', closes))
      await feed.setClock('2026-11-23T18:00:00+05:30')
      const found = await feed.run(archive.prices)
      expect(states(found)).toEqual(['2026-11-23 held'])
      expect(found[0]!.sentence).toMatch(reason)
      await feed.run(archive.prices)
      expect(await incidents()).toEqual([{ kind: 'prices-held', subjectKey: String(found[0]!.importId), isOpen: true }])
      expect(await closeOn('AUTOBEES', '2026-11-23')).toBeUndefined()
      expect(archive.asked).toEqual(['2026-11-23'])
    },
  )

  test('one symbol missing is a gap that the panel names, no reason to hold the rest', async () => {
    archive.files.set('2026-11-23', bhavcopy('2026-11-23', { INFRABEES: null }))
    await feed.setClock('2026-11-23T18:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual(['2026-11-23 committed'])
    expect(await feed.sql`select to_jsonb(missing) as missing from feed_days`).toMatchObject([
      { missing: ['INFRABEES'] },
    ])
    expect(await closeOn('BANKBEES', '2026-11-23')).toBeGreaterThan(0)
  })

  test('is committed by itself once a decision elsewhere has made it clean, and its incident closes', async () => {
    archive.files.set('2026-11-23', bhavcopy('2026-11-23', { ITBEES: 10 }))
    archive.files.set('2026-11-25', bhavcopy('2026-11-25', { ITBEES: 10.1 }))
    await feed.setClock('2026-11-25T18:00:00+05:30')
    const [first, second] = await feed.run(archive.prices)
    expect([first, second]).toMatchObject([{ state: 'held' }, { state: 'held' }])
    await feed.sql`select decide_jump(${first!.importId}, 'ITBEES', '2026-11-23', 10, 'test', null)`
    await feed.setClock('2026-11-25T18:30:00+05:30')
    expect(await feed.run(archive.prices), 'the person still says when').toEqual([])
    const [tried] = await feed.sql`select max(asked_at) as at from feed_days where state = 'held'`
    expect(tried!.at, 'as long as nothing changed, nothing is tried again').toEqual(
      new Date('2026-11-25T18:00:00+05:30'),
    )
    await feed.sql`select commit_import(${first!.importId}, null, 'test', null)`
    expect(states(await feed.run(archive.prices))).toEqual([`import ${second!.importId} committed`])
    expect((await incidents()).map(({ isOpen }) => isOpen)).toEqual([false, false])
  })

  test('that a person dropped or took back is not fetched again until they ask', async () => {
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    await feed.setClock('2026-11-23T18:00:00+05:30')
    const [found] = await feed.run(archive.prices)
    await undo(feed.sql, found!.importId!, tester)
    await feed.setClock('2026-11-25T09:00:00+05:30')
    expect(states(await feed.run(archive.prices))).toEqual([])
    expect(await askNow(feed.sql, '2026-11-23', tester)).toBe(true)
    expect(states(await feed.run(archive.prices))).toEqual(['2026-11-23 committed'])
  })
})
