import { Readable } from 'node:stream'
import fp from 'fastify-plugin'

/** What is made before the first byte is sent; most files are whole by then. */
const heldBack = 256 * 1024

/**
 * Files that are made while they are sent. A failure before the first part is out is an answer like any other, with its
 * status and its page; after it the transfer breaks off, which browsers show as a failed download, never as a whole file.
 */
export default fp(
  async (app) => {
    // A route's own hooks come last: a place that is held while the answer is made (heavy.ts) is given back by then. The
    // pieces of a file take places of their own, and would wait for this one for ever.
    app.addHook('onRoute', (route) => {
      route.onSend = [...[route.onSend ?? []].flat(), beginsWhole]
    })
  },
  { name: 'downloads', dependencies: ['heavy'] },
)

async function beginsWhole(_request: unknown, _reply: unknown, payload: unknown): Promise<unknown> {
  return payload instanceof Readable ? begun(payload) : payload
}

async function begun(source: Readable): Promise<Buffer | Readable> {
  const pieces: AsyncIterator<Buffer | string> = source[Symbol.asyncIterator]()
  const first: Buffer[] = []
  for (let size = 0; size < heldBack; size += first.at(-1)!.length) {
    const { done, value } = await pieces.next()
    if (done) return Buffer.concat(first)
    first.push(Buffer.from(value))
  }
  const whole = async function* () {
    yield* first
    yield* { [Symbol.asyncIterator]: () => pieces }
  }
  return Readable.from(whole(), { objectMode: false })
}
