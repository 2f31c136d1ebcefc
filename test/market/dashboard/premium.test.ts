import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { upload } from '../../admin/market/uploading.ts'
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
  // As if these were real: the sample ends, and what follows is measured.
  await app.sql`update imports set origin = 'command', created_by = 'command'`
  await app.sql`delete from navs`
  await app.sql`update market_state set version = version + 1`
})
afterAll(() => app.close())

const page = async (symbol: string, query = '') => (await visitor.get(`/dashboard/sectors/${symbol}${query}`)).body
const closeOn = async (symbol: string, day: string) =>
  (await app.sql<{ close: number }[]>`select close from counted_prices(${symbol}) where day = ${day}`)[0]!.close
const importOf = async (...lines: string[]) => {
  const { location } = await upload(admin, { name: 'navs.csv', content: ['date,symbol,nav', ...lines].join('\n') })
  const held = await admin.visitor.get(location!)
  return { location: location!, body: held.body, version: /name="version" value="(\d+)"/.exec(held.body)?.[1] ?? '' }
}

describe('a sector’s page', () => {
  test('says nothing of premiums where no NAV is known', async () => {
    expect(textOf(await page('BANKBEES'))).not.toMatch(/NAV|[Pp]remium/)
  })

  test('shows premium or discount with its day, the days before, and those of its other ETFs, once an import counts', async () => {
    const close = await closeOn('BANKBEES', '2026-11-19')
    const [before, other] = [await closeOn('BANKBEES', '2026-11-17'), await closeOn('BANKIETF', '2026-11-17')]
    const given = await importOf(
      `2026-11-19,BANKBEES,${close / 0.995}`,
      `2026-11-17,BANKBEES,${before / 1.0025}`,
      `2026-11-17,BANKIETF,${other / 1.03}`,
    )
    expect(textOf(given.body)).toContain('3 NAVs of 2 instruments go live on the pages of their sectors')
    expect(textOf(given.body)).not.toContain('in the next reports')
    expect(textOf(await page('BANKBEES'))).not.toContain('NAV')
    await admin.visitor.post(`${given.location}/commit`, { version: given.version })
    expect(textOf((await admin.visitor.get(given.location)).body)).toContain('These NAVs are live.')

    const body = await page('BANKBEES')
    expect(textOf(body)).toContain(
      `−0.50 % on Thu, 19 Nov 2026: the closing price of ₹${close.toFixed(2)} was 0.50 % below the NAV of ₹${(close / 0.995).toFixed(2)}.`,
    )
    expect(rowsOf(body, 'readings premiums').map(([day, , , percent]) => [day, percent])).toEqual([
      ['19 Nov 2026', '−0.50 %'],
      ['17 Nov 2026', '+0.25 %'],
    ])
    const funds = rowsOf(body, 'readings funds').map((row) => [row[0]!.split(' ')[0], row[3]])
    expect(Object.fromEntries(funds)).toEqual({
      BANKBEES: '−0.50 % 19 Nov',
      BANKIETF: '+3.00 % 17 Nov',
      SETFNIFBK: '–',
    })
  })

  test('shows what was known on the day that is looked at', async () => {
    const body = textOf(await page('BANKBEES', '?step=day&at=2026-11-18'))
    expect(body).toContain('+0.25 % on Tue, 17 Nov 2026')
    expect(textOf(await page('BANKBEES', '?step=day&at=2026-11-16'))).not.toContain('Premium to NAV')
    for (const at of ['0000-01-01', '9999-12-31'])
      expect((await visitor.get(`/dashboard/sectors/BANKBEES?at=${at}`)).status).toBeLessThan(500)
  })

  test('shows none any more when the import is undone, which its page foretells', async () => {
    const [last] = await app.sql<{ id: number }[]>`select max(id)::int as id from imports`
    const here = `/admin/market/imports/${last!.id}`
    const asked = await admin.visitor.get(`${here}/undo`)
    expect(textOf(asked.body)).toContain('3 NAVs of 2 instruments no longer count')
    const version = /name="version" value="(\d+)"/.exec(asked.body)![1]!
    await admin.visitor.post(`${here}/undo`, { version })
    expect(textOf(await page('BANKBEES'))).not.toContain('Premium to NAV')
  })
})

describe('an administrator', () => {
  const instrument = async (symbol: string) =>
    textOf((await admin.visitor.get(`/admin/market/instruments/${symbol}`)).body)

  test('reads at an instrument why its page shows no premium', async () => {
    await app.sql`update instruments set isin = null where symbol = 'ITBEES'`
    expect(await instrument('BANKBEES')).toContain('No NAV of it is live, so its page shows no premium.')
    expect(await instrument('BANKBEES')).not.toContain('It has no ISIN')
    expect(await instrument('ITBEES')).toContain('It has no ISIN, by which AMFI’s file knows it')
    const { location, version } = await importOf('2026-11-18,ITBEES,40')
    await admin.visitor.post(`${location}/commit`, { version })
    expect(await instrument('ITBEES')).toContain('Its newest NAV is of Wed, 18 Nov 2026.')
  })

  test('reads which lines of a file of NAVs are wrong, and cannot commit it', async () => {
    const { body, location } = await importOf('2026-11-18,NOSUCH,40', '2026-11-18,ITBEES,x')
    expect(textOf(body)).toContain('navs.csv, line 2 “NOSUCH” is not an instrument we follow.')
    expect(textOf(body)).toContain('navs.csv, line 3 “x” is not a NAV.')
    expect((await admin.visitor.post(`${location}/commit`, { version: '1' })).status).toBe(409)
  })
})
