import { type AddressInfo, createServer, connect as dial } from 'node:net'
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

test('after a statement that failed half-way, statements sent together have their own rows, each of them', async () => {
  const sql = connect(database.url, { max: 1 })
  expect(await numbers(sql, 'broken', 9, 4).catch(failure)).toBe('22012')
  expect(await sql.unsafe('select 7 as x; select 8 as y')).toEqual([[{ x: 7 }], [{ y: 8 }]])
  expect(await numbers(sql, 'broken', 9, 4).catch(failure)).toBe('22012')
  expect(await sql.unsafe('select 7 as x')).toEqual([{ x: 7 }])
  await sql.end({ timeout: 1 })
})

test('an error is told to its own statement alone, also when the connection breaks before the end of its answer', async () => {
  const line = await lineThatBreaksAfterErrors()
  const sql = connect(line.url, { max: 1 })
  for (let i = 0; i < 3; i++) {
    expect(await sql`select 1 / ${0}::int as share`.catch(failure)).toBe(DatabaseUnavailable.name)
    const next = await sql`select ${i}::int as i`.then(([row]) => row!.i, failure)
    expect([i, DatabaseUnavailable.name]).toContain(next)
    expect(await sql`select ${i}::int as i`).toEqual([{ i }])
  }
  expect(line.broken).toBe(3)
  await sql.end({ timeout: 1 })
  line.close()
})

/** A line to the database that ends where an error is told, before the byte Z that says "ready for the next". */
async function lineThatBreaksAfterErrors() {
  const line = { url: '', broken: 0, close: () => void server.close() }
  const server = createServer((client) => {
    const there = dial(Number(new URL(database.url).port), '127.0.0.1')
    client.on('data', (chunk) => there.write(chunk))
    there.on('data', (chunk) => {
      if (!chunk.includes('division by zero')) return void client.write(chunk)
      line.broken++
      client.end(chunk.at(-6) === 'Z'.charCodeAt(0) ? chunk.subarray(0, -6) : chunk)
      there.destroy()
    })
    for (const [one, other] of [
      [client, there],
      [there, client],
    ] as const)
      one.on('error', () => {}).on('close', () => other.end())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = new URL(database.url)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(line, { url: url.href })
}
