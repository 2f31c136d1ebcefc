import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { connect, DatabaseUnavailable } from '../../src/platform/db.ts'
import { good, key } from './certificates.ts'

/** Stands before a real PostgreSQL and speaks TLS for it, as well or as badly as a test says. */
let server: Server
let manner = 'well'
const manners: Record<string, (socket: Socket) => void> = {
  well(socket) {
    socket.write('S')
    const { hostname, port } = new URL(inject('serverUrl'))
    const clear = new TLSSocket(socket, { isServer: true, key, cert: good }).on('error', () => {})
    const database = dial(Number(port), hostname).on('error', () => {})
    clear.pipe(database).pipe(clear)
    clear.on('close', () => database.destroy())
    database.on('close', () => clear.destroy())
  },
  'says that it has no TLS': (socket) => socket.write('N'),
  'answers something else': (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'speaks nonsense in the handshake': (socket) => {
    socket.write('S')
    socket.once('data', () => socket.write('nonsense, a whole line of it\r\n'.repeat(9)))
  },
  'closes in the handshake': (socket) => {
    socket.write('S')
    socket.once('data', () => socket.end())
  },
  'resets in the handshake': (socket) => {
    socket.write('S')
    socket.once('data', () => socket.resetAndDestroy())
  },
  'resets after the handshake': (socket) => {
    socket.write('S')
    const clear = new TLSSocket(socket, { isServer: true, key, cert: good }).on('error', () => {})
    clear.once('data', () => socket.resetAndDestroy())
  },
  'closes before a word': (socket) => socket.end(),
}
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => {})
    // What is asked first is whether it can do TLS.
    socket.once('data', () => manners[manner]!(socket))
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
})
afterAll(() => {
  server.close()
})

function poolWith(sslmode: string) {
  const url = new URL(inject('serverUrl'))
  url.hostname = 'localhost'
  url.port = String((server.address() as AddressInfo).port)
  url.searchParams.set('sslmode', sslmode)
  return connect(url.href, { max: 3, deadline: 4_000 })
}

test.each(Object.keys(manners).filter((name) => name !== 'well'))(
  'a database that %s is away and ends nobody’s process; when it is well again, so are we',
  {
    timeout: 60_000,
  },
  async (name) => {
    const sql = poolWith('require')
    for (let round = 0; round < 3; round++) {
      manner = name
      const errors = await Promise.all(
        [1, 2, 3].map(() =>
          sql`select 1`.then(
            () => null,
            (error: unknown) => error,
          ),
        ),
      )
      // A connection that stood from the round before may do its work.
      for (const error of errors) if (round === 0 || error !== null) expect(error).toBeInstanceOf(DatabaseUnavailable)
      manner = 'well'
      const end = Date.now() + 15_000
      while (
        !(await sql`select 1`.then(
          () => true,
          () => false,
        ))
      )
        expect(Date.now()).toBeLessThan(end)
    }
    await sql.end({ timeout: 1 })
  },
)

test('a database with a certificate of nobody is not told the password', { timeout: 30_000 }, async () => {
  manner = 'well'
  const sql = poolWith('verify-full')
  const error = await sql`select 1`.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DatabaseUnavailable)
  expect(((error as Error).cause as { code: string }).code).toMatch(/SELF_SIGNED|UNABLE_TO/)
  await sql.end({ timeout: 1 })
})
