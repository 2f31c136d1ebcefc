import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { everyWeekday } from '../../../src/market/calendar/trading-calendar.ts'
import { besideEnds } from '../../../src/market/charts/end-labels.ts'
import { comparisonOf } from '../../../src/market/engine/comparison.ts'
import { cachedAnalysis, currentMarket } from '../../../src/market/engine/market.ts'
import type { TestApp } from '../../support/app.ts'
import { Visitor } from '../../support/visitor.ts'
import { oneWhoseSubscriptionIs, rowsOf, subscriberAt, subscriberOfSample, textOf } from './people.ts'

const path = '/dashboard/compare'
let app: TestApp
let visitor: Visitor
beforeAll(async () => {
  ;({ app, visitor } = await subscriberOfSample())
})
afterAll(() => app.close())

const get = (query = '') => visitor.get(`${path}${query}`)
const ticked = (html: string) => [...html.matchAll(/value="([A-Z0-9]+)" checked/g)].map(([, symbol]) => symbol).sort()
const linesIn = (html: string) => rowsOf(html, 'lines-table')
/** The figures side by side: by their title, a text for each sector and the benchmark. */
const figuresIn = (html: string) => {
  const table = /<table class="side-by-side[^>]*>([\s\S]*?)<\/table>/.exec(html)![1]!
  return Object.fromEntries(
    [...table.matchAll(/<tr[^>]*>([\s\S]*?)<\/tr>/g)].map(([, row]) => {
      const cells = [...row!.matchAll(/<t[hd][^>]*>([\s\S]*?)<\/t[hd]>/g)].map(([, cell]) => textOf(cell!))
      return [cells[0]!, cells.slice(1)]
    }),
  )
}
/** Closes by day, as they are in the table. */
const closesOf = async (symbol: string) =>
  new Map(
    await app.sql<{ day: string; close: number }[]>`
      select day::text as day, close::float8 as close from prices where symbol = ${symbol}
    `.then((rows) => rows.map(({ day, close }) => [day, close] as const)),
  )

describe('a comparison', () => {
  test('draws close ÷ close of the benchmark of each sector from 100, as computed from the prices alone', async () => {
    const rows = linesIn((await get('?with=ITBEES&with=METALIETF&span=3m')).body).reverse()
    expect(rows).toHaveLength(63)
    const nifty = await closesOf('NIFTYBEES')
    const days = [...nifty.keys()].sort().slice(-63)
    for (const [place, symbol] of ['ITBEES', 'METALIETF'].entries()) {
      const closes = await closesOf(symbol)
      const strength = days.map((day) => closes.get(day)! / nifty.get(day)!)
      expect(rows.map((cells) => cells[place + 1])).toEqual(
        strength.map((one) => ((100 * one) / strength[0]!).toFixed(2)),
      )
    }
  })

  test('draws prices from 100 with the benchmark’s beside them when prices are chosen', async () => {
    const { body } = await get('?with=ITBEES&with=METALIETF&span=3m&lines=price')
    const rows = linesIn(body).reverse()
    const days = [...(await closesOf('NIFTYBEES')).keys()].sort().slice(-63)
    for (const [place, symbol] of ['ITBEES', 'METALIETF', 'NIFTYBEES'].entries()) {
      const closes = await closesOf(symbol)
      const own = days.map((day) => ((100 * closes.get(day)!) / closes.get(days[0]!)!).toFixed(2))
      expect(rows.map((cells) => cells[place + 1])).toEqual(own)
    }
    expect(textOf(body)).toContain('Closes, adjusted for splits, each from 100')
  })

  test('begins a younger sector at 100 on its own first bar, and says so', async () => {
    await app.sql`delete from prices where symbol = 'MODEFENCE' and day < '2026-03-11'`
    await app.sql`update market_state set version = version + 1`
    const { body } = await get('?with=MODEFENCE&with=ITBEES')
    const own = linesIn(body).map((cells) => cells[1])
    expect([own.at(-1), own.findLast((text) => text !== '–')]).toEqual(['–', '100.00'])
    expect(textOf(body)).toContain(
      'A Defence is 100 on Fri, 13 Mar 2026: it has no price before that day in this span.',
    )
    expect(textOf(body)).not.toContain('B IT is 100 on')
    // A year's score is too much for it: of two that are shown it is not said that fifteen have a rank.
    expect(textOf(body)).toContain('Without a rank: Defence (')
    expect(textOf(body)).not.toMatch(/\d+ of 2 have a rank/)
    expect(textOf((await get('?with=MODEFENCE&with=ITBEES&span=3m')).body)).not.toContain('it has no price before')
  })

  test('prints the very numbers of the rank table beside each other, by the reader’s benchmark, step and returns', async () => {
    const ranked = cachedAnalysis(await currentMarket(app.sql), { step: 'week', at: null, tail: 12 })!.ranked
    for (const params of ['', '&step=day&returns=excess', '&against=JUNIORBEES&step=month']) {
      const { body } = await get(`?with=METALIETF&with=ITBEES${params}`)
      expect(textOf(body).includes('The returns of NIFTYBEES are its own')).toBe(params.includes('excess'))
      const figures = figuresIn(body)
      const table = rowsOf((await visitor.get(`/dashboard?${params}`)).body, 'ranks')
      for (const [place, symbol] of ['METALIETF', 'ITBEES'].entries()) {
        const row = table.find(([name]) => name!.endsWith(symbol))!
        const columns = Object.entries(figures).filter(([title]) => title !== '' && !/^(Rank|Quadrant)/.test(title))
        expect(columns.map(([, cells]) => cells[place])).toEqual(row.slice(3, -1))
        expect([figures.Quadrant![place], figures[`Rank of ${ranked}`]![place]]).toEqual([
          row[2]!.replace(' *', ''),
          row[1],
        ])
      }
    }
  })

  test('keeps span, lines and choice when step, span or lines change, and its sectors lead to their pages', async () => {
    const { body } = await get('?step=day&with=ITBEES&with=AUTOBEES&span=1y&lines=price')
    for (const href of [
      '/dashboard/compare?step=day&amp;with=ITBEES&amp;with=AUTOBEES&amp;lines=price#lines',
      '/dashboard/compare?step=day&amp;with=ITBEES&amp;with=AUTOBEES&amp;span=1y#lines',
      '/dashboard/compare?with=ITBEES&amp;with=AUTOBEES&amp;span=1y&amp;lines=price#figures',
      '/dashboard/compare.csv?step=day&amp;with=ITBEES&amp;with=AUTOBEES&amp;span=1y&amp;lines=price',
      '/dashboard/sectors/AUTOBEES?step=day',
    ])
      expect(body).toContain(`href="${href}"`)
    expect(body).toContain('<title>IT, Auto compared ·')
    expect(body).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('is the same file as it is a picture, with source and sample in every row', async () => {
    const answer = await visitor.get(`${path}.csv?with=ITBEES&with=METALIETF&span=3m`)
    expect(answer.headers.get('content-disposition')).toBe(
      'attachment; filename="comparison-2026-11-19-weekly-NIFTYBEES.csv"',
    )
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const rows = parse(answer.body, { bom: true, columns: true }) as Record<string, string>[]
    const [rs, price] = await Promise.all(
      ['rs', 'price'].map(async (lines) =>
        linesIn((await get(`?with=ITBEES&with=METALIETF&span=3m&lines=${lines}`)).body),
      ),
    )
    const numbers = (names: string[]) => rows.map((row) => names.map((name) => Number(row[name]).toFixed(2))).reverse()
    expect(numbers(['ITBEES RS', 'METALIETF RS'])).toEqual(rs!.map((cells) => cells.slice(1)))
    expect(numbers(['ITBEES price', 'METALIETF price', 'NIFTYBEES price'])).toEqual(
      price!.map((cells) => cells.slice(1)),
    )
    for (const row of rows) expect(row).toMatchObject({ Against: 'NIFTYBEES', 'Sample data': 'yes' })
  })
})

describe('choosing', () => {
  test('begins with the starred ones ticked, or with the two strongest, and compares nothing yet', async () => {
    const strongest = rowsOf((await visitor.get('/dashboard')).body, 'ranks').slice(0, 2)
    const before = await get()
    expect(before.status).toBe(200)
    expect(before.body).toContain('Choose two to four sectors')
    expect(before.body).not.toContain('time-chart')
    expect(ticked(before.body)).toEqual(strongest.map(([name]) => name!.split(' ').at(-1)).sort())
    const { visitor: other } = await subscriberAt(app)
    for (const symbol of ['ITBEES', 'AUTOBEES', 'PHARMABEES'])
      await other.post('/dashboard/watch-list', { star: symbol })
    expect(ticked((await other.get(path)).body)).toEqual(['AUTOBEES', 'ITBEES', 'PHARMABEES'])
  })

  test('asks for more when there is only one, which stays ticked; repeated ones count once', async () => {
    for (const query of ['?with=ITBEES', '?with=ITBEES&with=ITBEES', '?with=&with=ITBEES']) {
      const { status, body } = await get(query)
      expect([status, ticked(body), body.includes('time-chart')]).toEqual([200, ['ITBEES'], false])
    }
    expect(linesIn((await get('?with=ITBEES&with=AUTOBEES&with=ITBEES')).body)[0]).toHaveLength(3)
  })

  test('of more than four is refused in words, and all of it stays ticked', async () => {
    const symbols = ['AUTOBEES', 'BANKBEES', 'ITBEES', 'METALIETF', 'PHARMABEES']
    const { status, body } = await get(`?${symbols.map((symbol) => `with=${symbol}`).join('&')}`)
    expect([status, ticked(body), body.includes('time-chart')]).toEqual([422, symbols, false])
    expect(textOf(body)).toContain('You chose 5 sectors. Choose two to four sectors.')
    expect((await get(`?${'with=ITBEES1&with=X&'.repeat(600)}with=ITBEES`)).status).toBe(422)
  })

  test('of more than four is refused for its number, also when one of them was renamed', async () => {
    await app.sql`
      insert into former_names (symbol, kind, name, until_day) values ('AUTOBEES', 'symbol', 'AUTOOLD', '2026-01-01')
    `
    const symbols = ['AUTOOLD', 'BANKBEES', 'ITBEES', 'METALIETF', 'PHARMABEES']
    const { body } = await get(`?${symbols.map((symbol) => `with=${symbol}`).join('&')}`)
    expect(textOf(body)).toContain('You chose 5 sectors. Choose two to four sectors.')
    expect(textOf(body)).not.toContain('There is no sector')
  })

  test('names an unknown symbol without cutting a letter in two', async () => {
    const { body } = await get(`?with=${'a'.repeat(19)}${encodeURIComponent('😀')}&with=ITBEES`)
    expect(textOf(body)).toContain(`There is no sector with the symbol ${'a'.repeat(19)} among those ranked here.`)
  })

  test.each([
    ['NOSUCH'],
    ['NIFTYBEES'],
    ['MID150BEES'],
    ['itbees'],
    ['\ud800'],
    ['<script>'],
    ['x'.repeat(3000)],
    ['__proto__'],
  ])('of %j, which is none of the sectors, is refused in words, and the others stay ticked', async (symbol) => {
    const query = new URLSearchParams(
      [symbol.toWellFormed(), 'ITBEES', 'AUTOBEES'].map((one): [string, string] => ['with', one]),
    )
    const { status, body } = await get(`?${query}`)
    expect([status, ticked(body), body.includes('time-chart')]).toEqual([422, ['AUTOBEES', 'ITBEES'], false])
    expect(textOf(body)).toMatch(/There is no sector with the symbol .{1,30} among those ranked here\./)
    expect((await visitor.get(`${path}.csv?${query}`)).location).toBe(`${path}?${query}`)
  })

  test('is out of the reader’s universe, and leads from one to another with nothing chosen', async () => {
    const { body } = await get('?universe=broad&with=MID150BEES&with=JUNIORBEES')
    expect(textOf(body)).toContain('Compare indices')
    expect(body).toContain('href="/dashboard/compare" aria-current="false">Sectors')
    expect(linesIn(body)).toHaveLength(104)
  })

  test.each(['span=4y', 'lines=both', 'step=hour', 'at=yesterday', 'returns=total'])('%s is refused', async (query) => {
    expect((await get(`?with=ITBEES&with=AUTOBEES&${query}`)).status).toBe(422)
  })

  test('begins on a sector’s page, in its span, with its universe', async () => {
    expect((await visitor.get('/dashboard/sectors/ITBEES?step=day&span=5y')).body).toContain(
      'href="/dashboard/compare?step=day&amp;with=ITBEES&amp;span=5y">Compare with another sector',
    )
    expect((await visitor.get('/dashboard/sectors/MID150BEES')).body).toContain(
      'href="/dashboard/compare?universe=broad&amp;with=MID150BEES">Compare with another index',
    )
  })

  test('knows a sector by the symbol that it had before', async () => {
    await app.sql`
      insert into former_names (symbol, kind, name, until_day) values ('ITBEES', 'symbol', 'ITOLD', '2026-01-01')
    `
    expect(linesIn((await get('?with=ITOLD&with=AUTOBEES&with=ITBEES')).body)[0]).toHaveLength(3)
  })
})

describe('for subscribers', () => {
  test.each([path, `${path}.csv`])('%s turns everybody else away', async (address) => {
    const query = '?with=ITBEES&with=AUTOBEES'
    const pending = new Visitor(app)
    await pending.register()
    const expired = await oneWhoseSubscriptionIs(app, { endsInDays: -10 })
    for (const person of [pending, expired]) {
      const answer = await person.get(`${address}${query}`)
      expect([answer.status, answer.location]).toEqual([303, '/dashboard'])
    }
    expect(textOf((await pending.get('/dashboard')).body)).toMatch(/Comparing sectors comes|comparison as a file comes/)
    expect((await new Visitor(app).get(`${address}${query}`)).location).toBe(
      `/login?next=${encodeURIComponent(`${address}${query}`)}`,
    )
  })

  test('is not kept by anybody, and is labelled as a sample', async () => {
    const answer = await get('?with=ITBEES&with=AUTOBEES')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(textOf(answer.body)).toContain('Sample data')
    expect(textOf(answer.body)).toContain('Sample data: invented prices')
  })
})

test('the lines of the golden pair are close ÷ close, from 100', () => {
  const golden = JSON.parse(
    readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'market', 'rs-golden.json'), 'utf8'),
  ) as { dates: string[]; bench: number[]; sec: number[] }
  const pricesOf = (closes: number[]) => new Map(golden.dates.map((day, i) => [day, closes[i]!]))
  const { days, benchmark, lines } = comparisonOf(
    pricesOf(golden.bench),
    [{ symbol: 'SEC', prices: pricesOf(golden.sec) }],
    { asOf: golden.dates.at(-1)!, calendar: everyWeekday, span: '2y' },
  )
  const from = golden.dates.length - 104
  expect(days).toEqual(golden.dates.slice(from))
  for (const [bar, value] of lines[0]!.rs.entries()) {
    const strength = (i: number) => golden.sec[i]! / golden.bench[i]!
    expect(value).toBeCloseTo((100 * strength(from + bar)) / strength(from), 9)
    expect(lines[0]!.price[bar]).toBeCloseTo((100 * golden.sec[from + bar]!) / golden.sec[from]!, 9)
    expect(benchmark[bar]).toBeCloseTo((100 * golden.bench[from + bar]!) / golden.bench[from]!, 9)
  }
})

test('labels at the ends of lines never cover each other, keep their order, and stay in the plot', () => {
  const reach = { top: 40, bottom: 360 }
  for (const heights of [[200, 200, 200, 200, 200], [359, 360, 10, 358], [41, 40, 42], [100, 300], [250]]) {
    const placed = besideEnds(heights, reach)
    const order = heights.map((_, i) => i).sort((a, b) => placed[a]! - placed[b]!)
    for (const [i, one] of order.entries()) {
      expect(placed[one]).toBeGreaterThanOrEqual(reach.top)
      expect(placed[one]).toBeLessThanOrEqual(reach.bottom)
      if (i > 0) expect(placed[one]! - placed[order[i - 1]!]!).toBeGreaterThanOrEqual(17)
      if (i > 0) expect(heights[one]).toBeGreaterThanOrEqual(heights[order[i - 1]!]!)
    }
  }
  expect(besideEnds([100, 300], reach)).toEqual([100, 300])
})
