import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { untilLocked } from '../../support/until.ts'
import { deliver, signed, successBody } from './sender.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const post = (orderId: string) => deliver(app, successBody(orderId), signed(successBody(orderId)))
const stored = async (prefix: string) =>
  (
    await app.sql<{ orderId: string; body: Buffer }[]>`
      select order_id, body from webhook_events where order_id like ${`${prefix}%`} order by order_id`
  ).map(({ orderId, body }) => [orderId, body.toString()])

describe('deliveries that come together are stored together', () => {
  test('and none is answered before the commit', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => `ds_wait_${String(i).padStart(2, '0')}`)
    let answered = 0
    const holder = postgres(app.databaseUrl, { max: 1 })
    const sent = await holder.begin(async (tx) => {
      await tx`lock table webhook_events in share mode`
      const sending = ids.map((id) => post(id).then((answer) => [answer.status, ++answered]))
      await untilLocked(app.sql, 2)
      expect(answered).toBe(0)
      // All but two statements' worth of them wait without a connection.
      expect(
        await app.sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ).toHaveLength(2)
      return { sending }
    })
    const answers = await Promise.all(sent.sending)
    await holder.end()
    expect(new Set(answers.map(([status]) => status))).toEqual(new Set([200]))
    expect(await stored('ds_wait')).toEqual(ids.map((id) => [id, successBody(id)]))
  })

  test('but one that cannot be stored is refused alone', async () => {
    await app.sql.unsafe(
      `alter table webhook_events add constraint no_poison check (order_id <> 'ds_poison') not valid`,
    )
    const ids = ['ds_pure_1', 'ds_pure_2', 'ds_poison', 'ds_pure_3', 'ds_pure_4']
    const answers = await Promise.all(ids.map(post))
    await app.sql.unsafe('alter table webhook_events drop constraint no_poison')
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 500, 200, 200])
    expect((await stored('ds_p')).map(([id]) => id)).toEqual(ids.filter((id) => id !== 'ds_poison'))
  })
})
