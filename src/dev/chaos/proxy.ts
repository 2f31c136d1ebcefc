import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A proxy between the product and the look-alike that hides the rate limits its answers announce: a chaos run makes more
 * calls a minute than they allow, and how the product keeps to them has tests of its own. Broken connections are passed on.
 */
export async function startProxy(target: { host: string; port: number }): Promise<{ port: number; close(): void }> {
  const server: Server = createServer((incoming, outgoing) => {
    const asked = request(
      { ...target, path: incoming.url, method: incoming.method, headers: incoming.headers, agent: false },
      (answer) => {
        const hidden =
          answer.statusCode === 429 ? [] : ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-retry']
        const headers = Object.entries(answer.headers).filter(([name]) => !hidden.includes(name))
        outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(headers))
        answer.pipe(outgoing)
        answer.on('error', () => outgoing.destroy())
      },
    )
    asked.on('error', () => outgoing.destroy())
    incoming.on('error', () => asked.destroy())
    outgoing.on('close', () => asked.destroy())
    incoming.pipe(asked)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
