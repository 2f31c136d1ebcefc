import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DatabaseUnavailable, type Sql } from '../../src/platform/db.ts'
import type { Answer } from '../support/visitor.ts'
import { go, type Way, waysIn } from './every-route.ts'
import { buildFixture, people, type WebFixture, type Who } from './fixture.ts'

let fixture: WebFixture
let ways: Way[]
beforeAll(async () => {
  fixture = await buildFixture({}, pool.disturbed)
  ways = waysIn(fixture)
})
afterAll(() => fixture.close())

/** Errors as the driver throws them, one after the other. */
const errors = [
  () => new DatabaseUnavailable('The line to the database broke.', { cause: new Error('secret-of-the-line') }),
  ...['57014', '55P03', '40001', '53300', '28P01', '58030'].map(
    (code) => () => Object.assign(new Error('secret-of-the-server'), { name: 'PostgresError', code }),
  ),
]

const pool = disturbing()

/** The product's pool, with one statement of those that follow made to fail, and all of them written down. */
function disturbing() {
  let failAt = 0
  let error = errors[0]!
  const sent: string[] = []
  const isQuery = (value: unknown) => value instanceof Promise && 'cancel' in value
  const watch = (query: Promise<unknown> & { strings?: readonly string[] }) => {
    const start = query.then.bind(query)
    // biome-ignore lint/suspicious/noThenProperty: a driver's query runs when it is awaited.
    query.then = ((ok: never, fail: never) => {
      sent.push(textOf(query))
      return sent.length === failAt ? Promise.reject(error()).then(ok, fail) : start(ok, fail)
    }) as never
    return query
  }
  return {
    sent,
    /** The statement with this number, counted from now, fails; none with 0. */
    fail(at: number) {
      sent.length = 0
      failAt = at
      error = errors[at % errors.length]!
    },
    disturbed: (sql: Sql) =>
      new Proxy(sql, {
        apply(target, self, args) {
          const result: unknown = Reflect.apply(target as never, self, args)
          return isQuery(result) ? watch(result as never) : result
        },
      }),
  }
}

/** A statement's words, those of the pieces it is made of included. */
function textOf(piece: unknown): string {
  const { strings, args } = (piece ?? {}) as { strings?: readonly string[]; args?: unknown[] }
  return [...(strings ?? []), ...(args ?? []).map((arg) => (arg === piece ? '' : textOf(arg)))].join(' ')
}

const internals =
  /secret-of|Cannot |undefined|is not a function|destructur|\bat \w+ \(|\.ts\b|\.eta\b|node_modules|postgres|select |\b(57014|55P03|42P01)\b/

/** What is wrong with an answer; undefined when it is one that a person can read. */
function problemIn({ route, may }: Way, { status, headers, body }: Answer): string | undefined {
  const type = headers.get('content-type') ?? ''
  if (status >= 500 && status !== 503) return `${status} ${body.slice(0, 200)}`
  if (status !== 503) return undefined
  if (internals.test(body)) return `tells ${internals.exec(body)![0]}`
  if (!/^[1-9]/.test(headers.get('retry-after') ?? '')) return 'does not say when to ask again'
  if (headers.get('content-disposition')) return 'is offered as a file'
  if (route.includes(' /api/'))
    return (JSON.parse(body) as { error: { code: string } }).error.code === 'unavailable' ? undefined : body
  if (may === 'machines' && !route.startsWith('GET /reports')) return undefined
  if (!type.startsWith('text/html')) return `${type} to a browser: ${body.slice(0, 100)}`
  if (!body.includes('class="site-header') || !body.includes('<footer')) return 'has no frame'
  return body.includes('We cannot reach our records') ? undefined : 'does not say what it is'
}

describe('a page whose query fails says so, whoever asks', () => {
  test.each(people)('each query of each page in turn: %s', { timeout: 60_000 }, async (who) => {
    const wrong: string[] = []
    const began = performance.now()
    let asked = 0
    let refused = 0
    for (const way of ways.filter(({ method }) => method === 'GET')) {
      for (let at = 1; ; at++) {
        pool.fail(at)
        const answer = await go(fixture, way, who)
        asked++
        if (answer.status === 503) refused++
        const problem = problemIn(way, answer)
        if (problem) wrong.push(`${way.route}, query ${at}: ${problem}`)
        if (pool.sent.length < at) break
      }
      pool.fail(0)
    }
    console.log(`${who}: ${asked} requests, ${refused} of them 503, in ${Math.round(performance.now() - began)} ms`)
    expect(wrong).toEqual([])
    if (who !== 'visitor') expect(refused).toBeGreaterThan(50)
  })

  test.each(['visitor', 'owner', 'money'] as const)(
    'each query of each act in turn: %s',
    { timeout: 60_000 },
    async (who) => {
      const wrong: string[] = []
      for (const way of ways.filter(({ method, ends }) => method === 'POST' && !ends)) {
        for (let at = 1; at <= 12; at++) {
          pool.fail(at)
          const problem = problemIn(way, await go(fixture, way, who))
          if (problem) wrong.push(`${way.route}, query ${at}: ${problem}`)
          if (pool.sent.length < at) break
        }
        pool.fail(0)
      }
      expect(wrong).toEqual([])
    },
  )

  test('a fragment gets a notice, and a statement that is wrong a page that says nothing of it', async () => {
    pool.fail(1)
    const fragment = await fixture.at.owner.get('/dashboard', { 'hx-request': 'true' })
    expect([fragment.status, fragment.body]).toEqual([503, expect.stringContaining('class="notice bad"')])
    expect(fragment.body).not.toContain('<html')
    pool.fail(0)
    await fixture.app.sql`alter table subscriptions rename to subscriptions_gone`
    try {
      const page = await fixture.at.owner.get('/account')
      expect(page.status).toBe(500)
      expect(page.body).toContain('class="site-header')
      expect(page.body).toContain('This is our fault')
      expect(page.body).not.toMatch(internals)
      // What the frame alone shows is left out, and the page is there.
      expect((await fixture.at.owner.get('/contact')).status).toBe(200)
    } finally {
      await fixture.app.sql`alter table subscriptions_gone rename to subscriptions`
    }
  })
})

test('files asked for side by side are all there, and hold up nobody', async () => {
  const files = ways.filter(({ route, method }) => method === 'GET' && /\.(csv|json)$/.test(route))
  const answers = await Promise.all(
    [1, 2, 3].flatMap(() => files.map(async (way) => [way.route, (await go(fixture, way, 'money')).status])),
  )
  // To an administrator who does not subscribe the analyser's files are not offered.
  const allOf = (route: unknown) => (/^GET .dashboard.(table|map|compare)\.(csv|json)$/.test(String(route)) ? 303 : 200)
  for (const [route, status] of answers) expect([route, status]).toEqual([route, allOf(route)])
  expect((await fixture.at.money.get('/admin/orders')).status).toBe(200)
})

test('an address or a cookie that cannot be read gets a page, never JSON', async () => {
  const stranger = (cookie: string) => fixture.at.visitor.get('/contact', { cookie })
  for (const cookie of [
    'sid=%E0%A4%A',
    'sid=',
    'sid=;',
    'sid=a%3Bb',
    `sid=${'A'.repeat(60)}%3B${'B'.repeat(32)}`,
    'sid=null',
    '=;=',
    '%',
  ])
    expect([cookie, (await stranger(cookie)).status]).toEqual([cookie, 200])
  for (const path of [
    `/admin/orders/${'x'.repeat(300)}`,
    '/%',
    '/%zz',
    '/%FF',
    `/checkout/${'%F0%9F%98%80'.repeat(80)}`,
  ]) {
    const { status, headers, body } = await fixture.at.money.get(path)
    expect([path, status, headers.get('content-type')]).toEqual([
      path,
      expect.any(Number),
      expect.stringContaining('text/html'),
    ])
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(body).toContain('<h1>')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

/** Tables whose names stand in these statements, or in the SQL functions that they call. */
async function tablesIn(): Promise<(text: string) => string[]> {
  const { sql } = fixture.app
  const tables = (
    await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`
  ).map(({ name }) => name)
  const functions = await sql<{ name: string; body: string }[]>`
    select proname as name, prosrc as body from pg_proc where pronamespace = 'public'::regnamespace`
  const within = (text: string, seen = new Set<string>()): string =>
    functions
      .filter(({ name }) => !seen.has(name) && new RegExp(`\\b${name}\\(`).test(text))
      .reduce((all, { name, body }) => all + within(body, seen.add(name)), text)
  return (text) => {
    const whole = within(text)
    return tables.filter((name) => new RegExp(`\\b${name}\\b`).test(whole))
  }
}

test('a page that needs a locked table says so in time, whichever table it is', { timeout: 120_000 }, async () => {
  const began = performance.now()
  const asking = ['visitor', 'owner', 'money'] as const
  const touched = await tablesIn()
  const needing = new Map<string, { way: Way; who: Who }[]>()
  for (const way of ways.filter(({ method }) => method === 'GET'))
    for (const who of asking) {
      pool.fail(0)
      await go(fixture, way, who)
      for (const table of touched(pool.sent.join('\n')))
        needing.set(table, [...(needing.get(table) ?? []), { way, who }])
    }
  // A locked table is waited for as long as the product says, only not for whole seconds here.
  await Promise.all(
    Array.from({ length: 5 }, () => fixture.app.sql`select set_config('lock_timeout', '120ms', false), pg_sleep(0.2)`),
  )
  const holder = postgres(fixture.app.databaseUrl, { max: 1, onnotice: () => {} })
  const wrong: string[] = []
  let asked = 0
  let refused = 0
  try {
    for (const [table, all] of needing) {
      await holder.unsafe(`begin; lock table ${table} in access exclusive mode`)
      // Who is here is asked of two tables by every page: some will do.
      const some = all.length > 60 ? all.filter((_, i) => i % Math.ceil(all.length / 60) === 0) : all
      await Promise.all(
        some.map(async ({ way, who }) => {
          const sent = Date.now()
          const answer = await go(fixture, way, who).catch((error: Error) => error)
          asked++
          if ('status' in answer && answer.status === 503) refused++
          const problem =
            answer instanceof Error
              ? `no answer (${(answer.cause as Error)?.message ?? answer.message}) after ${Date.now() - sent} ms`
              : problemIn(way, answer)
          if (problem) wrong.push(`${way.route}, ${who}, without ${table}: ${problem}`)
        }),
      )
      await holder.unsafe('rollback')
    }
  } finally {
    await holder.end()
  }
  const seconds = (performance.now() - began) / 1000
  console.log(`${needing.size} tables locked, ${asked} requests, ${refused} of them 503, in ${seconds.toFixed(0)} s`)
  expect(wrong).toEqual([])
  expect(needing.size).toBeGreaterThan(20)
  expect(refused).toBeGreaterThan(300)
})
