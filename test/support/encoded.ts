import { type IncomingHttpHeaders, request } from 'node:http'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Visitor } from './visitor.ts'

/** How a browser names itself that reads zstd frame by frame. */
export const chrome = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/153.0.0.0 Mobile Safari/537.36'

export type Encoded = { status: number; headers: IncomingHttpHeaders; coding: string | undefined; body: Buffer }

/** What somebody is sent, as it is sent: not through fetch, which asks for codings of its own and decodes. */
export function askRaw({ app, cookies }: Visitor, path: string, headers: Record<string, string>, method = 'GET') {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return new Promise<Encoded>((resolve, reject) => {
    const sending = request(
      app.url + path,
      { method, headers: { ...(cookie ? { cookie } : {}), ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            coding: response.headers['content-encoding'],
            body: Buffer.concat(chunks),
          }),
        )
      },
    )
    sending.on('error', reject).end()
  })
}

/** The page behind a coding. */
export function decoded({ coding, body }: Pick<Encoded, 'coding' | 'body'>): string {
  if (coding === 'br') return brotliDecompressSync(body).toString()
  if (coding === 'gzip') return gunzipSync(body).toString()
  if (coding === 'zstd') return Buffer.concat(framesIn(body).map((frame) => zstdDecompressSync(frame))).toString()
  return body.toString()
}

/** The frames of a zstd body (RFC 8878, 3.1.1), one after the other; Node reads the first one alone. */
export function framesIn(body: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let start = 0; start < body.length; start += frames.at(-1)!.length) {
    if (body.readUInt32LE(start) !== 0xfd2fb528) throw new Error(`no frame begins at byte ${start}`)
    const flags = body[start + 4]!
    const isSingle = (flags & 0x20) !== 0
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6]!
    const dictionaryBytes = [0, 1, 2, 4][flags & 3]!
    let at = start + 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes
    for (let isLast = false; !isLast; ) {
      const block = body.readUIntLE(at, 3)
      isLast = (block & 1) === 1
      at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3)
    }
    frames.push(body.subarray(start, at + (flags & 4 ? 4 : 0)))
  }
  return frames
}

/** How much a browser must hold of a frame to read it, in bytes; they refuse more than 8 MB (RFC 9659). */
export function windowOf(frame: Buffer): number {
  const flags = frame[4]!
  if ((flags & 0x20) === 0) return (1 << (10 + (frame[5]! >> 3))) * (1 + (frame[5]! & 7) / 8)
  const [at, bytes] = [5 + [0, 1, 2, 4][flags & 3]!, [1, 2, 4, 8][flags >> 6]!]
  return bytes === 8 ? Number(frame.readBigUInt64LE(at)) : frame.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0)
}
