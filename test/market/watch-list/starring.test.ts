import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { mostStars } from '../../../src/market/watch-list/watch-list.ts'
import { deletionForm, registrant, subscriber } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { rowsOf } from '../dashboard/people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await seedSample(app.sql, '2026-11-20')
})
afterAll(() => app.close())

const path = '/dashboard/watch-list'
const htmx = { 'hx-request': 'true' }
const starsOf = async (userId: string) =>
  (await app.sql<{ symbol: string }[]>`select symbol from stars where user_id = ${userId} order by symbol`).map(
    ({ symbol }) => symbol,
  )
/** Which sectors are starred on a page; the table and the cards of a phone each have a star. */
const pressed = (html: string) => [
  ...new Set([...html.matchAll(/name="unstar" value="([^"]*)"\s+aria-pressed="true"/g)].map(([, symbol]) => symbol)),
]

describe('a star', () => {
  test('is set and taken off by what the form says is wanted, however often it is sent', async () => {
    const { visitor, userId } = await subscriber(app)
    for (let i = 0; i < 2; i++) {
      const answer = await visitor.post(path, { star: 'ITBEES', back: '/dashboard?sort=name' })
      expect([answer.status, answer.location]).toEqual([303, '/dashboard?sort=name'])
      expect(await starsOf(userId)).toEqual(['ITBEES'])
    }
    await Promise.all([visitor.post(path, { star: 'AUTOBEES' }), visitor.post(path, { star: 'AUTOBEES' })])
    expect(await starsOf(userId)).toEqual(['AUTOBEES', 'ITBEES'])
    for (let i = 0; i < 2; i++) {
      expect((await visitor.post(path, { unstar: 'ITBEES' })).location).toBe(path)
      expect(await starsOf(userId)).toEqual(['AUTOBEES'])
    }
  })

  test('is shown in the table, on the sector’s page and on the watch-list to the one who set it, and to nobody else', async () => {
    const [{ visitor }, { visitor: other }] = [await subscriber(app), await subscriber(app)]
    await other.get('/dashboard')
    await visitor.post(path, { star: 'ITBEES' })
    for (const page of ['/dashboard', '/dashboard/sectors/ITBEES', path]) {
      expect([page, pressed((await visitor.get(page)).body)]).toEqual([page, ['ITBEES']])
      expect([page, pressed((await other.get(page)).body)]).toEqual([page, []])
    }
    expect((await visitor.get('/dashboard')).body).not.toContain('<!--')
  })

  test('can be set on the watch-list for whatever is followed, under the name of its universe', async () => {
    const { visitor } = await subscriber(app)
    const sections = async () =>
      Object.fromEntries(
        [...(await visitor.get(path)).body.matchAll(/<h2 id="others[^>]*>([^<]*)<\/h2>([\s\S]*?)<\/section>/g)].map(
          ([, title, list]) => [title, [...list!.matchAll(/name="star" value="([^"]*)"/g)].map(([, symbol]) => symbol)],
        ),
      )
    const before = await sections()
    expect(Object.keys(before)).toEqual(['Sectors', 'Broad indices'])
    expect(before.Sectors).toContain('ITBEES')
    expect(before['Broad indices']).toEqual(expect.arrayContaining(['JUNIORBEES', 'MID150BEES']))
    expect(before.Sectors).not.toContain('JUNIORBEES')
    for (const star of before['Broad indices']!) await visitor.post(path, { star: star! })
    expect(Object.keys(await sections())).toEqual(['Sectors'])
  })

  test('answers htmx with the button as it is now', async () => {
    const { visitor } = await subscriber(app)
    const { body } = await visitor.post(path, { star: 'ITBEES' }, htmx)
    expect(body).toMatch(/^\s*<button[^>]*name="unstar" value="ITBEES"/)
    expect((await visitor.post(path, { unstar: 'ITBEES' }, htmx)).body).toMatch(/name="star" value="ITBEES"/)
    const index = await visitor.post(path, { star: 'JUNIORBEES' }, htmx)
    expect(index.body).toContain('aria-label="Star Nifty Next 50"')
  })

  test('follows its sector to a new symbol, and may be set by the former one', async () => {
    const { visitor, userId } = await subscriber(app)
    await visitor.post(path, { star: 'INFRABEES' })
    const rename = (from: string, to: string) => app.sql`
      select rename_instruments(${app.sql.json([{ symbol: from, newSymbol: to, until: '2026-11-01' }])}, 'test', null)`
    await rename('INFRABEES', 'INFRANEW')
    expect(await starsOf(userId)).toEqual(['INFRANEW'])
    await visitor.post(path, { unstar: 'INFRANEW' })
    await visitor.post(path, { star: 'INFRABEES' })
    expect(await starsOf(userId)).toEqual(['INFRANEW'])
    await rename('INFRANEW', 'INFRABEES')
  })

  test.each([
    ['a sector that is not followed', { star: 'NOWHERE' }, 404],
    ['another fund of a sector, which is not ranked', { star: 'BANKIETF' }, 404],
    ['nothing', {}, 200],
    ['a broken character', { star: 'IT\ud800' }, 404],
    ['an overlong one', { star: 'X'.repeat(5_000) }, 404],
    ['two of them', { star: ['NOWHERE', 'ITBEES'] as unknown as string }, 404],
  ])('of %s changes nothing', async (_, form, status) => {
    const { visitor, userId } = await subscriber(app)
    const answer = await visitor.post(path, form as Record<string, string>)
    expect([answer.status === 303 ? 200 : answer.status, await starsOf(userId)]).toEqual([status, []])
  })

  test.each([['https://elsewhere.example'], ['//elsewhere.example'], ['/dashboards'], ['/logout'], ['javascript:1']])(
    'never leads back to %s',
    async (back) => {
      const { visitor } = await subscriber(app)
      expect((await visitor.post(path, { star: 'ITBEES', back })).location).toBe(path)
    },
  )

  test('is refused with a sentence when the list is full, also to two at once', async () => {
    const { visitor, userId } = await subscriber(app)
    await app.sql`
      insert into instruments (symbol, name, kind, tracks, shown)
      select 'EXTRA' || n, 'Extra ' || n, 'other', '', false from generate_series(1, ${mostStars}::int) n`
    await app.sql`
      insert into stars (user_id, symbol)
      select ${userId}, 'EXTRA' || n from generate_series(1, ${mostStars - 1}::int) n`
    const answers = await Promise.all([
      visitor.post(path, { star: 'ITBEES' }),
      visitor.post(path, { star: 'AUTOBEES' }),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    expect(answers.find(({ status }) => status === 409)!.body).toContain(`A watch-list holds ${mostStars} sectors.`)
    expect(await starsOf(userId)).toHaveLength(mostStars)
    await app.sql`delete from instruments where symbol like 'EXTRA%'`
  })

  test('is not for those without a subscription: nothing is kept, they are told', async () => {
    const { visitor, userId } = await registrant(app)
    for (const answer of [await visitor.post(path, { star: 'ITBEES' }), await visitor.get(path)])
      expect([answer.status, answer.location]).toEqual([303, '/dashboard'])
    expect(await starsOf(userId)).toEqual([])
    expect((await visitor.get('/dashboard')).body).toContain('A watch-list comes with a subscription.')
  })
})

describe('only what is starred', () => {
  const names = async (visitor: { get: (path: string) => Promise<{ body: string }> }, query: string) =>
    rowsOf((await visitor.get(`/dashboard?${query}`)).body, 'ranks').map((row) => /[A-Z]{4,}/.exec(row[0]!)![0])

  test('stands in the table, on the map, in the heat map and in the CSV, with ranks among all', async () => {
    const { visitor } = await subscriber(app)
    await visitor.post(path, { star: 'ITBEES' })
    await visitor.post(path, { star: 'AUTOBEES' })
    const { body } = await visitor.get('/dashboard?only=starred&sort=name')
    expect(await names(visitor, 'only=starred&sort=name')).toEqual(['AUTOBEES', 'ITBEES'])
    expect(rowsOf(body, 'heat').map(([name]) => name)).toEqual(['Nifty 50 benchmark', 'Auto', 'IT'])
    expect(body.replace(/\s+/g, ' ')).toContain('16 are ranked.')
    const all = rowsOf((await visitor.get('/dashboard?sort=name')).body, 'ranks')
    expect(all).toHaveLength(16)
    expect(rowsOf(body, 'ranks')).toEqual(all.filter(([name]) => /AUTOBEES|ITBEES/.test(name!)))
    const csv = (await visitor.get('/dashboard/table.csv?only=starred&sort=name')).body.trim().split('\r\n')
    expect(csv.slice(1).map((line) => line.split(',')[5])).toEqual(['"AUTOBEES"', '"ITBEES"', '"NIFTYBEES"'])
  })

  test('is another’s own for another, and changes with the stars', async () => {
    const [{ visitor }, { visitor: other }] = [await subscriber(app), await subscriber(app)]
    await visitor.post(path, { star: 'ITBEES' })
    await other.post(path, { star: 'AUTOBEES' })
    expect(await names(visitor, 'only=starred')).toEqual(['ITBEES'])
    expect(await names(other, 'only=starred')).toEqual(['AUTOBEES'])
    await other.post(path, { star: 'ITBEES' })
    await other.post(path, { unstar: 'AUTOBEES' })
    expect(await names(other, 'only=starred')).toEqual(['ITBEES'])
  })

  test('without a star says how to set one, and leads back to all', async () => {
    const { visitor } = await subscriber(app)
    const { status, body } = await visitor.get('/dashboard?only=starred')
    expect(status).toBe(200)
    expect(body).toContain('No starred sectors')
    expect(body).toMatch(/href="\/dashboard">Show all sectors/)
    expect((await visitor.get('/dashboard/table.csv?only=starred')).status).toBe(200)
  })

  test.each(['only=mine', 'only=starred&only=x', 'only=%ED%A0%80'])('%s is no server error', async (query) => {
    const { visitor } = await subscriber(app)
    expect((await visitor.get(`/dashboard?${query}`)).status).toBe(query.startsWith('only=starred') ? 200 : 422)
  })
})

test('stars are in the export of a person’s data, and gone with their account', async () => {
  const { visitor, userId, username } = await subscriber(app)
  await visitor.post(path, { star: 'ITBEES' })
  const data = (await visitor.get('/account/data.json')).json() as Record<string, unknown>
  expect(data.watchList).toEqual([{ symbol: 'ITBEES', name: 'IT', createdAt: expect.any(String) }])
  await visitor.post('/account/delete', await deletionForm(visitor, username))
  expect(await starsOf(userId)).toEqual([])
})
