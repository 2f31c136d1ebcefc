import { afterAll, beforeAll, expect, test } from 'vitest'
import { noFindings } from '../../../src/dev/chaos/people.ts'
import { judgeRun } from '../../../src/dev/chaos/verdict.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** What people were told of one purchase that went well, and the mails that arrived. */
async function oneGoodPurchase() {
  const { email } = await new Visitor(app).register()
  const { id } = await newestOrder(app, email!)
  app.sandbox.control.pay(id)
  await until(async () => (await tracesOf(app, id)).receipts === 1)
  await app.sandbox.control.settled()
  const [row] = await app.sql<{ number: string }[]>`select number from receipts where order_id = ${id}`
  const { number } = row!
  const findings = { ...noFindings(), registered: new Set([email!]), opened: new Map([[id, email!]]) }
  const receipts = new Map([[number, new Set([`<${email}> <a@b>`])]])
  return { findings, receipts, id, number }
}
const judge = ({ findings, receipts }: Awaited<ReturnType<typeof oneGoodPurchase>>) =>
  judgeRun({ ...app, mails: { accepted: new Map(), receipts } as never }, findings)

test('what people were told and what is recorded agree after a purchase that went well', async () => {
  expect(await judge(await oneGoodPurchase())).toMatchObject({ lost: [], doubled: [], mailedReceipts: 1 })
})

test('an account, an order or a mailed receipt that was confirmed and is not there is lost', async () => {
  const told = await oneGoodPurchase()
  told.findings.registered.add('gone@example.in')
  told.findings.opened.set('ds_gone', 'gone@example.in')
  told.receipts.set('R2627-999999', new Set(['<gone@example.in> <c@d>']))
  expect((await judge(told)).lost).toEqual(['ds_gone', 'gone@example.in', 'R2627-999999'])
})

test('a webhook that was confirmed and is not there is lost', async () => {
  const told = await oneGoodPurchase()
  await app.sql`delete from webhook_events where order_id = ${told.id}`
  expect((await judge(told)).lost).toEqual([`PAYMENT_SUCCESS_WEBHOOK of ${told.id}`])
})

test('a receipt’s number that two people were mailed is doubled', async () => {
  const told = await oneGoodPurchase()
  told.receipts.get(told.number)!.add('<another@example.in> <c@d>')
  expect((await judge(told)).doubled).toEqual([told.number])
})
