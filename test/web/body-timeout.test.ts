import { connect } from 'node:net'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import bodyTimeout from '../../src/web/body-timeout.ts'

const app = Fastify({ requestTimeout: 60_000 })
let port: number
beforeAll(async () => {
  await app.register(bodyTimeout, { ms: 300 })
  app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))
  const read = async (body: unknown) => {
    let bytes = 0
    for await (const chunk of body as AsyncIterable<Buffer>) bytes += chunk.length
    return bytes
  }
  app.post('/small', async (request) => ({ bytes: await read(request.body) }))
  app.post('/large', async (request) => {
    request.allowBodyFor(20_000)
    return { bytes: await read(request.body) }
  })
  app.post('/refused', async (_request, reply) => reply.code(403).send('no'))
  await app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.server.address() as { port: number }).port
})
afterAll(() => app.close())

/** Sends ten bytes, one each tenth of a second, and answers what came back until the connection was closed. */
function trickle(path: string, close = true): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let said = ''
    let sent = 0
    const dripping = setInterval(() => sent++ < 10 && socket.writable && socket.write('x'), 100)
    socket.on('data', (chunk) => {
      said += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(dripping)
      resolve(said)
    })
    const connection = close ? 'connection: close\r\n' : ''
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${connection}content-type: application/octet-stream\r\ncontent-length: 10\r\n\r\n`,
    )
  })
}

test('a body that comes too slowly ends with 408; a handler that expects much waits for it', async () => {
  const [small, large] = await Promise.all([trickle('/small'), trickle('/large')])
  expect(small).toMatch(/^HTTP\/1\.1 408 /)
  expect(large).toMatch(/^HTTP\/1\.1 200 /)
  expect(large).toContain('{"bytes":10}')
})

test('whoever was refused does not hold the connection by sending on', async () => {
  expect(await trickle('/refused', false)).toMatch(/^HTTP\/1\.1 403 /)
})
