import { promisify } from 'node:util'
import { brotliCompress, brotliCompressSync, constants, gzip, gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

/** One body in the three forms a browser may take it in. */
export type Compressed = { identity: Buffer; br: Buffer; gzip: Buffer }

/** Compresses once what will be sent often; quickly, for the best compression would hold up everybody for a moment. */
export function compressed(body: Buffer): Compressed {
  const br = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
  return { identity: body, br, gzip: gzipSync(body) }
}

/** Sends the form the browser asked for. */
export function sendCompressed(request: FastifyRequest, reply: FastifyReply, body: Compressed): FastifyReply {
  const encoding = encodingFor(request)
  if (encoding !== 'identity') reply.header('content-encoding', encoding)
  return reply.send(body[encoding])
}

const brotliOf = promisify(brotliCompress)
const gzipOf = promisify(gzip)

/** Compresses what is sent once, outside the event loop, so that other answers do not wait for it. */
export async function sendCompressing(
  request: FastifyRequest,
  reply: FastifyReply,
  body: Buffer,
): Promise<FastifyReply> {
  const encoding = encodingFor(request)
  if (encoding === 'identity') return reply.send(body)
  // A window as large as a page: the usual one of 4 MB costs more to set up than to use.
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants
  const quick = {
    params: { [BROTLI_PARAM_QUALITY]: 3, [BROTLI_PARAM_LGWIN]: 18, [BROTLI_PARAM_SIZE_HINT]: body.length },
  }
  reply.header('content-encoding', encoding)
  return reply.send(await (encoding === 'br' ? brotliOf(body, quick) : gzipOf(body, { level: 4 })))
}

// Best first: of codings that a browser likes as much, the smallest.
const codings: (keyof Compressed)[] = ['br', 'gzip', 'identity']

/** What RFC 9110 (12.5.3) makes of Accept-Encoding; nothing else to choose means as it is. */
function encodingFor(request: FastifyRequest): keyof Compressed {
  return new Negotiator(request.raw).encoding(codings, { preferred: codings }) ?? 'identity'
}
