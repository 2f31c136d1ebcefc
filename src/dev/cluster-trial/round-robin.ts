import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

const lookEveryMs = 500

/**
 * Shares requests out among the nodes whose /readyz says yes, and sends to the next what one did not answer at all. It stands in
 * where HAProxy is not installed.
 */
export async function shareOut(port: number, nodes: readonly number[]): Promise<{ stop(): Promise<void> }> {
  const ready = new Map(nodes.map((node) => [node, false]))
  let stopped = false
  let turn = 0
  const watching = nodes.map(async (node) => {
    for (; !stopped; await pause(lookEveryMs, undefined, { ref: false }))
      ready.set(
        node,
        await fetch(`http://127.0.0.1:${node}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
          ({ status }) => status === 200,
          () => false,
        ),
      )
  })
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of incoming) chunks.push(chunk)
    } catch {
      return
    }
    const able = nodes.filter((node) => ready.get(node))
    const first = turn++
    for (let i = 0; i < Math.max(1, able.length); i++) {
      const node = able[(first + i) % able.length]
      if (node && (await passOn(node, { incoming, outgoing, body: Buffer.concat(chunks) }))) return
      if (node) ready.set(node, false)
    }
    outgoing.writeHead(503).end('no node is ready')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    async stop() {
      stopped = true
      server.closeAllConnections()
      server.close()
      await Promise.all(watching)
    },
  }
}

type Exchange = { incoming: IncomingMessage; outgoing: ServerResponse; body: Buffer }

/** Whether the node answered, well or badly. */
function passOn(port: number, { incoming, outgoing, body }: Exchange): Promise<boolean> {
  const { method, url: path, headers } = incoming
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
      resolve(true)
    })
    asked.on('error', () => resolve(false))
    asked.end(body)
  })
}
