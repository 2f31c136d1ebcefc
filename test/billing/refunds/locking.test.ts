import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RemoteRefund } from '../../../src/billing/payments/remote-refund.ts'
import { settleRefundRows } from '../../../src/billing/refunds/queries.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('refunds of one person, in two parts here and in whole there, never lock each other out', async () => {
  const by = { actor: 'webhook', seller: app.config.seller }
  for (let round = 0; round < 12; round++) {
    const visitor = new Visitor(app)
    const { email } = await visitor.register()
    const paid: { orderId: string; cfPaymentId: string }[] = []
    for (const plan of ['monthly', 'annual']) {
      await visitor.post(`/checkout/${plan}`)
      const { id } = await newestOrder(app, email!)
      app.sandbox.control.pay(id)
      await visitor.get(`/payment/return?order_id=${id}`)
      const [row] = await app.sql<{ cfPaymentId: string }[]>`select cf_payment_id from payments where order_id = ${id}`
      paid.push({ orderId: id, cfPaymentId: row!.cfPaymentId })
    }
    const [monthly, annual] = paid as [(typeof paid)[0], (typeof paid)[0]]
    const back = (of: typeof monthly, part: string, amountPaise: number): RemoteRefund => ({
      refundId: `made_there_${of.cfPaymentId}_${part}`,
      cfRefundId: `${of.cfPaymentId}${part}`,
      cfPaymentId: of.cfPaymentId,
      status: 'SUCCESS',
      amountPaise,
      bankReference: null,
      note: null,
    })
    const outcomes = await Promise.all([
      settleRefundRows(app.sql, monthly.orderId, [back(monthly, '1', 20_000), back(monthly, '2', 29_900)], by),
      settleRefundRows(app.sql, annual.orderId, [back(annual, '1', 499_000)], by),
    ])
    expect(outcomes).toEqual(['changed', 'changed'])
  }
})
