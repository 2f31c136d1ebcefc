import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkInvariants } from '../../src/operations/integrity/integrity.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { subscriber } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('the bytes of settled deliveries are emptied after 180 days, not before; that they came stays, and the books agree', async () => {
  const [old, young, waiting] = [await subscriber(app), await subscriber(app), await subscriber(app)]
  await app.sandbox.control.settled()
  await app.run('settle-events')
  const age = (id: string, days: number) =>
    app.sql`update webhook_events set received_at = now() - make_interval(days => ${days}) where order_id = ${id}`
  await until(async () => (await app.sql`select from webhook_events where settled_at is null`).length === 0)
  await age(old.order.id, 181)
  await age(young.order.id, 179)
  await age(waiting.order.id, 181)
  await app.sql`update webhook_events set settled_at = null, next_settle_at = now() where order_id = ${waiting.order.id}`
  await app.run('clean')
  await app.run('clean')
  const kept = async (id: string) => {
    const [row] = await app.sql<{ bytes: number; headers: object; redactedAt: Date | null; type: string }[]>`
      select octet_length(body) as bytes, headers, redacted_at, type from webhook_events where order_id = ${id}`
    return row!
  }
  expect(await kept(old.order.id)).toMatchObject({
    bytes: 0,
    headers: {},
    redactedAt: expect.any(Date),
    type: 'PAYMENT_SUCCESS_WEBHOOK',
  })
  for (const { order } of [young, waiting]) {
    const row = await kept(order.id)
    expect([row.bytes > 0, row.redactedAt]).toEqual([true, null])
  }
  await app.run('settle-events')
  expect((await checkInvariants(app.sql)).checks.filter((check) => check.wrong > 0)).toEqual([])
})

test('who registers accepts a version of terms and privacy notice, which both texts print and the account keeps', async () => {
  const visitor = new Visitor(app)
  const { email } = await visitor.register()
  const [account] = await app.sql<{ consentedTo: string; consentedAt: Date }[]>`
    select consented_to, consented_at from users where email = ${email!}`
  expect(account!.consentedAt).toBeInstanceOf(Date)
  for (const page of ['/privacy', '/terms'])
    expect((await visitor.get(page)).body).toContain(`version ${account!.consentedTo}`)
})

test('reports and alerts are deleted after thirteen months, and no other mail', async () => {
  const mail = (kind: string, months: number, status = 'sent', bulk = true) => app.sql`
    insert into mails (kind, subject_key, to_email, status, bulk, created_at)
    values (${kind}, ${`kept ${kind} ${months} ${status}`}, 'a@example.in', ${status}, ${bulk}, now() - make_interval(months => ${months}))`
  for (const kind of ['report', 'sector-alert']) for (const months of [12, 14]) await mail(kind, months)
  await mail('report', 15, 'queued')
  await mail('price-change', 14)
  await mail('receipt', 14, 'sent', false)
  await app.run('clean')
  const left = await app.sql<{ kept: string }[]>`
    select subject_key as kept from mails where subject_key like 'kept %' order by subject_key`
  expect(left.map(({ kept }) => kept)).toEqual([
    'kept price-change 14 sent',
    'kept receipt 14 sent',
    'kept report 12 sent',
    'kept report 15 queued',
    'kept sector-alert 12 sent',
  ])
})
