import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
const server = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} })
beforeAll(async () => {
  app = await startApp()
})
afterAll(async () => {
  await app.close()
  await server.end()
})

test('connections killed every 15 ms under load: the process lives, and afterwards every query works', {
  timeout: 90_000,
}, async () => {
  app.sandbox.control.webhooks({ paused: true })
  const orders: string[] = []
  for (let i = 0; i < 8; i++) orders.push((await newestOrder(app, (await new Visitor(app).register()).email!)).id)
  for (const id of orders) app.sandbox.control.pay(id)
  const name = new URL(app.databaseUrl).pathname.slice(1)

  let kills = 0
  let ok = 0
  let errors = 0
  let over = false
  const killing = (async () => {
    while (!over) {
      const killed = await server`
        select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} order by random() limit 1`
      kills += killed.length
      await pause(15)
    }
  })()
  const load = Array.from({ length: 8 }, async (_, i) => {
    for (let n = 0; !over; n++) {
      const path = n % 2 === 0 ? `/payment/return?order_id=${orders[i]}` : '/healthz'
      const answered =
        i % 2 === 0
          ? app.services.gateway.fetchOrder(orders[i]!).then(() => app.sql`select 1`)
          : new Visitor(app).get(path)
      await answered.then(
        () => ok++,
        () => errors++,
      )
    }
  })
  // However slow the machine is: sixty kills, for at least three seconds and at most thirty.
  const began = Date.now()
  while (Date.now() - began < 3_000 || (kills < 60 && Date.now() - began < 30_000)) await pause(50)
  over = true
  await Promise.all([killing, ...load])
  console.log(`${kills} connections killed, ${ok} requests answered, ${errors} refused meanwhile`)
  expect(kills).toBeGreaterThanOrEqual(60)

  for (let i = 0; i < 25; i++) expect((await app.sql<{ n: number }[]>`select ${i}::int as n`)[0]!.n).toBe(i)
  await app.sql`update orders set next_look_at = now(), created_at = created_at - interval '1 hour' where paid_at is null`
  await app.run('reconcile')
  for (const id of orders) expect(await tracesOf(app, id)).toMatchObject(paidOnce)
  expect((await checkInvariants(app.sql)).checks.filter(({ wrong }) => wrong > 0)).toEqual([])
})
