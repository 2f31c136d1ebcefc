import { Agent, request } from 'node:http'
import { currentMarket, stepsIn } from '../../market/engine/market.ts'
import { commitImport, holdImport, stagePrices, startImport } from '../../market/prices/imports/queries.ts'
import type { BenchHarness } from './harness.ts'
import { alone, type Measurement } from './measurement.ts'
import { weekdays } from './price-files.ts'
import { processorMs } from './processor.ts'
import { findBenchmark, insertSectors, renewMarket } from './queries.ts'
import { byTurns, seriesOf } from './series.ts'
import { browser, signedIn } from './signing-in.ts'

const sectors = 40
const years = 10
const batch = 5_000

/**
 * A subscriber's first view of the analyser over 40 instruments and ten years of daily prices: its size as sent, and the
 * processor time of an answer that is cached, of a week that is not, and of the first one after an import, when everything
 * is read and computed again. One client, one request after the other.
 */
export async function measureAnalyser(harness: BenchHarness): Promise<Measurement[]> {
  const prices = await fillMarket(harness)
  const { cookie } = await signedIn(harness)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = (path: string) => timed(agent, harness.app.url + path, cookie)
  const [rounds, asked] = harness.quick ? [3, 10] : [5, 20]
  const weeks = stepsIn(await currentMarket(harness.sql), 'week').slice(1)
  const { bytes } = await ask('/dashboard')
  const known = ['/dashboard', '/dashboard?step=day&returns=excess', '/dashboard?only=starred', '/dashboard?view=heat']
  for (let i = 0; i < 30; i++) for (const path of known) await ask(path)
  const answered = await byTurns(rounds, {
    known: () => costOf(harness, 10 * asked, (i) => ask(known[i % known.length]!)),
    unknown: () => costOf(harness, asked, () => ask(`/dashboard?at=${weeks.shift()}`)),
    anew: () =>
      costOf(harness, 2, async () => {
        await renewMarket(harness.sql)
        return ask('/dashboard')
      }),
  })
  agent.destroy()
  const size = seriesOf([bytes / 1024])
  return [
    alone('analyser, first view compressed', 'KB', size, 50, [
      `${sectors} instruments, ${prices} prices; as Chrome is sent it`,
    ]),
    alone('  … its answer known: server time', 'ms', answered.known, 5, [
      'also by day in excess of the benchmark, of starred sectors, as a heat map',
    ]),
    alone('  … of a week not looked at before', 'ms', answered.unknown, 50),
    alone('  … the first after an import', 'ms', answered.anew, 1_000, [
      'all prices read from the database and aligned anew',
    ]),
  ]
}

/** Milliseconds of processor time of an answer, all threads together; the time it took where the system does not say. */
async function costOf(
  harness: BenchHarness,
  asked: number,
  ask: (i: number) => Promise<{ ms: number }>,
): Promise<number> {
  const before = processorMs(harness.app.pid)
  let waited = 0
  for (let i = 0; i < asked; i++) waited += (await ask(i)).ms
  return (before === null ? waited : processorMs(harness.app.pid)! - before) / asked
}

/** Imports ten years of random walks for the benchmark and 40 sectors. Returns how many prices. */
async function fillMarket({ sql }: BenchHarness): Promise<number> {
  const symbols = await insertSectors(sql, sectors)
  const days = weekdays(years * 260)
  const rows = [await findBenchmark(sql), ...symbols].flatMap((symbol) => {
    let close = 100
    return days.map((day, line) => {
      close *= 1 + 0.0003 + 0.02 * (Math.random() - 0.5)
      return { symbol, day, close: Number(close.toFixed(2)), basis: 'restated' as const, file: 0, line }
    })
  })
  const importId = await startImport(sql, { origin: 'command', actor: 'command' })
  for (let i = 0; i < rows.length; i += batch) await stagePrices(sql, importId, rows.slice(i, i + batch))
  await holdImport(sql, importId, { files: [], problems: [], problemCount: 0 })
  const outcome = await commitImport(sql, importId, { actor: 'command', origin: null }, null)
  if (outcome !== 'committed') throw new Error(`the prices were not committed: ${outcome}`)
  return rows.length
}

function timed(agent: Agent, url: string, cookie: string): Promise<{ ms: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    request(url, { agent, headers: { ...browser, cookie } }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      response.on('end', () => {
        if (response.statusCode !== 200) return reject(new Error(`${url} was answered ${response.statusCode}`))
        resolve({ ms: performance.now() - started, bytes })
      })
    })
      .on('error', reject)
      .end()
  })
}
