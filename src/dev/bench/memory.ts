import type { BenchHarness } from './harness.ts'
import type { Load } from './load.ts'
import { type Measurement, show } from './measurement.ts'
import type { MemoryLimit } from './memory-limit.ts'
import { ownMb, residentMb } from './processor.ts'
import { seriesOf, slopeOf } from './series.ts'
import { deliveryOf } from './settlements.ts'
import { logIns, signedIn } from './signing-in.ts'

/** Resident memory of the app while pages are read, people log in and payments arrive, all at a steady rate. */
export async function measureMemory(harness: BenchHarness): Promise<Measurement[]> {
  const seconds = harness.limit ? harness.limit.minutes * 60 : harness.quick ? 10 : 40
  const { cookie } = await signedIn(harness)
  const rates = { landing: 200, dashboard: 50, logIn: 4, delivery: 10 }
  const payable = await harness.orders(rates.delivery * seconds)
  const url = harness.app.url
  const steady = (rate: number, shots: Load['shots']): Load => ({ url, connections: 4, seconds, rate, shots })
  const loads = [
    steady(rates.landing, [{ path: '/' }]),
    steady(rates.dashboard, [{ path: '/dashboard', headers: { cookie } }]),
    steady(rates.logIn, logIns(1000)),
    steady(rates.delivery, payable.map(deliveryOf)),
  ]
  const seen: { x: number; y: number }[] = []
  const started = performance.now()
  const watch = setInterval(() => {
    seen.push({ x: (performance.now() - started) / 60_000, y: residentMb(harness.app.pid) })
  }, 250)
  const answered = await Promise.all(loads.map((load) => harness.reader.fire(load)))
  clearInterval(watch)
  const own = ownMb(harness.app.pid)
  const warm = seen.filter(({ x }) => x * 60 > seconds / 3)
  const ours = seriesOf(warm.map(({ y }) => y))
  return [
    {
      name: 'resident memory under mixed load',
      unit: 'MB',
      ours,
      theirs: null,
      result: ours.max,
      aim: { most: 200, unit: ' MB' },
      notes: [
        `per second: ${rates.landing} landing pages, ${rates.dashboard} dashboards, ${rates.logIn} log-ins, ${rates.delivery} payments, for ${seconds} s (${answered.reduce((sum, { answers }) => sum + answers, 0)} answers)`,
        ...(harness.memory ? [survival(harness.memory, harness.limit!)] : []),
        ...(own === null
          ? []
          : [
              `${show(own)} MB at the end without pages of files, which Node’s program fills and all its processes share`,
            ]),
        `slope after the first third: ${show(slopeOf(warm))} MB a minute`,
      ],
    },
  ]
}

function survival(memory: MemoryLimit, { mb, minutes }: { mb: number; minutes: number }): string {
  const peak = memory.peakMb()
  const ended = memory.kills() === 0 ? 'nothing was ended by the kernel' : `the kernel ENDED it ${memory.kills()} times`
  return `in a group of ${mb} MB for ${minutes} minutes: ${ended}${peak === null ? '' : `, at most ${show(peak)} MB with file pages`}`
}
