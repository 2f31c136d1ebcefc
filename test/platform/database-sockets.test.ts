import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDatabaseAddress } from '../../src/platform/database-address.ts'
import { databaseSockets } from '../../src/platform/database-sockets.ts'

/** Sends without a pause, like a server in the middle of a long answer. */
const server = createServer((socket) => {
  socket.on('error', () => {})
  const chunk = Buffer.alloc(48)
  const sending = setInterval(() => socket.write(chunk), 0)
  socket.once('close', () => clearInterval(sending))
  for (let i = 0; i < 100; i++) socket.write(chunk)
})
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => void server.close())

test('a connection that is closed while its server still sends ends nothing but itself', async () => {
  const host = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  const address = readDatabaseAddress(`postgres://site@127.0.0.1:${host.port}/etf`)
  const sockets = databaseSockets(address, { find: async () => host, forget: () => {} })
  const errors: unknown[] = []
  const keep = (error: unknown) => void errors.push(error)
  process.on('uncaughtException', keep)
  try {
    for (let i = 0; i < 50; i++) {
      const socket = (await sockets.open()) as Socket
      socket.on('error', () => {}).on('data', () => {})
      await once(socket, 'data')
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.destroy(new Error('the database fell silent'))
      await closed
    }
  } finally {
    process.off('uncaughtException', keep)
  }
  expect(errors).toEqual([])
})
