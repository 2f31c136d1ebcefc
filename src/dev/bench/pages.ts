import type { Assignment, Copy } from './bare-server.ts'
import { end, start } from './child.ts'
import { type BenchHarness, pool } from './harness.ts'
import type { Shot } from './load.ts'
import type { Measurement } from './measurement.ts'
import { processorMs } from './processor.ts'
import { byTurns, seriesOf } from './series.ts'
import { browser, copyOf, signedIn } from './signing-in.ts'

const connections = 10
const landingPage = { page: 'landing page', against: 'bare node:http', least: 0.6 }
// The bare server has its bytes ready and compressed, and asks five statements, as the app did before it made two of them. The app
// renders and compresses what stands around the region that all readers share.
const dashboardPage = { page: 'dashboard', against: 'bare SQL and bytes', least: 0.3 }

/** The landing page and the signed-in dashboard, each against a bare Node server that sends the same bytes. */
export async function measurePages(harness: BenchHarness): Promise<Measurement[]> {
  const { cookie, session, user } = await signedIn(harness)
  const shots = {
    landing: { path: '/', headers: browser },
    dashboard: { path: '/dashboard', headers: { ...browser, cookie } },
  }
  const landing = await copyOf(`${harness.app.url}/`, shots.landing.headers)
  const dashboard = await copyOf(`${harness.app.url}/dashboard`, shots.dashboard.headers)
  const bare = await startBare(harness, { databaseUrl: harness.databaseUrl, pool, landing, dashboard, session, user })
  return [
    ...(await compare(harness, bare, { ...landingPage, shot: shots.landing, copy: landing })),
    ...(await compare(harness, bare, { ...dashboardPage, shot: shots.dashboard, copy: dashboard })),
  ]
}

type Server = { url: string; pid: number }

async function startBare(harness: BenchHarness, assignment: Assignment): Promise<Server> {
  const { child } = await start<string>('bare-server.ts')
  harness.onClose(() => end(child))
  const port = new Promise<number>((resolve) => child.once('message', (message) => resolve(message as number)))
  child.send(assignment)
  return { url: `http://127.0.0.1:${await port}`, pid: child.pid! }
}

type Page = { page: string; against: string; shot: Shot; copy: Copy; least: number }

async function compare(harness: BenchHarness, bare: Server, page: Page): Promise<Measurement[]> {
  const spent = { ours: [] as number[], theirs: [] as number[] }
  const fire = (who: 'ours' | 'theirs') => async (round: number) => {
    const server = who === 'ours' ? harness.app : bare
    const before = processorMs(server.pid)
    const seconds = harness.quick ? 1 : 1.5
    const loaded = await harness.reader.fire({ url: server.url, connections, seconds, shots: [page.shot] })
    if (loaded.answers !== loaded.statuses['200']) throw new Error(`${page.page}: ${JSON.stringify(loaded.statuses)}`)
    if (before !== null && round > 0) spent[who].push(((processorMs(server.pid)! - before) * 1000) / loaded.answers)
    return loaded.rate
  }
  const { ours, theirs } = await byTurns(harness.quick ? 3 : 5, { ours: fire('ours'), theirs: fire('theirs') })
  const aim = { least: page.least }
  const notes = [`${page.copy.body.length} bytes, ${connections} connections`]
  const name = `${page.page}, against ${page.against}`
  const speed = { name, unit: '/s', ours, theirs, result: ours.median / theirs.median, aim, notes }
  return spent.ours.length === 0
    ? [speed]
    : [speed, { ...processorMeasurement(spent), name: `  … in processor time a ${page.page}`, aim }]
}

/** Processor time of the server alone, which is right even where the client is slower than the bare server. */
function processorMeasurement(spent: { ours: number[]; theirs: number[] }) {
  const [ours, theirs] = [seriesOf(spent.ours), seriesOf(spent.theirs)]
  return { unit: 'µs', ours, theirs, result: theirs.median / ours.median, notes: [] }
}
