import { promisify } from 'node:util'
import { brotliCompress, brotliCompressSync, constants, gzip, gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

/** One body in the three encodings that a browser may accept. */
export type Compressed = { identity: Buffer; br: Buffer; gzip: Buffer }

/**
 * Compresses once what will be sent often. At a middle quality, because a high one (`best`) blocks the event loop for a moment: that
 * is for what is compressed before anybody asks.
 */
export function compress(body: Buffer, { best = false } = {}): Compressed {
  const quality = best
    ? { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 16 }
    : { [constants.BROTLI_PARAM_QUALITY]: 5 }
  return { identity: body, br: brotliCompressSync(body, { params: quality }), gzip: gzipSync(body) }
}

/** Sends the encoding that the browser prefers. */
export function sendCompressed(request: FastifyRequest, reply: FastifyReply, body: Compressed): FastifyReply {
  const encoding = encodingFor(request)
  if (encoding !== 'identity') reply.header('content-encoding', encoding)
  return reply.send(body[encoding])
}

const brotliOf = promisify(brotliCompress)
const gzipOf = promisify(gzip)

/** Compresses what is sent once, in libuv's thread pool, so that other answers do not wait for it. */
export async function sendCompressing(
  request: FastifyRequest,
  reply: FastifyReply,
  pieces: readonly Buffer[],
): Promise<FastifyReply> {
  const encoding = encodingFor(request)
  if (encoding === 'identity') return reply.send(Buffer.concat(pieces))
  reply.header('content-encoding', encoding)
  return reply.send(await together(pieces, (body) => (encoding === 'br' ? brotliOf(body, quick(body)) : gzipOf(body))))
}

// A window as large as a page: setting up the default one of 4 MB costs more than compressing.
const quick = ({ length }: Buffer) => ({
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_LGWIN]: 18,
    [constants.BROTLI_PARAM_SIZE_HINT]: length,
  },
})

/** Room for pages that are being put together; no more than work at a time. */
const rooms: Buffer[] = []
const mostRooms = 4

/**
 * Puts pieces together for as long as `use` takes, in room that is used again: fresh buffers of a page's size make the collector
 * walk the whole heap for every twenty pages, for it counts what lies outside of it.
 */
async function together<T>(pieces: readonly Buffer[], use: (whole: Buffer) => Promise<T>): Promise<T> {
  const size = pieces.reduce((sum, { length }) => sum + length, 0)
  const spare = rooms.pop()
  const room = spare && spare.length >= size ? spare : Buffer.allocUnsafeSlow(size * 1.25)
  let filled = 0
  for (const piece of pieces) filled += piece.copy(room, filled)
  try {
    return await use(room.subarray(0, size))
  } finally {
    if (rooms.length < mostRooms) rooms.push(room)
  }
}

// Smallest first: of codings that a browser prefers equally, the smallest is sent.
const codings: (keyof Compressed)[] = ['br', 'gzip', 'identity']

/** Negotiates Accept-Encoding (RFC 9110, 12.5.3); `identity` where nothing is acceptable. */
function encodingFor(request: FastifyRequest): keyof Compressed {
  return new Negotiator(request.raw).encoding(codings, { preferred: codings }) ?? 'identity'
}
