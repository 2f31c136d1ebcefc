import autocannon from 'autocannon'
import { ready } from './child.ts'

/** One request; a list of several is sent in order, each by the next free connection. */
export type Shot = { method?: string; path: string; headers?: Record<string, string>; body?: string }

/** How to load a server: for so many seconds, or until every request was sent; at `rate` a second, or at full speed. */
export type Load = { url: string; connections: number; shots: Shot[]; seconds?: number; amount?: number; rate?: number }

export type Loaded = {
  /** Answers a second. */
  rate: number
  answers: number
  seconds: number
  p50: number
  p99: number
  statuses: Record<string, number>
  failed: number
}

// A process of its own, so that requests and answers do not share an event loop.
process.on('message', async ({ id, load }: { id: number; load: Load }) => {
  process.send!({ id, loaded: await fire(load) })
})
ready('ready')

async function fire({ url, connections, shots, seconds, amount, rate }: Load): Promise<Loaded> {
  let next = 0
  const inTurn = () => shots[next++ % shots.length]!
  const result = await autocannon({
    url,
    connections,
    sampleInt: 100,
    timeout: 20,
    ...(seconds === undefined ? {} : { duration: seconds }),
    ...(amount === undefined ? {} : { amount }),
    ...(rate === undefined ? {} : { overallRate: rate }),
    requests: shots.length === 1 ? shots : [{ setupRequest: (request) => ({ ...request, ...fromSomebody(inTurn()) }) }],
  })
  const statuses = Object.entries(result.statusCodeStats).map(([status, { count }]) => [status, count])
  return {
    rate: result.requests.total / result.duration,
    answers: result.requests.total,
    seconds: result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    statuses: Object.fromEntries(statuses),
    failed: result.errors + result.timeouts,
  }
}

let people = 0

/** As a proxy passes on the request of somebody who has an address of their own: limits are for an address. */
function fromSomebody(shot: Shot): Shot {
  const address = `10.${[16, 8, 0].map((bits) => (people >> bits) & 255).join('.')}`
  people++
  return { ...shot, headers: { ...shot.headers, 'x-forwarded-for': address } }
}
