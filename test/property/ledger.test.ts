import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sequences } from './actions.ts'
import { openFixture, type PropertyFixture } from './fixture.ts'
import { play } from './run.ts'

const runs = Number(process.env.RUNS ?? 300)
const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
/** In CI the time is bounded whatever the machine; RUNS asks for a number and gets it. */
const limitMs = process.env.RUNS ? Number.POSITIVE_INFINITY : 160_000
const pageFull = 60

let fixture: PropertyFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

test('whatever happens in whatever order, the books say what happened', {
  timeout: Number.isFinite(limitMs) ? 300_000 : 24 * 3600_000,
}, async () => {
  console.log(`SEED=${seed} RUNS=${runs}`)
  let played = 0
  const started = Date.now()
  const outcome = await fc.check(
    fc.asyncProperty(sequences, async (actions) => {
      if (played++ % pageFull === 0) await fixture.empty()
      if (played % 250 === 0) console.log(`${played} sequences, ${Math.round((Date.now() - started) / 1000)} s`)
      const wrong = await play(fixture, actions)
      if (wrong.length > 0) {
        await fixture.empty()
        throw new Error(wrong.join('\n'))
      }
    }),
    {
      numRuns: runs,
      seed,
      ...(process.env.PATH_ ? { path: process.env.PATH_ } : {}),
      ...(Number.isFinite(limitMs) ? { interruptAfterTimeLimit: limitMs, markInterruptAsFailure: false } : {}),
    },
  )
  console.log(`${played} sequences in ${Math.round((Date.now() - started) / 1000)} s`)
  if (outcome.failed)
    expect.fail(
      `SEED=${outcome.seed} after ${outcome.numRuns} sequences, shrunk ${outcome.numShrinks} times:\n${JSON.stringify(outcome.counterexample?.[0], null, 1)}\n${String((outcome.errorInstance as Error)?.message)}`,
    )
})
