import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../support/visitor.ts'
import { endpoints, expected, go, nameOf, type Way, waysIn } from './every-route.ts'
import { buildFixture, people, type WebFixture, type Who } from './fixture.ts'

let fixture: WebFixture
let ways: Way[]
beforeAll(async () => {
  fixture = await buildFixture()
  ways = waysIn(fixture)
})
afterAll(() => fixture.close())

/** What an answer reveals: its status, its body, and its headers but for those that differ each time. */
function revealed({ status, headers, body }: Answer) {
  const different = ['date', 'set-cookie', 'connection', 'keep-alive']
  const same = [...headers].filter(([name]) => !different.includes(name) && !name.startsWith('x-ratelimit'))
  return { status, body, headers: same }
}

/** Every row of every table, as one line a table; but for counters of requests, and for when a session was seen. */
async function databaseState(): Promise<string[]> {
  const tables = await fixture.app.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not in ('rate_counters', 'webhook_refusals', 'sessions')`
  const lines = tables.map(({ name }) => {
    // Prices are too many to be read again each time; their number is enough.
    const rows = name === 'prices' ? `''` : `coalesce(md5(string_agg(t::text, ',' order by t::text)), '')`
    return `select '${name} ' || count(*) || ' ' || ${rows} as line from ${name} t`
  })
  const rows = await fixture.app.sql.unsafe<{ line: string }[]>(`${lines.join(' union all ')} order by line`)
  return rows.map(({ line }) => line)
}

test('every route has a line in the table, and every line a route', () => {
  const routes = new Set(fixture.app.routes.map(nameOf))
  expect([...routes].filter((route) => !endpoints[route])).toEqual([])
  expect(Object.keys(endpoints).filter((name) => !routes.has(name))).toEqual([])
})

describe('whoever may not', () => {
  test.each(people.filter((who) => who !== 'money'))('is refused, and nothing changed: %s', async (who) => {
    const wrong: string[] = []
    const refused = ways.filter((way) => isRefused(way, who))
    // After an act the state is known until something else is asked for.
    let known: string[] | null = null
    for (const way of refused) {
      const isAct = way.method !== 'GET'
      const before = isAct ? (known ?? (await databaseState())) : []
      const problem = await refusalProblem(way, who)
      if (problem) wrong.push(`${way.route}: ${problem}`)
      known = isAct ? await databaseState() : null
      for (const line of known ?? [])
        if (!before.includes(line)) wrong.push(`${way.route} changed ${line.split(' ')[0]}`)
    }
    console.log(`${who}: ${refused.length} of ${ways.length} routes refused`)
    expect(wrong).toEqual([])
  })
})

function isRefused(way: Way, who: Who): boolean {
  if (way.except?.[who] !== undefined || way.may === 'everybody' || way.may === 'machines') return false
  return who === 'visitor' || who === 'half' || [403, 404].includes(expected(way, who))
}

/** What is wrong with how this person is refused; undefined when it is as it should be. */
async function refusalProblem(way: Way, who: Who): Promise<string | undefined> {
  const answer = await go(fixture, way, who)
  const status = expected(way, who)
  if (answer.status !== status) return `${answer.status} instead of ${status}`
  if (status === 401)
    return (answer.json() as { error: { code: string } }).error.code === 'unauthenticated' ? undefined : answer.body
  if (status === 303) {
    const next = way.method === 'GET' ? way.address : '/dashboard'
    return answer.location === `/login?next=${encodeURIComponent(next)}` ? undefined : `leads to ${answer.location}`
  }
  if (status === 403) return answer.body.includes('change nothing') ? undefined : 'does not say why'
  const instead = await go(fixture, { ...way, ...nowhere(way) }, who)
  return JSON.stringify(revealed(answer)) === JSON.stringify(revealed(instead))
    ? undefined
    : 'differs from what does not exist'
}

/** Where nothing is: for what has an owner the same kind of thing that nobody has, else an unknown address beside it. */
function nowhere(way: Way): Partial<Way> {
  if (!way.may.startsWith('owner')) return { address: `/${way.address.split('/')[1]}/nowhere` }
  const nobodys = (text: string) =>
    text.replace(/ds_\w+|R\d{4}-\d+/, (id) => (id.startsWith('R') ? 'R2627-999999' : 'ds_01ABCDEFGH'))
  const form = way.form?.(fixture.ids)
  return {
    address: nobodys(way.address),
    ...(form
      ? { form: () => Object.fromEntries(Object.entries(form).map(([name, value]) => [name, nobodys(value)])) }
      : {}),
  }
}

describe('whoever may', () => {
  test.each(people)('gets what is there: %s', async (who) => {
    const wrong: string[] = []
    const open = ways.filter((way) => !isRefused(way, who))
    for (const way of open) {
      const { status } = await go(fixture, way, who)
      if (status !== expected(way, who)) wrong.push(`${way.route}: ${status} instead of ${expected(way, who)}`)
    }
    console.log(`${who}: ${open.length} of ${ways.length} routes open`)
    expect(wrong).toEqual([])
  })
})

describe('whatever is sent', () => {
  test('HEAD is answered as GET is, without a body', async () => {
    const wrong: string[] = []
    for (const { method, address, route } of ways.filter((way) => way.method === 'GET'))
      for (const who of ['visitor', 'owner', 'money'] as const) {
        const [head, get] = [await fixture.at[who].send('HEAD', address), await fixture.at[who].get(address)]
        if (head.status !== get.status || head.body !== '') wrong.push(`${method} ${route}, ${who}: ${head.status}`)
      }
    expect(wrong).toEqual([])
  })

  test('a method that nobody serves is not found or not allowed', async () => {
    const served = new Set(ways.flatMap(({ method, address }) => [`${method} ${address}`, `HEAD ${address}`]))
    const wrong: string[] = []
    let asked = 0
    for (const address of new Set(ways.map((way) => way.address)))
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])
        for (const who of ['visitor', 'owner', 'money'] as const) {
          if (served.has(`${method} ${address}`)) continue
          asked++
          const { status } = await fixture.at[who].send(method, address)
          const mayBe = who === 'visitor' ? [404, 405, 303, 401] : [404, 405]
          if (!mayBe.includes(status)) wrong.push(`${method} ${address}, ${who}: ${status}`)
        }
    console.log(`${asked} requests with other methods`)
    expect(wrong).toEqual([])
  })

  test('another spelling of an address lets nobody in', async () => {
    const closed = ways.filter((way) => way.method === 'GET' && isRefused(way, 'visitor') && isRefused(way, 'other'))
    const wrong: string[] = []
    for (const { address } of closed)
      for (const spelling of spellingsOf(address))
        for (const who of ['visitor', 'other'] as const) {
          const status = await statusAt(who, 'GET', spelling)
          // With a slash at its end every address redirects to the one without, whether it exists or not.
          const mayBe = [308, 404, 400, ...(who === 'visitor' ? [303, 401] : [])]
          if (!mayBe.includes(status)) wrong.push(`${spelling}, ${who}: ${status}`)
        }
    console.log(`${closed.length} addresses, ${spellingsOf('/x').length} other spellings of each`)
    expect(wrong).toEqual([])
  })

  test('no parameter, however it is filled, makes us fail', async () => {
    const wrong: string[] = []
    let asked = 0
    for (const way of ways.filter(({ route }) => route.includes(':')))
      for (const address of junkIn(way.route.split(' ')[1]!))
        for (const who of ['owner', 'money'] as const) {
          asked++
          const status = await statusAt(who, way.method, address)
          // Who may not have any of them is told so before the parameter is looked at.
          const mayBe = [400, 404, 409, 414, 422, 303, ...(expected(way, who) === 403 ? [403] : [])]
          if (!mayBe.includes(status)) wrong.push(`${way.method} ${address}, ${who}: ${status}`)
        }
    console.log(`${asked} requests with junk for parameters`)
    expect(wrong).toEqual([])
  }, 180_000)

  test('no question, however it is put, makes us fail', async () => {
    const wrong: string[] = []
    let asked = 0
    for (const { address, route, may } of ways.filter((way) => way.method === 'GET'))
      for (const query of queriesFor(may)) {
        asked++
        const at = `${address}${address.includes('?') ? '&' : '?'}${query}`
        const { status } = await fixture.at.money.get(at)
        if (status >= 500) wrong.push(`${route} ${query.slice(0, 60)}: ${status}`)
      }
    console.log(`${asked} requests with junk for filters`)
    expect(wrong).toEqual([])
  }, 180_000)

  test('no form, however it is filled, makes us fail or changes the books for who may not', async () => {
    const wrong: string[] = []
    let asked = 0
    const before = (await databaseState()).join('\n')
    const post = async (way: Way, who: Who) => {
      for (const [type, body] of bodies) {
        asked++
        const { status } = await fixture.at[who].send('POST', way.address, body, { 'content-type': type })
        if (status >= 500) wrong.push(`${way.route} ${type} ${body.slice(0, 40)}, ${who}: ${status}`)
      }
    }
    const acts = ways.filter(({ method, ends }) => method === 'POST' && !ends)
    for (const way of acts)
      for (const who of ['visitor', 'other', 'reader'] as const) if (isRefused(way, who)) await post(way, who)
    expect((await databaseState()).join('\n')).toBe(before)
    for (const way of acts) for (const who of ['visitor', 'owner', 'money'] as const) await post(way, who)
    console.log(`${asked} requests with junk for forms`)
    expect(wrong).toEqual([])
  }, 180_000)
})

/** The status of an address sent letter for letter: what a browser would tidy up stays as it is. */
function statusAt(who: Who, method: string, path: string): Promise<number> {
  const { hostname, port } = new URL(fixture.at[who].app.url)
  const cookie = [...fixture.at[who].cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = {
    'sec-fetch-site': 'same-origin',
    ...(method === 'GET' ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' }),
    ...(cookie ? { cookie } : {}),
  }
  return new Promise((resolve, reject) => {
    request({ hostname, port, method, path, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
      .on('error', reject)
      .end()
  })
}

function spellingsOf(address: string): string[] {
  const [path, query] = address.split('?')
  const asked = query ? `?${query}` : ''
  const first = path!.charCodeAt(1).toString(16)
  return [
    `${path}/${asked}`,
    `/${path}${asked}`,
    `/%${first}${path!.slice(2)}${asked}`,
    `${path!.toUpperCase()}${asked}`,
    `${path};x=1${asked}`,
    `${path}%2f${asked}`,
    `${path}%00${asked}`,
    `${path}.html${asked}`,
    `${path}/..${asked}`,
    `${path}%23${asked}`,
    `/./${path!.slice(1)}${asked}`,
    `/x/..${path}${asked}`,
  ]
}

const junk = [
  'x',
  '0',
  '-1',
  '1e9',
  '99999999999999999999',
  'null',
  '%00',
  'a%00b',
  '..',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f',
  "1'--",
  '%F0%9F%98%80',
  '%E0%A4%85%E0%A4%B6',
  '%ED%A0%80',
  '%FF',
  '%',
  '%zz',
  'x'.repeat(150),
  'x'.repeat(5_000),
  '00000000-0000-0000-0000-000000000000',
  '00000000-0000-0000-0000-00000000000g',
  '{{7*7}}',
  '__proto__',
  'constructor',
]

/** The route with each piece of junk for each of its parameters in turn, the others as they might be. */
function junkIn(pattern: string): string[] {
  const parameters = [...pattern.matchAll(/:\w+/g)].map(([name]) => name)
  return parameters.flatMap((name) =>
    junk.map((piece) =>
      pattern.replace(name, () => piece).replace(/:(\w+)/g, (_, other) => (other === 'act' ? 'grant' : '1')),
    ),
  )
}

const filters =
  'after q status state plan role verified held from to day kind type order verdict accepted actor action person method group amount price days number ask seen door since token next order_id symbol step'.split(
    ' ',
  )
const nasty = [
  '%00',
  '%ED%A0%80',
  '%FF',
  '%',
  "'--",
  '-1',
  'x'.repeat(250),
  '2026-02-31',
  '%F0%9F%98%80',
  '%5Cu0000',
  'WyIyMDI2LTAxLTAxIiwieCJd',
  'W251bGwsbnVsbF0',
]

/** Each filter alone with the worst of it, then all at once with each, twice, and as lists and objects. */
function queriesFor(may: Way['may']): string[] {
  const all = nasty.map((piece) =>
    filters
      .filter((name) => name !== 'after')
      .map((name) => `${name}=${piece}`)
      .join('&'),
  )
  const pages = [
    ...nasty.map((piece) => `after=${piece}`),
    'after=W10',
    `after=${cursor('2026-01-01', 'x')}`,
    `after=${cursor('2026-01-01', '\0')}`,
    `after=${cursor('+275760-09-13', '1')}`,
    `after=${cursor('-271821-04-20', '1')}`,
  ]
  const shapes = filters.map((name) => `${name}=a&${name}=b&${name}[]=c`)
  return may === 'panel' || may === 'money' || may === 'owner' || may === 'owner, panel' || may === 'signed-in'
    ? [...filters.map((name) => `${name}=%00`), ...all, ...pages, ...shapes]
    : all
}

const cursor = (at: string, id: string) => Buffer.from(JSON.stringify([at, id])).toString('base64url')

const names =
  'login password code next name username email phone state plan current_password confirmation seen resolution copy key your_password your_code price amount amount_again reason ordinal left days role number orderId orderAmount'.split(
    ' ',
  )
const bodies: [string, string][] = [
  ...['', '%00', '%ED%A0%80', "'--", '-1', '1e400', 'x'.repeat(1_500), '%F0%9F%98%80', '99999999999999999999'].map(
    (piece): [string, string] => [
      'application/x-www-form-urlencoded',
      names.map((name) => `${name}=${piece}`).join('&'),
    ],
  ),
  ['application/x-www-form-urlencoded', names.map((name) => `${name}=a&${name}=b`).join('&')],
  ['application/x-www-form-urlencoded', '__proto__=x&constructor=y&%00=z'],
  ['application/json', '{'],
  ['application/json', 'null'],
  ['application/json', '[]'],
  ['application/json', JSON.stringify(Object.fromEntries(names.map((name) => [name, { $ne: null }])))],
  ['application/json', JSON.stringify(Object.fromEntries(names.map((name) => [name, 'a\0b'])))],
  ['application/json', '{"__proto__":{"x":1}}'],
  ['multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="login"\r\n\r\na\r\n--x--'],
  ['text/plain', 'login=a'],
  ['application/xml', '<a/>'],
]
