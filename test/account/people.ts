import { refundPayment } from '../../src/billing/refunds/refunds.ts'
import type { TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

/** Somebody who registered and did not pay. */
export async function registrant(app: TestApp, changes: Record<string, string> = {}) {
  const visitor = new Visitor(app)
  const form = await visitor.register(changes)
  const order = await newestOrder(app, form.email!)
  return { visitor, form, email: form.email!, username: form.username!, userId: order.userId, order }
}

/** Somebody who paid what they registered for. */
export async function subscriber(app: TestApp, changes: Record<string, string> = {}) {
  const person = await registrant(app, changes)
  app.sandbox.control.pay(person.order.id)
  await person.visitor.get(`/payment/return?order_id=${person.order.id}`)
  const [payment] = await app.sql<{ cfPaymentId: string }[]>`
    select cf_payment_id from payments where order_id = ${person.order.id} and applied_at is not null`
  return { ...person, cfPaymentId: payment!.cfPaymentId }
}

/** Gives all of a payment back, to the end. */
export async function refundInFull(app: TestApp, cfPaymentId: string, orderId: string): Promise<void> {
  await refundPayment(app.services, {
    cfPaymentId,
    ordinal: 1,
    amountPaise: 49_900,
    reason: 'asked',
    actor: 'user:admin',
  })
  await until(async () => {
    await app.sql`update refunds set next_look_at = now() where order_id = ${orderId} and finished_at is null`
    await app.run('send-refunds')
    const [row] = await app.sql<{ status: string }[]>`select status from refunds where order_id = ${orderId}`
    return row?.status === 'succeeded'
  })
}

/** What the page's form carries: the end of the paid time it showed. */
export async function deletionForm(visitor: Visitor, username: string, password = 'TestPass123') {
  const page = await visitor.get('/account/data')
  return { password, confirmation: username, seen: /name="seen" value="([^"]*)"/.exec(page.body)![1]! }
}
