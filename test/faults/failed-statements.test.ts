import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, DatabaseUnavailable, type Sql } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'

let database: { url: string; drop: () => Promise<void> }
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

/** The numbers from 1 to n beside this name; when it fails at `brokenAt`, those before it were sent. */
const numbers = (sql: Sql, name: string, n: number, brokenAt = 0) => sql<{ name: string; i: number }[]>`
  select ${name} as name, i, 1 / (i - ${brokenAt}) as share from generate_series(1, ${n}) i`
const isWhole = (rows: readonly { name: string; i: number }[], name: string, n: number) =>
  rows.length === n && Array.from(rows).every((row, at) => row?.name === name && row.i === at + 1)
const failure = (error: { code?: string; name: string }) => error.code ?? error.name

test('after a statement that failed half-way, the next one on its connection has its own rows, all and alone', async () => {
  const sql = connect(database.url, { max: 1 })
  for (const [sent, n] of [
    [3, 1],
    [1, 1],
    [40, 5],
    [5, 40],
    [3, 0],
  ] as const) {
    expect(await numbers(sql, 'broken', sent + 5, sent + 1).catch(failure)).toBe('22012')
    const rows = await numbers(sql, 'whole', n)
    expect([sent, rows.count, isWhole(rows, 'whole', n)]).toEqual([sent, n, true])
  }
  await sql.end({ timeout: 1 })
})

test('every answer belongs to its question, however many others fail half-way, wait for locks or are given up', {
  timeout: 30_000,
}, async () => {
  const sql = connect(database.url, { max: 5, deadline: 300 })
  const holder = postgres(database.url, { max: 1, onnotice: () => {} })
  await holder`select pg_advisory_lock(1)`
  const outcomes: Record<string, number> = {}
  const ask = async (i: number) => {
    const [name, n] = [`q${i}`, (i * 7) % 50]
    if (i % 100 === 99) await sql`select pg_sleep(0.5)`
    else if (i % 3 === 0) await numbers(sql, name, 50, (i % 50) + 1)
    else if (i % 3 === 1) await sql`select set_config('lock_timeout', '20ms', false), pg_advisory_xact_lock(1)`
    else return isWhole(await numbers(sql, name, n), name, n) ? 'whole' : 'wrong'
    return 'answered'
  }
  let next = 0
  const asker = async () => {
    while (next < 1_200) {
      const outcome = await ask(next++).catch(failure)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 20 }, asker))
  await holder.end({ timeout: 1 })
  await sql.end({ timeout: 1 })
  expect(Object.keys(outcomes).sort()).toEqual(['22012', '55P03', DatabaseUnavailable.name, 'whole'])
  for (const kind of ['22012', '55P03', 'whole']) expect([kind, outcomes[kind]! > 300]).toEqual([kind, true])
})
