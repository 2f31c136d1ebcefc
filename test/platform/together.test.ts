import { expect, test } from 'vitest'
import { DatabaseUnavailable, type Sql } from '../../src/platform/db.ts'
import { together } from '../../src/platform/together.ts'

/** Stands for a pool: nothing is sent to it here. */
const poolNamed = (name: string) => ({ name }) as unknown as Sql
const pool = poolNamed('first')

/** Doubles numbers. What is asked for at once is noted; `fail` says what cannot be, `ms` how long it takes. */
function doubling(
  how: { lanes: number; most: number; patienceMs?: number },
  fail: (items: number[]) => Error | null = () => null,
  ms: (items: number[]) => number = () => 10,
) {
  const batches: number[][] = []
  const all = async (_sql: Sql, items: number[]) => {
    batches.push(items)
    const error = fail(items)
    await new Promise((resolve) => setTimeout(resolve, ms(items)))
    if (error) throw error
    return items.map((item) => 2 * item)
  }
  const of = together(all, { patienceMs: 1_000, ...how })
  return { batches, of, double: (item: number) => of(pool, item) }
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

test('nobody waits behind a statement that is slow: neither what waits then nor what comes later', async () => {
  const how = { lanes: 1, most: 10, patienceMs: 30 }
  const slow = Promise.withResolvers<void>()
  const { batches, double } = doubling(how, undefined, (items) => (items.includes(1) ? 1_000 : 1))
  void double(1).then(() => slow.resolve())
  await new Promise((resolve) => setTimeout(resolve, 5))
  const began = performance.now()
  expect(await Promise.all([2, 3].map(double))).toEqual([4, 6])
  expect(await Promise.all([4, 5].map(double))).toEqual([8, 10])
  expect(performance.now() - began).toBeLessThan(800)
  expect(batches).toEqual([[1], [2], [3], [4, 5]])
  await slow.promise
})

test('what different pools are asked for is not mixed', async () => {
  const { batches, of } = doubling({ lanes: 1, most: 10 })
  await Promise.all([of(pool, 1), of(poolNamed('second'), 2), of(pool, 3)])
  expect(batches).toEqual([[1, 3], [2]])
})
