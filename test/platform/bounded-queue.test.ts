import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Sql, withPriority } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let sql: Sql
beforeAll(async () => {
  database = await freshDatabase()
  sql = connect(database.url, { max: 2 })
})
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await database.drop()
})

/** So many statements that each take a moment, as pages send them; `done` grows as they end. */
function pages(count: number, done: string[]) {
  const one = async (i: number) => {
    await sql`select pg_sleep(0.02)`
    done.push(`page ${i}`)
  }
  return Array.from({ length: count }, (_, i) => one(i))
}

describe('while pages wait for a connection', () => {
  test('what goes first is done before all of them but those already sent, statement after statement', async () => {
    const done: string[] = []
    const waiting = pages(30, done)
    await withPriority(async () => {
      for (const step of ['stored', 'settled']) {
        await sql`select 1`
        done.push(step)
      }
    })
    expect(done.indexOf('settled')).toBeLessThanOrEqual(6)
    await Promise.all(waiting)
    expect(done).toHaveLength(32)
  })

  test('it is taken though nobody else is let into the line any more', async () => {
    const done: string[] = []
    const waiting = pages(250, done).map((page) => page.catch((error: Error) => error.message))
    await expect(sql`select 1`).rejects.toThrow('Too many statements wait')
    expect(await withPriority(async () => await sql`select 1 as one`)).toEqual([{ one: 1 }])
    expect(await Promise.all(waiting)).toContain('Too many statements wait for the database.')
  })
})
