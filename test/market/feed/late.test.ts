import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { withFeed } from '../../../src/market/feed/feed.ts'
import { insertAlertMails } from '../../../src/records/incidents/queries.ts'
import { type Archive, bhavcopy, clearCalendar, startArchive, startFeed, type TestFeed } from './fixture.ts'

const known = ['16', '17', '18', '19', '20'].map((date) => `2026-11-${date}`)
let feed: TestFeed
let archive: Archive
beforeEach(async () => {
  feed = await startFeed('2026-11-23T20:59:00+05:30')
  await clearCalendar(feed.sql)
  archive = await startArchive()
})
afterEach(async () => {
  await feed.close()
  await archive.close()
})

const late = () =>
  feed.sql<{ subjectKey: string; isOpen: boolean }[]>`
    select subject_key, resolved_at is null as is_open from incidents where kind = 'prices-late' order by id
  `

describe('late prices', () => {
  test('are an incident and a mail to the operator at 21:00, once, which closes when they come', async () => {
    await feed.commit(known)
    await feed.run(archive.prices)
    expect(await late()).toEqual([])
    await feed.setClock('2026-11-23T21:00:00+05:30')
    for (let again = 0; again < 3; again++) await feed.run(archive.prices)
    expect(await late()).toEqual([{ subjectKey: '2026-11-23', isOpen: true }])
    // Where an instant is written by default it is the real one.
    await feed.sql`update incidents set opened_at = now()`
    expect(await insertAlertMails(feed.sql, 'ops@example.in')).toBe(1)
    expect(await insertAlertMails(feed.sql, 'ops@example.in')).toBe(0)
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    await feed.setClock('2026-11-23T21:30:00+05:30')
    await feed.run(archive.prices)
    expect(await late()).toEqual([{ subjectKey: '2026-11-23', isOpen: false }])
  })

  test('are one for each evening without them, and none on a holiday or a weekend', async () => {
    await feed.commit(known)
    await feed.sql`insert into holidays (day, name) values ('2026-11-24', 'A holiday')`
    for (const day of ['23', '24', '25', '26', '27', '28', '29']) {
      await feed.setClock(`2026-11-${day}T21:05:00+05:30`)
      await feed.run({ source: 'off' })
    }
    expect((await late()).map(({ subjectKey }) => subjectKey)).toEqual(
      ['23', '25', '26', '27'].map((date) => `2026-11-${date}`),
    )
  })

  test('are none on a site with the sample alone and no source, nor where an outage is caught up in the same look', async () => {
    await feed.commit(known, { origin: 'sample' })
    await feed.setClock('2026-11-23T22:00:00+05:30')
    await feed.run({ source: 'off' })
    expect(await late()).toEqual([])
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    await feed.commit(known)
    await feed.run(archive.prices)
    expect(await late()).toEqual([])
  })
})

describe('many processes', () => {
  test('look one at a time, and what one fetched the others do not fetch again', async () => {
    await feed.commit(known)
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    const looks = await Promise.all(Array.from({ length: 5 }, () => feed.look(archive.prices)))
    expect(looks.flatMap((found) => found ?? [])).toHaveLength(1)
    expect(archive.asked).toEqual(['2026-11-23'])
  })

  test('one that died gives the feed back within two minutes, and nothing that it still does counts', async () => {
    await feed.commit(known)
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    await feed.sql`update feed_state set holder = 'a dead process', held_until = now() + interval '2 minutes'`
    expect(await feed.look(archive.prices)).toBeNull()
    await feed.setClock('2026-11-23T21:01:01+05:30')
    expect(await feed.look(archive.prices)).toMatchObject([{ state: 'committed' }])
    const [held] = await feed.sql<{ id: number }[]>`
      insert into imports (origin, created_by, status) values ('feed', 'feed', 'held') returning id::int as id
    `
    expect(await feed.sql`select outcome from settle_feed_import(${held!.id}, 'a dead process', false)`).toMatchObject([
      { outcome: 'lost' },
    ])
    await feed.look(archive.prices)
    const [left] = await feed.sql`select status from imports where id = ${held!.id}`
    expect(left, 'nothing is in it, and nobody is asked about nothing').toEqual({ status: 'dropped' })
    expect(await feed.sql`select from incidents where kind = 'prices-held'`).toHaveLength(0)
  })

  test('a clock that is put back by a day holds nothing up for a day', async () => {
    await feed.commit(known)
    archive.files.set('2026-11-23', (_, response) => response.writeHead(403).end())
    await feed.setClock('2026-11-24T20:00:00+05:30')
    expect(await feed.look(archive.prices)).toMatchObject([{ state: 'failed' }])
    await feed.sql`update feed_state set holder = 'a dead process', held_until = now() + interval '2 minutes'`
    expect(await feed.look(archive.prices)).toBeNull()
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    await feed.setClock('2026-11-23T20:00:00+05:30')
    expect(await feed.look(archive.prices)).toMatchObject([{ about: '2026-11-23', state: 'committed' }])
  })

  test('a look that fails gives the feed back', async () => {
    const given = { ...({} as Parameters<typeof withFeed>[0]), sql: feed.sql }
    await expect(withFeed(given, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await withFeed(given, async () => 'well')).toBe('well')
  })
})

describe('invented prices of a look-alike', () => {
  const invented = () => ({ ...archive.prices, invented: true })

  test('go on with the sample, labelled as it is, and are held like real ones', async () => {
    await feed.commit(known, { origin: 'sample' })
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    expect(await feed.run(invented())).toMatchObject([{ about: '2026-11-23', state: 'committed' }])
    expect(await feed.sql`select distinct origin from imports`).toEqual([{ origin: 'sample' }])
    archive.files.set('2026-11-24', bhavcopy('2026-11-24', { ITBEES: 10 }))
    await feed.setClock('2026-11-24T19:00:00+05:30')
    expect(await feed.run(invented())).toMatchObject([{ about: '2026-11-24', state: 'held' }])
  })

  test('are not asked for before there is a sample, nor once there are real prices, which end it for good', async () => {
    archive.files.set('2026-11-23', bhavcopy('2026-11-23'))
    expect(await feed.run(invented())).toEqual([])
    await feed.commit(known, { origin: 'sample' })
    await feed.commit(known)
    expect(await feed.run(invented())).toEqual([])
    expect(archive.asked).toEqual([])
  })
})

describe('a fresh site', () => {
  test('begins three years back, in batches, and is up to date after one look', async () => {
    await feed.sql`
      insert into holidays (day, name)
      select d, 'Closed' from generate_series('2023-11-24'::date, '2026-11-06', '1 day') d
      on conflict do nothing
    `
    await feed.setClock('2026-11-23T19:00:00+05:30')
    const days = ['2023-11-23', '09', '10', '11', '12', '13', '16', '17', '18', '19', '20', '23'].map((date) =>
      date.length > 2 ? date : `2026-11-${date}`,
    )
    for (const day of days) archive.files.set(day, bhavcopy(day))
    const found = await feed.run(archive.prices)
    expect(found.map(({ about, state }) => `${about} ${state}`)).toEqual(days.map((day) => `${day} committed`))
    expect(await feed.sql`select from imports`).toHaveLength(1)
  })

  test('fetches nothing twice of years that wait for a decision', async () => {
    await feed.sql`
      insert into holidays (day, name)
      select d, 'Closed' from generate_series('2023-11-25'::date, '2026-11-08', '1 day') d
      on conflict do nothing
    `
    await feed.setClock('2026-11-23T19:00:00+05:30')
    for (const day of ['2023-11-23', '2023-11-24']) archive.files.set(day, bhavcopy(day))
    for (const date of ['09', '10', '11', '12', '13', '16', '17', '18', '19', '20', '23'])
      archive.files.set(`2026-11-${date}`, bhavcopy(`2026-11-${date}`, { ITBEES: 9 }))
    expect((await feed.run(archive.prices)).every(({ state }) => state === 'held')).toBe(true)
    archive.asked.length = 0
    expect(await feed.run(archive.prices)).toEqual([])
    expect(archive.asked).toEqual([])
  })
})
