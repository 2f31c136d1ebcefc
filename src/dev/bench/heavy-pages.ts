import { setTimeout as pause } from 'node:timers/promises'
import type { BenchHarness } from './harness.ts'
import type { Loaded, Shot } from './load.ts'
import type { Measurement } from './measurement.ts'
import { adminsCookie } from './panel/panel.ts'
import { listReceiptNumbers } from './queries.ts'
import { byTurns } from './series.ts'
import { deliveryOf } from './settlements.ts'
import { signedIn } from './signing-in.ts'

const hammering = 50
/** Deliveries a second meanwhile: more than a good day of this business. */
const rate = 30

type Page = { name: string; shots: Shot[] }

/**
 * How long the webhook endpoint takes to answer while 50 connections ask for one of the pages that cost the most, as fast
 * as they are answered; against a quiet time.
 */
export async function measureHeavyPages(town: BenchHarness): Promise<Measurement[]> {
  const pages = await heavyPages(town)
  const hammered = new Map<string, Loaded[]>(pages.map(({ name }) => [name, []]))
  const turns = pages.map(({ name, shots }) => [
    name,
    async () => {
      const [delivered, answers] = await Promise.all([deliver(town), hammer(town, shots)])
      hammered.get(name)!.push(answers)
      await untilQuick(town.app.url)
      return delivered.p99
    },
  ])
  const quiet = async () => (await deliver(town)).p99
  const measured = await byTurns<string>(town.quick ? 1 : 2, { quiet, ...Object.fromEntries(turns) })
  return pages.map(({ name }) => ({
    name: `webhook's 99th percentile beside ${name}`,
    unit: 'ms',
    ours: measured[name]!,
    theirs: measured.quiet!,
    result: measured[name]!.median,
    aim: { most: 150, unit: ' ms' },
    notes: [`answered meanwhile, a second: ${answersOf(hammered.get(name)!)}`],
  }))
}

const secondsOf = (town: BenchHarness) => (town.quick ? 2 : 3)

/** All are answered, however late: an endpoint that says nothing is not a quick one. */
async function deliver(town: BenchHarness): Promise<Loaded> {
  const payable = await town.orders(rate * secondsOf(town))
  const shots = payable.map(deliveryOf)
  return town.reader.fire({ url: town.app.url, connections: 10, amount: shots.length, rate, shots })
}

function hammer(town: BenchHarness, shots: Shot[]): Promise<Loaded> {
  return town.crowd.fire({ url: town.app.url, connections: hammering, seconds: secondsOf(town) + 0.5, shots })
}

/** What was asked for and given up is worked off. */
async function untilQuick(url: string): Promise<void> {
  for (let quick = 0, asked = 0; quick < 5 && asked < 200; asked++) {
    const started = performance.now()
    await fetch(`${url}/healthz`)
    quick = performance.now() - started < 30 ? quick + 1 : 0
    await pause(50)
  }
}

/** "41 × 200, 3 × 503". */
function answersOf(loads: Loaded[]): string {
  const seconds = loads.reduce((sum, load) => sum + load.seconds, 0)
  const statuses = [...new Set(loads.flatMap((load) => Object.keys(load.statuses)))]
  const count = (status: string) => loads.reduce((sum, load) => sum + (load.statuses[status] ?? 0), 0)
  return statuses.map((status) => `${(count(status) / seconds).toFixed(0)} × ${status}`).join(', ') || 'none'
}

/** What costs the most to answer, each with enough different addresses that nothing is answered from memory by chance. */
async function heavyPages(town: BenchHarness): Promise<Page[]> {
  const { cookie } = await signedIn(town)
  const admin = { headers: { cookie: await adminsCookie(town.app.url, town.sql) } }
  const own = { headers: { cookie } }
  const numbers = await listReceiptNumbers(town.sql, 2_000)
  const page = (name: string, paths: string[], as: Omit<Shot, 'path'>): Page => ({
    name,
    shots: paths.map((path) => ({ path, ...as })),
  })
  return [
    page(
      'receipt PDFs',
      numbers.map((number) => `/receipts/${number}.pdf`),
      admin,
    ),
    page('one receipt’s PDF', [`/receipts/${numbers[0]}.pdf`], admin),
    page(
      'analyses of other weeks',
      mondays(400).map((day) => `/dashboard?at=${day}`),
      own,
    ),
    page('exports of an account', ['/account/data.json', '/account/data.csv'], own),
    page('exports of all subscribers', ['/admin/subscribers.csv'], admin),
    page('the panel’s home', ['/admin'], admin),
  ]
}

function mondays(count: number): string[] {
  return Array.from({ length: count }, (_, i) => new Date(Date.now() - i * 7 * 86_400_000).toISOString().slice(0, 10))
}
