import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { addVisits, deleteOldVisits, type VisitCount } from '../../src/records/visits/queries.ts'
import { cleanSource, isProgram, sourceOf } from '../../src/records/visits/sources.ts'
import { sourcesADay, visitCounter, visitDays } from '../../src/records/visits/visit-counter.ts'
import { adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { registration, Visitor } from '../support/visitor.ts'

const phone =
  'Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
beforeEach(() => app.sql`truncate visits, registration_sources`)
afterAll(() => app.close())

const counted = async () => {
  const rows = await app.sql<VisitCount[]>`select day::text, page, source, views from visits order by page, source`
  return rows.map(({ page, source, views }) => `${page} ${source} ${views}`)
}

/** Another process on the same database, which writes what it counted when it ends. */
async function anotherApp() {
  const { services, config } = app
  const one = await buildApp({ services, sessionKeys: config.sessionKeys })
  const get = (url: string, headers: Record<string, string> = {}) =>
    one.inject({ url, headers: { host: new URL(config.baseUrl).host, 'user-agent': phone, ...headers } })
  return { get, close: () => one.close() }
}

describe('where a visitor came from', () => {
  test.each([
    [{}, undefined, 'direct'],
    [{}, 'https://www.google.com/', 'google.com'],
    [{}, 'https://news.ycombinator.com/item?id=1', 'news.ycombinator.com'],
    [{}, 'android-app://com.google.android.gm/', 'com.google.android.gm'],
    [{}, 'http://site.example.in/methodology', 'this-site'],
    [{ utm_source: 'Newsletter' }, 'https://www.google.com/', 'newsletter'],
    [{ utm_source: ['x.com', 'y'] }, undefined, 'x.com'],
    [{ from: 'google.com' }, 'http://site.example.in/', 'google.com'],
    [{ utm_source: '' }, undefined, 'direct'],
  ])('%j with referrer %s is %s', (query, referrer, source) => {
    expect(sourceOf(query, referrer, 'site.example.in')).toBe(source)
  })

  test.each([
    'asha.rao@example.in',
    '9876543210',
    'call-9876543210',
    '203.0.113.7',
    '[2001:db8::1]',
    'a b',
    '<script>',
    '\ud800',
    '\u0000',
    '-x',
    'x'.repeat(41),
    'नमस्ते',
    '',
  ])('%j is no source: it could be about a person, or is no word', (text) => {
    expect(cleanSource(text)).toBe('other')
  })

  test('programs that say so are not counted, browsers are', () => {
    for (const agent of [
      undefined,
      '',
      'curl/8.9',
      'node',
      'Mozilla/5.0 (compatible; Googlebot/2.1)',
      'Mozilla/5.0 HeadlessChrome/1',
    ])
      expect(isProgram(agent), agent).toBe(true)
    expect(isProgram(phone)).toBe(false)
  })
})

describe('views', () => {
  test('of two processes are counted exactly, cached pages included, and no cookie is set', async () => {
    const [one, two] = [await anotherApp(), await anotherApp()]
    for (let i = 0; i < 7; i++) {
      const answer = await one.get('/', { referer: 'https://www.google.com/' })
      expect([answer.statusCode, answer.headers['set-cookie']]).toEqual([200, undefined])
    }
    for (let i = 0; i < 5; i++) await two.get('/?utm_source=Letter')
    for (let i = 0; i < 3; i++) await two.get('/', { referer: 'https://google.com/search' })
    await two.get('/terms')
    expect(await counted()).toEqual([])
    await Promise.all([one.close(), two.close()])
    expect(await counted()).toEqual(['/ google.com 10', '/ letter 5', '/terms direct 1'])
  })

  test('of programs, of prefetching browsers, of fragments and of people who are logged in are not counted', async () => {
    const one = await anotherApp()
    await one.get('/', { 'user-agent': 'Mozilla/5.0 (compatible; bingbot/2.0)' })
    await one.get('/', { 'sec-purpose': 'prefetch' })
    const member = new Visitor(app)
    await member.register()
    const cookie = [...member.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    await one.get('/', { cookie })
    await one.close()
    expect(await counted()).toEqual([])
  })

  test('that could not be written are written with the next', async () => {
    let broken = true
    const sql = new Proxy(app.sql, {
      apply: (target, self, args) =>
        broken ? Promise.reject(new Error('away')) : Reflect.apply(target as never, self, args),
    })
    const counter = visitCounter(sql)
    counter.count('/', 'direct')
    await expect(counter.flush()).rejects.toThrow('away')
    counter.count('/', 'direct')
    broken = false
    await counter.flush()
    await counter.flush()
    expect(await counted()).toEqual(['/ direct 2'])
  })

  test('from more sources than a day may have are counted as others, by several processes at once too', async () => {
    const batch = (name: string) =>
      Array.from({ length: 90 }, (_, i) => ({ day: '2026-11-20', page: '/', source: `${name}${i}`, views: 1 }))
    await Promise.all(['a', 'b', 'c'].map((name) => addVisits(app.sql, batch(name), sourcesADay)))
    const [row] = await app.sql<{ sources: number; views: number }[]>`
      select count(distinct source) filter (where source <> 'other')::int as sources, sum(views)::int as views from visits
    `
    expect(row).toEqual({ sources: sourcesADay, views: 270 })
  })

  test('whom nobody sent are told apart on a day of invented sources too, in a process and in the database', async () => {
    const counter = visitCounter(app.sql)
    for (let i = 0; i < 2 * sourcesADay; i++) counter.count('/', `junk-${i}`)
    for (const source of ['direct', 'this-site']) expect(counter.known(source)).toBe(source)
    counter.count('/', 'direct')
    await counter.flush()
    const other = visitCounter(app.sql)
    for (const source of ['this-site', 'one-more']) other.count('/', source)
    await other.flush()
    const views = await counted()
    expect(views).toEqual(expect.arrayContaining(['/ direct 1', '/ this-site 1', `/ other ${sourcesADay + 1}`]))
    expect(views).toHaveLength(sourcesADay + 3)
  })

  test('do not use up the places of sites and campaigns', async () => {
    const counter = visitCounter(app.sql)
    for (const source of ['direct', 'this-site', 'other']) counter.count('/', source)
    for (let i = 0; i < sourcesADay; i++) counter.count('/', `site-${i}.in`)
    await counter.flush()
    expect(await counted()).toHaveLength(sourcesADay + 3)
  })

  test('of very many invented sources take bounded memory', async () => {
    const counter = visitCounter(app.sql)
    for (let i = 0; i < 5_000; i++) counter.count('/', `junk-${i}`)
    await counter.flush()
    const [row] = await app.sql<{ rows: number; views: number }[]>`
      select count(*)::int as rows, sum(views)::int as views from visits
    `
    expect(row).toEqual({ rows: sourcesADay + 1, views: 5_000 })
  })
})

describe('a registration', () => {
  test('carries its source from the page through the form to the panel', async () => {
    const one = await anotherApp()
    const page = await one.get('/?utm_source=letter')
    await one.close()
    const source = /<input type="hidden" name="source" value="([^"]*)" form="register">/.exec(page.body)![1]!
    expect(source).toBe('letter')
    expect(page.body).toContain('from=letter#register')
    const visitor = new Visitor(app)
    const { email } = await visitor.register({ source })
    await new Visitor(app).register({ source: 'asha@example.in' })
    await new Visitor(app).register()
    const order = await newestOrder(app, email!)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const { visitor: admin } = await adminOf(app, 'admin')
    const rows = [
      ...(await admin.get('/admin/visits')).body.matchAll(/<tr><th scope="row"[^>]*>([^<]*)<\/th>(.*?)<\/tr>/gs),
    ]
    const cells = rows.map(([, name, rest]) => [
      name,
      ...[...rest!.matchAll(/>(\d+)</g)].map(([, number]) => Number(number)),
    ])
    expect(cells).toContainEqual(['letter', 1, 1, 1, 1])
    expect(cells).toContainEqual(['Others', 0, 0, 1, 0])
    expect(cells).toContainEqual(['Direct, or not told', 0, 0, 1, 0])
  })

  test('keeps it when the form is refused, and gives it back as it may be counted', async () => {
    const refused = await new Visitor(app).post('/register', registration({ email: 'no', source: 'Letter' }))
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('name="source" value="letter"')
  })

  test('loses it with the account, and the export tells of it', async () => {
    const visitor = new Visitor(app)
    const { email } = await visitor.register({ source: 'letter' })
    expect((await visitor.get('/account/data.json')).body).toContain('"source":"letter"')
    const [user] = await app.sql<{ id: string }[]>`select id from users where email = ${email!}`
    await app.sql`select forget_person(u, 'unusable', now()) from users u where id = ${user!.id}`
    expect(await app.sql`select 1 from registration_sources`).toHaveLength(0)
  })
})

test('counts and sources are kept for 90 days', async () => {
  await new Visitor(app).register({ source: 'letter' })
  await app.sql`update registration_sources set registered_at = now() - make_interval(days => ${visitDays}, hours => 1)`
  await app.sql`
    insert into visits (day, page, source, views)
    select (now() at time zone 'Asia/Kolkata')::date - age, '/', 'direct', 1 from unnest(array[0, 89, 90, 91]::int[]) age
  `
  expect(await deleteOldVisits(app.sql, visitDays)).toBe(2)
  expect(await app.sql`select 1 from visits`).toHaveLength(3)
  expect(await app.sql`select 1 from registration_sources`).toHaveLength(0)
  await app.run('clean')
})

describe('/admin/visits', () => {
  test.each(['', '?days=7', '?days=90', '?days=junk', '?days=7&days=90', '?days=99999999999'])(
    'answers %s',
    async (query) => {
      const { visitor } = await adminOf(app, 'admin')
      expect((await visitor.get(`/admin/visits${query}`)).status).toBe(200)
    },
  )
})
