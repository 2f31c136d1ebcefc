import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { benchmarkIn, currentMarket } from '../../../src/market/engine/market.ts'
import { spreadAfter, spreadOf } from '../../../src/market/engine/spreads.ts'
import { numberFormats } from '../../../src/market/engine/summary.ts'
import { whatFollowed } from '../../../src/market/engine/what-followed.ts'
import type { Universe } from '../../../src/market/instruments/queries.ts'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { Visitor } from '../../support/visitor.ts'
import { oneWhoseSubscriptionIs, rowsOf, subscriberAt, textOf } from './people.ts'

const path = '/dashboard/what-followed'
let app: TestApp
let visitor: Visitor
beforeAll(async () => {
  app = await startApp()
  await seedSample(app.sql, '2026-11-20')
  visitor = (await subscriberAt(app)).visitor
})
afterAll(() => app.close())

const entries = async (against: string | null = null, universe: Universe = 'sector') => {
  const market = await currentMarket(app.sql)
  return whatFollowed(market, benchmarkIn(market, against)!, universe)!.entries
}

describe('what followed', () => {
  test('prints the spread of all entries into each quadrant, and says how few are apart', async () => {
    const text = textOf((await visitor.get(`${path}?cost=0`)).body)
    for (const to of ['leading', 'weakening', 'lagging', 'improving'])
      for (const horizon of [4, 13] as const) {
        const spread = spreadOf(
          (await entries()).filter((entry) => entry.to === to),
          horizon,
          0,
        )
        expect(spread.apart).toBeLessThan(spread.count)
        const { signed } = numberFormats
        const { median, lower, upper, worst, best, above } = spread.figures!
        expect(text).toContain(
          `${horizon} weeks ${signed(median)} median Entries ${spread.count} Apart ${spread.apart} Above zero ` +
            `${Math.round(100 * above)}% Middle half ${signed(lower)} to ${signed(upper)} Worst ${signed(worst)} Best ${signed(best)}`,
        )
      }
    expect(text).toContain('the entries are not independent of each other')
  })

  test('is judged by any week of any sector, counted in the same way', async () => {
    const market = await currentMarket(app.sql)
    const { anyWeek } = whatFollowed(market, market.benchmark!, 'sector')!
    const text = textOf((await visitor.get(`${path}?cost=0.5`)).body)
    const { signed } = numberFormats
    for (const horizon of [4, 13] as const) {
      const { count, apart, figures } = spreadAfter(anyWeek[horizon], 0.5)
      expect(count).toBeGreaterThan(4 * (await entries()).length)
      expect(text).toContain(
        `${horizon} weeks ${signed(figures!.median)} median Weeks ${count} Apart ${apart} Above zero ${Math.round(100 * figures!.above)}%`,
      )
    }
    expect(text).toContain('Any week, any sector What followed every week in which an entry was possible')
  })

  test('says of sample prices, above its boxes, that it proves nothing, and of real ones no such thing', async () => {
    const sentence = 'These outcomes come from invented prices and prove nothing.'
    const { body } = await visitor.get(path)
    expect(body.indexOf(sentence)).toBeGreaterThan(0)
    expect(body.indexOf(sentence)).toBeLessThan(body.indexOf('<svg class="box'))
    const changed = () => app.sql`update market_state set version = version + 1`
    await app.sql`update imports set origin = 'upload'`
    await changed()
    expect((await visitor.get(path)).body).not.toMatch(/invented|prove nothing/)
    await app.sql`update imports set origin = 'sample'`
    await changed()
  })

  test('of fewer than five entries gives no share and no quartiles, but says that they are too few', async () => {
    const rows = rowsOf((await visitor.get(path)).body, 'per-sector')
    const few = rows.filter((row) => Number(row[2]) > 0 && Number(row[2]) < 5)
    expect(few.length).toBeGreaterThan(3)
    for (const row of few) expect([row[4], row[5], row[8]]).toEqual(['too few', 'too few', 'too few'])
  })

  test('takes the reader’s costs off every entry, in the address, and says what is usual', async () => {
    const [free, dear] = [await visitor.get(`${path}?cost=0`), await visitor.get(`${path}?cost=1.5`)]
    const worstOf = (html: string) => rowsOf(html, 'per-sector').map((row) => Number(row[6]!.replace('−', '-')))
    const [before, after] = [worstOf(free.body), worstOf(dear.body)]
    expect(before.length).toBeGreaterThan(5)
    for (const [i, value] of before.entries())
      if (!Number.isNaN(value)) expect(Math.abs(value - 1.5 - after[i]!)).toBeLessThan(0.11)
    expect(dear.body).toContain('after costs of 1.5%')
    expect((await visitor.get(path)).body).toContain('after costs of 0.2%')
    expect((await visitor.get(`${path}?cost=0%2C5`)).body).toContain('after costs of 0.5%')
  })

  test('is measured against the benchmark that the reader chooses, in every number, name and link', async () => {
    const { body } = await visitor.get(`${path}?against=JUNIORBEES&cost=0&into=improving`)
    const known = (await entries('JUNIORBEES')).filter(({ to }) => to === 'improving')
    expect(known.map(({ day, symbol }) => day + symbol)).not.toEqual(
      (await entries()).filter(({ to }) => to === 'improving').map(({ day, symbol }) => day + symbol),
    )
    expect(rowsOf(body, 'single-entries').map((row) => row[4])).toEqual(
      known.toReversed().map(({ outcomes: { 4: one } }) => {
        if (one.state === 'closed') return numberFormats.signed(one.excess)
        return one.state === 'open' ? 'open' : 'no price'
      }),
    )
    expect(textOf(body)).toContain('percentage points against JUNIORBEES')
    expect(body).not.toContain('NIFTYBEES')
    expect(body).toContain('<option value="JUNIORBEES" selected>')
    for (const href of [
      '/dashboard?against=JUNIORBEES',
      '/dashboard/sectors/ITBEES?against=JUNIORBEES',
      `${path}?against=JUNIORBEES&amp;cost=0&amp;into=lagging#entries`,
    ])
      expect(body).toContain(`href="${href}"`)
  })

  test('is counted of the universe that the reader chooses, and says so where nothing is in it', async () => {
    const broad = await visitor.get(`${path}?universe=broad`)
    expect(new Set(rowsOf(broad.body, 'per-sector').map(([name]) => name))).toEqual(
      new Set((await entries(null, 'broad')).filter(({ to }) => to === 'leading').map(({ name }) => name)),
    )
    expect(textOf(broad.body)).toContain('All indices together')
    const empty = await visitor.get(`${path}?universe=theme`)
    expect([empty.status, textOf(empty.body).includes('No theme has entered Leading')]).toEqual([200, true])
    expect(empty.body).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('is linked from rankings that are measured in another way, and keeps that choice when a cost cannot be read', async () => {
    const dashboard = await visitor.get('/dashboard?against=JUNIORBEES&universe=broad')
    expect(dashboard.body).toContain(`href="${path}?against=JUNIORBEES&amp;universe=broad"`)
    const answer = await visitor.get(`${path}?against=JUNIORBEES&cost=much`)
    expect([answer.status, textOf(answer.body).includes('than JUNIORBEES each sector')]).toEqual([422, true])
  })

  test.each([
    ['against=GOLD', 404],
    ['universe=stocks', 422],
  ])('refuses %s with %i', async (query, status) => {
    expect((await visitor.get(`${path}?${query}`)).status).toBe(status)
  })

  test('is the dashboard’s when the benchmark is named as it is by default', async () => {
    expect((await visitor.get(`${path}?against=NIFTYBEES`)).body).toContain(`href="${path}?into=lagging#entries"`)
  })

  test('lists every entry with its dates, the newest first, and those whose weeks are not over as open', async () => {
    const rows = rowsOf((await visitor.get(`${path}?into=improving`)).body, 'single-entries')
    const known = (await entries()).filter(({ to }) => to === 'improving')
    expect(rows).toHaveLength(known.length)
    const open = known.filter(({ outcomes }) => outcomes[13].state === 'open').length
    expect(rows.filter((row) => row[5] === 'open')).toHaveLength(open)
    expect(new Set(known.map(({ outcomes }) => outcomes[13].state))).toContain('open')
  })

  test.each(['abc', '-1', '5.01', '99', '0.123', '1e1', '%ED%A0%80', '9'.repeat(300)])(
    'shows a cost of %s again with a sentence, and the figures with the usual one',
    async (cost) => {
      const answer = await visitor.get(`${path}?cost=${cost}`)
      expect(answer.status).toBe(422)
      expect(answer.body).toContain('Enter a percentage from 0 to 5')
      expect(answer.body).toContain('after costs of 0.2%')
    },
  )

  test('knows four quadrants, and takes the first of repeated parameters', async () => {
    expect((await visitor.get(`${path}?into=upwards`)).status).toBe(422)
    expect((await visitor.get(`${path}?into=lagging&into=leading`)).body).toContain('After entering Lagging')
  })

  test('is for subscribers', async () => {
    const expired = await oneWhoseSubscriptionIs(app, { endsInDays: -10 })
    expect([(await expired.get(path)).status, (await expired.get(path)).location]).toEqual([303, '/dashboard'])
    expect((await new Visitor(app).get(path)).location).toBe(`/login?next=${encodeURIComponent(path)}`)
  })
})
