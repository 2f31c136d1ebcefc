import { Readable } from 'node:stream'
import fp from 'fastify-plugin'

/** How much is generated before the first byte is sent; most files are complete by then. */
const bufferedBytes = 256 * 1024

/**
 * Files that are generated while they are sent. A failure before the first part is sent is answered like any other, with its
 * status and page; a later one breaks the transfer off, which browsers show as a failed download, never as a complete file.
 */
export default fp(
  async (app) => {
    app.addHook('onSend', async (_request, _reply, payload) => (payload instanceof Readable ? begun(payload) : payload))
  },
  // Slots of heavy pages are freed before: each piece of a file takes a slot of its own.
  { name: 'downloads', dependencies: ['heavy-pages'] },
)

async function begun(source: Readable): Promise<Buffer | Readable> {
  const pieces: AsyncIterator<Buffer | string> = source[Symbol.asyncIterator]()
  const first: Buffer[] = []
  for (let size = 0; size < bufferedBytes; size += first.at(-1)!.length) {
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
