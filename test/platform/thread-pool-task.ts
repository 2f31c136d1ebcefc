import { getHeapStatistics } from 'node:v8'

/** What the pool's thread does in test/platform/thread-pool.test.ts. */
export default async function task({ say, ms }: { say: string; ms: number }): Promise<string> {
  if (say === 'for ever') for (;;);
  if (say === 'throw') throw new RangeError('as it was thrown')
  if (say === 'end') process.exit(3)
  if (say === 'heap in MB') return String(getHeapStatistics().heap_size_limit / 1024 / 1024)
  await new Promise((resolve) => setTimeout(resolve, ms))
  return say
}
