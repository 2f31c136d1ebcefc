import { afterAll, beforeAll, expect, test } from 'vitest'
import { seedMarket } from '../../src/dev/demo.ts'
import { rowsOf, subscriberAt } from '../market/dashboard/people.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('the demo has something in every universe: themes too are chosen, ranked and on the map', async () => {
  expect(await seedMarket(app.sql, '2026-11-20')).toBe(true)
  const { visitor } = await subscriberAt(app)
  const usual = (await visitor.get('/dashboard')).body
  expect(usual).toContain('<option value="theme">Themes</option>')
  expect(rowsOf(usual, 'ranks')).toHaveLength(16)
  const { body } = await visitor.get('/dashboard?universe=theme')
  expect(
    rowsOf(body, 'ranks')
      .map(([name]) => name)
      .sort(),
  ).toEqual(['Electric vehicles EVINDIA', 'Manufacturing MAKEINDIA', 'Multinationals MNC'])
  expect(body.match(/data-symbol="(EVINDIA|MAKEINDIA|MNC)"/g)).toHaveLength(3)
  expect(body).toContain('Sample data')
})

test('a market that has prices is left as it is', async () => {
  await app.sql`update instruments set shown = false, universe = 'sector' where symbol = 'MNC'`
  const [before] = await app.sql`select jsonb_agg(i order by symbol) as all from instruments i`
  expect(await seedMarket(app.sql, '2026-11-20')).toBe(false)
  const [after] = await app.sql`select jsonb_agg(i order by symbol) as all from instruments i`
  expect(after).toEqual(before)
})
