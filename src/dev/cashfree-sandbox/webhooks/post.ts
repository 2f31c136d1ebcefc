import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

export type Answer = { status: number | null; answer: string; ms: number }

const KEPT_ANSWER = 500

/**
 * Posts exact bytes and reports what came back; a failure to connect has status null. Never rejects.
 * Plain node:http instead of fetch: no connection is kept alive, which would hold the receiver's shutdown up.
 */
export function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<Answer> {
  const began = performance.now()
  const took = () => Math.round(performance.now() - began)
  return new Promise((resolve) => {
    const giveUp = (error: Error) => resolve({ status: null, answer: error.message || 'no connection', ms: took() })
    try {
      const send = url.startsWith('https:') ? requestHttps : requestHttp
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const bytes = Buffer.from(body)
      const request = send(
        url,
        { method: 'POST', agent: false, signal: limit, headers: { ...headers, 'content-length': bytes.length } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', giveUp)
          response.on('end', () => {
            const answer = Buffer.concat(chunks).toString('utf8').slice(0, KEPT_ANSWER)
            resolve({ status: response.statusCode ?? null, answer, ms: took() })
          })
        },
      )
      request.on('error', giveUp)
      request.end(bytes)
    } catch (error) {
      giveUp(error as Error)
    }
  })
}
