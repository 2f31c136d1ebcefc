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
    app.addHook('onSend', async (_request, _reply, payload) => (payload instanceof Readable ? begun(payload) : payload))
  },
  // A place held by the page is given back by then: the pieces of a file take places of their own.
  { name: 'downloads', dependencies: ['heavy'] },
)

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
