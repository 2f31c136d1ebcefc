import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A proxy in front of several processes. */
export type RoundRobin = {
  url: string
  /** The addresses of the processes; they may change at any time. */
  nodes: string[]
  /** How often a request was sent to the next process because one did not answer it. */
  retries: number
  stop(): Promise<void>
}

const attempts = 40

/**
 * Takes the processes in turn, and sends what one refused, left unanswered or answered 502 to 504 to the next one, as HAProxy does by
 * its recipe; after two seconds of that the last answer is passed on. 500 always is: it is a fault. On any free port of loopback
 * unless one is given.
 */
export async function startRoundRobin({ port = 0, nodes = [] as string[] } = {}): Promise<RoundRobin> {
  const agent = new Agent({ keepAlive: true })
  let turn = 0
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const body = Buffer.concat(chunks)
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const node = proxy.nodes[turn++ % proxy.nodes.length]!
      const answer = await ask(node, incoming, body).catch(() => null)
      const isRetryable = !answer || (answer.statusCode! >= 502 && answer.statusCode! <= 504)
      if (answer && (!isRetryable || attempt === attempts)) {
        outgoing.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(outgoing)
        answer.on('error', () => outgoing.destroy())
        return
      }
      answer?.resume()
      proxy.retries++
      await pause(50)
    }
    outgoing.writeHead(503).end('no node answers')
  })

  function ask(node: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { connection: _, 'transfer-encoding': __, ...passed } = headers
      const sending = request(node + url, {
        agent,
        method: method!,
        headers: { ...passed, 'content-length': body.length },
      })
      sending.on('response', resolve).on('error', reject).end(body)
    })
  }

  server.listen(port, 'localhost')
  await once(server, 'listening')
  const proxy: RoundRobin = {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    nodes,
    retries: 0,
    async stop() {
      agent.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
  return proxy
}
