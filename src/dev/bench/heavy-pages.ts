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
/** Webhooks a second: more than on a good day of this business. */
const rate = 30

type Page = { name: string; shots: Shot[] }

/**
 * How long the webhook endpoint takes to answer while 50 connections request one of the most expensive pages as fast as
 * they are answered, compared with a quiet time.
 */
export async function measureHeavyPages(harness: BenchHarness): Promise<Measurement[]> {
  const pages = await heavyPages(harness)
  const hammered = new Map<string, Loaded[]>(pages.map(({ name }) => [name, []]))
  const turns = pages.map(({ name, shots }) => [
    name,
    async () => {
      const [delivered, answers] = await Promise.all([deliver(harness), hammer(harness, shots)])
      hammered.get(name)!.push(answers)
      await untilQuick(harness.app.url)
      return delivered.p99
    },
  ])
  const quiet = async () => (await deliver(harness)).p99
  const measured = await byTurns<string>(harness.quick ? 1 : 2, { quiet, ...Object.fromEntries(turns) })
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

const secondsOf = (harness: BenchHarness) => (harness.quick ? 2 : 3)

/** Waits for all answers, however late: an endpoint that does not answer is not fast. */
async function deliver(harness: BenchHarness): Promise<Loaded> {
  const payable = await harness.orders(rate * secondsOf(harness))
  const shots = payable.map(deliveryOf)
  return harness.reader.fire({ url: harness.app.url, connections: 10, amount: shots.length, rate, shots })
}

function hammer(harness: BenchHarness, shots: Shot[]): Promise<Loaded> {
  return harness.crowd.fire({ url: harness.app.url, connections: hammering, seconds: secondsOf(harness) + 0.5, shots })
}

/** Waits until the app has worked off abandoned requests. */
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

/** The most expensive pages, each with enough different addresses that caches do not answer them. */
async function heavyPages(harness: BenchHarness): Promise<Page[]> {
  const { cookie } = await signedIn(harness)
  const admin = { headers: { cookie: await adminsCookie(harness.app.url, harness.sql) } }
  const own = { headers: { cookie } }
  const numbers = await listReceiptNumbers(harness.sql, 2_000)
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
