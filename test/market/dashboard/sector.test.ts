import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cachedAnalysis, currentMarket, stepsIn } from '../../../src/market/engine/market.ts'
import { changesIn, readingsBy } from '../../../src/market/engine/quadrant-changes.ts'
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

const page = async (query = '') => (await visitor.get(`/dashboard/sectors/ITBEES${query}`)).body

describe('the span of a sector’s charts', () => {
  test.each([
    ['', '2Y', 104],
    ['?span=3m', '3M', 63],
    ['?span=1y', '1Y', 52],
    ['?span=5y&at=2025-06-06', '5Y', 133],
    ['?span=1y&span=junk', '1Y', 52],
  ])('is in the address: %s shows %s', async (query, title, bars) => {
    const body = await page(query)
    expect(body).toMatch(new RegExp(`aria-current="true">${title}<`))
    expect(body.match(/<tr data-x=/g)).toHaveLength(bars)
    expect(body).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('stays when another sector, another week or another span is chosen', async () => {
    const body = await page('?span=5y&at=2025-06-06&step=day')
    const neighbours = [...body.matchAll(/href="(\/dashboard\/sectors\/[^"#]+)"/g)].map(([, href]) => href!)
    expect(neighbours.length).toBeGreaterThan(0)
    for (const href of neighbours) expect(href).toMatch(/span=5y$/)
    expect(body).toContain('href="/dashboard/sectors/ITBEES?step=day&amp;at=2025-06-06&amp;span=3m#lines"')
  })

  test.each(['4y', '2Y', '__proto__', 'constructor', '\ud800', '%00', 'x'.repeat(2000)])(
    '%j is refused',
    async (span) => {
      const answer = await visitor.get(`/dashboard/sectors/ITBEES?span=${encodeURIComponent(span.toWellFormed())}`)
      expect([answer.status, answer.body.includes('The charts go back 3 months, 1, 2 or 5 years.')]).toEqual([
        422,
        true,
      ])
    },
  )
})

test('there is one Mansfield: charts of every span have that of 52 weeks, and by day it is the weekly rankings’ of each day', async () => {
  const shown = async (query: string) => rowsOf(await page(query), 'lines-table').map((row) => row[6])
  const market = await currentMarket(app.sql)
  const weekly = (at: string | null) =>
    numberFormats.signed(
      cachedAnalysis(market, { step: 'week', at, tail: 4 })!.sectors.find(({ symbol }) => symbol === 'ITBEES')!
        .mansfield,
    )
  for (const query of ['?span=3m', '', '?span=5y', '?span=3m&step=day'])
    expect([query, (await shown(query))[0]]).toEqual([query, weekly(null)])
  const days = stepsIn(market, 'day').slice(0, 63)
  expect(await shown('?span=3m')).toEqual(days.map(weekly))
  expect(textOf(await page(''))).toMatch(/Mansfield [+−]/)
  expect(textOf(await page('?step=day'))).toMatch(/Mansfield 200d [+−]/)
  expect(textOf(await page('?step=month'))).toMatch(/Mansfield 12m [+−]/)
})

test.each([
  ['', 'week', null],
  ['?at=2025-06-06&step=day', 'day', '2025-06-06'],
  ['?step=day', 'day', null],
  ['?step=month', 'month', null],
] as const)(
  'every change of quadrant stands in the table by the chosen step, the newest first: %s',
  async (query, step, at) => {
    const market = await currentMarket(app.sql)
    const { prices } = market.sectors.find(({ symbol }) => symbol === 'ITBEES')!
    const asOf = at ?? market.asOf!
    const readings = readingsBy(step, market.benchmark!.prices, prices, { asOf, calendar: market.calendar })
    const expected = changesIn(readings).reverse()
    const body = await page(query)
    const [newest = '', older = ''] = body.split(/<summary>The \d+ changes before/)
    const rows = [newest, older].flatMap((part) => rowsOf(part, 'readings changes'))
    expect(expected.length).toBeGreaterThan(3)
    expect(
      rows.map(([, into]) =>
        into!
          .replace(/[▲◣▼◥*]/g, '')
          .trim()
          .toLowerCase(),
      ),
    ).toEqual(expected.map(({ to }) => to))
    expect(rows.map((cells) => cells[2])).toEqual(
      expected.map(({ bars, goesOn }) => `${bars} ${step}${bars === 1 ? '' : 's'}${goesOn ? ' so far' : ''}`),
    )
    expect(rows.map((cells) => [cells[3], cells[4]])).toEqual(
      expected.map(({ ratio, momentum }) => [numberFormats.reading(ratio), numberFormats.reading(momentum)]),
    )
    expect(rows.filter((cells) => cells[2]!.endsWith('so far'))).toEqual(rows.slice(0, 1))
    // More than thirty would be a long way to scroll.
    if (expected.length > 30) expect(rowsOf(newest, 'readings changes')).toHaveLength(20)
    else expect(older).toBe('')
  },
)

test.each(['day', 'week', 'month'] as const)(
  'card, crosshair and changes are of one quadrant, with readings by %s',
  async (step) => {
    for (const span of ['3m', '2y']) {
      const body = await page(`?step=${step}&span=${span}`)
      const card = textOf(/<dt>Quadrant<\/dt><dd>([\s\S]*?)<\/dd>/.exec(body)![1]!)
      const readout = textOf(
        new RegExp(`<dt>Quadrant of the ${step}</dt><dd data-value>([\\s\\S]*?)</dd>`).exec(body)![1]!,
      )
      expect([span, readout, rowsOf(body, 'readings changes')[0]![1]!.replace(' *', '')]).toEqual([span, card, card])
      const table = rowsOf(body, 'lines-table')
      expect(table[0]!.at(-1)).toBe(card)
      if (step === 'week') expect(textOf(body)).not.toContain('readings that were chosen')
      else
        expect(textOf(body)).toContain(
          `Mansfield is of 52 weeks in the charts, and of ${step === 'day' ? '200 days' : '12 months'} under “Figures”.`,
        )
    }
  },
)

describe('what was traded', () => {
  const tile = (body: string) => textOf(/<dt>Turnover<\/dt>([\s\S]*?)<\/div>/.exec(body)![1]!)

  test('is on the page: turnover in crore a day, and the volume of each week', async () => {
    const body = await page()
    const [row] = await app.sql<{ crore: number }[]>`
      select avg(turnover) / 1e7 as crore
      from (select turnover from prices where symbol = 'ITBEES' order by day desc limit 20) newest
    `
    expect(tile(body)).toBe(`₹${row!.crore.toFixed(2)} cr traded a day, mean of the last 20 sessions`)
    expect(body).toContain('Volume, units a week')
    expect(textOf(body)).toContain('Volume (units a week)')
    expect(textOf(await page('?span=3m'))).toMatch(/Volume, units a day.*Average of 50 days.*Average of 200 days/)
    expect(rowsOf(body, 'lines-table')[0]![7]).toMatch(/^\d{1,2}(,\d\d)*,\d{3}$/)
    // Three years ago it was that of three years ago.
    expect(tile(await page('?at=2023-11-17'))).not.toBe(tile(body))
  })

  test('is said to be missing where the files had none', async () => {
    await app.sql`update prices set volume = null, turnover = null where symbol = 'ITBEES'`
    await app.sql`update market_state set version = version + 1`
    const body = await page()
    expect(tile(body)).toBe('– the price files have no volumes for it')
    expect(textOf(body)).toContain('Volume is not shown: the price files of this span have none.')
    expect(body).not.toContain('Volume, units')
  })
})

test('the quadrants behind the charts say where they begin, when they do not begin with the lines', async () => {
  const begin =
    /Readings begin in the week of \w{3}, \d{1,2} \w{3} 2023: before it there are too few prices for a quadrant\./
  expect(textOf(await page('?span=5y'))).toMatch(begin)
  expect(await page('?span=5y')).toMatch(/<line class="begins" x1="\d/)
  for (const span of ['1y', '2y']) expect(await page(`?span=${span}`)).not.toMatch(/Readings begin|class="begins"/)
})

test('charts of a span that prices do not fill say since when there are prices', async () => {
  const [first] = await app.sql<{ day: string }[]>`
    select to_char(min(day), 'FMDD Mon YYYY') as day from prices where symbol = 'ITBEES'
  `
  const body = textOf(await page('?span=5y'))
  expect(body).toContain(`${first!.day}, so the charts show less than five years.`)
  expect(body).toMatch(/Prices begin on \w{3}, \d{1,2} \w{3} 2022, so/)
  for (const span of ['3m', '1y', '2y']) expect(textOf(await page(`?span=${span}`))).not.toContain('Prices begin on')
})

test('why it is here is folded, in words before the arithmetic', async () => {
  const body = await page()
  const why = textOf(body.slice(body.indexOf('Why it is here'), body.indexOf('Neighbours in rank')))
  expect(body).toMatch(/<details class="disclose">\s*<summary><h2 id="why-title">Why it is here/)
  for (const words of ['the usual size of its swings. That count is z', 'ROC4, the rate of change over 4 weeks'])
    expect(why.indexOf(words)).toBeLessThan(why.indexOf('The arithmetic'))
  expect(why.indexOf('the usual size of its swings')).toBeGreaterThan(0)
})
