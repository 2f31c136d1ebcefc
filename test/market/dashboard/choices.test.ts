import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monthlyBars } from '../../../src/market/engine/bars.ts'
import { closesOn, frameOf } from '../../../src/market/engine/frame.ts'
import { cachedAnalysis, currentMarket, type Market } from '../../../src/market/engine/market.ts'
import { spans } from '../../../src/market/engine/returns.ts'
import { numberFormats } from '../../../src/market/engine/summary.ts'
import type { TestApp } from '../../support/app.ts'
import type { Visitor } from '../../support/visitor.ts'
import { rowsOf, subscriberOfSample, textOf } from './people.ts'

let app: TestApp
let visitor: Visitor
beforeAll(async () => {
  ;({ app, visitor } = await subscriberOfSample())
})
afterAll(() => app.close())

const newest = { step: 'week', at: null, tail: 12 } as const
const scoresIn = (html: string) => Object.fromEntries(rowsOf(html, 'ranks').map((row) => [row[0], row[3]]))
const scoresOf = (market: Market, params: { against?: string; universe?: 'broad' }) =>
  Object.fromEntries(
    cachedAnalysis(market, { ...newest, ...params })!.sectors.map((one) => [
      `${one.name} ${one.symbol}`,
      numberFormats.plain(one.score),
    ]),
  )
const csvOf = async (query: string) =>
  parse((await visitor.get(`/dashboard/table.csv${query}`)).body, { bom: true, columns: true }) as Record<
    string,
    string
  >[]

describe('what is ranked', () => {
  test.each([
    ['', 'Sector', 'sectors'],
    ['universe=broad', 'Index', 'indices'],
    ['universe=theme', 'Theme', 'themes'],
  ])('is what the heads of table, cards, heat map and map say, with “%s”: %s', async (query, head, many) => {
    if (head === 'Theme') {
      await app.sql`update instruments set universe = 'theme' where symbol in ('MODEFENCE', 'CPSEETF')`
      await app.sql`update market_state set version = version + 1`
    }
    const { body } = await visitor.get(`/dashboard?${query}`)
    const heads = (tableClass: string) =>
      textOf(new RegExp(`<table class="data ${tableClass}">[\\s\\S]*?</thead>`).exec(body)![0])
    expect(heads('heat')).toContain(`sample data ${head} 1W`)
    expect(heads('ranks')).toContain(` ${head} Rank `)
    expect(textOf(/<select name="sort">[\s\S]*?<\/select>/.exec(body)![0])).toMatch(new RegExp(`^${head} Rank`))
    const page = textOf(body)
    expect(page).toContain(`${head} rotation map`)
    expect(page).toContain(`${head} Rank In a week`)
    expect(textOf((await visitor.get(`/dashboard?${query}&only=starred`)).body)).toContain(`Show all ${many}`)
    // Whoever reads the file with a script finds the same columns in every universe.
    expect(Object.keys((await csvOf(`?${query}`))[0]!)[4]).toBe('Sector')
    await app.sql`update instruments set universe = 'sector' where symbol in ('MODEFENCE', 'CPSEETF')`
    await app.sql`update market_state set version = version + 1`
  })
})

describe('the benchmark', () => {
  test('has a row of its own in table, heat map and CSV, without a rank', async () => {
    const { body } = await visitor.get('/dashboard')
    expect(textOf(/<tbody class="against">[\s\S]*?<\/tbody>/.exec(body)![0])).toMatch(
      /^Nifty 50 NIFTYBEES Benchmark, not ranked/,
    )
    expect(rowsOf(body, 'heat')[0]![0]).toBe('Nifty 50 benchmark')
    const own = (await csvOf('')).at(-1)!
    expect(own).toMatchObject({ ETF: 'NIFTYBEES', Rank: '', 'RS score': '', Notes: 'Benchmark, not ranked' })
    const { returns } = cachedAnalysis(await currentMarket(app.sql), newest)!.benchmark
    for (const span of spans) expect(Number(own[`${span} (%)`])).toBeCloseTo(returns[span]!, 1)
  })

  test('is chosen among those that are marked, and every number and sentence is against it', async () => {
    const market = await currentMarket(app.sql)
    expect(market.benchmarks.map((one) => one.symbol)).toEqual(['NIFTYBEES', 'MID150BEES', 'JUNIORBEES'])
    const { body } = await visitor.get('/dashboard?against=JUNIORBEES')
    expect(scoresIn(body)).toEqual(scoresOf(market, { against: 'JUNIORBEES' }))
    expect(scoresIn(body)).not.toEqual(scoresIn((await visitor.get('/dashboard')).body))
    expect(textOf(body)).toContain('Sectors against Nifty Next 50')
    const page = textOf(body)
    expect(page).toContain(
      'Rank: returns of 3, 6, 9 and 12 months against Nifty Next 50, the last three months counting double.',
    )
    expect(page).not.toContain('against the Nifty')
    expect((await csvOf('?against=JUNIORBEES'))[0]).toMatchObject({ Against: 'JUNIORBEES' })
    const sector = textOf((await visitor.get('/dashboard/sectors/ITBEES?against=JUNIORBEES')).body)
    expect(sector).toContain('measured against JUNIORBEES')
    expect(sector).toContain('Close of the Nifty Next 50 ETF')
  })

  test('named as it is by default has the address without it', async () => {
    const { body } = await visitor.get('/dashboard?against=NIFTYBEES&sort=name')
    expect(body).toContain('href="/dashboard?sort=name&amp;dir=desc"')
  })

  test.each(['GOLD', 'BANKBEES', '\ud800', 'x'.repeat(5_000), '../..', 'NIFTYBEES '])(
    'cannot be %j, which is none, and the refusal is a page',
    async (symbol) => {
      const answer = await visitor.get(`/dashboard?${new URLSearchParams({ against: symbol })}`)
      expect(answer.status).toBe(404)
      expect(answer.body).toContain('There is no such benchmark.')
    },
  )

  test('is not offered when its last price is older than what can be stepped to', async () => {
    const [from, to] = ['2022-11-19', '2016-11-18']
    await app.sql`update prices set day = ${to}::date - (day - ${from}::date) where symbol = 'MID150BEES'`
    await app.sql`update market_state set version = version + 1`
    expect((await currentMarket(app.sql)).benchmarks.map((one) => one.symbol)).toEqual(['NIFTYBEES', 'JUNIORBEES'])
    expect((await visitor.get('/dashboard?against=MID150BEES')).status).toBe(404)
    await app.sql`update prices set day = ${from}::date + (${to}::date - day) where symbol = 'MID150BEES'`
    await app.sql`update market_state set version = version + 1`
  })

  test('is not offered while it is hidden or has no prices', async () => {
    const offers = async () => (await currentMarket(app.sql)).benchmarks.map((one) => one.symbol)
    await app.sql`update instruments set shown = false where symbol = 'JUNIORBEES'`
    await app.sql`update market_state set version = version + 1`
    expect(await offers()).toEqual(['NIFTYBEES', 'MID150BEES'])
    expect((await visitor.get('/dashboard?against=JUNIORBEES')).status).toBe(404)
    await app.sql`update instruments set shown = true where symbol = 'JUNIORBEES'`
    await app.sql`update market_state set version = version + 1`
    expect(await offers()).toContain('JUNIORBEES')
  })
})

describe('the universe', () => {
  test('of broad indices ranks those, and nothing against itself', async () => {
    const market = await currentMarket(app.sql)
    const { body } = await visitor.get('/dashboard?universe=broad')
    expect(scoresIn(body)).toEqual(scoresOf(market, { universe: 'broad' }))
    expect(Object.keys(scoresIn(body)).sort()).toEqual(['Midcap 150 MID150BEES', 'Nifty Next 50 JUNIORBEES'])
    expect(textOf(body)).toContain('Indices against the Nifty')
    const other = await visitor.get('/dashboard?universe=broad&against=JUNIORBEES')
    expect(Object.keys(scoresIn(other.body)).sort()).toEqual(['Midcap 150 MID150BEES', 'Nifty 50 NIFTYBEES'])
    const page = await visitor.get('/dashboard/sectors/MID150BEES')
    expect([page.status, textOf(page.body).includes('of 2')]).toEqual([200, true])
  })

  test.each([
    ['/dashboard?universe=stocks', 422],
    ['/dashboard?universe=broad&focus=ITBEES', 404],
    ['/dashboard/sectors/NIFTYBEES', 404],
    ['/dashboard?returns=relative', 422],
    ['/dashboard?step=year', 422],
    ['/dashboard/table.csv?universe=%ED%A0%80', 422],
  ])('%s is refused with %i', async (path, status) => {
    expect((await visitor.get(path)).status).toBe(status)
  })

  test('without members is an empty page, not an error', async () => {
    const { status, body } = await visitor.get('/dashboard?universe=theme')
    expect([status, rowsOf(body, 'ranks')]).toEqual([200, []])
    expect(body).not.toMatch(/NaN|undefined|Infinity/)
  })
})

test.each([
  ['', '2026-11-19-weekly-NIFTYBEES', 'week', 'sector', 'NIFTYBEES'],
  ['?step=day&against=JUNIORBEES', '2026-11-19-daily-JUNIORBEES', 'day', 'sector', 'JUNIORBEES'],
  ['?universe=broad&step=month', '2026-11-19-monthly-NIFTYBEES', 'month', 'broad', 'NIFTYBEES'],
] as const)('files say in name and rows what they are of: %s', async (query, name, step, universe, against) => {
  const isBroad = universe === 'broad'
  for (const [path, file] of [
    ['table.csv', `${isBroad ? 'indices' : 'sectors'}-${name}.csv`],
    ['map.csv', `rotation-map-${isBroad ? 'indices-' : ''}${name}.csv`],
    ['map.png', `rotation-map-${isBroad ? 'indices-' : ''}${name}.png`],
  ] as const) {
    const answer = await visitor.get(`/dashboard/${path}${query}`)
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${file}"`)
    if (path === 'map.png') continue
    const [first] = parse(answer.body, { bom: true, columns: true }) as Record<string, string>[]
    expect(Object.entries(first!).slice(-3)).toEqual([
      ['Against', against],
      ['Step', step],
      ['Universe', universe],
    ])
  }
})

describe('returns', () => {
  test('in excess are the sector’s minus the benchmark’s, to the digits of table, heat map and CSV', async () => {
    const { sectors, benchmark } = cachedAnalysis(await currentMarket(app.sql), newest)!
    const { body } = await visitor.get('/dashboard?returns=excess')
    const lines = await csvOf('?returns=excess')
    // Its heads, its caption, the cards and the heat map say so.
    const words = textOf(body)
    for (const said of [
      /<th colspan="5" scope="colgroup">Excess return over the Nifty, points</,
      /ranked by RS score against the Nifty, returns in excess of it,/,
      /Returns: excess over the Nifty, in percentage points\./,
      /Heat map of returns in excess of the Nifty/,
    ])
      expect(said.source.startsWith('<') ? body : words).toMatch(said)
    expect(textOf((await visitor.get('/dashboard')).body)).not.toMatch(/[Ee]xcess (return )?over/)
    for (const one of sectors) {
      const expected = spans.map((span) => one.returns[span]! - benchmark.returns[span]!)
      const printed = expected.map((value) => numberFormats.signed(value))
      const [row] = rowsOf(body, 'ranks').filter(([name]) => name === `${one.name} ${one.symbol}`)
      expect(row!.slice(7, 12)).toEqual(printed)
      expect(
        rowsOf(body, 'heat')
          .find(([name]) => name === one.name)!
          .slice(1),
      ).toEqual(printed)
      const line = lines.find(({ ETF }) => ETF === one.symbol)!
      for (const [i, span] of spans.entries())
        expect(Number(line[`${span} excess (pp)`])).toBeCloseTo(Number(expected[i]!.toFixed(1)), 9)
    }
    expect(rowsOf(body, 'heat')[0]).toEqual([
      'Nifty 50 its own return',
      ...spans.map((span) => numberFormats.signed(benchmark.returns[span])),
    ])
    expect(lines.at(-1)).toMatchObject({ Notes: 'Benchmark, not ranked; its own returns, in percent' })
  })
})

describe('a month', () => {
  test('is a bar at the last day on which both traded, and the running one is provisional', async () => {
    const page = textOf((await visitor.get('/dashboard?step=month')).body)
    expect(page).toContain('Month not over: provisional')
    expect(page).toContain('As of Thu, 19 Nov 2026')
    expect(page).toContain('formula C/2, provisional')
    expect(textOf((await visitor.get('/dashboard?step=month&at=2026-10-30')).body)).not.toContain('Month not over')
  })

  test('steps to the one before and after it, and its days are the last ones of each month', async () => {
    const { body } = await visitor.get('/dashboard?step=month&at=2026-10-30')
    expect(body).toContain('href="/dashboard?step=month&amp;at=2026-09-30"')
    const days = [...body.matchAll(/<option value="(\d{4}-\d\d-\d\d)"/g)].map((match) => match[1]!)
    expect(days.length).toBeGreaterThan(40)
    expect(new Set(days.map((day) => day.slice(0, 7))).size).toBe(days.length)
  })

  test('that began before the prices did is a bar; one that was cut off is none', () => {
    const days = ['2026-01-29', '2026-01-30', '2026-02-02', '2026-02-27', '2026-03-02']
    const prices = new Map(days.map((day, i) => [day, 100 + i]))
    const calendar = { isOpen: () => false, isKnown: () => true }
    const barsWith = (months: number) => {
      const frame = frameOf(prices, calendar, null, { weeks: 0, days: 0, months })!
      return monthlyBars(frame, closesOn(frame.days, prices)).days
    }
    expect(barsWith(3)).toEqual(['2026-01-30', '2026-02-27', '2026-03-02'])
    expect(barsWith(2)).toEqual(['2026-02-27', '2026-03-02'])
  })
})

test('every choice is in the address, is kept by every other link, and is one entry of a bounded cache', async () => {
  const query = 'step=month&against=MID150BEES&universe=broad&returns=excess'
  const { body } = await visitor.get(`/dashboard?${query}`)
  const links = [...body.matchAll(/href="(\/dashboard(?:\/table\.csv|\/sectors\/[A-Z0-9]+)?\?[^"#]*)/g)].map((match) =>
    match[1]!.replaceAll('&amp;', '&'),
  )
  expect(links.length).toBeGreaterThan(20)
  for (const link of links) {
    const params = new URL(link, app.url).searchParams
    expect([link, params.get('against'), params.get('universe'), params.get('returns')]).toEqual([
      link,
      'MID150BEES',
      'broad',
      'excess',
    ])
  }
})
