import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { currentMarket } from '../../../src/market/engine/market.ts'
import { measureAgainst } from '../../../src/market/instruments/instruments.ts'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { type Admin, adminOf } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import type { Visitor } from '../../support/visitor.ts'
import { rowsOf, subscriberAt, textOf } from './people.ts'

let app: TestApp
let visitor: Visitor
let admin: Admin
beforeAll(async () => {
  app = await startApp()
  visitor = (await subscriberAt(app)).visitor
  admin = await adminOf(app)
  await seedSample(app.sql, '2026-11-20')
})
afterAll(() => app.close())

const fundsOn = async (symbol: string, query = '') =>
  rowsOf((await visitor.get(`/dashboard/sectors/${symbol}${query}`)).body, 'readings funds')
const revision = async (symbol: string) =>
  (await app.sql<{ revision: number }[]>`select revision from instruments where symbol = ${symbol}`)[0]!.revision
const link = async (symbol: string, sector: string, seen?: number) =>
  admin.visitor.post(`/admin/market/instruments/${symbol}/alternative`, {
    sector,
    seen: String(seen ?? (await revision(symbol))),
  })

describe('other ETFs of a sector', () => {
  test('stand on its page with turnover and the year against the ranked one, the most traded first, and are not ranked', async () => {
    const rows = await fundsOn('BANKBEES')
    expect(rows.map(([name]) => name!.split(' ')[0])).toHaveLength(3)
    expect(rows[0]![0]).toBe('BANKBEES ranked here')
    expect(
      rows
        .slice(1)
        .map(([name]) => name!.split(' ')[0])
        .sort(),
    ).toEqual(['BANKIETF', 'SETFNIFBK'])
    const [expected] = await app.sql<{ crore: number; gained: number; own: number }[]>`
      with closes as (
        select symbol, (array_agg(close order by day desc))[1] as now,
               (array_agg(close order by day desc) filter (where day <= '2025-11-19'))[1] as before
        from prices where symbol in ('BANKBEES', 'BANKIETF') group by symbol
      )
      select (select avg(turnover) / 1e7 from (select turnover from prices where symbol = 'BANKIETF' order by day desc limit 20) t) as crore,
             (select 100 * (now / before - 1) from closes where symbol = 'BANKIETF') as gained,
             (select 100 * (now / before - 1) from closes where symbol = 'BANKBEES') as own
    `
    const signed = (value: number, digits: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`
    const row = rows.find(([name]) => name!.startsWith('BANKIETF'))!
    expect(row.slice(1)).toEqual([
      `₹${expected!.crore.toFixed(2)} cr`,
      `${signed(expected!.gained, 1)} % ${signed(expected!.gained - expected!.own, 2)} pts`,
      expect.stringMatching(/^[+−]?0\.\d\d %$/),
    ])
    const market = await currentMarket(app.sql)
    expect(market.sectors.some(({ symbol }) => symbol === 'BANKIETF')).toBe(false)
    expect((await visitor.get('/dashboard')).body).not.toContain('BANKIETF')
    expect((await visitor.get('/dashboard/sectors/BANKIETF')).status).toBe(404)
  })

  test('are what they were on the day that is shown', async () => {
    expect(await fundsOn('BANKBEES', '?at=2025-06-06')).not.toEqual(await fundsOn('BANKBEES'))
    // Two years ago in the sample there was no year before.
    const [, , year] = (await fundsOn('ITBEES', '?at=2023-06-09'))[1]!
    expect(year).toBe('–')
  })

  test('a sector without others has no such table', async () => {
    expect((await visitor.get('/dashboard/sectors/PHARMABEES')).body).not.toContain('ETFs of this sector')
  })
})

describe('an administrator', () => {
  test('lists an instrument on a sector’s page, and ranks it by itself again, with entries in the audit', async () => {
    expect((await link('HEALTHIETF', 'PHARMABEES')).status).toBe(303)
    expect((await fundsOn('PHARMABEES')).map(([name]) => name)).toEqual([
      'PHARMABEES ranked here',
      'HEALTHIETF Healthcare',
    ])
    const page = await admin.visitor.get('/admin/market/instruments/PHARMABEES')
    expect(textOf(page.body)).toContain('Listed on its page: HEALTHIETF.')
    expect((await link('HEALTHIETF', '')).status).toBe(303)
    expect((await visitor.get('/dashboard')).body).toContain('HEALTHIETF')
    const entries = await app.sql<{ details: object }[]>`
      select details from audit where action = 'instrument.linked' order by id
    `
    expect(entries.map(({ details }) => details)).toEqual([
      { symbol: 'HEALTHIETF', before: null, after: 'PHARMABEES' },
      { symbol: 'HEALTHIETF', before: 'PHARMABEES', after: null },
    ])
  })

  test.each([
    ['itself', 'AUTOBEES', 'AUTOBEES', 'Choose a sector from the list.'],
    ['an alternative', 'AUTOBEES', 'BANKIETF', 'Choose a sector from the list.'],
    ['the benchmark', 'AUTOBEES', 'NIFTYBEES', 'Choose a sector from the list.'],
    ['nothing there is', 'AUTOBEES', 'NOWHERE', 'Choose a sector from the list.'],
    ['no symbol', 'AUTOBEES', '<script>', 'Choose a sector from the list.'],
    ['a sector, having alternatives itself', 'BANKBEES', 'AUTOBEES', 'Other funds are alternatives of this one.'],
    [
      'a sector, being the benchmark',
      'NIFTYBEES',
      'AUTOBEES',
      'NIFTYBEES is the benchmark, which is an alternative of nothing.',
    ],
  ])('is refused to make one an alternative of %s', async (_, symbol, sector, sentence) => {
    const before = await revision(symbol)
    const answer = await link(symbol, sector)
    expect(answer.status).toBe(symbol === 'NIFTYBEES' ? 409 : 422)
    expect(textOf(answer.body)).toContain(sentence)
    expect(await revision(symbol)).toBe(before)
  })

  test('measures everything against an alternative, which is none any more', async () => {
    const by = { actor: 'command', origin: null }
    await measureAgainst(app.sql, { symbol: 'BANKIETF', seen: 'NIFTYBEES' }, by)
    const { benchmark, alternatives } = await currentMarket(app.sql)
    expect([benchmark?.symbol, alternatives.map((one) => one.symbol)]).toEqual(['BANKIETF', ['ITIETF', 'SETFNIFBK']])
    await measureAgainst(app.sql, { symbol: 'NIFTYBEES', seen: 'BANKIETF' }, by)
  })

  test('is refused to offer an alternative as a benchmark, and to list a benchmark as an alternative', async () => {
    const answer = await admin.visitor.post('/admin/market/instruments/ITIETF', {
      name: 'IT',
      universe: 'sector',
      shown: 'yes',
      isBenchmarkChoice: 'yes',
      seen: String(await revision('ITIETF')),
    })
    expect([answer.status, textOf(answer.body).includes('It is listed on the page of ITBEES.')]).toEqual([422, true])
    const other = await link('JUNIORBEES', 'PHARMABEES')
    expect([other.status, textOf(other.body).includes('It is offered as a benchmark.')]).toEqual([422, true])
  })

  test('is told when somebody else changed it meanwhile', async () => {
    const answer = await link('AUTOBEES', 'BANKBEES', (await revision('AUTOBEES')) + 1)
    expect([answer.status, textOf(answer.body).includes('Somebody changed AUTOBEES in the meantime.')]).toEqual([
      409,
      true,
    ])
  })
})
