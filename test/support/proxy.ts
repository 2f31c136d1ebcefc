import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * pass: as if it were not there · hold: packets vanish in silence, and every connection that saw it stays dead for good ·
 * refuse: nobody listens · reset: new connections are reset · hang-up: new ones are closed politely before a word is said.
 */
export type Mode = 'pass' | 'hold' | 'refuse' | 'reset' | 'hang-up'

export type Cut = {
  /** Bytes of the client that bring it about. */
  when: string
  /** before: the server never gets them. after: it gets them, and the client never hears the answer. */
  moment: 'before' | 'after'
  /** How often; once when absent. */
  times?: number
}

/** Stands between the product and a server that speaks TCP, and breaks the line as a test says. */
export type TcpProxy = {
  port: number
  mode: Mode
  /** Added to every packet, in milliseconds, each way. */
  delayMs: number
  cut: Cut | null
  /** Connections ever made, refused ones not counted. */
  connections: number
  setMode: (mode: Mode) => Promise<void>
  /** Breaks every open connection, by a reset or in silence. */
  breakAll: () => void
  close: () => Promise<void>
}

export async function startProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    proxy.connections++
    client.on('error', () => {})
    clients.add(client)
    client.on('close', () => clients.delete(client))
    if (proxy.mode === 'reset') return client.resetAndDestroy()
    if (proxy.mode === 'hang-up') return client.end()
    const pair = { client, server: connect(target), dead: proxy.mode === 'hold' }
    pairs.add(pair)
    relay(proxy, pair)
    for (const socket of [pair.client, pair.server])
      socket.on('close', () => {
        // What vanishes in silence is not told to the other end either.
        if (pair.dead && socket === pair.server) return
        pairs.delete(pair)
        pair.client.destroy()
        pair.server.destroy()
      })
  })
  const listen = async () => {
    server.listen(proxy.port, '127.0.0.1')
    await once(server, 'listening')
  }
  const proxy: TcpProxy = {
    port: 0,
    mode: 'pass',
    delayMs: 0,
    cut: null,
    connections: 0,
    async setMode(mode) {
      const listens = server.listening
      proxy.mode = mode
      if (mode === 'hold') for (const pair of pairs) pair.dead = true
      if (mode === 'refuse' && listens) {
        server.close()
        proxy.breakAll()
      } else if (mode !== 'refuse' && !listens) await listen()
    },
    breakAll() {
      for (const { client, server: upstream } of pairs) {
        client.resetAndDestroy()
        upstream.resetAndDestroy()
      }
      pairs.clear()
    },
    async close() {
      proxy.breakAll()
      for (const client of clients) client.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
  await listen()
  proxy.port = (server.address() as AddressInfo).port
  return proxy
}

type Pair = { client: Socket; server: Socket; dead: boolean }

function relay(proxy: TcpProxy, pair: Pair): void {
  const { client, server } = pair
  let deaf = false
  const pass = (to: Socket, chunk: Buffer) => {
    const send = () => {
      if (!pair.dead && !to.destroyed) to.write(chunk)
    }
    proxy.delayMs > 0 ? setTimeout(send, proxy.delayMs) : send()
  }
  server.on('error', () => client.resetAndDestroy())
  client.on('data', (chunk) => {
    if (pair.dead) return
    const { cut } = proxy
    if (!cut || !chunk.includes(cut.when)) return pass(server, chunk)
    const left = (cut.times ?? 1) - 1
    proxy.cut = left > 0 ? { ...cut, times: left } : null
    if (cut.moment === 'before') {
      client.resetAndDestroy()
      server.resetAndDestroy()
      return
    }
    // The server does the work and answers; the answer is the moment when the line breaks.
    deaf = true
    pass(server, chunk)
  })
  server.on('data', (chunk) => {
    if (pair.dead) return
    if (!deaf) return pass(client, chunk)
    client.resetAndDestroy()
    server.end()
  })
}

/** The same database, reached through the proxy. */
export function through(proxy: TcpProxy, databaseUrl: string): string {
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  return url.href
}
