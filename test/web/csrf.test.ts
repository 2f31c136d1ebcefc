import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { registration, Visitor } from '../support/visitor.ts'

let app: TestApp
let visitor: Visitor
beforeAll(async () => {
  app = await startApp()
  visitor = new Visitor(app)
  await visitor.register()
})
afterAll(() => app.close())

const foreign: [string, Record<string, string>][] = [
  ['Sec-Fetch-Site says cross-site', { 'sec-fetch-site': 'cross-site' }],
  ['Sec-Fetch-Site says same-site', { 'sec-fetch-site': 'same-site' }],
  ['Sec-Fetch-Site says something unheard of', { 'sec-fetch-site': 'other' }],
  ['Origin is another site', { 'sec-fetch-site': '', origin: 'https://evil.example' }],
  ['Origin is null', { 'sec-fetch-site': '', origin: 'null' }],
]
const writes = [
  '/register',
  '/login',
  '/logout',
  '/checkout/monthly',
  '/checkout/monthly/restart',
  '/checkout/skip',
  '/nowhere',
]

/** fetch always sends sec-fetch-mode; the site header is ours to set, and left out here when it is empty. */
async function post(path: string, headers: Record<string, string>) {
  const { request } = await import('node:http')
  const { 'sec-fetch-site': site, ...rest } = headers
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const body = new URLSearchParams(registration()).toString()
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sending = request(
      app.url + path,
      {
        method: 'POST',
        agent: false,
        headers: {
          'content-type': path.startsWith('/api') ? 'application/json' : 'application/x-www-form-urlencoded',
          cookie,
          ...(site ? { 'sec-fetch-site': site } : {}),
          ...rest,
        },
      },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode!, body: text }))
      },
    )
    sending.on('error', reject)
    sending.end(path.startsWith('/api') ? '{"plan":"monthly"}' : body)
  })
}

describe('a write that another site caused', () => {
  test.each(foreign)('is refused when %s', async (_what, headers) => {
    for (const path of writes) {
      const answer = await post(path, headers)
      expect([path, answer.status]).toEqual([path, 403])
      expect(answer.body).toContain('came from another site')
    }
    expect((await visitor.get('/dashboard')).status).toBe(200)
  })

  test.each(foreign)('is refused as JSON by the API when %s', async (_what, headers) => {
    const answer = await post('/api/create-cashfree-order', headers)
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toEqual({
      error: { code: 'forbidden', message: expect.stringContaining('another site') },
    })
  })

  test('a 303 instead of a 403 would have told: nothing was registered', async () => {
    const before = await app.sql`select count(*)::int as n from users`
    await post('/register', { 'sec-fetch-site': 'cross-site' })
    expect(await app.sql`select count(*)::int as n from users`).toEqual(before)
  })
})

describe('a write from our own page, or from no browser at all', () => {
  test.each([
    ['same-origin', { 'sec-fetch-site': 'same-origin' }],
    ['typed by the user', { 'sec-fetch-site': 'none' }],
    ['an old browser that sends Origin only', {}],
    ['curl', {}],
  ])('%s is taken', async (what, headers) => {
    const origin: Record<string, string> = what.startsWith('an old') ? { origin: app.url } : {}
    expect((await post('/checkout/skip', { ...headers, ...origin })).status).toBe(303)
  })

  test('reading is never refused: links from mails and other sites work', async () => {
    const answer = await visitor.get('/dashboard', { 'sec-fetch-site': 'cross-site' })
    expect(answer.status).toBe(200)
  })
})
