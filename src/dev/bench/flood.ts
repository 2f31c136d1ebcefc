import type { BenchHarness } from './harness.ts'
import type { Loaded } from './load.ts'
import type { Measurement } from './measurement.ts'
import { byTurns } from './series.ts'
import { logIns } from './signing-in.ts'

const people = 200

/** How long the landing page takes while 200 people keep logging in, compared with a quiet time. */
export async function measureFlood(harness: BenchHarness): Promise<Measurement[]> {
  const shots = logIns(people)
  const seconds = harness.quick ? 2 : 3
  const { url } = harness.app
  const landing = () => harness.reader.fire({ url, connections: 5, seconds, rate: 100, shots: [{ path: '/' }] })
  const floods: Loaded[] = []
  const { calm, flooded } = await byTurns(harness.quick ? 2 : 3, {
    calm: async () => (await landing()).p99,
    flooded: async () => {
      const [read, flood] = await Promise.all([
        landing(),
        harness.crowd.fire({ url, connections: people, seconds: seconds + 0.5, shots }),
      ])
      floods.push(flood)
      return read.p99
    },
  })
  const sum = (status: string) => floods.reduce((all, flood) => all + (flood.statuses[status] ?? 0), 0)
  const time = floods.reduce((all, flood) => all + flood.seconds, 0)
  return [
    {
      name: `landing page's 99th percentile while ${people} log in`,
      unit: 'ms',
      ours: flooded,
      theirs: calm,
      result: flooded.median,
      aim: { most: 250, unit: ' ms' },
      notes: [
        `${(flooded.median / calm.median).toFixed(1)} times the quiet measurement`,
        `per second ${(sum('303') / time).toFixed(0)} log-ins were let in and ${(sum('429') / time).toFixed(0)} told to come back`,
      ],
    },
  ]
}
