import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/dev/cashfree-sandbox/sandbox.ts'
import { onlyOwnBrowser } from '../../src/dev/local-browser.ts'
import { type MailCatcher, startMailCatcher } from '../../src/dev/mail-catcher/mail-catcher.ts'

let mailbox: MailCatcher
let sandbox: Sandbox
beforeAll(async () => {
  mailbox = await startMailCatcher({
    host: '127.0.0.1',
    smtpPort: 0,
    webPort: 0,
    dir: null,
    names: ['Shop.example.in'],
  })
  sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'http://shop.example.in:3001',
    clientId: 'TEST_own',
    clientSecret: 'cfsk_ma_test_own',
    webhookUrl: null,
    stateFile: null,
    protect: onlyOwnBrowser,
  })
})
afterAll(async () => {
  await mailbox.close()
  await sandbox.close()
})

async function answerTo(port: number, lines: string[]): Promise<{ status: number; head: string }> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk
  })
  socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`)
  await once(socket, 'close')
  return { status: Number(answer.split(' ')[1]), head: answer.split('\r\n\r\n')[0]! }
}

const get = async (port: number, path: string, host: string, ...more: string[]) =>
  (await answerTo(port, [`GET ${path} HTTP/1.1`, `Host: ${host}`, ...more])).status
const post = async (port: number, path: string, host: string, ...more: string[]) =>
  (await answerTo(port, [`POST ${path} HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0', ...more])).status

/** A page, a JSON answer and a write of each. */
const places = () => [
  {
    what: 'mailbox',
    port: mailbox.webPort,
    reads: ['/', '/api/mails', '/mails/1', '/mailbox.css', '/no'],
    write: '/clear',
  },
  {
    what: 'console',
    port: sandbox.port,
    reads: ['/', '/control/state', '/control/deliveries', '/no'],
    write: '/control/reset',
  },
]

describe('the mailbox and the console', () => {
  test('are found under the names of this machine with their port, and under the site’s name', async () => {
    for (const { port, write } of places())
      for (const host of [
        `localhost:${port}`,
        `127.0.0.1:${port}`,
        `[::1]:${port}`,
        `LOCALHOST.:${port}`,
        'shop.example.in',
        `shop.example.in:${port}`,
      ]) {
        expect([host, await get(port, '/', host)]).toEqual([host, 200])
        expect([host, await post(port, write, host)]).not.toEqual([host, 421])
      }
  })

  test.each([
    'evil.example',
    'evil.example:3002',
    'rebind.localhost.evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'user@localhost',
    'localhost:1',
    '127.0.0.1:80',
    'localhost',
    '127.0.0.2',
    '0.0.0.0',
    '[::]',
    '2130706433',
    '0x7f.1',
    '127.1',
    'localhost evil',
    'www.shop.example.in',
    'shop.example.in.evil.example',
    '',
  ])('answer nothing but 421 to Host %j: DNS rebinding reads no mail', async (host) => {
    for (const { what, port, reads, write } of places()) {
      for (const path of reads) expect([what, path, await get(port, path, host)]).toEqual([what, path, 421])
      expect([what, await post(port, write, host)]).toEqual([what, 421])
    }
  })

  test('answer no request with two hosts, none, or an absolute address', async () => {
    for (const { port } of places()) {
      const ours = `Host: localhost:${port}`
      expect((await answerTo(port, ['GET / HTTP/1.1', ours, 'Host: evil.example'])).status).toBe(421)
      expect((await answerTo(port, ['GET / HTTP/1.1', 'Host: evil.example', ours])).status).toBe(421)
      expect((await answerTo(port, ['GET / HTTP/1.0'])).status).toBe(421)
      expect((await answerTo(port, ['GET / HTTP/1.1'])).status).toBe(400)
      expect((await answerTo(port, ['GET http://evil.example/ HTTP/1.1', ours])).status).toBe(421)
    }
  })

  test.each(['cross-site', 'same-site', 'something-new'])(
    'do and tell nothing that a page elsewhere made a browser ask for (Sec-Fetch-Site: %s); a link from there opens them',
    async (site) => {
      for (const { port, reads, write } of places()) {
        const host = `localhost:${port}`
        const from = `Sec-Fetch-Site: ${site}`
        expect(await post(port, write, host, from, 'Sec-Fetch-Mode: cors')).toBe(403)
        expect(await post(port, write, host, from, 'Sec-Fetch-Mode: navigate')).toBe(403)
        expect(await get(port, reads[1]!, host, from, 'Sec-Fetch-Mode: no-cors')).toBe(403)
        expect(await get(port, '/', host, from, 'Sec-Fetch-Mode: navigate')).toBe(200)
      }
    },
  )

  test.each(['http://evil.example', 'http://localhost:1', 'null', 'nonsense'])(
    'take nothing from an old browser that says Origin: %s',
    async (origin) => {
      for (const { port, write } of places())
        expect(await post(port, write, `localhost:${port}`, `Origin: ${origin}`)).toBe(403)
    },
  )

  test('take what their own pages and programs send', async () => {
    for (const { port, write } of places()) {
      const host = `localhost:${port}`
      for (const from of [
        'Sec-Fetch-Site: same-origin',
        'Sec-Fetch-Site: none',
        `Origin: http://${host}`,
        'Accept: */*',
      ])
        expect([200, 303]).toContain(await post(port, write, host, from))
    }
  })

  test('may not be put into a page elsewhere as picture, script or style', async () => {
    for (const { port } of places())
      expect((await answerTo(port, ['GET / HTTP/1.1', `Host: localhost:${port}`])).head).toContain(
        'cross-origin-resource-policy: same-origin',
      )
  })
})

test('the look-alike’s API, checkout and script stay open under any name: they are what other sites use', async () => {
  for (const host of ['evil.example', 'sandbox:3001', 'api.cashfree.test', `localhost:${sandbox.port}`]) {
    expect(await get(sandbox.port, '/js/v3/cashfree.js', host, 'Sec-Fetch-Site: cross-site')).toBe(200)
    expect(await get(sandbox.port, '/pg/orders/none', host)).toBe(400)
    expect(await post(sandbox.port, '/pg/view/sessions/checkout', host, 'Sec-Fetch-Site: cross-site')).toBe(200)
  }
})
