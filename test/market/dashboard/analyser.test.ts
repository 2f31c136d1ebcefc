import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { columns, numberColumns, titleWithUnit } from '../../../src/market/dashboard/columns.ts'
import { openWeekOf } from '../../../src/market/dashboard/open-week.ts'
import { analyse } from '../../../src/market/engine/analysis.ts'
import { freshnessOf } from '../../../src/market/engine/freshness.ts'
import { cachedAnalysis, currentMarket, stepsIn } from '../../../src/market/engine/market.ts'
import { numberFormats } from '../../../src/market/engine/summary.ts'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { fmt } from '../../../src/platform/format.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { Visitor } from '../../support/visitor.ts'
import { oneWhoseSubscriptionIs, rowsOf, subscriberAt, textOf } from './people.ts'

let app: TestApp
let visitor: Visitor
/** A sector that has no prices, and one whose prices began too late for most figures. */
const [silent, young] = ['CPSEETF', 'MODEFENCE'] as const

beforeAll(async () => {
  app = await startApp()
  visitor = (await subscriberAt(app)).visitor
  await seedSample(app.sql, '2026-11-20')
  await app.sql`delete from prices where symbol = ${silent} or (symbol = ${young} and day < '2026-06-01')`
  await changed()
})
afterAll(() => app.close())

const changed = () => app.sql`update market_state set version = version + 1`
const tableAt = async (query: string) => rowsOf((await visitor.get(`/dashboard${query}`)).body, 'ranks')
const isBefore = (a: string | number, b: string | number) =>
  typeof a === 'string' ? a.localeCompare(String(b), 'en') <= 0 : a <= Number(b)
const htmx = { 'hx-request': 'true' }

describe('who may see it', () => {
  test.each([
    ['active', {}],
    ['grace', { endsInDays: -1 }],
  ])(
    'with an %s subscription the analyser stands on the dashboard, a sector has its page, the table comes as CSV',
    async (_, subscription) => {
      const person = await oneWhoseSubscriptionIs(app, subscription)
      expect((await person.get('/dashboard')).body).toContain('id="analyser"')
      expect((await person.get('/dashboard/sectors/ITBEES')).status).toBe(200)
      expect((await person.get('/dashboard/table.csv')).headers.get('content-type')).toBe('text/csv; charset=utf-8')
    },
  )

  test.each([
    ['expired', { endsInDays: -10 }, 'Renew for ₹499'],
    ['cancelled', { status: 'cancelled' }, 'Subscribe for ₹499'],
  ])('with an %s one there is the preview and the way back, and nothing of today', async (_, subscription, act) => {
    await turnedAway(await oneWhoseSubscriptionIs(app, subscription), act)
  })

  test('before the first payment there is the preview and the way in', async () => {
    const person = new Visitor(app)
    await person.register()
    await turnedAway(person, 'Activate for ₹499')
  })

  async function turnedAway(person: Visitor, act: string) {
    const page = await person.get('/dashboard')
    expect(page.status).toBe(200)
    expect(page.body.indexOf(act)).toBeGreaterThan(0)
    expect(page.body.indexOf(act)).toBeLessThan(page.body.indexOf('class="map'))
    expect(page.body).not.toContain('id="analyser"')
    // Below what is said of the subscription, whose own end may be that very day.
    expect(page.body.slice(page.body.indexOf('id="preview-title"'))).not.toContain('19 Nov 2026')
    for (const path of [
      '/dashboard/sectors/ITBEES',
      '/dashboard/table.csv?sort=name',
      '/dashboard/map.csv',
      '/dashboard/map.json',
      '/dashboard/map.png?tail=4',
      '/dashboard/sectors/NOWHERE',
    ]) {
      const answer = await person.get(path)
      expect([answer.status, answer.location]).toEqual([303, '/dashboard'])
      expect((await person.get('/dashboard')).body).toContain('with a subscription.')
    }
    const fragment = await person.get('/dashboard?sort=name', htmx)
    expect([fragment.status, fragment.location, fragment.body]).toEqual([200, '/dashboard', ''])
  }

  test('visitors are asked to log in, also where a fragment or a file was asked for', async () => {
    const nobody = new Visitor(app)
    for (const path of ['/dashboard?sort=name', '/dashboard/sectors/ITBEES', '/dashboard/table.csv']) {
      const answer = await nobody.get(path)
      expect([answer.status, answer.location]).toEqual([303, `/login?next=${encodeURIComponent(path)}`])
    }
    const fragment = await nobody.get('/dashboard', { ...htmx, 'hx-current-url': `${app.url}/dashboard?view=map` })
    expect([fragment.status, fragment.headers.get('hx-redirect')]).toEqual([
      200,
      '/login?next=%2Fdashboard%3Fview%3Dmap',
    ])
  })
})

describe('the table', () => {
  test.each(columns.map((column) => column.key))(
    'is ordered by %s both ways, those without a value last',
    async (key) => {
      const market = await currentMarket(app.sql)
      const analysis = analyse(market.benchmark!.prices, market.sectors, {
        step: 'week',
        at: null,
        tail: 12,
        calendar: market.calendar,
      })!
      const figureOf = (name: string) => {
        const one = analysis.sectors.find((sector) => name === `${sector.name} ${sector.symbol}`)!
        return key === 'name' ? one.name : columns.find((column) => column.key === key)!.value(one)
      }
      for (const dir of ['asc', 'desc']) {
        const values = (await tableAt(`?sort=${key}&dir=${dir}`)).map((row) => figureOf(row[0]!))
        const known = values.filter((value) => value !== null)
        expect(values.slice(known.length).every((value) => value === null)).toBe(true)
        const turned = dir === 'asc' ? known : known.toReversed()
        for (const [i, value] of turned.entries()) if (i > 0) expect(isBefore(turned[i - 1]!, value)).toBe(true)
      }
      expect(analysis.sectors).toHaveLength(16)
    },
  )

  test('says by its heads how it is ordered, and a second tap turns it round', async () => {
    const page = await visitor.get('/dashboard?sort=score')
    expect(page.body).toMatch(/aria-sort="descending"><a [^>]*href="\/dashboard\?sort=score&amp;dir=asc"/)
    expect(page.body.match(/aria-sort/g)).toHaveLength(1)
  })

  test('says nothing where there is nothing to say: a sector without prices is named in a line, not in the tables nor on the map', async () => {
    const page = await visitor.get('/dashboard')
    expect(rowsOf(page.body, 'ranks').some(([name]) => name!.endsWith(silent))).toBe(false)
    expect(rowsOf(page.body, 'heat').some(([name]) => name === 'PSU')).toBe(false)
    expect(page.body.match(/No prices yet: <a /g)).toHaveLength(1)
    expect(page.body).not.toMatch(/aria-label="PSU: /)
    const sector = await visitor.get(`/dashboard/sectors/${silent}`)
    expect(sector.status).toBe(200)
    expect(sector.body).not.toMatch(/NaN|undefined|null|Infinity/)
    expect(sector.body).toContain('There is no reading: No prices yet.')
  })

  test('marks a reading of a short history as provisional', async () => {
    const page = await visitor.get(`/dashboard/sectors/${young}`)
    expect(page.body).toContain('by formula C/2 (provisional')
    expect((await visitor.get('/dashboard')).body).toContain('formula B/2; for 1 sector C/2, provisional')
  })

  test('says in words how a rank moved, in table and cards alike', async () => {
    const { body } = await visitor.get('/dashboard')
    const marks = [
      ...body.matchAll(/<span class="moved (\w+)" role="img" aria-label="([^"]+)" title="([^"]+)">([^<]+)</g),
    ]
    expect(marks.length).toBeGreaterThan(20)
    for (const [, tone, label, title, mark] of marks) {
      const places = Number(mark!.slice(1))
      const said =
        mark === '=' ? 'Same rank as a week ago' : `${places} ${places === 1 ? 'place' : 'places'} ${tone} in a week`
      expect([label, title, tone]).toEqual([said, said, { '▲': 'up', '▼': 'down' }[mark![0]!] ?? 'muted'])
    }
  })

  test('comes as CSV with the same figures, in the same order, with as-of date, formula and source in each row', async () => {
    for (const query of ['', '?sort=name', '?sort=1y&at=2026-08-12', '?step=day&sort=momentum&dir=asc']) {
      const [page, file] = [await visitor.get(`/dashboard${query}`), await visitor.get(`/dashboard/table.csv${query}`)]
      expect(file.headers.get('cache-control')).toBe('no-store')
      const [step, readings] = query.includes('step=day') ? ['day', 'daily'] : ['week', 'weekly']
      const lines = parse(file.body, { bom: true, columns: true }) as Record<string, string>[]
      expect(file.headers.get('content-disposition')).toBe(
        `attachment; filename="sectors-${lines[0]!['As of']}-${readings}-NIFTYBEES.csv"`,
      )
      for (const line of lines) expect(line).toMatchObject({ Step: step, Universe: 'sector' })
      const rows = rowsOf(page.body, 'ranks')
      // The file also has the sector without prices, with nothing in its cells.
      expect(lines.find((line) => line.ETF === silent)).toMatchObject({ Rank: '', 'RS score': '' })
      const priced = lines.filter((line) => line.ETF !== silent && line.Notes !== 'Benchmark, not ranked')
      expect(priced).toHaveLength(rows.length)
      for (const [i, line] of priced.entries()) {
        const row = rows[i]!
        expect(`${line.Sector} ${line.ETF}`).toBe(row[0])
        expect(row[1]).toMatch(line.Rank ? new RegExp(`^${line.Rank}( [▲▼=]|$)`) : /^–$/)
        const printed = numberColumns.map((column) => {
          const { key, signed } = column
          const value = line[titleWithUnit(column, { step: step as 'day' | 'week', returns: 'absolute' })]!
          const figure = value === '' ? null : Number(value)
          if (key === 'ratio' || key === 'momentum') return numberFormats.reading(figure)
          return signed ? numberFormats.signed(figure) : numberFormats.plain(figure)
        })
        expect(row.slice(3, 3 + printed.length)).toEqual(printed)
        expect(line).toMatchObject({ 'Sample data': 'yes', Source: expect.stringContaining('invented') })
        expect(page.body).toContain(`<option value="${line['As of']}" selected>`)
      }
    }
  })

  test('cannot run as a formula in a spreadsheet', async () => {
    await app.sql`update instruments set name = '=HYPERLINK("http://x")' where symbol = 'ITBEES'`
    await changed()
    const file = await visitor.get('/dashboard/table.csv')
    await app.sql`update instruments set name = 'IT' where symbol = 'ITBEES'`
    await changed()
    expect(file.body).toContain(`"'=HYPERLINK(""http://x"")"`)
  })
})

describe('gaps', () => {
  const [stale, holed] = ['ITBEES', 'BANKBEES'] as const
  /** Restores what was deleted: prices are never edited. */
  async function without(condition: () => PromiseLike<unknown>, look: () => Promise<void>) {
    await app.sql`create table kept as select * from prices`
    try {
      await condition()
      await changed()
      await look()
    } finally {
      await app.sql`insert into prices select * from kept on conflict do nothing`
      await app.sql`drop table kept`
      await changed()
    }
  }
  const cellsOf = (html: string, symbol: string) => rowsOf(html, 'ranks').find(([name]) => name!.endsWith(symbol))!

  test('“of 14” names the ones that are missing, each with its reason', async () => {
    const { body } = await visitor.get('/dashboard')
    const text = textOf(body)
    expect(text).toContain('14 of 16 have a rank. Without one: ')
    expect(text).toContain('Defence (prices begin on 1 Jun 2026: less than a year)')
    expect(text).toContain('PSU (no prices yet)')
    expect(text).toContain(
      'Rank: returns of 3, 6, 9 and 12 months against the Nifty, the last three months counting double. Quadrant: ',
    )
  })

  test('every dash in the tables has its reason on hover, and as text below', async () => {
    const { body } = await visitor.get('/dashboard')
    for (const table of ['ranks', 'heat']) {
      const html = new RegExp(`<table class="data ${table}">([\\s\\S]*?)</table>`).exec(body)![1]!
      expect(html).not.toMatch(/>\s*–\s*<\/td>/)
      expect(html).toContain('<abbr class="blank" title="Prices begin on 1 Jun 2026: less than a year">–</abbr>')
    }
    expect(textOf(body)).toContain('Defence . Rank and RS score, 1Y, From high: prices begin on 1 Jun 2026')
  })

  test('a provisional reading is dashed in the table and on the map, with a legend, and said to be one', async () => {
    const { body } = await visitor.get('/dashboard?view=map')
    expect(body).toMatch(/class="quadrant \w+ dashed"\s+title="Provisional\. Prices begin on 1 Jun 2026/)
    expect(body).toMatch(/aria-label="Defence: \w+, RS-Ratio [\d.]+, RS-Momentum [\d.]+, provisional/)
    expect(body.match(/<g class="sector \w+ provisional"/g)).toHaveLength(1)
    expect(textOf(body)).toContain('Dashed: provisional, by formula C, because there are too few prices for B.')
  })

  test('an instrument whose prices ended has no figure anywhere, and the day of its last price', () =>
    without(
      () => app.sql`delete from prices where symbol = ${stale} and day > '2026-11-06'`,
      async () => {
        const page = await visitor.get('/dashboard')
        expect(new Set(cellsOf(page.body, stale).slice(1))).toEqual(new Set(['–']))
        expect(page.body).toContain('title="No price since 6 Nov"')
        expect(textOf(page.body)).toContain('IT (no price since 6 Nov)')
        expect(page.body).not.toMatch(/aria-label="IT: /)
        const sector = textOf((await visitor.get(`/dashboard/sectors/${stale}`)).body)
        expect(sector).toContain('No price since 6 Nov, so it has no figures.')
        const file = parse((await visitor.get('/dashboard/table.csv')).body, { bom: true, columns: true }) as Record<
          string,
          string
        >[]
        expect(file.find(({ ETF }) => ETF === stale)).toMatchObject({
          '1W (%)': '',
          Rank: '',
          Notes: 'No price since 6 Nov',
        })
      },
    ))

  test('a missing week is carried over, and the reading says so', () =>
    without(
      () => app.sql`delete from prices where symbol = ${holed} and day between '2026-10-12' and '2026-10-16'`,
      async () => {
        const { body } = await visitor.get('/dashboard')
        expect(cellsOf(body, holed)[2]).toMatch(/\w \*$/)
        expect(textOf(body)).toContain('* Banks : last close used for 1 missing week.')
        const sector = await visitor.get(`/dashboard/sectors/${holed}`)
        expect(textOf(sector.body)).toContain('Gaps: last close used for 1 missing week.')
      },
    ))
})

describe('what is due', () => {
  test('is said above the region, which is kept for everybody, and on a sector’s page', async () => {
    const line = freshnessOf(await currentMarket(app.sql), new Date())
    for (const path of ['/dashboard', '/dashboard/sectors/ITBEES'])
      expect((await visitor.get(path)).body.includes('role="status">Sample prices of Thu, 19 Nov')).toBe(line !== null)
    expect((await visitor.get('/dashboard', htmx)).body).not.toContain('not in yet')
  })
})

describe('stepping back', () => {
  test('to any week shows what a reader of that week’s prices alone would have seen', async () => {
    const market = await currentMarket(app.sql)
    const weeks = stepsIn(market, 'week').filter((_, i) => i % 7 === 0)
    expect(weeks.length).toBeGreaterThan(25)
    for (const at of weeks) {
      const until = (prices: ReadonlyMap<string, number>) => new Map([...prices].filter(([day]) => day <= at))
      const then = analyse(
        until(market.benchmark!.prices),
        market.sectors.map((one) => ({ ...one, prices: until(one.prices) })),
        { step: 'week', at: null, tail: 12, calendar: market.calendar },
      )!
      const shown = (await tableAt(`?at=${at}`)).map((row) => [row[0], ...row.slice(3, 6)])
      const expected = then.sectors
        .filter((one) => market.sectors.some(({ symbol, prices }) => symbol === one.symbol && until(prices).size > 0))
        .map((one) => [
          `${one.name} ${one.symbol}`,
          numberFormats.plain(one.score),
          numberFormats.reading(one.tail.at(-1)?.ratio ?? null),
          numberFormats.reading(one.tail.at(-1)?.momentum ?? null),
        ])
      expect([at, shown]).toEqual([at, expected])
    }
  })

  test('goes week by week from the newest to the oldest and back, and stops at both ends', async () => {
    const linkTo = (body: string, label: string) =>
      new RegExp(`aria-label="${label}"\\s+href="([^"]+)"`).exec(body)?.[1]?.replaceAll('&amp;', '&')
    const newest = (await visitor.get('/dashboard')).body
    expect(linkTo(newest, 'Newer')).toBeUndefined()
    const before = linkTo(newest, 'Older')!
    expect(before).toBe('/dashboard?at=2026-11-13')
    expect(linkTo((await visitor.get(before)).body, 'Newer')).toBe('/dashboard?at=2026-11-19')
    const oldest = stepsIn(await currentMarket(app.sql), 'week').at(-1)!
    const page = await visitor.get(`/dashboard?at=${oldest}`)
    expect([page.status, linkTo(page.body, 'Older')]).toEqual([200, undefined])
    expect(page.body).not.toMatch(/NaN|undefined|Infinity/)
    expect(page.body).toContain('There are not enough weeks of prices yet')
  })

  test('a day without trading is answered by the last trading day before it, a day to come by the newest', async () => {
    const asOf = async (at: string) => /As of ([^<]+)</.exec((await visitor.get(`/dashboard?at=${at}`)).body)?.[1]
    expect(await asOf('2026-11-15')).toBe('Fri, 13 Nov 2026')
    expect(await asOf('2099-01-01')).toBe('Thu, 19 Nov 2026')
  })
})

describe('what it is asked', () => {
  const junk = [
    '<script>alert(1)</script>',
    '\'"><img src=x onerror=alert(1)>',
    '../../etc',
    '%00',
    '-1',
    '1e9',
    'null',
  ]
  const names = ['view', 'step', 'at', 'tail', 'sort', 'dir', 'focus', 'zoom', 'names']
  test.each(names)('junk for %s is refused with a sentence, and never repeated', async (name) => {
    for (const value of junk)
      for (const path of ['/dashboard', '/dashboard/table.csv', '/dashboard/map.csv', '/dashboard/sectors/ITBEES'])
        for (const headers of [{}, htmx]) {
          const answer = await visitor.get(`${path}?${name}=${encodeURIComponent(value)}`, headers)
          expect([name, value, [404, 422].includes(answer.status)]).toEqual([name, value, true])
          expect(answer.body).not.toContain(value === 'null' || value === '-1' ? 'onerror' : value)
        }
  })

  test.each([
    ['?at=2026-02-31', 422],
    ['?at=1999-01-01', 422],
    ['?at=2026-13-01', 422],
    ['?at=20261120', 422],
    ['?tail=13', 422],
    ['?focus=NIFTYBEES', 404],
    ['?sort=score&sort=name', 200],
    ['?sort=&dir=&at=', 200],
    ['?unknown=1', 200],
    [`?at=${'9'.repeat(90)}`, 422],
    [`?at=${'9'.repeat(2000)}`, 422],
  ])('%s is answered %i', async (query, status) => {
    expect((await visitor.get(`/dashboard${query}`)).status).toBe(status)
  })

  test.each(['NOWHERE', 'itbees', '<b>', '%00', '..%2Fadmin', 'NIFTYBEES', 'x'.repeat(150)])(
    'there is no sector %s',
    async (symbol) => {
      const answer = await visitor.get(`/dashboard/sectors/${encodeURIComponent(symbol)}`)
      expect(answer.status).toBe(404)
      expect(answer.body).not.toContain('<b>')
    },
  )

  test('a sector’s name is only text, on every page', async () => {
    const evil = '<img src=x onerror=alert(1)>'
    await app.sql`update instruments set name = ${evil} where symbol = 'ITBEES'`
    await changed()
    for (const path of ['/dashboard', '/dashboard?focus=ITBEES', '/dashboard/sectors/ITBEES', '/'])
      expect((await visitor.get(path)).body).not.toContain(evil)
    await app.sql`update instruments set name = 'IT' where symbol = 'ITBEES'`
    await changed()
  })
})

describe('how it is sent', () => {
  test('htmx gets the region and the links above it alone, everybody else the whole page; neither is kept', async () => {
    const [page, fragment] = [await visitor.get('/dashboard?tail=4'), await visitor.get('/dashboard?tail=4', htmx)]
    const restored = await visitor.get('/dashboard?tail=4', { ...htmx, 'hx-history-restore-request': 'true' })
    const [, region] = /^(<section id="analyser"[\s\S]*<\/section>)\s*<nav class="places" [^>]*>.*?<\/nav>$/s.exec(
      fragment.body.trim(),
    )!
    expect(page.body).toContain(region)
    expect(restored.body).toContain('<html')
    for (const answer of [page, fragment])
      expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('vary')]).toEqual([
        200,
        'no-store',
        'HX-Request, Accept-Encoding',
      ])
  })
})

describe('what stands on every page with figures', () => {
  const pages = [
    '/dashboard',
    '/dashboard?view=map&tail=20',
    '/dashboard?step=day',
    '/dashboard?at=2025-03-07',
    '/dashboard/sectors/PHARMABEES',
  ]

  test('the as-of date, the source, the formula, and that it is no advice', async () => {
    for (const path of pages) {
      const text = textOf((await visitor.get(path)).body)
      expect(text).toMatch(/As of \w{3}, \d+ \w{3} 20\d\d/)
      expect(text).toMatch(/formula B\/2/)
      expect(text).toContain('not investment advice')
      expect(text).not.toMatch(/\b(buy|sell|hold|signal|opportunity|target|RRG)\b/i)
    }
  })

  test('that it is a sample, while it is one; and where it comes from, once it is real', async () => {
    for (const path of [...pages, '/']) expect((await visitor.get(path)).body).toContain('Sample data')
    const pending = new Visitor(app)
    await pending.register()
    expect((await pending.get('/dashboard')).body).toContain('Sample data')
    await app.sql`update imports set origin = 'upload'`
    await changed()
    for (const path of [...pages, '/']) {
      const { body } = await visitor.get(path)
      expect(body).not.toContain('Sample data')
      expect(body).toContain('Source: end-of-day closing prices imported by the operator')
    }
    const landing = await visitor.get('/')
    const preview = await pending.get('/dashboard')
    const { asOf } = (await openWeekOf(app.sql)).analysis
    expect(asOf <= '2026-08-19').toBe(true)
    for (const { body } of [landing, preview]) {
      expect(body).toContain(fmt.date(new Date(asOf)))
      expect(body).not.toContain('Nov 2026</')
    }
    await app.sql`update imports set origin = 'sample'`
    await changed()
  })

  test('that a week is not over', async () => {
    expect((await visitor.get('/dashboard')).body).toContain('Week not over: provisional')
    expect((await visitor.get('/dashboard?at=2026-11-13')).body).not.toContain('Week not over')
  })

  test('of daily readings, which no session can change any more, nothing of the kind', async () => {
    expect((await visitor.get('/dashboard?step=day')).body).not.toMatch(/not over/)
    const rows = parse((await visitor.get('/dashboard/table.csv?step=day')).body, { bom: true, columns: true })
    expect(rows[0]).toMatchObject({ 'Day not over': 'no' })
    expect(cachedAnalysis(await currentMarket(app.sql), { step: 'day', at: null, tail: 4 })!.provisional).toBe(false)
  })
})

test('before any prices were imported the subscriber is told so, and nothing breaks', async () => {
  const empty = await startApp()
  try {
    const person = (await subscriberAt(empty)).visitor
    const page = await person.get('/dashboard?sort=name')
    expect([page.status, page.body.includes('New prices are on their way')]).toEqual([200, true])
    expect((await person.get('/dashboard', htmx)).status).toBe(200)
    expect((await person.get('/dashboard/table.csv')).location).toBe('/dashboard')
    expect((await person.get('/dashboard')).body).toContain('There are no prices yet')
    expect((await person.get('/dashboard/sectors/ITBEES')).location).toBe('/dashboard')
    expect((await person.get('/dashboard')).body).toContain('There are no prices of this sector yet.')
    expect((await person.get('/dashboard/sectors/NOWHERE')).status).toBe(404)
    expect((await new Visitor(empty).get('/')).body).toContain('Sample data')
  } finally {
    await empty.close()
  }
})
