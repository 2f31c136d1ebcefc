import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { remoteAttempt, remoteOrder } from '../payments/remote-orders.ts'

let app: TestApp
let userId: string
beforeAll(async () => {
  app = await startApp()
  userId = (await subscriberOf(app, (await new Visitor(app).register()).email!)).userId
  await app.sql`update orders set status = 'expired', closed_at = now()`
})
afterAll(() => app.close())

let made = 0
/** An order that was just paid, and whose receipt waits for its number. */
async function paidOrder() {
  const id = `series_${made++}`
  await app.sql`insert into orders (id, user_id, plan_key, amount_paise, status, closed_at, expires_at)
                values (${id}, ${userId}, 'monthly_v1', 49900, 'expired', now(), now())`
  const answer = remoteOrder(id, { attempts: [remoteAttempt(id)] })
  await app.sql`
    select settle_order(${id}, ${app.sql.json(answer as never)}, 'webhook', ${app.sql.json(app.services.config.seller)})`
  return id
}

async function refund(id: string) {
  const [known] = await app.sql`select cf_payment_id from payments where order_id = ${id}`
  const whole = { refundId: `rf_${id}`, cfRefundId: `cf_${id}`, amountPaise: 49_900, status: 'SUCCESS' }
  const found = [{ ...whole, cfPaymentId: known!.cfPaymentId }]
  await app.sql`
    select settle_refunds(${id}, ${app.sql.json(found)}, 'webhook', ${app.sql.json(app.services.config.seller)})`
}

test('refunds of payments without a number yet, and corrections of other receipts, wait for each other and never deadlock', {
  timeout: 60_000,
}, async () => {
  const corrected = await paidOrder()
  await app.run('number-receipts')
  const correcting = postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
  let isRefunding = true
  let corrections = 0
  async function correctAgainAndAgain() {
    while (isRefunding) {
      const company = { legalName: `Company ${corrections}`, address: 'Mumbai 400001', gstin: '27AAPFU0939F1ZV' }
      const [row] = await correcting<{ outcome: string }[]>`
        select outcome from correct_receipt(valid_receipt_number(${corrected}), ${correcting.json(company)}, 'test', null)`
      if (row!.outcome === 'corrected') corrections++
    }
  }
  const running = correctAgainAndAgain()
  const refunds = (async () => {
    for (let i = 0; i < 30; i++) await refund(await paidOrder())
  })().finally(() => {
    isRefunding = false
  })
  const ended = await Promise.allSettled([refunds, running])
  await correcting.end()
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
  expect(corrections).toBeGreaterThan(0)
  const { checks } = await checkInvariants(app.sql)
  expect(checks.filter(({ id, wrong }) => wrong > 0 && id !== 'I7')).toEqual([])
})
