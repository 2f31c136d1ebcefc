import { expect, test } from 'vitest'
import { DatabaseUnavailable } from '../../src/platform/db.ts'
import { together } from '../../src/platform/together.ts'

/** Doubles numbers; 13 cannot be. What is asked for at once is noted. */
function doubling(how: { lanes: number; most: number }, fail: (items: number[]) => Error | null = () => null) {
  const batches: number[][] = []
  const double = together(async (items: number[]) => {
    batches.push(items)
    const error = fail(items)
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (error) throw error
    return items.map((item) => 2 * item)
  }, how)
  return { batches, double }
}

test('what comes at the same time is done by one statement, and each hears its own answer', async () => {
  const { batches, double } = doubling({ lanes: 1, most: 3 })
  expect(await Promise.all([1, 2, 3, 4, 5].map(double))).toEqual([2, 4, 6, 8, 10])
  expect(batches).toEqual([
    [1, 2, 3],
    [4, 5],
  ])
})

test('what comes alone does not wait for others, and several lanes share what waits', async () => {
  const { batches, double } = doubling({ lanes: 2, most: 10 })
  const first = double(1)
  await new Promise((resolve) => setTimeout(resolve, 2))
  expect(batches).toEqual([[1]])
  expect(await Promise.all([first, ...[2, 3, 4, 5].map(double)])).toEqual([2, 4, 6, 8, 10])
  expect(batches.flat().sort()).toEqual([1, 2, 3, 4, 5])
})

test('one that cannot be done refuses none of the others', async () => {
  const { double } = doubling({ lanes: 1, most: 10 }, (items) => (items.includes(13) ? new Error('not 13') : null))
  const results = await Promise.allSettled([1, 13, 2].map(double))
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await double(3)).toBe(6)
})

test('a database that does not answer in time is not asked again for each of them', async () => {
  const { batches, double } = doubling({ lanes: 1, most: 10 }, () => new DatabaseUnavailable('too long'))
  const results = await Promise.allSettled([1, 2, 3].map(double))
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(batches).toEqual([[1, 2, 3]])
})
