import { promisify } from 'node:util'
import { brotliCompress, brotliCompressSync, constants, gzip, gzipSync, zstdCompress } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { quickest, smallBytes, smallFrame } from './small-frames.ts'

/** One body in the three encodings that a browser may accept. */
export type Compressed = { identity: Buffer; br: Buffer; gzip: Buffer }

/** Compresses once what will be sent often. At a middle quality, because a high one would block the event loop for a moment. */
export function compress(body: Buffer): Compressed {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5 }
  return { identity: body, br: brotliCompressSync(body, { params }), gzip: gzipSync(body) }
}

/** Compresses as well as can be what never changes, in libuv's thread pool. */
export async function compressBest(body: Buffer): Promise<Compressed> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 16 }
  const [br, zipped] = await Promise.all([brotliOf(body, { params }), gzipOf(body)])
  return { identity: body, br, gzip: zipped }
}

/** Sends the encoding that the browser prefers. */
export function sendCompressed(request: FastifyRequest, reply: FastifyReply, body: Compressed): FastifyReply {
  const encoding = encodingFor(request, codings)
  if (encoding !== 'identity') reply.header('content-encoding', encoding)
  return reply.send(body[encoding])
}

/**
 * A part of pages that many people are sent, in pieces. `kept` belongs to these bytes alone: it has them compressed once somebody
 * was sent them so.
 */
export type SharedPart = { pieces: readonly Buffer[]; kept: KeptFrame }
/** `level`: how hard zstd tries, once; 3 takes a millisecond for a large page, 9 three and saves a seventh. */
export type KeptFrame = { level: number; zstd?: Promise<Buffer> }

/**
 * Sends what is put together for one person, compressed in libuv's thread pool, so that other answers do not wait for it. What
 * is shared is compressed once where the browser takes zstd, whose frames may follow one another.
 */
export async function sendCompressing(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: readonly (Buffer | SharedPart)[],
): Promise<FastifyReply> {
  const encoding = encodingFor(request, readsFrames(request) ? ['zstd', ...codings] : codings)
  const pieces = parts.flatMap((part) => ('pieces' in part ? part.pieces : part))
  if (encoding === 'identity') return reply.send(Buffer.concat(pieces))
  reply.header('content-encoding', encoding)
  if (encoding === 'zstd') return reply.send(Buffer.concat(await Promise.all(parts.map(frameOf))))
  return reply.send(await together(pieces, (body) => (encoding === 'br' ? brotliOf(body, quick(body)) : gzipOf(body))))
}

const brotliOf = promisify(brotliCompress)
const gzipOf = promisify(gzip)
const zstdOf = promisify(zstdCompress)

// A window as large as a page: setting up the default one of 4 MB costs more than compressing.
const quick = ({ length }: Buffer) => ({
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 4,
    [constants.BROTLI_PARAM_LGWIN]: 18,
    [constants.BROTLI_PARAM_SIZE_HINT]: length,
  },
})

// With its size known, a frame asks for no larger window than it needs: browsers refuse more than 8 MB (RFC 9659).
const zstdOptions = ({ length }: Buffer, level: number) => ({
  params: { [constants.ZSTD_c_compressionLevel]: level },
  pledgedSrcSize: length,
})

function frameOf(part: Buffer | SharedPart): Promise<Buffer> {
  if (!('pieces' in part))
    return part.length > smallBytes ? zstdOf(part, zstdOptions(part, quickest)) : smallFrame(part)
  const { pieces, kept } = part
  kept.zstd ??= together(pieces, (body) => zstdOf(body, zstdOptions(body, kept.level)))
  // What failed for want of memory is tried again.
  kept.zstd.catch(() => delete kept.zstd)
  return kept.zstd
}

/**
 * Chromium and Firefox read one frame after the other (RFC 8878, 3.1). Not everything that asks for zstd does: Node's own
 * reader, for one, stops after the first and says nothing. Browsers on iOS have names of their own, and are Safari.
 */
function readsFrames({ headers }: FastifyRequest): boolean {
  return /(Chrome|Firefox)\//.test(headers['user-agent'] ?? '')
}

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

// Of codings that a browser prefers equally, the first is sent: the smallest.
const codings: (keyof Compressed)[] = ['br', 'gzip', 'identity']

/** Negotiates Accept-Encoding (RFC 9110, 12.5.3); `identity` where nothing is acceptable. */
function encodingFor<Coding extends string>(request: FastifyRequest, available: Coding[]): Coding | 'identity' {
  return new Negotiator(request.raw).encoding(available, { preferred: available }) ?? 'identity'
}
