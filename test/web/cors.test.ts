import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { type Answer, Visitor } from '../support/visitor.ts'

const friend = 'https://app.example.in'
let closed: TestApp
let open: TestApp
beforeAll(async () => {
  closed = await startApp()
  open = await startApp({ CORS_ORIGINS: `${friend}, https://other.example.in:8443` })
})
afterAll(async () => {
  await closed.close()
  await open.close()
})

const from = (origin: string, site = 'same-site') => ({ origin, 'sec-fetch-site': site })
const corsOf = ({ headers }: Answer) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control')))
const preflight = (app: TestApp, path: string, origin: string) =>
  fetch(app.url + path, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  })
const order = (visitor: Visitor, headers: Record<string, string>) =>
  fetch(`${visitor.app.url}/api/create-cashfree-order`, {
    method: 'POST',
    body: '{"plan":"monthly"}',
    headers: {
      ...headers,
      'content-type': 'application/json',
      cookie: [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    },
  })

describe('where no origin is let in', () => {
  test('nothing answers another one, and no preflight', async () => {
    const visitor = new Visitor(closed)
    await visitor.register()
    expect(corsOf(await visitor.get('/api/payment-status/ds_01', from(friend)))).toEqual({})
    expect((await order(visitor, from(friend))).status).toBe(403)
    const answer = await preflight(closed, '/api/create-cashfree-order', friend)
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([401, null])
  })
})

describe('an origin that was let in', () => {
  test('passes the preflight of the JSON API', async () => {
    const answer = await preflight(open, '/api/create-cashfree-order', friend)
    expect(answer.status).toBe(204)
    expect(Object.fromEntries([...answer.headers].filter(([name]) => name.startsWith('access-control')))).toEqual({
      'access-control-allow-origin': friend,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'Retry-After',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'Content-Type',
      'access-control-max-age': '600',
    })
    expect(answer.headers.get('vary')).toContain('Origin')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test.each(['same-site', 'cross-site'])('calls it with a person’s cookie, %s', async (site) => {
    const visitor = new Visitor(open)
    await visitor.register()
    const answer = await order(visitor, from(friend, site))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBe(friend)
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
    expect(answer.headers.get('vary')).toContain('Origin')
  })

  test('reads refusals too', async () => {
    const answer = await new Visitor(open).get('/api/payment-status/ds_01', from(friend))
    expect([answer.status, corsOf(answer)['access-control-allow-origin']]).toEqual([401, friend])
  })

  test.each([
    '/login',
    '/checkout/monthly',
    '/logout',
    '/api',
    '/apix/create-cashfree-order',
    '//api/x',
    '/admin',
    '/account',
  ])('gets nothing at %s', async (path) => {
    const visitor = new Visitor(open)
    await visitor.register()
    const answer = await visitor.post(path, {}, from(friend))
    expect([answer.status, corsOf(answer)]).toEqual([403, {}])
    expect((await preflight(open, path, friend)).headers.get('access-control-allow-origin')).toBeNull()
  })
})

test.each([
  'https://app.example.in.evil.example',
  'https://evil-app.example.in',
  'http://app.example.in',
  'https://app.example.in:444',
  'https://APP.example.in',
  'https://app.example.in/',
  'https://other.example.in',
  'null',
  '*',
  '',
])('the origin %j is another one', async (origin) => {
  const visitor = new Visitor(open)
  await visitor.register()
  const answer = await order(visitor, from(origin, 'cross-site'))
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null])
  expect((await preflight(open, '/api/create-cashfree-order', origin)).status).toBe(401)
  expect(corsOf(await visitor.get('/api/payment-status/ds_01', from(origin)))).toEqual({})
})
