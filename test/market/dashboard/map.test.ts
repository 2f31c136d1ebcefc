import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AnalysisParams } from '../../../src/market/engine/analysis.ts'
import { cachedAnalysis, currentMarket } from '../../../src/market/engine/market.ts'
import { type Quadrant, quadrantOf, readingDigits } from '../../../src/market/engine/quadrants.ts'
import { numberFormats } from '../../../src/market/engine/summary.ts'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { Visitor } from '../../support/visitor.ts'
import { subscriberAt, textOf } from './people.ts'

let app: TestApp
let visitor: Visitor
const quadrants: Quadrant[] = ['leading', 'weakening', 'lagging', 'improving']

beforeAll(async () => {
  app = await startApp()
  visitor = (await subscriberAt(app)).visitor
  await seedSample(app.sql, '2026-11-20')
  // One that is provisional, and one that has nothing.
  await app.sql`delete from prices where symbol = 'CPSEETF' or (symbol = 'MODEFENCE' and day < '2026-06-01')`
  await changed()
})
afterAll(() => app.close())

const { reading: printed } = numberFormats
const changed = async (change?: PromiseLike<unknown>) => {
  await change
  await app.sql`update market_state set version = version + 1`
}
const analysisOf = async (params: Omit<AnalysisParams, 'calendar'>) =>
  cachedAnalysis(await currentMarket(app.sql), params)!
const mapAt = async (query: string) => {
  const { body } = await visitor.get(`/dashboard?view=map&${query}`)
  return body.slice(body.indexOf('class="map '), body.indexOf('<g class="sector prototype"'))
}
const countOf = (html: string, mark: string) => html.split(mark).length - 1

describe('the map’s tails', () => {
  test.each([
    ['', { step: 'week', at: null, tail: 12 }],
    ['tail=20&at=2026-03-06', { step: 'week', at: '2026-03-06', tail: 20 }],
    ['step=day&tail=4', { step: 'day', at: null, tail: 4 }],
  ] as const)('have a dot for every bar before the head, with its day and values: %s', async (query, params) => {
    const map = await mapAt(query)
    const { sectors } = await analysisOf(params)
    const shown = sectors.filter((one) => one.tail.length > 0)
    expect(countOf(map, 'class="point"')).toBe(shown.length)
    const titles = [...map.matchAll(/<title>([^<]*)<\/title>/g)].map(([, title]) => title!)
    for (const { name, tail, provisional } of shown.filter((one) => one.provisional === null)) {
      const own = titles.filter((title) => title.startsWith(`${textOf(name).replaceAll('&', '&amp;')}, `))
      const days = tail.slice(0, -1).map(({ day, ratio, momentum }) => {
        const date = new Date(day).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
        const word = quadrantOf({ ratio, momentum })
        return `${date.replace('Sept', 'Sep')}: RS-Ratio ${printed(ratio)}, RS-Momentum ${printed(momentum)}, ${word}`
      })
      expect([name, own.length]).toEqual([name, tail.length - 1])
      for (const [i, day] of days.entries()) expect(own[i]).toContain(day)
      expect(provisional).toBe(null)
    }
  })

  test('of a chosen sector are on the keyboard’s way, dot by dot, and in a table beside the map', async () => {
    const { body } = await visitor.get('/dashboard?view=map&focus=ITBEES&tail=8')
    expect(countOf(body, 'r="2.2" tabindex="0" role="img" aria-label="IT, ')).toBe(7)
    const table = /<table class="data readings tail-table">[\s\S]*?<\/table>/.exec(body)![0]
    const { tail } = (await analysisOf({ step: 'week', at: null, tail: 8 })).sectors.find(
      ({ symbol }) => symbol === 'ITBEES',
    )!
    const rows = [...table.matchAll(/<tr><th scope="row">([\s\S]*?)<\/tr>/g)].map(([, row]) => textOf(row!))
    expect(rows).toHaveLength(8)
    for (const [i, { ratio, momentum }] of tail.toReversed().entries())
      expect(rows[i]).toContain(`${printed(ratio)} ${printed(momentum)}`)
  })
})

describe('names on the map', () => {
  /** Without the mere arrows, which say that a reading lies further out. */
  const namesIn = (map: string) =>
    [...map.matchAll(/<text class="name"[^>]*>([^<]*)</g)].map(([, name]) => name!).filter((name) => /\w/.test(name))

  test('are six at most, the chosen one among them; all of them where they are asked for', async () => {
    expect(namesIn(await mapAt('')).length).toBeLessThanOrEqual(6)
    expect(namesIn(await mapAt('focus=AUTOBEES'))).toContain('Auto')
    expect(namesIn(await mapAt('names=all')).length).toBeGreaterThan(10)
    const page = await visitor.get('/dashboard?view=map')
    expect(page.body).toMatch(/href="\/dashboard\?view=map&amp;names=all#map"[^>]*>All names</)
    expect((await visitor.get('/dashboard?view=map&names=all')).body).toMatch(
      /href="\/dashboard\?view=map#map"[^>]*>Fewer names</,
    )
  })

  test.each(['/', '/dashboard'])('are six at most on the map at %s that strangers see', async (path) => {
    const stranger = new Visitor(app)
    if (path !== '/') await stranger.register()
    const { body } = await stranger.get(path)
    const map = body.slice(body.indexOf('class="map '), body.indexOf('</svg>', body.indexOf('class="map ')))
    expect(namesIn(map).length).toBeGreaterThan(0)
    expect(namesIn(map).length).toBeLessThanOrEqual(6)
    expect(map).not.toContain('<a ')
  })
})

test('the names of starred sectors are shown to those who starred them', async () => {
  const namesFor = async (person: Visitor) => {
    const { body } = await person.get('/dashboard?view=map')
    const map = body.slice(body.indexOf('class="map '), body.indexOf('<g class="sector prototype"'))
    return [...map.matchAll(/<text class="name"[^>]*>([^<]*)</g)].map(([, name]) => name!)
  }
  const { visitor: fan } = await subscriberAt(app)
  const [few, all] = [await namesFor(fan), await analysisOf({ step: 'week', at: null, tail: 12 })]
  const other = all.sectors.find(({ name, tail }) => tail.length > 0 && !few.some((one) => one.startsWith(name)))!
  await fan.post('/dashboard/watch-list', { star: other.symbol })
  expect((await namesFor(fan)).length).toBe(few.length + 1)
  expect(await namesFor(visitor)).toEqual(few)
})

describe('the weeks that are played', () => {
  type Frames = {
    days: string[]
    dates: string[]
    tail: number
    sectors: {
      symbol: string
      tracks: { from: number; since: number; isProvisional: boolean; readings: [number, number][] }[]
    }[]
  }
  const framesAt = async (query: string) =>
    JSON.parse((await visitor.get(`/dashboard/map.json${query}`)).body) as Frames
  /** As public/analyser.js reads them. */
  const tailAt = ({ tracks }: Frames['sectors'][number], week: number, length: number) => {
    const track = tracks.find(({ since, from, readings }) => since <= week && week < from + readings.length)
    if (!track) return null
    const end = week - track.from + 1
    return { isProvisional: track.isProvisional, readings: track.readings.slice(Math.max(0, end - length), end) }
  }

  /** Every tail of every week, as the analysis of that day has it. */
  async function areAsAnalysed(query: string, step: 'week' | 'day' | 'month', length: number) {
    const { days, dates, tail, sectors } = await framesAt(query)
    expect([days.length, dates.length, tail]).toEqual([days.length, days.length, length])
    expect(days.length).toBe(step === 'month' ? 49 : 60)
    expect(days).toEqual([...days].sort())
    const market = await currentMarket(app.sql)
    for (const [week, day] of days.entries()) {
      const analysis = cachedAnalysis(market, { step, at: day, tail: length })!
      expect(analysis.asOf).toBe(day)
      for (const one of analysis.sectors) {
        const shown = tailAt(sectors.find(({ symbol }) => symbol === one.symbol)!, week, length)
        const expected = one.tail.map(({ ratio, momentum }) => [
          Math.floor((ratio - 100) * 1000),
          Math.floor((momentum - 100) * 1000),
        ])
        expect([day, one.symbol, shown?.readings ?? []]).toEqual([day, one.symbol, expected])
        if (shown) {
          expect(shown.isProvisional).toBe(one.provisional !== null)
          const [ratio, momentum] = shown.readings.at(-1)!
          expect(quadrantOf({ ratio: 100 + ratio, momentum: 100 + momentum })).toBe(one.quadrant)
        }
      }
    }
  }

  test.each([
    ['', 'week', 12],
    ['?tail=20&at=2026-03-06', 'week', 20],
    ['?step=day&tail=4', 'day', 4],
    // Among these weeks a sector becomes provisional, and one begins to trade.
    ['?at=2026-09-18&tail=8', 'week', 8],
  ] as const)('are, each of them, what the analysis of that day shows: %s', async (query, step, length) => {
    await areAsAnalysed(query, step, length)
  })

  describe('with gaps: a missing month, a sector that ends, one that begins', () => {
    beforeAll(() =>
      changed(app.sql`
      delete from prices
      where (symbol = 'BANKBEES' and day between '2026-05-04' and '2026-06-05') or (symbol = 'ITBEES' and day > '2026-08-14')
         or (symbol = 'AUTOBEES' and day < '2026-01-15') or (symbol = 'METALIETF' and extract(day from day) = 13)
    `),
    )
    test.each([
      ['?tail=20', 'week', 20],
      ['?step=day&tail=8&at=2026-08-28', 'day', 8],
      ['?step=month&tail=4', 'month', 4],
    ] as const)('are no less so: %s', areAsAnalysed)
  })

  test('hold the day that the page shows, whichever it is, and the page says where they are', async () => {
    for (const at of ['', '&at=2026-06-05', '&at=2025-09-12', '&at=2024-02-02&step=day', '&at=2025-01-03']) {
      const { body } = await visitor.get(`/dashboard?view=map${at}`)
      const [, src] = /id="player"[^>]* data-src="([^"]+)"/.exec(body)!
      const [, last, index] = /id="week" type="range" min="0" max="(\d+)" value="(\d+)"/.exec(body)!
      const [, asOf] = /name="at" value="([\d-]+)"/.exec(body.slice(body.indexOf('id="player"')))!
      const frames = JSON.parse((await visitor.get(src!.replaceAll('&amp;', '&'))).body) as Frames
      expect([at, frames.days[Number(index)], frames.days.length - 1]).toEqual([at, asOf, Number(last)])
    }
  })

  test('are few bytes, and of the starred sectors alone where only they are shown', async () => {
    const text = (await visitor.get('/dashboard/map.json')).body
    expect(text.length).toBeLessThan(25_000)
    const { visitor: fan } = await subscriberAt(app)
    await fan.post('/dashboard/watch-list', { star: 'ITBEES' })
    const own = JSON.parse((await fan.get('/dashboard/map.json?only=starred')).body) as Frames
    expect(own.sectors.map(({ symbol }) => symbol)).toEqual(['ITBEES'])
  })

  test.each(['at=1999-01-01', 'at=yesterday', 'step=year'])(
    'of a time that there is not are refused: %s',
    async (query) => {
      expect((await visitor.get(`/dashboard/map.json?${query}`)).status).toBe(422)
    },
  )
})

describe('a quarter of the map', () => {
  test.each(quadrants)('%s is shown alone, with the sectors that are in it, and a way back', async (zoom) => {
    const { sectors } = await analysisOf({ step: 'week', at: null, tail: 12 })
    const map = await mapAt(`zoom=${zoom}`)
    const inside = sectors.filter((one) => one.quadrant === zoom)
    const symbols = map
      .split('<g class="sector ')
      .filter((sector) => sector.includes('class="point"'))
      .map((sector) => /data-symbol="(\w+)"/.exec(sector)?.[1])
    expect(symbols.sort()).toEqual(inside.map(({ symbol }) => symbol).sort())
    expect(countOf(map, '<rect class="zone')).toBe(1)
    for (const other of quadrants.filter((one) => one !== zoom)) expect(map).not.toContain(`class="tail ${other}"`)
    const { body } = await visitor.get(`/dashboard?view=map&zoom=${zoom}`)
    expect(body).toMatch(/href="\/dashboard\?view=map#map"[^>]*>Whole map</)
    // From the whole map, its corner leads here.
    expect(await mapAt('')).toMatch(
      new RegExp(`class="corner-link"\\s+href="/dashboard\\?view=map&amp;zoom=${zoom}#map"`),
    )
  })

  test.each(['zoom=north', 'names=some', 'zoom=Leading'])(
    'or a choice that there is not is refused: %s',
    async (query) => {
      expect((await visitor.get(`/dashboard?view=map&${query}`)).status).toBe(422)
      expect((await visitor.get(`/dashboard/map.csv?${query}`)).status).toBe(422)
      expect((await visitor.get(`/dashboard/map.png?${query}`)).status).toBe(422)
    },
  )
})

describe('the map as a CSV file', () => {
  test.each([
    ['', { step: 'week', at: null, tail: 12 }, null],
    ['?tail=20&at=2026-03-06', { step: 'week', at: '2026-03-06', tail: 20 }, null],
    ['?step=day&tail=8&zoom=lagging', { step: 'day', at: null, tail: 8 }, 'lagging'],
  ] as const)('holds every bar of each tail that is shown: %s', async (query, params, zoom) => {
    const answer = await visitor.get(`/dashboard/map.csv${query}`)
    const analysis = await analysisOf(params)
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename="rotation-map-${zoom ? `${zoom}-` : ''}${analysis.asOf}-${params.step === 'day' ? 'daily' : 'weekly'}-NIFTYBEES.csv"`,
    )
    const rows = parse(answer.body, { bom: true, columns: true }) as Record<string, string>[]
    const members = analysis.sectors.filter(({ quadrant }) => zoom === null || quadrant === zoom)
    const expected = members.flatMap(({ symbol, name, formula, tail }) =>
      tail
        .filter((reading) => zoom === null || quadrantOf(reading) === zoom)
        .map((reading) => ({
          Date: reading.day,
          Symbol: symbol,
          Name: name,
          'RS-Ratio': reading.ratio.toFixed(readingDigits(reading.ratio, 4)),
          'RS-Momentum': reading.momentum.toFixed(readingDigits(reading.momentum, 4)),
          Quadrant: quadrantOf(reading),
          Formula: formula,
          'As of': analysis.asOf,
          'Sample data': 'yes',
          Against: 'NIFTYBEES',
          Step: params.step,
          Universe: 'sector',
        })),
    )
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.map(({ Source: _, ...row }) => row)).toEqual(expected)
    expect(new Set(rows.map(({ Source }) => Source)).size).toBe(1)
    if (params.at === null && zoom === null)
      expect(new Set(rows.map(({ Formula }) => Formula))).toEqual(new Set(['B/2', 'C/2']))
  })
})

describe('the map as a picture', () => {
  test.each(['', '?zoom=improving&names=all&tail=4', '?step=day&focus=ITBEES'])(
    'is a PNG to keep: %s',
    async (query) => {
      const answer = await fetch(`${app.url}/dashboard/map.png${query}`, { headers: { cookie: cookieOf(visitor) } })
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/png'])
      expect(answer.headers.get('content-disposition')).toMatch(
        /^attachment; filename="rotation-map(-improving)?-2026-11-19-(daily|weekly)-NIFTYBEES\.png"$/,
      )
      const bytes = Buffer.from(await answer.arrayBuffer())
      expect(bytes.subarray(1, 4).toString()).toBe('PNG')
      expect(bytes.readUInt32BE(16)).toBe(1320)
      expect(bytes.length).toBeLessThan(400_000)
    },
  )

  test('names every sector, however few names the page shows, for in a picture nothing can be pointed at', async () => {
    const [few, all] = [
      await bytesOf(visitor, '/dashboard/map.png'),
      await bytesOf(visitor, '/dashboard/map.png?names=all'),
    ]
    expect(few.equals(all)).toBe(true)
  })
})

async function bytesOf(person: Visitor, path: string): Promise<Buffer> {
  const answer = await fetch(app.url + path, { headers: { cookie: cookieOf(person) } })
  return Buffer.from(await answer.arrayBuffer())
}

function cookieOf({ cookies }: Visitor): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}
