import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type Sql } from '../../src/platform/db.ts'
import { endPair, type Pair, promote, startPair } from '../support/replica.ts'
import { until } from '../support/until.ts'

/** A primary that goes on after its replica was promoted: nobody fenced it. */
let pair: Pair
let sql: Sql
beforeAll(async () => {
  pair = await startPair()
  sql = connect(pair.url, { max: 4 })
}, 120_000)
afterAll(async () => {
  await sql?.end({ timeout: 1 })
  if (pair) await endPair(pair)
})

/** Which servers the pool's connections lead to, seen by statements that run at once. */
async function portsInUse(): Promise<number[]> {
  const rows = await Promise.all(
    [1, 2, 3, 4].map(() => sql<{ port: number }[]>`select inet_server_port() as port, pg_sleep(0.2)`),
  )
  return [...new Set(rows.map(([row]) => row!.port))]
}

test('a pool that found the promoted server leaves the old primary with every connection', {
  timeout: 60_000,
}, async () => {
  const [old, next] = [pair.first, pair.second].map(({ url }) => Number(new URL(url).port))
  expect(await portsInUse()).toEqual([old])
  await promote(pair.second)
  await until(async () => {
    const second = connect(pair.second.url, { max: 1 })
    const [row] = await second<{ recovering: boolean }[]>`select pg_is_in_recovery() as recovering`.catch(() => [])
    await second.end({ timeout: 1 })
    return row?.recovering === false
  }, 20_000)
  // One connection of four ends: the others would go on writing where nothing is kept.
  await sql`select pg_terminate_backend(pg_backend_pid())`.catch(() => {})
  await until(async () => (await portsInUse().catch((): number[] => [])).includes(next!), 10_000)
  expect(await portsInUse()).toEqual([next])
})
