import type { Assignment, Copy } from './bare-server.ts'
import { end, start } from './child.ts'
import { type BenchHarness, pool } from './harness.ts'
import type { Shot } from './load.ts'
import type { Measurement } from './measurement.ts'
import { processorMs } from './processor.ts'
import { byTurns, seriesOf } from './series.ts'
import { browser, copyOf, signedIn } from './signing-in.ts'

const connections = 10
const landingName = 'landing page, against bare node:http'
// The bare server has its bytes ready and compressed. The app renders 80 kB for one person and compresses them, which alone
// costs twice what the bare server spends on its statements.
const dashboardName = 'dashboard, against bare SQL and bytes'

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
    ...(await compare(harness, bare, { name: landingName, shot: shots.landing, copy: landing, least: 0.6 })),
    ...(await compare(harness, bare, { name: dashboardName, shot: shots.dashboard, copy: dashboard, least: 0.15 })),
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

type Page = { name: string; shot: Shot; copy: Copy; least: number }

async function compare(harness: BenchHarness, bare: Server, page: Page): Promise<Measurement[]> {
  const spent = { ours: [] as number[], theirs: [] as number[] }
  const fire = (who: 'ours' | 'theirs') => async (round: number) => {
    const server = who === 'ours' ? harness.app : bare
    const before = processorMs(server.pid)
    const seconds = harness.quick ? 1 : 1.5
    const loaded = await harness.reader.fire({ url: server.url, connections, seconds, shots: [page.shot] })
    if (loaded.answers !== loaded.statuses['200']) throw new Error(`${page.name}: ${JSON.stringify(loaded.statuses)}`)
    if (before !== null && round > 0) spent[who].push(((processorMs(server.pid)! - before) * 1000) / loaded.answers)
    return loaded.rate
  }
  const { ours, theirs } = await byTurns(harness.quick ? 3 : 5, { ours: fire('ours'), theirs: fire('theirs') })
  const aim = { least: page.least }
  const notes = [`${page.copy.body.length} bytes, ${connections} connections`]
  const speed = { name: page.name, unit: '/s', ours, theirs, result: ours.median / theirs.median, aim, notes }
  return spent.ours.length === 0 ? [speed] : [speed, processorMeasurement(aim, spent)]
}

/** Processor time of the server alone, which is right even where the client is slower than the bare server. */
function processorMeasurement(aim: Measurement['aim'], spent: { ours: number[]; theirs: number[] }): Measurement {
  const [ours, theirs] = [seriesOf(spent.ours), seriesOf(spent.theirs)]
  const result = theirs.median / ours.median
  return { name: `  … in processor time an answer`, unit: 'µs', ours, theirs, result, aim, notes: [] }
}
