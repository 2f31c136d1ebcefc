import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { deliver, signed, successBody } from '../billing/webhooks/sender.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
const running: Awaited<ReturnType<typeof buildApp>>[] = []
/** Ports of sites over the same database: in production, in production behind a proxy, and outside it. */
let production: number
let behindProxy: number
let development: number
beforeAll(async () => {
  app = await startApp()
  const baseUrl = 'https://etf.example.in'
  production = await site({ production: true, baseUrl })
  behindProxy = await site({ production: true, baseUrl, trustProxy: ['127.0.0.1', '::1'] })
  development = await site({})
})
afterAll(async () => {
  for (const one of running) await one.close()
  await app.close()
})

async function site(changes: object): Promise<number> {
  const config = { ...app.config, ...changes }
  const built = await buildApp({ services: { ...app.services, config }, sessionKeys: app.config.sessionKeys })
  running.push(built)
  await built.listen({ port: 0, host: '127.0.0.1' })
  return (built.server.address() as { port: number }).port
}

/** The status of a request written out by hand: no library sends what these send. */
async function statusOf(port: number, lines: string[]): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk
  })
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  await once(socket, 'close')
  return Number(answer.split(' ')[1])
}

const get = (port: number, host: string, path = '/terms') => statusOf(port, [`GET ${path} HTTP/1.1`, `Host: ${host}`])

const own = [
  'etf.example.in',
  'ETF.Example.IN',
  'etf.example.in.',
  'etf.example.in:443',
  'etf.example.in.:443',
  'etf.example.in:',
]
const foreign = [
  'evil.example',
  'www.etf.example.in',
  'etf.example.in.evil.example',
  'evil.example#etf.example.in',
  'evil.example/etf.example.in',
  'etf.example.in@evil.example',
  'user@etf.example.in',
  'user:pass@etf.example.in',
  'etf.example.in:80',
  'etf.example.in:8443',
  'etf.example.in:443:443',
  'etf.example.in:443evil',
  'etf.example.in..',
  '.etf.example.in',
  'etf.example.in, evil.example',
  'etf.example.in evil.example',
  'xn--etf-5cd.example.in',
  'étf.example.in',
  '%65tf.example.in',
  'etf.example.in%00',
  'localhost',
  '127.0.0.1',
  '10.0.0.5',
  '[::1]',
  '2130706433',
  '',
  ' ',
]

describe('in production', () => {
  test.each(own)('Host %j is ours', async (host) => {
    expect(await get(production, host)).toBe(200)
  })

  test.each(foreign)('Host %j is misdirected: 421', async (host) => {
    expect(await get(production, host)).toBe(421)
  })

  test('every kind of address is refused to a foreign name: pages, forms, the API, assets, what is not there', async () => {
    for (const path of [
      '/',
      '/login',
      '/api/payment-status/x',
      '/assets/app.css',
      '/nowhere',
      '/%ff',
      '//',
      '/robots.txt',
    ])
      expect([path, await get(production, 'evil.example', path)]).toEqual([path, 421])
    for (const path of ['/login', '/register', '/payment/return', '/reports/x/stop'])
      expect([
        path,
        await statusOf(production, [`POST ${path} HTTP/1.1`, 'Host: evil.example', 'Content-Length: 0']),
      ]).toEqual([path, 421])
  })

  test('two Host headers are refused in either order, one of them ours', async () => {
    for (const [one, other] of [
      ['etf.example.in', 'evil.example'],
      ['evil.example', 'etf.example.in'],
      ['etf.example.in', 'etf.example.in'],
    ])
      expect(await statusOf(production, ['GET /terms HTTP/1.1', `Host: ${one}`, `host: ${other}`])).toBe(421)
  })

  test('a request without a host is refused: HTTP/1.1 may not leave it out, HTTP/1.0 names nobody', async () => {
    expect(await statusOf(production, ['GET /terms HTTP/1.1'])).toBe(400)
    expect(await statusOf(production, ['GET /terms HTTP/1.0'])).toBe(421)
    expect(await statusOf(production, ['GET /terms HTTP/1.0', 'Host: etf.example.in'])).toBe(200)
  })

  test('an absolute address counts as much as the header', async () => {
    const absolute = (target: string, host: string) => statusOf(production, [`GET ${target} HTTP/1.1`, `Host: ${host}`])
    expect(await absolute('http://etf.example.in:443/terms', 'etf.example.in')).toBe(200)
    expect(await absolute('https://ETF.example.in/terms', 'etf.example.in')).toBe(200)
    expect(await absolute('http://evil.example/terms', 'etf.example.in')).toBe(421)
    expect(await absolute('https://etf.example.in@evil.example/terms', 'etf.example.in')).toBe(421)
    expect(await absolute('https://etf.example.in/terms', 'evil.example')).toBe(421)
    expect(await absolute('http://evil.example/healthz', 'evil.example')).toBe(200)
  })

  test('X-Forwarded-Host is believed from a proxy that is trusted, and from nobody else', async () => {
    const forwarded = (port: number, host: string, ...lines: string[]) =>
      statusOf(port, ['GET /terms HTTP/1.1', `Host: ${host}`, ...lines])
    expect(await forwarded(production, 'evil.example', 'X-Forwarded-Host: etf.example.in')).toBe(421)
    expect(await forwarded(production, 'etf.example.in', 'X-Forwarded-Host: evil.example')).toBe(200)
    expect(await forwarded(behindProxy, '127.0.0.1:3000', 'X-Forwarded-Host: etf.example.in')).toBe(200)
    expect(await forwarded(behindProxy, 'etf.example.in', 'X-Forwarded-Host: evil.example')).toBe(421)
    expect(await forwarded(behindProxy, 'etf.example.in', 'X-Forwarded-Host: etf.example.in, evil.example')).toBe(421)
    expect(await forwarded(behindProxy, 'etf.example.in')).toBe(200)
    expect(await forwarded(behindProxy, '127.0.0.1:3000')).toBe(421)
  })

  test('health is told to whoever comes by address, and to a load balancer without a name', async () => {
    for (const host of ['10.0.0.5:3000', '127.0.0.1', '[::1]:3000', 'app', 'evil.example'])
      for (const path of ['/healthz', '/readyz', '/healthz/'])
        expect([host, path, await get(production, host, path)]).toEqual([host, path, 200])
    expect(await statusOf(production, ['GET /healthz HTTP/1.0'])).toBe(200)
  })

  test('webhooks are taken under any name: the signature proves them', async () => {
    const body = successBody('ds_of_nobody')
    const at = { ...app, url: `http://127.0.0.1:${production}` }
    expect((await deliver(at, body, signed(body))).status).toBe(200)
    expect((await deliver(at, body, {})).status).toBe(401)
  })

  test('/metrics is closed where nobody set a token, to this machine too', async () => {
    for (const host of ['etf.example.in', 'localhost', '127.0.0.1', 'evil.example'])
      expect([host, await get(production, host, '/metrics')]).toEqual([host, 404])
  })

  test('the refusal names where the site is, is kept by no cache, and is JSON for scripts', async () => {
    const page = await fetch(`http://127.0.0.1:${production}/`)
    expect(page.status).toBe(421)
    expect(await page.text()).toBe('This server answers for https://etf.example.in alone.\n')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    const json = await fetch(`http://127.0.0.1:${production}/api/payment-status/x`)
    expect(await json.json()).toEqual({
      error: { code: 'misdirected', message: expect.stringContaining('etf.example.in') },
    })
  })
})

describe('outside production', () => {
  test.each(['localhost', '127.0.0.1:3000', '[::1]', '192.168.1.5', 'app', 'app:3000', 'etf.localhost', '[fe80::1]'])(
    'the local name %j is ours: nobody can point it elsewhere',
    async (host) => {
      expect(await get(development, host)).toBe(200)
    },
  )

  test.each([
    'evil.example',
    'rebind.evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'user@localhost',
    '',
  ])('Host %j is not: it may have been pointed at this machine', async (host) => {
    expect(await get(development, host)).toBe(421)
  })

  test('/metrics without a token is for this machine under its own name', async () => {
    expect(await get(development, `localhost:${development}`, '/metrics')).toBe(200)
    expect(await get(development, 'rebind.evil.example', '/metrics')).toBe(404)
  })
})
