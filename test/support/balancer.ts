import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A proxy in front of several processes. */
export type Balancer = {
  url: string
  /** The addresses of the processes; they may change at any time. */
  nodes: string[]
  /** How often a request was sent to the next process because one did not answer it. */
  retries: number
  close: () => void
}

const attempts = 40

/**
 * Takes the processes in turn, and sends what one refused, left unanswered or answered 502 to 504 to the next one, as HAProxy does with
 * `retry-on all-retryable-errors`. 500 is passed on: it is a fault.
 */
export async function startBalancer(): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true })
  let turn = 0
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const node = balancer.nodes[turn++ % balancer.nodes.length]!
      const answer = await ask(node, incoming, body).catch(() => null)
      if (answer && !(answer.statusCode! >= 502 && answer.statusCode! <= 504)) {
        outgoing.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(outgoing)
        answer.on('error', () => outgoing.destroy())
        return
      }
      answer?.resume()
      balancer.retries++
      await pause(50)
    }
    outgoing.writeHead(503).end()
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

  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const balancer: Balancer = {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    nodes: [],
    retries: 0,
    close() {
      agent.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
  return balancer
}
