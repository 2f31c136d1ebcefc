import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { connect, type Sql } from '../../../src/platform/db.ts'
import { freshDatabase } from '../../support/database.ts'

/** SUBSCRIBERS=1000000 for the real thing; CI makes do with fewer and the same plans. */
const subscribers = Number(process.env.SUBSCRIBERS ?? 20_000)

let sql: Sql
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  drop = database.drop
  sql = connect(database.url, { max: 2 })
  const script = readFileSync(join(import.meta.dirname, 'many-subscribers.sql'), 'utf8')
  await sql.unsafe(`set statement_timeout = 0; ${script.replaceAll(':subscribers', String(subscribers))}`)
}, 900_000)
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await drop()
})

test('the books of many subscribers are checked in seconds, and are in order', { timeout: 600_000 }, async () => {
  const report = await checkInvariants(sql)
  console.log(`${subscribers} subscribers: ${report.tookMs} ms`)
  expect(report.checks.filter(({ wrong }) => wrong > 0)).toEqual([])
  expect(report.money[0]).toMatchObject({ captured: subscribers * 49_900, applied: subscribers * 49_900, missing: 0 })
  expect(report.tookMs).toBeLessThan(2_000 + subscribers / 10)
})
