import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shownBreadth } from '../../../src/market/dashboard/breadth.ts'
import { breadthOf } from '../../../src/market/engine/breadth.ts'
import { benchmarkIn, currentMarket, membersOf } from '../../../src/market/engine/market.ts'
import { fmt } from '../../../src/platform/format.ts'
import type { TestApp } from '../../support/app.ts'
import type { Visitor } from '../../support/visitor.ts'
import { rowsOf, subscriberOfSample, textOf } from './people.ts'

let app: TestApp
let visitor: Visitor
beforeAll(async () => {
  ;({ app, visitor } = await subscriberOfSample())
})
afterAll(() => app.close())

const htmx = { 'hx-request': 'true' }

describe('breadth on the dashboard', () => {
  test.each([
    ['', '2026-11-19', null, null, 'sectors', 'the Nifty'],
    ['at=2026-06-05', '2026-06-05', null, null, 'sectors', 'the Nifty'],
    ['at=2026-06-03&step=day', '2026-06-03', null, null, 'sectors', 'the Nifty'],
    ['at=2026-06-05&against=JUNIORBEES', '2026-06-05', 'JUNIORBEES', null, 'sectors', 'Nifty Next 50'],
    ['against=JUNIORBEES&universe=broad', '2026-11-19', 'JUNIORBEES', 'broad', 'indices', 'Nifty Next 50'],
  ] as const)(
    'with “%s” is of the page’s day, against its benchmark, of its universe, and its sentence says so',
    async (query, asOf, against, universe, many, benchmark) => {
      const market = await currentMarket(app.sql)
      const measured = benchmarkIn(market, against)!
      const { average, mansfield } = breadthOf(measured.prices, membersOf(market, universe, measured), {
        asOf,
        calendar: market.calendar,
      })
      const said = (weeksBack: number) =>
        [average, mansfield].map((counted) => counted.at(-1 - weeksBack)!).map(({ above, of }) => `${above} of ${of}`)
      const sentence =
        `On ${fmt.date(new Date(asOf))}, ${said(0)[0]} ${many} closed above their own 40-week average, and ${said(0)[1]} had ` +
        `Mansfield RS above zero against ${benchmark}; 4 weeks before it was ${said(4).join(' and ')}.`
      // The region that a step answers with has it too.
      for (const headers of [{}, htmx]) {
        const { body } = await visitor.get(`/dashboard?${query}`, headers)
        expect(textOf(body)).toContain(sentence)
        expect(rowsOf(body, 'breadth-weeks')[0]).toEqual([fmt.date(new Date(asOf)), ...said(0)])
      }
    },
  )

  test('is composed once for a day, a benchmark and a universe', async () => {
    const market = await currentMarket(app.sql)
    const usual = { against: null, universe: null }
    const known = shownBreadth(market, '2026-11-19', usual)
    expect(shownBreadth(market, '2026-11-19', usual)).toBe(known)
    expect(shownBreadth(market, '2026-11-13', usual)).not.toBe(known)
    expect(shownBreadth(market, '2026-11-19', { ...usual, against: 'JUNIORBEES' })).not.toBe(known)
  })

  test('is left out where nothing can be said of it', async () => {
    const { body } = await visitor.get('/dashboard?universe=theme')
    expect(body).not.toContain('id="breadth"')
  })
})

describe('the links to the dashboard’s pages', () => {
  const chosen = 'step=month&at=2026-06-30&against=JUNIORBEES&universe=broad&returns=excess'
  const linksIn = (html: string) =>
    [...html.matchAll(/<nav class="places"[\s\S]*?<\/nav>/g)].map(([nav]) =>
      [...nav.matchAll(/href="([^"]*)"/g)].map(([, href]) => href!.replaceAll('&amp;', '&')),
    )
  const paths = ['/dashboard', '/dashboard/compare', '/dashboard/what-followed'] as const
  const carrying = [[...paths.map((path) => `${path}?${chosen}`), '/dashboard/watch-list']]

  test.each(paths)('keep what the reader chose on %s', async (path) => {
    expect(linksIn((await visitor.get(`${path}?${chosen}`)).body)).toEqual(carrying)
  })

  test('are renewed beside the region that a choice answers with', async () => {
    const { body } = await visitor.get(`/dashboard?${chosen}`, htmx)
    expect(linksIn(body)).toEqual(carrying)
    expect(body).toMatch(/<nav class="places" id="places" [^>]*hx-swap-oob="true"/)
    expect((await visitor.get(`/dashboard?${chosen}`)).body).not.toContain('hx-swap-oob')
  })

  test('and the form of what followed keeps what it does not ask for', async () => {
    const { body } = await visitor.get(`/dashboard/what-followed?${chosen}`)
    const form = /<form class="form-row"[\s\S]*?<\/form>/.exec(body)![0]
    expect([...form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, ...pair]) => pair)).toEqual([
      ['step', 'month'],
      ['at', '2026-06-30'],
      ['returns', 'excess'],
    ])
  })
})
