import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type Sql } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'

let database: { url: string; drop: () => Promise<void> }
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

const undefinedValue = undefined as unknown as string
const circular: Record<string, unknown> = {}
circular.itself = circular

/** Statements that cannot be written down for the server, each for another reason, and what their callers are told. */
const unsendable: [string, (sql: Sql) => Promise<unknown>, string][] = [
  ['a value that is undefined', (sql) => sql`select ${1}::int, ${undefinedValue}::text`, 'UNDEFINED_VALUE'],
  ['the same in a fragment', (sql) => sql`select ${sql`${undefinedValue}::text`}`, 'UNDEFINED_VALUE'],
  ['the same in a row', (sql) => sql`select ${sql({ a: undefinedValue })}`, 'UNDEFINED_VALUE'],
  ['an instant that is none', (sql) => sql`select ${new Date(Number.NaN)}::timestamptz`, '22007'],
  ['a value of JSON that goes in circles', (sql) => sql`select ${sql.json(circular as never)}`, '22P02'],
]

test.each(unsendable)('%s fails at once, and only its own statement, however many there are', async (_, send, told) => {
  for (const max of [1, 2, 5]) {
    const sql = connect(database.url, { max, deadline: 1_500 })
    const kind = (error: { code?: string; name: string }) => error.code ?? error.name
    const asked = Array.from({ length: 60 }, (_, i) => i)
    const outcomes = await Promise.all(
      asked.map((i) =>
        i % 3 === 0
          ? sql`select ${i}::int as i`.then(([row]) => row!.i as number, kind)
          : send(sql).then(() => 'answered', kind),
      ),
    )
    expect([max, outcomes]).toEqual([max, asked.map((i) => (i % 3 === 0 ? i : told))])
    for (const i of asked) expect(await sql`select ${i}::int as i`).toEqual([{ i }])
    await sql.end({ timeout: 1 })
  }
})
