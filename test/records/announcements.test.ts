import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type Sql } from '../../src/platform/db.ts'
import { createAnnouncement, runningAnnouncements } from '../../src/records/announcements/announcements.ts'
import { switchAnnouncement } from '../../src/records/announcements/queries.ts'
import { freshDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

let sql: Sql
let url: string
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  ;({ url, drop } = database)
  sql = connect(url, { max: 2 })
})
afterAll(async () => {
  await sql.end({ timeout: 2 })
  await drop()
})

const by = { actor: 'command', origin: null }
const announce = (text: string) => {
  const typed = { text, link: '', link_text: '', audience: 'everyone', from: '', until: '', key: randomUUID() }
  return createAnnouncement(sql, typed, by)
}

test('every process shows what is switched on and hides what is switched off, asking seldom, whatever is asked of it', async () => {
  const processes = [connect(url, { max: 1 }), connect(url, { max: 1 })]
  const boards = processes.map(runningAnnouncements)
  const shown = async () =>
    (await Promise.all(boards.map((board) => board()))).map((list) => list.map(({ text }) => text))
  expect(await shown()).toEqual([[], []])
  await announce('One')
  await announce('Two')
  await until(async () => JSON.stringify(await shown()) === '[["Two","One"],["Two","One"]]')
  const [first] = await boards[0]!()
  await switchAnnouncement(sql, first!.id, false, by)
  await until(async () => JSON.stringify(await shown()) === '[["One"],["One"]]')

  // A process whose database is gone goes on with what it knew.
  await processes[0]!.end({ timeout: 1 })
  const asked = Date.now()
  for (let i = 0; i < 1_000; i++) expect((await boards[0]!()).map(({ text }) => text)).toEqual(['One'])
  await until(async () => Date.now() - asked > 2_500)
  expect((await boards[0]!()).map(({ text }) => text)).toEqual(['One'])
  await processes[1]!.end({ timeout: 1 })
})

test('while the database is slow a page shows what was known, and waits for it no longer than a moment', async () => {
  const own = connect(url, { max: 1 })
  const holder = postgres(url, { max: 1, onnotice: () => {} })
  const board = runningAnnouncements(own)
  await announce('Known')
  await until(async () => (await board())[0]?.text === 'Known')
  await holder.unsafe('begin; lock table announcements in access exclusive mode')
  const began = performance.now()
  let longest = 0
  // What is known is asked for anew within two seconds, and that question waits two more for the lock.
  await until(async () => {
    const asked = performance.now()
    expect((await board())[0]?.text).toBe('Known')
    longest = Math.max(longest, performance.now() - asked)
    return performance.now() - began > 4_500
  })
  await holder.unsafe('rollback')
  expect(longest).toBeGreaterThan(100)
  expect(longest).toBeLessThan(1_200)
  await Promise.all([own.end({ timeout: 1 }), holder.end({ timeout: 1 })])
})

test('asks the database once for any number of pages shown at once', async () => {
  let queries = 0
  const counted = connect(url, { max: 1 })
  const counting = new Proxy(counted, {
    apply: (target, self, given) => {
      queries++
      return Reflect.apply(target as never, self, given)
    },
  }) as Sql
  const board = runningAnnouncements(counting)
  await Promise.all(Array.from({ length: 500 }, () => board()))
  expect(queries).toBe(1)
  await counted.end({ timeout: 1 })
})
