import { describe, expect, test } from 'vitest'
import { findCalendarFlaws } from '../../../src/market/calendar/calendar-flaws.ts'
import { daysAfter } from '../../../src/market/calendar/days.ts'
import { isIsin } from '../../../src/market/instruments/identifiers.ts'
import { commit, readIntoImport } from '../../../src/market/prices/imports/imports.ts'
import { marketAge } from '../../../src/market/prices/queries.ts'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { adminOf } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { admin, app, other, reader, usePanel } from '../panel.ts'
import { long, upload } from './uploading.ts'

usePanel(['admin', 'other', 'reader'])

const version = async () =>
  (await app.sql<{ version: number }[]>`select version::int as version from market_state`)[0]!.version
const entries = async (action: string) =>
  (await app.sql<{ details: unknown }[]>`select details from audit where action = ${action} order by id`).map(
    (row) => row.details,
  )
const instrument = async (symbol: string) => (await app.sql`select * from instruments where symbol = ${symbol}`)[0]
const details = { name: 'Gold', tracks: 'Domestic gold price', isin: '', universe: 'broad', shown: 'yes' }

/** Uploads and commits prices. */
async function commits(...rows: Parameters<typeof long>[1][]) {
  const { location } = await upload(admin, long('given.csv', ...rows))
  const page = await admin.visitor.get(location!)
  const given = { version: /name="version" value="(\d+)"/.exec(page.body)![1]! }
  expect((await admin.visitor.post(`${location}/commit`, given)).status).toBe(303)
}

describe('instruments', () => {
  test('are followed, changed and checked by people, each noted once and each turning the market’s version', async () => {
    const before = await version()
    const added = await Promise.all(
      [admin, other].map((who) =>
        who.visitor.post('/admin/market/instruments/new', { ...details, symbol: 'goldbees' }),
      ),
    )
    expect(added.map(({ status }) => status)).toEqual([303, 303])
    expect(await instrument('GOLDBEES')).toMatchObject({
      name: 'Gold',
      kind: 'other',
      universe: 'broad',
      shown: true,
      isin: null,
    })
    expect(await entries('instrument.added')).toHaveLength(1)

    const here = '/admin/market/instruments/GOLDBEES'
    const changes = await Promise.all([
      admin.visitor.post(here, { ...details, name: 'Gold bars', seen: '1' }),
      other.visitor.post(here, { ...details, name: 'Bullion', seen: '1' }),
    ])
    expect(changes.map(({ status }) => status).sort()).toEqual([303, 409])
    const lost = changes.find(({ status }) => status === 409)!
    expect(lost.body).toContain('Somebody changed GOLDBEES in the meantime.')
    // What was typed is still there.
    expect(lost.body).toMatch(/value="(Gold bars|Bullion)"/)
    expect(await entries('instrument.changed')).toMatchObject([
      { before: { name: 'Gold' }, after: { name: expect.any(String) } },
    ])

    const checks = [
      await admin.visitor.post(`${here}/verified`, { seen: '2' }),
      await admin.visitor.post(`${here}/verified`, { seen: '2' }),
    ]
    expect(checks.map(({ status }) => status)).toEqual([303, 303])
    expect((await admin.visitor.post(`${here}/verified`, { seen: '1' })).status).toBe(409)
    expect(await entries('instrument.verified')).toHaveLength(1)
    expect(await version()).toBe(before + 3)

    expect((await admin.visitor.post(`${here}/removal`)).status).toBe(303)
    expect((await admin.visitor.post(`${here}/removal`)).status).toBe(303)
    expect(await instrument('GOLDBEES')).toBeUndefined()
  })

  test('cannot be what they cannot be; the fields say why and keep what was typed', async () => {
    for (const [changed, sentence] of [
      [{ symbol: 'NOT A SYMBOL' }, 'The symbol as NSE writes it'],
      [{ symbol: 'BANKBEES' }, 'BANKBEES is followed already.'],
      [{ symbol: 'NEWBEES', name: ' ' }, 'A short name'],
      [{ symbol: 'NEWBEES', isin: 'INF204KB15I8' }, 'That is no ISIN of an Indian fund'],
      [{ symbol: 'NEWBEES', isin: 'US0378331005' }, 'That is no ISIN of an Indian fund'],
    ] as const) {
      const answer = await admin.visitor.post('/admin/market/instruments/new', { ...details, ...changed })
      expect([changed, answer.status, answer.body.includes(sentence)]).toEqual([changed, 422, true])
      expect(answer.body).toContain('value="Domestic gold price"')
    }
    expect(await instrument('NEWBEES')).toBeUndefined()
    expect((await admin.visitor.get('/admin/market/instruments/NOSUCH')).status).toBe(404)
    const isins = await app.sql<{ isin: string }[]>`select isin from instruments where isin is not null`
    expect(isins.filter(({ isin }) => !isIsin(isin))).toEqual([])
  })

  test('are ranked among sectors, themes or broad indices, and offered as benchmarks, as the form says', async () => {
    await admin.visitor.post('/admin/market/instruments/new', { ...details, symbol: 'THEMEBEES', universe: 'theme' })
    expect(await instrument('THEMEBEES')).toMatchObject({ universe: 'theme', isBenchmarkChoice: false, kind: 'other' })
    const here = '/admin/market/instruments/THEMEBEES'
    const changed = { ...details, universe: 'sector', isBenchmarkChoice: 'yes', seen: '1' }
    expect((await admin.visitor.post(here, changed)).status).toBe(303)
    expect(await instrument('THEMEBEES')).toMatchObject({ universe: 'sector', isBenchmarkChoice: true, kind: 'sector' })
    expect((await admin.visitor.post(here, changed)).status).toBe(303)
    const list = await admin.visitor.get('/admin/market/instruments')
    expect(list.body.replace(/\s+/g, ' ')).toContain('Sector, also a benchmark')
    expect(await entries('instrument.changed')).toContainEqual(
      expect.objectContaining({ after: expect.objectContaining({ universe: 'sector', isBenchmarkChoice: true }) }),
    )
    await admin.visitor.post(`${here}/removal`)
  })

  test('the benchmark stays the benchmark and shown, unless another one is chosen on purpose', async () => {
    await commits(['2020-11-17', 'NIFTYBEES', 290], ['2020-11-17', 'BANKBEES', 500])
    const [seen] = await app.sql<{ revision: number }[]>`select revision from instruments where symbol = 'NIFTYBEES'`
    await admin.visitor.post('/admin/market/instruments/NIFTYBEES', {
      ...details,
      name: 'Nifty',
      shown: '',
      seen: String(seen!.revision),
    })
    expect(await instrument('NIFTYBEES')).toMatchObject({ name: 'Nifty', kind: 'benchmark', shown: true })
    expect((await admin.visitor.post('/admin/market/instruments/NIFTYBEES/removal')).status).toBe(409)

    const ask = (symbol: string, form: Record<string, string>) =>
      admin.visitor.post(`/admin/market/instruments/${symbol}/benchmark`, form)
    expect((await ask('BANKBEES', { seen: 'NIFTYBEES', again: 'bank' })).status).toBe(422)
    const empty = await ask('ITBEES', { seen: 'NIFTYBEES', again: 'ITBEES' })
    expect([empty.status, empty.body.includes('It has no prices')]).toEqual([409, true])
    const both = await Promise.all([1, 2].map(() => ask('BANKBEES', { seen: 'NIFTYBEES', again: 'bankbees' })))
    expect(both.map(({ status }) => status)).toEqual([303, 303])
    expect([(await instrument('BANKBEES'))!.kind, (await instrument('NIFTYBEES'))!.kind]).toEqual([
      'benchmark',
      'other',
    ])
    expect((await ask('NIFTYBEES', { seen: 'ITBEES', again: 'NIFTYBEES' })).status).toBe(409)
    expect((await ask('NIFTYBEES', { seen: 'BANKBEES', again: 'NIFTYBEES' })).status).toBe(303)
    expect(await entries('benchmark.changed')).toEqual([
      { before: 'NIFTYBEES', after: 'BANKBEES' },
      { before: 'BANKBEES', after: 'NIFTYBEES' },
    ])
  })
})

const opens = async (day: string) => (await app.sql<{ open: boolean }[]>`select trades_on(${day}) as open`)[0]!.open
/** A day as NSE's list writes it, some days later. */
const dayOfList = (day: string, later: number) => {
  const [year, month, date] = daysAfter(day, later).split('-')
  return `${date}-${['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][Number(month) - 1]}-${year}`
}

describe('splits and holidays', () => {
  test('a split entered by hand counts once, cannot be doubled, and is taken away again', async () => {
    const split = { symbol: 'ITBEES', day: '2020-11-12', ratio: '10' }
    const before = await version()
    const twice = await Promise.all([1, 2].map(() => admin.visitor.post('/admin/market/splits', split)))
    expect(twice.map(({ status }) => status)).toEqual([303, 303])
    expect(await version()).toBe(before + 1)
    expect((await admin.visitor.post('/admin/market/splits', { ...split, ratio: '5' })).status).toBe(409)
    for (const wrong of [{ symbol: 'NOSUCH' }, { day: '2020-02-31' }, { day: '' }, { ratio: '1' }])
      expect([wrong, (await admin.visitor.post('/admin/market/splits', { ...split, ...wrong })).status]).toEqual([
        wrong,
        422,
      ])
    const [row] = await app.sql<{ id: number; ratio: number }[]>`select id::int as id, ratio from counted_splits()`
    expect(row!.ratio).toBe(10)
    await Promise.all([1, 2].map(() => admin.visitor.post(`/admin/market/splits/${row!.id}/removal`)))
    expect(await app.sql`select from counted_splits()`).toHaveLength(0)
    expect(await entries('split.removed')).toHaveLength(1)
  })

  test('holidays are pasted, all or none, and taken away; the same again changes nothing', async () => {
    const lines = '2027-01-26 Republic Day\n\n26-Mar-2027, Good Friday\r\n20270815\tIndependence Day'
    expect((await admin.visitor.post('/admin/market/holidays', { lines })).status).toBe(303)
    const before = await version()
    expect((await admin.visitor.post('/admin/market/holidays', { lines })).status).toBe(303)
    expect(await version()).toBe(before)
    const wrong = await admin.visitor.post('/admin/market/holidays', {
      lines: '2027-10-02 Gandhi Jayanti\n2027-02-31 Nothing',
    })
    expect([wrong.status, wrong.body.includes('Line 2: “2027-02-31 Nothing” is not a date and a name')]).toEqual([
      422,
      true,
    ])
    expect(wrong.body).toContain('2027-10-02 Gandhi Jayanti')
    const days = await app.sql<
      { day: string }[]
    >`select day::text as day from holidays where day > '2027-01-01' order by day`
    // Independence Day is a Sunday in 2027.
    expect(days.map(({ day }) => day)).toEqual(['2027-01-26', '2027-03-26'])
    for (const day of ['2027-03-26', '2027-03-26', '2027-02-31', 'x'])
      expect((await admin.visitor.post('/admin/market/holidays/removal', { day })).status).toBe(303)
    expect(await entries('holiday.removed')).toHaveLength(1)
    expect(await entries('calendar.saved')).toEqual([
      { holidays: ['2027-01-26 Republic Day', '2027-03-26 Good Friday'], sessions: [] },
    ])
  })

  test('NSE’s own list is imported with its session, and says what it no longer names', async () => {
    const entry = (tradingDate: string, description: string) => ({ tradingDate, weekDay: '', description })
    const fridays = Array.from({ length: 11 }, (_, i) => entry(dayOfList('2028-01-07', 7 * i), `Holiday ${i + 1}`))
    const others = Array.from({ length: 600 }, (_, i) => entry('26-Jan-2028', `Of another segment, ${i}`))
    const list = {
      CBM: others,
      CM: [...fridays, entry('17-Oct-2028', 'Diwali Laxmi Pujan*'), entry('15-Jan-2028', 'Pongal')],
    }
    const text = JSON.stringify(list)
    expect(text.length).toBeGreaterThan(40_000)
    await admin.visitor.post('/admin/market/holidays', { lines: '2028-06-01 Moved since' })
    expect((await admin.visitor.post('/admin/market/holidays', { lines: text })).status).toBe(303)
    const page = await admin.visitor.get('/admin/market/holidays')
    expect(page.body).toContain('12 holidays and 1 special session saved.')
    expect(page.body).toContain('Open on Tue, 17 Oct 2028 (Muhurat trading).')
    expect(page.body).toContain('1 day on weekends left out')
    expect(page.body).toContain('Entered here, and not in this list: Thu, 1 Jun 2028 (Moved since).')
    expect(await opens('2028-10-17')).toBe(true)
    const remove = { day: '2028-10-17', kind: 'session' }
    await Promise.all([1, 2].map(() => admin.visitor.post('/admin/market/holidays/removal', remove)))
    expect(await entries('session.removed')).toEqual([{ day: '2028-10-17', name: 'Muhurat trading' }])
    expect(await opens('2028-10-17')).toBe(false)
    for (const lines of [text.slice(0, -9), '{"FO":[]}']) {
      const refused = await admin.visitor.post('/admin/market/holidays', { lines })
      expect([refused.status, refused.body.includes(lines.slice(0, 8).replaceAll('"', '&quot;'))]).toEqual([422, true])
    }
    await app.sql`delete from holidays where day >= '2028-01-01'`
  })

  test('a calendar that looks incomplete is said on its page and on the overview', async () => {
    await app.sql`update holidays set day = '2024-01-23' where day = '2024-01-26'`
    for (const path of ['', '/holidays'])
      expect((await admin.visitor.get(`/admin/market${path}`)).body).toMatch(
        /The calendar of 2024 looks incomplete[\s\S]*Missing: Republic Day\./,
      )
    await app.sql`update holidays set day = '2024-01-26' where day = '2024-01-23'`
  })

  test('the calendar comes with 2024 to 2026, weekdays all of them, and nothing looks incomplete', async () => {
    const years = await app.sql<{ year: number; holidays: number }[]>`
      select extract(year from day)::int as year, count(*)::int as holidays from holidays
      where extract(isodow from day) < 6 and day < '2027-01-01' group by 1 order by 1`
    expect(years).toEqual([
      { year: 2024, holidays: 17 },
      { year: 2025, holidays: 14 },
      { year: 2026, holidays: 16 },
    ])
    expect(await app.sql`select from holidays where extract(isodow from day) > 5`).toHaveLength(0)
    const of2027 = await app.sql`select from holidays where day > '2027-01-01'`
    const shipped = await findCalendarFlaws(app.sql, '2026-06-01')
    expect(shipped.filter(({ year }) => year < 2027)).toEqual([])
    expect(of2027.length).toBeGreaterThan(0)
    for (const [day, open] of [
      ['2024-01-20', true],
      ['2024-11-01', true],
      ['2024-11-20', false],
      ['2025-02-01', true],
      ['2025-10-22', false],
      ['2026-01-15', false],
      ['2026-02-01', true],
      ['2026-04-03', false],
      ['2026-11-08', true],
      ['2026-11-07', false],
      ['2020-11-14', true],
      ['2026-11-27', true],
    ] as const)
      expect([day, await opens(day)]).toEqual([day, open])
  })
})

test('the overview tells what is missing in between, what has gone stale, and how old the market is', async () => {
  await commits(
    ['2020-11-16', 'NIFTYBEES', 289],
    ['2020-11-18', 'NIFTYBEES', 291],
    ['2020-11-19', 'NIFTYBEES', 292],
    ['2020-11-16', 'AUTOBEES', 20],
    ['2020-11-18', 'AUTOBEES', 21],
    ['2020-11-16', 'INFRABEES', 9],
    ['2020-11-19', 'INFRABEES', 9.1],
  )
  const page = await admin.visitor.get('/admin/market')
  expect(page.body).toContain('AUTOBEES has no price since Wed, 18 Nov 2020')
  expect(page.body).toContain('INFRABEES has no price on 2 trading days')
  expect(page.body).toContain('Tue, 17 Nov 2020; Wed, 18 Nov 2020.')
  expect(page.body).toMatch(/\d+ instruments have no prices/)
  expect(page.body).toContain('METALIETF')
  expect(page.body).toContain('As of Thu, 19 Nov 2020')
  const age = await marketAge(app.sql)
  expect([age.asOf, age.sample]).toEqual(['2020-11-19', false])
})

test('a week that every instrument misses is one problem, the benchmark’s; so is a day that it misses alone', async () => {
  const symbols = ['NIFTYBEES', 'BANKBEES', 'ITBEES', 'PHARMABEES']
  const rows: Parameters<typeof long>[1][] = []
  for (let day = '2025-09-29'; day <= '2025-11-28'; day = daysAfter(day, 1))
    if ((await opens(day)) && !(day >= '2025-11-17' && day <= '2025-11-21'))
      for (const symbol of symbols) if (!(symbol === 'NIFTYBEES' && day === '2025-10-14')) rows.push([day, symbol, 100])
  await app.sql`update imports set status = 'undone', undone_at = now() where status = 'committed'`
  await commits(...rows)
  const { body } = await admin.visitor.get('/admin/market')
  expect(body).toContain('NIFTYBEES has no price on 6 trading days')
  expect(body).toContain('Mon 17 Nov to Fri 21 Nov 2025; Tue 14 Oct 2025.')
  expect(body.match(/BANKBEES (has no price on|has \d+ prices? on days)/g)).toBeNull()
  const cells = (symbol: string) =>
    body
      .split(`/instruments/${symbol}">`)[1]!
      .split('</tr>')[0]!
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
  expect(cells('NIFTYBEES')).toMatch(/Incomplete .* 6 0 $/)
  expect(cells('BANKBEES')).toMatch(/Incomplete .* 5 0 $/)

  await commits(['2025-10-02', 'NIFTYBEES', 101])
  expect((await admin.visitor.get('/admin/market')).body).toContain(
    'NIFTYBEES has prices on 1 day when the exchange was closed',
  )
  await commits(['2019-08-05', 'NIFTYBEES', 99])
  const old = (await admin.visitor.get('/admin/market')).body
  expect(old).toContain('There is no calendar for 5 years from 2019 to 2023')
  expect(old).toContain('NIFTYBEES has no price on')
})

test('who may only look sees every page and changes nothing', async () => {
  for (const path of ['', '/imports', '/instruments', '/instruments/BANKBEES', '/splits', '/holidays']) {
    const page = await reader.visitor.get(`/admin/market${path}`)
    expect([
      path,
      page.status,
      /<button[^>]*type="submit"[^>]*>(?!Log out|Sign out)/.test(page.body.split('panel-page')[1]!),
    ]).toEqual([path, 200, false])
  }
  for (const path of [
    'instruments/new',
    'instruments/BANKBEES',
    'instruments/BANKBEES/verified',
    'instruments/BANKBEES/removal',
    'instruments/BANKBEES/benchmark',
    'splits',
    'splits/1/removal',
    'holidays',
    'holidays/removal',
  ])
    expect([path, (await reader.visitor.post(`/admin/market/${path}`, details)).status]).toEqual([path, 403])
})

test('a demo’s market says that it is a sample and how it ends; a second sample is never made', async () => {
  const demo = await startApp()
  try {
    const both = await Promise.all([seedSample(demo.sql, '2020-11-20'), seedSample(demo.sql, '2020-11-20')])
    expect(both.filter(Boolean)).toHaveLength(1)
    expect(await demo.sql`select from imports where status = 'committed'`).toHaveLength(1)
    const someone = await adminOf(demo)
    const page = await someone.visitor.get('/admin/market')
    expect(page.body).toContain('These prices are invented, up to Thu, 19 Nov 2020')
    expect(await marketAge(demo.sql)).toMatchObject({ asOf: '2020-11-19', sample: true })
    const { location } = await upload(someone, long('real.csv', ['2020-11-20', 'NIFTYBEES', 290]))
    expect((await someone.visitor.get(location!)).body).toContain('The sample prices are replaced for good')
  } finally {
    await demo.close()
  }
})

test('an import is known by when it was committed, not by when it was read', async () => {
  const by = { actor: 'test', origin: null }
  const given = async (close: number) => {
    const { location } = await upload(admin, long(`${close}.csv`, ['2020-11-11', 'OILIETF', close]))
    return Number(location!.split('/').at(-1))
  }
  const [first, second] = [await given(10), await given(11)]
  await commit(app.sql, second, by)
  await commit(app.sql, first, by)
  const counted = await app.sql<{ close: number }[]>`select close from counted_prices('OILIETF')`
  expect(counted.map(({ close }) => close)).toEqual([10])
  await expect(
    readIntoImport(app.sql, [{ path: '/nowhere/at/all.csv', name: 'all.csv' }], { origin: 'command', actor: 'test' }),
  ).rejects.toThrow()
  const [last] = await app.sql<{ status: string }[]>`select status from imports order by id desc limit 1`
  expect(last!.status).toBe('dropped')
})
