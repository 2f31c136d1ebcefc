import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { plainPage, sentenceFor } from './errors.ts'

const statuses: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }

/**
 * Fastify's clientErrorHandler: answers what Node could not parse as a request (too slow, headers too large, not HTTP) and closes
 * the connection. It answers with a page, because a browser with too many cookies sees this, too.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const status = statuses[error.code ?? ''] ?? 400
  const page = plainPage(status, sentenceFor(status))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: text/html; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(page)}`,
    'Cache-Control: no-store',
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ]
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${page}`)
  socket.destroy(error)
}
