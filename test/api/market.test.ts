import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commitImport, holdImport, stagePrices, startImport } from '../../src/market/prices/imports/queries.ts'
import { apiFields } from '../../src/site/api-fields.ts'
import { rowsOf, subscriberAt } from '../market/dashboard/people.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { type Answer, Visitor } from '../support/visitor.ts'
import { ask, makeKey } from './key-holder.ts'
import { fridaysOf, goldenDays, type PlainPrices, plainBars, plainReturns, plainScore, upTo } from './plain-market.ts'

type Row = Record<string, number | string | null | string[]>
type Ranks = { as_of: string; ranked: number; period_over: boolean; benchmark: Row; sectors: Row[] } & Omit<Row, never>
type Series = { symbol: string; bars: Row[] } & Row

const { benchmark, sector, mirror } = goldenDays()
const followed = { NIFTYBEES: benchmark, ITBEES: sector, BANKBEES: mirror }

let app: TestApp
let visitor: Visitor
let key: string
beforeAll(async () => {
  app = await startApp()
  await importAll(followed)
  visitor = (await subscriberAt(app)).visitor
  key = await makeKey(visitor)
})
afterAll(() => app.close())

/** Imports them into a market whose trading days are those of the benchmark. */
async function importAll(given: Record<string, PlainPrices>) {
  await app.sql`delete from holidays`
  await app.sql`delete from special_sessions`
  const by = { actor: 'command', origin: null }
  const importId = await startImport(app.sql, { origin: 'command', actor: by.actor })
  for (const [symbol, { days, closes }] of Object.entries(given)) {
    const rows = days.map((day, i) => ({
      symbol,
      day,
      close: closes[i]!,
      // A file without turnovers on even days.
      volume: 1_000 + i,
      ...(i % 2 === 0 ? {} : { turnover: 7 * i + 0.25 }),
      basis: 'traded' as const,
      file: 0,
      line: i + 1,
    }))
    await stagePrices(app.sql, importId, rows)
  }
  const file = { name: 'golden.csv', bytes: 0, sha256: '', formats: ['Own'], prices: benchmark.days.length }
  await holdImport(app.sql, importId, { files: [file], problems: [], problemCount: 0 })
  expect(await commitImport(app.sql, importId, by, null)).toBe('committed')
}

const ranksOf = async (query = '') => (await ask(app, `/api/ranks${query}`, key)).json<Ranks>()
const seriesOf = async (query = '', symbol = 'ITBEES') =>
  (await ask(app, `/api/sectors/${symbol}/series${query}`, key)).json<Series>()
/** The daily closes of the API itself, as prices of the plain computation. */
const closesOf = async (symbol: string): Promise<PlainPrices> => {
  const { bars } = await seriesOf('?step=day', symbol)
  return { days: bars.map(({ day }) => String(day)), closes: bars.map(({ close }) => Number(close)) }
}

const digits: Record<string, number> = {
  close: 4,
  volume: 0,
  turnover: 2,
  rs: 4,
  score: 2,
  rs_ratio: 2,
  rs_momentum: 2,
}

/** Where a row of JSON is not what was computed, rounded as said; figures without digits of their own have one. */
function unlike(row: Row, plain: Record<string, unknown>): string[] {
  return Object.entries(plain).flatMap(([name, value]) => {
    const found = row[name]
    const places = digits[name] ?? 1
    const isSame =
      typeof value === 'number' && typeof found === 'number'
        ? Math.abs(found - value) <= 0.5 * 10 ** -places + 1e-9 && found === Number(found.toFixed(places))
        : found === value
    return isSame ? [] : [`${row.day ?? row.symbol} ${name}: ${found}, computed ${value}`]
  })
}

describe('the numbers are those of an independent computation on the golden data', () => {
  test.each([
    ['the newest day', ''],
    ['a week of last summer', '?at=2025-07-25'],
    ['a Sunday, which shows the Friday before', '?at=2025-07-27'],
  ])('in the rankings of %s', async (_what, query) => {
    const asOf = query === '' ? benchmark.days.at(-1)! : '2025-07-25'
    const answer = await ranksOf(query)
    expect([answer.as_of, answer.period_over, answer.ranked]).toEqual([asOf, true, 2])
    const [b, s, m] = [benchmark, sector, mirror].map((prices) => upTo(prices, asOf)) as [
      PlainPrices,
      PlainPrices,
      PlainPrices,
    ]
    const scores = [s, m].map((prices) => [plainScore(prices, b), plainScore(prices, b, 5)] as const)
    const rankOf = (mine: number, other: number) => (mine > other ? 1 : 2)
    for (const [i, [symbol, prices]] of (
      [
        ['ITBEES', s],
        ['BANKBEES', m],
      ] as const
    ).entries()) {
      const [own, other] = [scores[i]!, scores[1 - i]!]
      const { day: _day, close: _close, rs: _rs, ...reading } = plainBars(fridaysOf(prices), fridaysOf(b), 52).at(-1)!
      const plain = {
        ...reading,
        ...plainReturns(prices),
        score: own[0],
        rank: rankOf(own[0], other[0]),
        rank_before: rankOf(own[1], other[1]),
      }
      const row = answer.sectors.find((one) => one.symbol === symbol)!
      expect(unlike(row, plain)).toEqual([])
      expect(row.notes).toEqual([])
    }
  })

  test.each([
    ['week', 52, 104],
    ['day', 200, 300],
  ])('in the series by %s, bar by bar', async (step, mansfieldBars, shown) => {
    const { bars, ...head } = await seriesOf(`?step=${step}`)
    expect(head).toMatchObject({ symbol: 'ITBEES', step, as_of: benchmark.days.at(-1), sample: false })
    const barsOf = step === 'week' ? fridaysOf : (prices: PlainPrices) => prices
    const plain = plainBars(barsOf(sector), barsOf(benchmark), mansfieldBars).slice(-shown)
    expect(bars).toHaveLength(shown)
    expect(bars.flatMap((bar, i) => unlike(bar, plain[i]!))).toEqual([])
  })

  test('in what was traded, each day’s and each week’s', async () => {
    const traded = sector.days.map((day, i) => {
      const [volume, close] = [1_000 + i, sector.closes[i]!]
      return { day, volume, turnover: i % 2 === 0 ? volume * close : 7 * i + 0.25 }
    })
    const byDay = (await seriesOf('?step=day')).bars
    expect(byDay.flatMap((bar, i) => unlike(bar, traded.slice(-300)[i]!))).toEqual([])
    const weeks = traded.flatMap(({ day }, i) => {
      if (new Date(day).getUTCDay() !== 5) return []
      const days = traded.slice(i - 4, i + 1)
      const sum = (of: 'volume' | 'turnover') => days.reduce((all, one) => all + one[of], 0)
      return [{ day, volume: sum('volume'), turnover: sum('turnover') }]
    })
    expect((await seriesOf()).bars.flatMap((bar, i) => unlike(bar, weeks.slice(-104)[i]!))).toEqual([])
  })

  test('in the scores, which a script computes again from the daily closes of a sector and its benchmark', async () => {
    const against = await closesOf('NIFTYBEES')
    const { sectors } = await ranksOf()
    for (const symbol of ['ITBEES', 'BANKBEES']) {
      const own = await closesOf(symbol)
      expect(own.days).toEqual(against.days)
      expect(sectors.find((one) => one.symbol === symbol)!.score).toBeCloseTo(plainScore(own, against), 2)
    }
  })

  test('in a series so early that its first readings are provisional, and say so', async () => {
    const { bars } = await seriesOf('?at=2024-11-29')
    const until = (prices: PlainPrices) => fridaysOf(upTo(prices, '2024-11-29'))
    const plain = plainBars(until(sector), until(benchmark), 52)
    expect(bars.flatMap((bar, i) => unlike(bar, plain[i]!))).toEqual([])
    expect(new Set(bars.map(({ formula }) => formula))).toEqual(new Set([null, 'C/2', 'B/2']))
  })
})

describe('the JSON equals', () => {
  test.each(['', '?at=2025-03-14', '?step=day&at=2025-03-12', '?step=month', '?returns=excess&at=2025-07-25'])(
    'the CSV file, number by number: %s',
    async (query) => {
      const { sectors, as_of, benchmark } = await ranksOf(query)
      const excess = query.includes('excess')
      const csv = parse((await visitor.get(`/dashboard/table.csv${query}`)).body, {
        bom: true,
        columns: true,
      }) as Record<string, string>[]
      const columns: Record<string, string> = {
        rank: 'Rank',
        rank_before: 'Rank a week before',
        name: 'Sector',
        symbol: 'ETF',
        quadrant: 'Quadrant',
        formula: 'Formula',
        score: 'RS score',
        rs_ratio: 'RS-Ratio',
        rs_momentum: 'RS-Momentum',
        mansfield: query.includes('day')
          ? 'Mansfield 200d (%)'
          : query.includes('month')
            ? 'Mansfield 12m (%)'
            : 'Mansfield (%)',
        return_1w: '1W (%)',
        return_1m: '1M (%)',
        return_3m: '3M (%)',
        return_6m: '6M (%)',
        return_1y: '1Y (%)',
        from_high: 'From high (%)',
      }
      expect(sectors).toHaveLength(csv.length - 1)
      const rows = [...sectors, benchmark]
      for (const [i, row] of csv.entries()) {
        expect(row['As of']).toBe(as_of)
        for (const [field, column] of Object.entries(columns))
          expect([field, String(rows[i]![field] ?? '')]).toEqual([
            field,
            row[excess ? column.replace(/^(\d+[WMY]) \(%\)/, '$1 excess (pp)') : column],
          ])
      }
    },
  )

  test('the table on the page', async () => {
    const { sectors } = await ranksOf()
    const rows = rowsOf((await visitor.get('/dashboard')).body, 'ranks')
    for (const one of sectors.filter(({ rank }) => rank !== null)) {
      const row = rows.find((cells) => cells.some((cell) => cell.includes(String(one.symbol))))!
      const text = row.join(' ').replaceAll('−', '-').replaceAll('+', '')
      for (const field of ['score', 'rs_ratio', 'rs_momentum'])
        expect(text).toContain((one[field] as number).toFixed(2))
      for (const field of ['mansfield', 'return_1w', 'return_1y', 'from_high'])
        expect(text).toContain((one[field] as number).toFixed(1))
    }
  })

  test('what its page says of the fields, name by name', async () => {
    const [ranks, series] = [await ranksOf(), await seriesOf()]
    const named = (...groups: (keyof typeof apiFields)[]) =>
      groups
        .flatMap((group) => apiFields[group].flatMap(([names]) => names.split(', ')))
        .flatMap((name) =>
          name === 'return_1w … return_1y' ? ['1w', '1m', '3m', '6m', '1y'].map((span) => `return_${span}`) : [name],
        )
        .sort()
    expect(Object.keys(ranks).sort()).toEqual(named('head', 'ranks'))
    expect(Object.keys(ranks.sectors[0]!).sort()).toEqual(named('sector'))
    expect(Object.keys(series).sort()).toEqual([...named('head'), 'symbol', 'name', 'tracks', 'bars'].sort())
    expect(Object.keys(series.bars[0]!).sort()).toEqual(named('bar'))
    const page = (await new Visitor(app).get('/developers')).body
    for (const name of named('parameters', 'head', 'ranks', 'sector', 'bar').filter(
      (one) => !one.startsWith('return_'),
    ))
      expect(page).toContain(name)
  })
})

describe('a series', () => {
  test('has as many bars as are asked for, up to the day that is shown and none before “from”', async () => {
    const [whole] = [(await seriesOf('?step=day&limit=1000')).bars]
    expect(whole.map(({ day }) => day)).toEqual(sector.days)
    const daysOf = async (query: string) => (await seriesOf(query)).bars.map(({ day }) => day)
    expect(await daysOf('?step=day&limit=7')).toEqual(sector.days.slice(-7))
    expect(await daysOf('?step=day&limit=7&at=2025-07-25')).toEqual(
      sector.days.filter((day) => day <= '2025-07-25').slice(-7),
    )
    expect(await daysOf('?step=day&from=2024-02-01')).toEqual(sector.days.filter((day) => day >= '2024-02-01'))
    expect(await daysOf('?step=day&from=2025-07-24&at=2025-07-25')).toEqual(['2025-07-24', '2025-07-25'])
    expect(await daysOf('?from=2099-01-01')).toEqual([])
  })

  test('is the same however many bars of it are asked for', async () => {
    for (const step of ['day', 'week', 'month']) {
      const long = (await seriesOf(`?step=${step}&limit=400`)).bars
      expect((await seriesOf(`?step=${step}&limit=20`)).bars).toEqual(long.slice(-20))
    }
  })

  test('of the benchmark has its closes and what was traded, and compares it with nothing', async () => {
    const { bars, ...head } = await seriesOf('?step=day', 'NIFTYBEES')
    expect(head).toMatchObject({ symbol: 'NIFTYBEES', name: 'Nifty 50', against: 'NIFTYBEES' })
    const own = benchmark.days.map((day, i) => ({ day, close: benchmark.closes[i]!, volume: 1_000 + i }))
    expect(bars.flatMap((bar, i) => unlike(bar, own.slice(-300)[i]!))).toEqual([])
    for (const { rs, mansfield, rs_ratio, rs_momentum, quadrant, formula } of bars)
      expect([rs, mansfield, rs_ratio, rs_momentum, quadrant, formula]).toEqual(Array(6).fill(null))
  })

  test('has the volumes that the sector’s page shows', async () => {
    const rows = rowsOf((await visitor.get('/dashboard/sectors/ITBEES')).body, 'lines-table')
    const { bars } = await seriesOf()
    expect(rows.map((row) => Number(row[7]!.replaceAll(',', '')))).toEqual(bars.map(({ volume }) => volume).reverse())
  })
})

test('a universe with nothing in it has an empty list, and one that there is not is refused by name', async () => {
  const answer = await ask(app, '/api/ranks?universe=theme', key)
  expect([answer.status, answer.json<Ranks>()]).toMatchObject([200, { universe: 'theme', ranked: 0, sectors: [] }])
  const refused = await ask(app, '/api/ranks?universe=moon', key)
  expect(refused.json()).toEqual({
    error: { code: 'invalid', message: 'The analyser knows no such “universe”: it is one of sector, theme, broad.' },
  })
})

describe('the market’s JSON', () => {
  test('comes with a session as well, is not kept by caches, and is the same', async () => {
    const [bySession, byKey] = [await visitor.get('/api/ranks'), await ask(app, '/api/ranks', key)]
    expect(bySession.body).toBe(byKey.body)
    expect(byKey.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(byKey.headers.get('cache-control')).toBe('no-store')
  })

  test('says why a sector has no numbers', async () => {
    const silent = (await ranksOf()).sectors.find(({ symbol }) => symbol === 'AUTOBEES')!
    expect([silent.rank, silent.score, silent.return_1w]).toEqual([null, null, null])
    expect(silent.notes).toEqual(['No prices yet'])
  })

  test('measures against a benchmark by a symbol that it no longer has', async () => {
    const former = { symbol: 'NIFTYBEES', name: 'OLDNIFTY' }
    const ask = async (against: string) => {
      for (const path of ['/api/ranks', '/api/sectors/ITBEES/series']) {
        const answer = await visitor.get(`${path}?against=${against}`)
        expect([path, answer.status, (answer.json() as { against: string }).against]).toEqual([
          path,
          200,
          former.symbol,
        ])
      }
    }
    await ask(former.symbol)
    await app.sql`insert into former_names ${app.sql({ ...former, kind: 'symbol', untilDay: '2024-01-01' })}`
    await ask(former.name)
    await app.sql`delete from former_names where name = ${former.name}`
  })

  test('answers a former symbol under the present one', async () => {
    await app.sql`insert into former_names (symbol, kind, name, until_day) values ('ITBEES', 'symbol', 'OLDIT', '2024-01-01')`
    const answer = await ask(app, '/api/sectors/OLDIT/series', key)
    expect([answer.status, answer.json<Series>().symbol]).toEqual([200, 'ITBEES'])
  })

  test.each([
    ['/api/sectors/NOWHERE/series', 404, 'not-found'],
    ['/api/sectors/BANKIETF/series', 404, 'not-found'],
    ['/api/sectors/%F0%9F%98%80/series', 404, 'not-found'],
    ['/api/ranks?at=yesterday', 422, 'invalid'],
    ['/api/ranks?at=2026-02-30', 422, 'invalid'],
    ['/api/ranks?at=0000-01-01', 422, 'invalid'],
    ['/api/ranks?at=275760-09-13', 422, 'invalid'],
    ['/api/ranks?at=1999-01-01', 422, 'invalid'],
    ['/api/ranks?step=hour', 422, 'invalid'],
    ['/api/ranks?against=NOWHERE', 404, 'not-found'],
    ['/api/ranks?universe=moon', 422, 'invalid'],
    ['/api/ranks?at=%ED%A0%80', 422, 'invalid'],
    ['/api/sectors/ITBEES/series?at=soon', 422, 'invalid'],
    ['/api/sectors/ITBEES/series?from=soon', 422, 'invalid'],
    ['/api/sectors/ITBEES/series?limit=0', 422, 'invalid'],
    ['/api/sectors/ITBEES/series?limit=1001', 422, 'invalid'],
    ['/api/sectors/ITBEES/series?limit=1e2', 422, 'invalid'],
  ])('%s is %i', async (path, status, code) => {
    const answer = await ask(app, path, key)
    expect(answer.status).toBe(status)
    const { error } = answer.json<{ error: { code: string; message: string } }>()
    expect(error.code).toBe(code)
    expect(error.message).toMatch(/^[A-Z].*\.$/)
  })

  test('takes the first of repeated parameters', async () => {
    expect((await ranksOf('?at=2025-07-25&at=2024-01-05')).as_of).toBe('2025-07-25')
  })

  test('is 401 for visitors and 403 without a subscription', async () => {
    const nobody: Answer = await new Visitor(app).get('/api/ranks')
    expect([nobody.status, nobody.json()]).toEqual([
      401,
      { error: { code: 'unauthenticated', message: 'Please log in to continue.' } },
    ])
    const pending = new Visitor(app)
    await pending.register()
    expect((await pending.get('/api/sectors/ITBEES/series')).status).toBe(403)
  })
})
