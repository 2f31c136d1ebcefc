import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { heavyWorkCounts, runHeavyWork } from '../../src/platform/heavy-work.ts'
import { createLog } from '../../src/platform/log.ts'
import { type Admin, adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { until } from '../support/until.ts'

let app: TestApp
let site: Awaited<ReturnType<typeof buildApp>>
let port: number
let admin: Admin
const lines: { level: number; msg: string }[] = []
beforeAll(async () => {
  app = await startApp()
  admin = await adminOf(app)
  const log = createLog('debug', { write: (line) => void lines.push(JSON.parse(line)) })
  site = await buildApp({ services: { ...app.services, log }, sessionKeys: app.config.sessionKeys })
  await site.listen({ port: 0, host: 'localhost' })
  port = (site.server.address() as { port: number }).port
})
afterAll(async () => {
  await site.close()
  await app.close()
})

const uploads = ['/admin/market/imports', '/admin/market/instruments/etf-list']
const form = 'multipart/form-data; boundary=edge'
const part = (body: string, about = 'name="files"; filename="a.csv"') =>
  `--edge\r\nContent-Disposition: form-data; ${about}\r\nContent-Type: text/csv\r\n\r\n${body}`

function requestFor(path: string, type: string, body: string, length = Buffer.byteLength(body)): string {
  const cookie = [...admin.visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: localhost:${port}`,
    `Cookie: ${cookie}`,
    'Sec-Fetch-Site: same-origin',
    `Content-Type: ${type}`,
    `Content-Length: ${length}`,
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

async function answerTo(text: string): Promise<string> {
  const socket = connect(port, 'localhost')
  let answer = ''
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

const leftBehind = () => readdirSync(tmpdir()).filter((name) => name.startsWith('etf-upload-'))
const failures = () => lines.filter(({ level }) => level >= 40)

describe.each(uploads)('an upload to %s', (path) => {
  test.each([
    ['no last boundary', form, `${part('date,symbol,close')}\r\n`],
    ['an end in the middle of a file', form, part('date,sym')],
    ['an end after the first of two files', form, `${part('a')}\r\n${part('b')}`],
    ['an end in the middle of a part’s head', form, '--edge\r\nContent-Dispo'],
    ['an end in the middle of a field', form, part('half', 'name="note"')],
    ['a last boundary that is cut', form, `${part('a')}\r\n--edge-`],
    ['parts between another boundary', 'multipart/form-data; boundary=other', `${part('a')}\r\n--edge--\r\n`],
    ['no boundary', 'multipart/form-data', `${part('a')}\r\n--edge--\r\n`],
    ['an empty boundary', 'multipart/form-data; boundary=', `${part('a')}\r\n--edge--\r\n`],
    ['noise', form, '\0\u0001\u0002 this is no form'],
  ])('with %s is refused as a page, and nothing is left of it', async (_what, type, body) => {
    lines.length = 0
    const before = leftBehind()
    const answer = await answerTo(requestFor(path, type, body))
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('did not arrive whole')
    expect(answer).toContain('</html>')
    expect(failures()).toEqual([])
    expect(leftBehind().filter((name) => !before.includes(name))).toEqual([])
  })

  test.each([
    ['nothing at all', ''],
    ['a part without a head', '--edge\r\n\r\nbody\r\n--edge--\r\n'],
    ['a head that is none', '--edge\r\n:::\r\n\r\nbody\r\n--edge--\r\n'],
    ['a form without a file', `${part('a note', 'name="note"')}\r\n--edge--\r\n`],
  ])('of %s asks for a file', async (_what, body) => {
    expect(await answerTo(requestFor(path, form, body))).toMatch(/^HTTP\/1\.1 422 /)
  })

  test('whose content is shorter than its length is dropped with its connection, and nothing is left of it', async () => {
    lines.length = 0
    const before = leftBehind()
    const socket = connect(port, 'localhost')
    socket.write(requestFor(path, form, part('date,symbol'), 5_000))
    await pause(100)
    socket.resetAndDestroy()
    await until(async () => leftBehind().every((name) => before.includes(name)))
    expect(failures()).toEqual([])
  })
})

test('a form whose length is smaller than its content is cut there and refused, not read on', async () => {
  const answer = await answerTo(requestFor(uploads[0]!, form, `${part('date,symbol,close')}\r\n--edge--\r\n`, 90))
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
})

describe('clients that hang up', () => {
  const half = (path: string, type: string) => () => requestFor(path, type, 'half of', 500)
  const moments: [string, () => string][] = [
    ['in the middle of a form', half('/login', 'application/x-www-form-urlencoded')],
    ['in the middle of JSON', half('/api/create-cashfree-order', 'application/json')],
    ['in the middle of a webhook', half('/webhooks/cashfree', 'application/json')],
    ['in the middle of a one-click POST', half('/reports/none/stop', 'application/x-www-form-urlencoded')],
    ['in the middle of an upload', () => requestFor(uploads[0]!, form, part('date'), 5_000)],
    ['before a page comes', () => `GET / HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`],
    ['before a page of their own comes', () => requestFor('/dashboard', 'text/plain', '').replace('POST', 'GET')],
    ['in the middle of a request’s head', () => 'GET / HTTP/1.1\r\nHo'],
  ]
  test.each(moments)('%s cost no line of the log, however many they are', async (_what, text) => {
    lines.length = 0
    for (let count = 0; count < 10; count++) {
      const socket = connect(port, 'localhost')
      await once(socket, 'connect')
      socket.write(text())
      await pause(5)
      socket.resetAndDestroy()
    }
    await pause(300)
    expect(failures()).toEqual([])
  })

  test.each([
    ['/login', 'login=somebody&password=a-long-password'],
    ['/register', 'name=Somebody'],
    ['/forgot', 'login=somebody'],
    ['/api/create-cashfree-order', '{"plan":"monthly"}'],
    ['/webhooks/cashfree', '{}'],
  ])(
    'right after what they sent to %s cost none either: whom it counts for is known all the same',
    async (path, body) => {
      lines.length = 0
      const type = path.startsWith('/api') || path.startsWith('/webhooks') ? 'json' : 'x-www-form-urlencoded'
      for (let count = 0; count < 20; count++) {
        const socket = connect(port, 'localhost').on('error', () => {})
        await once(socket, 'connect')
        socket.write(requestFor(path, `application/${type}`, body))
        // At once, in the same turn, and a moment later: before and after the server has seen the request.
        if (count % 2) await new Promise((resolve) => setImmediate(resolve))
        socket.resetAndDestroy()
      }
      await pause(500)
      expect(failures().filter(({ level }) => level > 40)).toEqual([])
    },
  )

  test('with a request that Node cannot read cost none either', async () => {
    lines.length = 0
    for (const rest of [
      'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\nZZ\r\n',
    ])
      expect(await answerTo(`POST /login HTTP/1.1\r\nHost: localhost:${port}\r\n${rest}`)).toMatch(/^HTTP\/1\.1 400 /)
    await pause(300)
    expect(failures()).toEqual([])
  })

  test('while they wait for a heavy page leave their turn to the next', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const both = [1, 2].map(() => runHeavyWork({ patient: true }, () => promise))
    const done = heavyWorkCounts().done
    const leaving = Array.from({ length: 10 }, () =>
      connect(port, 'localhost')
        .on('error', () => {})
        .end(requestFor('/admin/orders', 'text/plain', '').replace('POST', 'GET')),
    )
    await until(async () => heavyWorkCounts().waiting === leaving.length)
    for (const socket of leaving) socket.resetAndDestroy()
    await pause(200)
    lines.length = 0
    resolve()
    await Promise.all(both)
    await until(async () => heavyWorkCounts().waiting === 0)
    expect(heavyWorkCounts().done - done).toBe(2)
    expect(failures()).toEqual([])
  })

  test('are counted', async () => {
    const left = async () => {
      const metrics = await site.inject({ url: '/metrics', remoteAddress: '127.0.0.1' })
      return Number(/^etf_http_clients_left_total (\d+)/m.exec(metrics.body)?.[1])
    }
    const before = await left()
    expect(before).toBeGreaterThan(0)
    const socket = connect(port, 'localhost')
    await once(socket, 'connect')
    socket.write(requestFor('/login', 'application/x-www-form-urlencoded', 'login=', 500))
    await pause(100)
    socket.resetAndDestroy()
    await until(async () => (await left()) === before + 1)
  })
})
