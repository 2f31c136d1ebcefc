import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { type FaultFixture, startFixture } from './fixture.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let fixture: FaultFixture
beforeAll(async () => {
  database = await freshDatabase()
  fixture = await startFixture(database.url, { poolMax: 2 })
  await fetch(`${fixture.url}/readyz`)
})
afterAll(async () => {
  await fixture.close()
  await database.drop()
})

test('a crowd that waits for the database does not make a proxy take the process for dead', async () => {
  let waiting = 150
  const crowd = Array.from({ length: waiting }, () =>
    fixture.sql`select pg_sleep(0.03)`.catch(() => {}).finally(() => waiting--),
  )
  await pause(50)
  const answered = await Promise.all([1, 2, 3].map(() => fetch(`${fixture.url}/readyz`)))
  expect(waiting).toBeGreaterThan(75)
  expect(answered.map(({ status }) => status)).toEqual([200, 200, 200])
  await Promise.all(crowd)
})
