import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Day, monthsAfter } from '../../src/market/calendar/days.ts'
import { openWeekOf } from '../../src/market/dashboard/open-week.ts'
import { cachedAnalysis, currentMarket, stepsIn } from '../../src/market/engine/market.ts'
import { describeExample } from '../../src/market/engine/meanings.ts'
import { entriesAmong, weeksOf } from '../../src/market/engine/what-followed.ts'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { fmt } from '../../src/platform/format.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { Visitor } from '../support/visitor.ts'
import { rowsOf, textOf } from './dashboard/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await seedSample(app.sql, '2026-11-20')
})
afterAll(() => app.close())

const changed = () => app.sql`update market_state set version = version + 1`
/** The prices count as real ones from now on. */
const asReal = async () => {
  await app.sql`update imports set origin = 'upload' where origin = 'sample'`
  await changed()
}
/** As a browser with a cookie gets it: rendered for this request, not kept for five seconds. */
const at = async (path: string) => (await new Visitor(app).get(path, { cookie: 'seen=1' })).body
const page = () => at('/open-week')
/** The page without what followed, which alone may know of later prices. */
const readingsIn = (html: string) => rowsOf(html, 'open-week').map((row) => row.slice(0, -2))

describe('with invented prices', () => {
  test('the page says so wherever it shows some, and shows each quadrant', async () => {
    const week = await openWeekOf(app.sql)
    expect([week.sample, week.isVaried]).toEqual([true, true])
    const html = await page()
    expect(html).toContain('<span class="chip warn">Sample data</span>')
    expect(html).toContain('Sample data: invented prices')
    expect([week.since, (await at('/')).includes('Step back through the past')]).toEqual([null, true])
    for (const word of ['Leading', 'Weakening', 'Lagging', 'Improving']) expect(html).toContain(`${word}</span>`)
  })

  test('the page has the figures that the analyser shows for that week, and does not say that anybody saw them', async () => {
    const { analysis, weeks } = await openWeekOf(app.sql)
    const market = await currentMarket(app.sql)
    expect(analysis).toEqual(cachedAnalysis(market, { step: 'week', at: analysis.asOf, tail: weeks }))
    expect(await page()).not.toContain('What subscribers saw')
  })

  test('the front page shows examples of each quadrant in the order of their ranks, with the score that ranks them', async () => {
    const { examples } = await openWeekOf(app.sql)
    expect(examples).toHaveLength(6)
    expect(new Set(examples.map((one) => one.quadrant)).size).toBe(4)
    expect(examples.map((one) => one.rank)).toEqual(examples.map((one) => one.rank).toSorted((a, b) => a! - b!))
    const scores = examples.map((one) => one.score!)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    const html = await at('/')
    for (const { score } of examples) expect(html).toContain(score!.toFixed(2))
  })

  test('rank and quadrant come first in its table, what came after last', async () => {
    const heads = [...(await page()).matchAll(/<th scope="col"[^>]*>([^<]*)<\/th>/g)].map(([, head]) => head!)
    const table = heads.slice(0, heads.indexOf('13 weeks after') + 1)
    expect([table.slice(0, 3), table.slice(-2)]).toEqual([
      ['Sector', 'Rank', 'Quadrant'],
      ['4 weeks after', '13 weeks after'],
    ])
  })

  test('both explain rank and quadrant by a sector of that week, and that leading is not against the Nifty', async () => {
    const { analysis } = await openWeekOf(app.sql)
    const example = describeExample(analysis)
    const named = analysis.sectors.find((one) => example.startsWith(`For example, ${one.name} has rank ${one.rank}:`))!
    expect([named.score! > 100, named.quadrant === 'leading']).toEqual([true, false])
    for (const path of ['/open-week', '/']) {
      const text = textOf(await at(path))
      expect(text).toContain(
        `Rank: returns of 3, 6, 9 and 12 months against the Nifty, the last three months counting double. Quadrant: its strength and pace now, against its own past. ${example}`,
      )
      expect(text).toContain('not the Nifty: a leading sector can still have done worse than the Nifty.')
    }
  })

  test('the front page names the six examples on its map, and no other', async () => {
    const { labelled, map, examples } = await openWeekOf(app.sql)
    expect(labelled.points).toHaveLength(map.points.length)
    expect(
      labelled.points
        .filter((point) => point.isNamed)
        .map(({ symbol }) => symbol)
        .toSorted(),
    ).toEqual(examples.map(({ symbol }) => symbol).toSorted())
  })
})

describe('with real prices', () => {
  let newest: Day
  beforeAll(async () => {
    await asReal()
    newest = (await currentMarket(app.sql)).asOf!
  })

  test('the week is at least three months old and was followed by thirteen', async () => {
    const { sample, analysis, counted } = await openWeekOf(app.sql)
    expect(sample).toBe(false)
    expect(analysis.asOf <= monthsAfter(newest, -3)).toBe(true)
    expect(counted!.to <= newest).toBe(true)
    expect(analysis.provisional).toBe(false)
  })

  test('what followed is that of “What followed”: from the session after the reading, which the page names', async () => {
    const { analysis, followed, counted } = await openWeekOf(app.sql)
    const { benchmark, sectors, asOf, calendar } = await currentMarket(app.sql)
    const entries = entriesAmong(weeksOf(benchmark!.prices, sectors, { asOf: asOf!, calendar }))
    const sameWeek = entries.filter(({ day }) => day === analysis.asOf)
    expect(sameWeek.length).toBeGreaterThan(0)
    for (const { symbol, outcomes } of sameWeek) expect(followed.get(symbol)).toEqual(outcomes)
    const next = [...benchmark!.prices.keys()].sort().find((day) => day > analysis.asOf)!
    expect(counted!.from).toBe(next)
    expect(textOf(await page())).toContain(`counts from the close of the next session, ${fmt.date(new Date(next))};`)
  })

  test('no price later than the week changes a reading, and none later than its 13 weeks changes anything', async () => {
    const { analysis, counted } = await openWeekOf(app.sql)
    const before = rowsOf(await page(), 'open-week')
    await app.sql`update prices set close = close * 1.5 where day > ${counted!.to} and symbol = 'ITBEES'`
    await changed()
    expect(rowsOf(await page(), 'open-week')).toEqual(before)
    // The rise begins in the weeks that count, after the close that they count from.
    await app.sql`update prices set close = close * 3 where day > ${analysis.asOf} and symbol = 'ITBEES'`
    await app.sql`update prices set close = close * 2 where day > ${counted!.from} and symbol = 'ITBEES'`
    await changed()
    const after = await page()
    expect(readingsIn(after)).toEqual(before.map((row) => row.slice(0, -2)))
    expect(rowsOf(after, 'open-week')).not.toEqual(before)
  })

  test('the front page says how far back one can step: to the oldest week that has ranks', async () => {
    const { since } = await openWeekOf(app.sql)
    const market = await currentMarket(app.sql)
    const hasRanks = (at: Day) =>
      cachedAnalysis(market, { step: 'week', at, tail: 6 })!.sectors.some(({ rank }) => rank !== null)
    const days = stepsIn(market, 'week')
    expect([hasRanks(since!), days.slice(days.indexOf(since!) + 1).some(hasRanks)]).toEqual([true, false])
    const month = fmt.date(new Date(since!)).split(' ').slice(2).join(' ')
    expect((await at('/')).replace(/\s+/g, ' ')).toContain(`Step back to ${month}, week by week or day by day.`)
  })

  test('neither it nor the front page names a later day', async () => {
    const { counted } = await openWeekOf(app.sql)
    for (const path of ['/open-week', '/']) {
      const body = await at(path)
      const main = body.slice(body.indexOf('<main'), body.indexOf('</main>'))
      const days = [...main.matchAll(/\b(\d{1,2} [A-Z][a-z]{2} 20\d\d)\b/g)].map(([day]) => Date.parse(`${day} UTC`))
      expect(days.length).toBeGreaterThan(0)
      for (const day of days) expect(day).toBeLessThanOrEqual(Date.parse(counted!.to))
    }
  })

  test('while no week that old has readings, invented prices stand in and say so', async () => {
    await app.sql`delete from prices where day < ${monthsAfter(newest, -2)}`
    await changed()
    expect((await openWeekOf(app.sql)).sample).toBe(true)
    expect(await page()).toContain('Sample data')
  })
})
