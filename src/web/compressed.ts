import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** One body in the three forms a browser may take it in. */
export type Compressed = { identity: Buffer; br: Buffer; gzip: Buffer }

/** Compresses once what will be sent often; quickly, for the best compression would hold up everybody for a moment. */
export function compressed(body: Buffer): Compressed {
  const br = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
  return { identity: body, br, gzip: gzipSync(body) }
}

/** Sends the form the browser asked for. */
export function sendCompressed(request: FastifyRequest, reply: FastifyReply, body: Compressed): FastifyReply {
  const accepted = String(request.headers['accept-encoding'] ?? '')
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : 'identity'
  if (encoding !== 'identity') reply.header('content-encoding', encoding)
  return reply.send(body[encoding])
}
