import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../src/platform/errors.ts'
import { poolCounts, threadPool } from '../../src/platform/thread-pool.ts'

const file = join(import.meta.dirname, 'thread-pool-task.ts')
const poolOf = (name: string, given: { longestQueue?: number; limitMs?: number } = {}) =>
  threadPool<{ say: string; ms: number }, string>({ name, file, longestQueue: 100, limitMs: 30_000, ...given })
const countsOf = (name: string) => poolCounts().find((counts) => counts.name === name)

describe('a thread pool', () => {
  test('does one task after the other beside the event loop, and counts them', async () => {
    const pool = poolOf('ordinary')
    const said = await Promise.all(['a', 'b', 'c'].map((say) => pool.run({ say, ms: 5 })))
    expect(said).toEqual(['a', 'b', 'c'])
    expect(countsOf('ordinary')).toEqual({ name: 'ordinary', waiting: 0, done: 3, failed: 0, refused: 0 })
  })

  test('tells who comes when too many wait to come again; a job waits', async () => {
    const pool = poolOf('full', { longestQueue: 1 })
    const waiting = ['runs', 'waits'].map((say) => pool.run({ say, ms: 200 }))
    await expect(pool.run({ say: 'too many', ms: 0 })).rejects.toMatchObject({ code: 'unavailable', retryAfterS: 3 })
    const patient = pool.run({ say: 'a job', ms: 0 }, { patient: true })
    expect(await Promise.all([...waiting, patient])).toEqual(['runs', 'waits', 'a job'])
    expect(countsOf('full')).toMatchObject({ waiting: 0, done: 3, refused: 1 })
  })

  test('gives up a task that never ends, and goes on with a new thread', async () => {
    const pool = poolOf('stuck', { limitMs: 2_000 })
    await expect(pool.run({ say: 'for ever', ms: 0 })).rejects.toThrow(AppError)
    expect(await pool.run({ say: 'after it', ms: 0 }, { patient: true })).toBe('after it')
  })

  test('lets through what a task throws, and outlives a thread that ends', async () => {
    const pool = poolOf('failing')
    await expect(pool.run({ say: 'throw', ms: 0 })).rejects.toThrow('as it was thrown')
    await expect(pool.run({ say: 'end', ms: 0 })).rejects.toThrow()
    expect(await pool.run({ say: 'still here', ms: 0 })).toBe('still here')
    expect(countsOf('failing')).toMatchObject({ waiting: 0, done: 1, failed: 2 })
  })
  test('has a small heap of its own, whatever the flags of the process allow the process', async () => {
    for (const flag of ['--max-semi-space-size=8', '--max-old-space-size=256']) setFlagsFromString(flag)
    const pool = poolOf('small')
    expect(Number(await pool.run({ say: 'heap in MB', ms: 0 }))).toBeLessThan(140)
  })
})
