import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { settle } from '../../src/billing/checkout/settle.ts'
import { cashfree } from '../../src/billing/payments/cashfree.ts'
import { refundPayment } from '../../src/billing/refunds/refunds.ts'
import { freePort } from '../../src/dev/free-port.ts'
import { explainOrder } from '../../src/operations/doctor/explain-order.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())
afterEach(() => app.sandbox.control.clearFaults())

async function opened(changes: Record<string, string> = {}) {
  const form = await new Visitor(app).register(changes)
  return { form, order: await newestOrder(app, form.email!) }
}

/** The text, and its last two lines apart: what it says, and what to do. */
async function explained(orderId: string, gateway = app.services.gateway) {
  const { text, well } = await explainOrder({ databaseUrl: app.databaseUrl, gateway }, orderId)
  const [says, todo] = text.split('\n').slice(-2)
  return { text, well, says: says!, todo: todo! }
}

async function paid(changes: Record<string, string> = {}) {
  const person = await opened(changes)
  app.sandbox.control.pay(person.order.id)
  await settle(app.services, person.order.id, 'return')
  return person
}

describe('npm run doctor -- --order', () => {
  test('a paid order: active, until when, and everything that followed, without who paid it', async () => {
    const { form, order } = await paid({ name: 'Padmavati Subramanian', phone: '98765 43210' })
    await app.run('deliver-mails')
    const { text, says, well } = await explained(order.id)
    expect(well).toBe(true)
    expect(says).toMatch(/^Active: ₹499\.00 paid, until 20\d\d-\d\d-\d\d, receipt R\d{4}-\d{6}\.$/)
    for (const line of [
      'attempt .*SUCCESS.*applied',
      'period',
      'mail +receipt: sent',
      'audit .* order.paid by return',
      'Cashfree now',
    ])
      expect(text).toMatch(new RegExp(line))
    const [row] = await app.sql`select payment_session_id from orders where id = ${order.id}`
    for (const secret of [form.email!, form.username!, 'Padmavati', '9876543210', String(row!.paymentSessionId)])
      expect(text).not.toContain(secret)
  })

  test('an order nobody paid, one whose attempt failed, and one that is still at the bank', async () => {
    const { order } = await opened()
    expect((await explained(order.id)).says).toBe('Not active: nobody has paid yet.')
    app.sandbox.control.fail(order.id)
    await settle(app.services, order.id, 'webhook')
    const failed = await explained(order.id)
    expect(failed).toMatchObject({
      well: true,
      says: 'Not active: nobody has paid yet. The last attempt ended FAILED.',
    })
    expect(failed.todo).toContain('try again')
    // What only Cashfree knows by now counts too.
    app.sandbox.control.pending(order.id)
    expect((await explained(order.id)).says).toContain('still open at the bank')
  })

  test('an order that Cashfree calls paid and we have not heard of: what will happen, and how to hurry it', async () => {
    const { order } = await opened()
    app.sandbox.control.pay(order.id)
    expect(await explained(order.id)).toMatchObject({
      well: false,
      says: 'Not active yet: Cashfree says PAID and we have not recorded it.',
    })
    await app.sql`update orders set next_look_at = null where id = ${order.id}`
    const forgotten = await explained(order.id)
    expect(forgotten.says).toContain('no further check is planned')
    const statement = /update orders .*;/.exec(forgotten.todo)![0]
    await app.sql.unsafe(statement)
    await app.sql`update orders set created_at = created_at - interval '5 minutes' where id = ${order.id}`
    await app.run('reconcile')
    expect((await explained(order.id)).says).toMatch(/^Active/)
  })

  test('a held order: what does not agree', async () => {
    const { order } = await opened()
    app.sandbox.control.pay(order.id)
    app.sandbox.control.faults({ wrongAmount: true })
    await settle(app.services, order.id, 'webhook')
    const { says, todo, well } = await explained(order.id)
    expect(well).toBe(false)
    expect(says).toMatch(
      /held because something does not agree \(order-mismatch\)\. Ours is ₹499\.00, Cashfree says ₹500\.00/,
    )
    expect(todo).toContain('refund')
  })

  test('a refunded order, a dead receipt mail, a reversed payment', async () => {
    const { order } = await paid()
    await app.sql`update mails set status = 'dead', last_error = '550 no <asha@example.in> here' where user_id = ${order.userId}`
    const dead = await explained(order.id)
    expect(dead.todo).toContain('given up')
    expect(dead.text).not.toContain('asha@example.in')
    const [payment] = await app.sql<
      { cfPaymentId: string }[]
    >`select cf_payment_id from payments where order_id = ${order.id}`
    await refundPayment(app.services, {
      cfPaymentId: payment!.cfPaymentId,
      ordinal: 1,
      amountPaise: 49_900,
      reason: 'asked',
      actor: 'user:x',
    })
    await app.run('send-refunds')
    await until(async () => {
      await app.sql`update refunds set next_look_at = now() where finished_at is null`
      await app.run('send-refunds')
      return (await explained(order.id)).says.startsWith('Not active any more: the whole price was refunded')
    })
  })

  test('an order that only Cashfree has, one that nobody has, and one while Cashfree is away', async () => {
    const { order } = await opened()
    app.sandbox.control.pay(order.id)
    const away = cashfree({
      ...app.config.cashfree,
      ...app.config.cashfree.credentials!,
      apiBase: `http://127.0.0.1:${await freePort()}/pg`,
    })
    expect(await explained(order.id, away)).toMatchObject({
      well: false,
      says: expect.stringContaining('Cashfree cannot be asked now'),
    })
    expect((await explained('ds_nothing')).says).toBe('Neither we nor Cashfree have such an order.')
    await app.sql.unsafe(
      `set local session_replication_role = replica; delete from audit where order_id = '${order.id}'`,
    )
    await app.sql`delete from orders where id = ${order.id}`
    const lost = await explained(order.id)
    expect(lost.says).toBe('Cashfree has this order (PAID), our books do not.')
    expect(lost.todo).toContain('restore')
  })
})
