import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export type RecordedCall = { method: string; path: string; headers: IncomingHttpHeaders; body: string }
export type Reply = { status: number; headers?: Record<string, string>; body: string }

/** Stands between the product and the Cashfree look-alike: counts calls, and answers in its place when a test says so. */
export type RecordingGateway = {
  url: string
  /** Where calls go on to; until it is set they are refused. Without /pg. */
  target: string | null
  calls: RecordedCall[]
  /** What is answered instead: a reply, 'hang-up', or null to go on. */
  instead: (call: RecordedCall) => Reply | 'hang-up' | null
  /** Calls whose "METHOD path" matches. */
  count: (pattern: RegExp) => number
  close: () => Promise<void>
}

export async function startRecordingGateway(): Promise<RecordingGateway> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const call = {
        method: request.method!,
        path: request.url!,
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      }
      meter.calls.push(call)
      const reply = meter.instead(call) ?? (await forward(meter.target, call))
      if (reply === 'hang-up') return response.destroy()
      response.writeHead(reply.status, reply.headers)
      response.end(reply.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const meter: RecordingGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target: null,
    calls: [],
    instead: () => null,
    count: (pattern) => meter.calls.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return meter
}

async function forward(target: string | null, call: RecordedCall): Promise<Reply | 'hang-up'> {
  if (target === null) return 'hang-up'
  const headers = Object.entries(call.headers).filter(([name]) => /^(x-|content-type|accept$)/.test(name))
  try {
    const answer = await fetch(target + call.path, {
      method: call.method,
      headers: headers as [string, string][],
      redirect: 'manual',
      ...(call.body === '' ? {} : { body: call.body }),
    })
    const kept = [...answer.headers].filter(([name]) => /^(x-|content-type|location)/.test(name))
    return { status: answer.status, headers: Object.fromEntries(kept), body: await answer.text() }
  } catch {
    return 'hang-up'
  }
}
