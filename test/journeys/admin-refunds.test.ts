import { describe, expect, test } from 'vitest'
import { newestOrder, subscriberOf } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene({ SELLER_GSTIN: '27AAPFU0939F1ZV' })

/** Somebody who paid. */
async function customer(name: string, plan = 'monthly') {
  const visitor = new Visitor(scene.app)
  const { email } = await visitor.register({ name, plan })
  return { visitor, email: email!, order: await buys(visitor, email!, plan) }
}

async function buys(visitor: Visitor, email: string, plan: string) {
  await visitor.post(`/checkout/${plan}`)
  const order = await newestOrder(scene.app, email)
  scene.app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  return order
}

const refundsOf = (orderId: string) =>
  scene.app.sql<{ id: string; status: string; amountPaise: number }[]>`
    select id, status, amount_paise from refunds where order_id = ${orderId} order by created_at`

async function untilLast(orderId: string, status: string) {
  await until(async () => {
    await scene.app.sql`update refunds set next_look_at = now() where order_id = ${orderId} and finished_at is null`
    await scene.app.run('send-refunds')
    return (await refundsOf(orderId)).at(-1)?.status === status
  })
}

describe.for(['phone', 'laptop'] as const)('refunds on a %s', (size) => {
  test('from the order to the bank: looked at, typed twice, confirmed with a double click, followed to the end', async () => {
    const { order, email, visitor } = await customer('Lakshmi Narayanan', 'annual')
    await buys(visitor, email, 'monthly')
    const person = await scene.arriveAsAdmin({ size }, false)
    const { page, admin } = person
    await page.goto(`/admin/orders/${order.id}`)
    await page.getByRole('link', { name: 'Refund ₹4,990' }).click()
    await page.getByRole('heading', { name: 'What will happen' }).waitFor()
    await page.getByText('The whole price is then refunded').waitFor()
    await looksRight(person, `refund-new-${size}-light`)

    await page.getByLabel('Why').fill('Bought by mistake; asked within a week.')
    await page.getByLabel('The amount again').fill('499')
    await page.getByLabel('Your password').fill(admin.form.password!)
    await page.getByLabel('Code from your authenticator app').fill(admin.code())
    await page.getByRole('button', { name: 'Refund ₹4,990' }).click()
    await page.getByText('This is a large refund: please type the amount again').waitFor()
    expect(await page.getByLabel('Why').inputValue()).toBe('Bought by mistake; asked within a week.')
    await looksRight(person, `refund-refused-${size}-light`)
    await page.getByLabel('The amount again').fill('4,990')
    await page.getByLabel('Your password').fill(admin.form.password!)
    await page.getByLabel('Code from your authenticator app').fill(admin.code())
    await page.getByRole('button', { name: 'Refund ₹4,990' }).dblclick()
    await page.waitForURL('**/admin/refunds/rf_*')
    await page.getByText('Promised here').waitFor()
    expect(await refundsOf(order.id)).toHaveLength(1)
    await looksRight(person, `refund-promised-${size}-light`)

    await untilLast(order.id, 'succeeded')
    await scene.app.run('deliver-mails')
    // Nobody reloads: the page hears of it by itself.
    await page.getByText('The money has reached the customer’s bank').waitFor()
    await page.getByRole('heading', { name: /^Credit note/ }).waitFor()
    expect(scene.app.sandbox.control.order(order.id).refunds).toHaveLength(1)
    expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'active' })
    await page.reload()
    await looksRight(person, `refund-done-${size}-light`)
  })

  test('a part, then the rest; the list shows both', async () => {
    const { order } = await customer('Gurpreet Kaur')
    const person = await scene.arriveAsAdmin({ size, scheme: 'dark' })
    const { page } = person
    await page.goto(`/admin/orders/${order.id}`)
    await page.getByRole('link', { name: 'Refund ₹499' }).click()
    await page.getByLabel('How much, in rupees').fill('600')
    await page.getByRole('button', { name: 'Show what happens' }).click()
    await page.getByText('more than what is left').waitFor()
    await page.getByLabel('How much, in rupees').fill('150.50')
    await page.getByRole('button', { name: 'Show what happens' }).click()
    await page.getByText('No period changes').waitFor()
    await looksRight(person, `refund-part-${size}-dark`)
    await page.getByLabel('Why').fill('Goodwill for a day of trouble')
    await page.getByRole('button', { name: 'Refund ₹150.50' }).click()
    await page.waitForURL('**/admin/refunds/rf_*')
    await page.getByRole('button', { name: 'Ask Cashfree now' }).click()
    await page.getByText('Cashfree says').first().waitFor()
    await untilLast(order.id, 'succeeded')

    await page.goto(`/admin/orders/${order.id}`)
    await page.getByRole('link', { name: 'Refund ₹348.50' }).click()
    await page.getByLabel('Why').fill('The rest as well')
    await page.getByRole('button', { name: 'Refund ₹348.50' }).click()
    await page.waitForURL('**/admin/refunds/rf_*_2')
    await page.goto('/admin/refunds')
    await page.getByLabel('Status').selectOption('open')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('link', { name: 'Gurpreet Kaur' }).first().waitFor()
    await looksRight(person, `refunds-${size}-dark`)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/^refunds-\d{4}-\d\d-\d\d\.csv$/)
  })

  test('a suspension says what becomes of money; what comes all the same goes back from its incident', async () => {
    const visitor = new Visitor(scene.app)
    const { email } = await visitor.register({ name: 'Lakshmi Venkataramanan' })
    const order = await newestOrder(scene.app, email!)
    scene.app.sandbox.control.pending(order.id)
    const person = await scene.arriveAsAdmin({ size, scheme: size === 'phone' ? 'light' : 'dark' })
    const { page } = person
    await page.goto(`/admin/subscribers/${order.userId}/suspension`)
    await page.getByText('held, with a refund prepared').waitFor()
    await looksRight(person, `suspension-${size}`)
    await page.getByLabel('Why').fill('A chargeback')
    await page.getByRole('button', { name: 'Suspend the account' }).click()
    await page.waitForURL(`**/admin/subscribers/${order.userId}`)
    await scene.app.run('reconcile')
    scene.app.sandbox.control.pay(order.id)
    await until(async () => (await scene.app.sql`select 1 from incidents where order_id = ${order.id}`).length === 1)
    await page.goto(`/admin/subscribers/${order.userId}/lifting`)
    await page.getByText('count at once, unless their refund was confirmed').waitFor()
    await looksRight(person, `lifting-${size}`)
    await page.goto(`/admin/orders/${order.id}`)
    await page.getByRole('link', { name: 'Refund the payment' }).waitFor()
    await looksRight(person, `order-refused-${size}`)
    await page.getByRole('link', { name: 'Paid for a suspended or deleted account' }).first().click()
    await page
      .getByText('Confirm it', { exact: false })
      .or(page.getByText('Look at the refund below'))
      .first()
      .waitFor()
    await looksRight(person, `incident-refused-${size}`)
    await page.getByRole('link', { name: 'The prepared refund' }).click()
    await page.getByText('The account is suspended, so this payment is held.').waitFor()
    await looksRight(person, `refund-of-suspended-${size}`)
    await page.getByRole('button', { name: 'Refund ₹499' }).click()
    await page.waitForURL('**/admin/refunds/rf_*')
    await untilLast(order.id, 'succeeded')
    expect(await subscriberOf(scene.app, email!)).toMatchObject({ status: 'pending', isPaid: false })
  })

  test('a payment that names another order is told with both sides', async () => {
    const { order: named } = await customer('Rukhsana Begum')
    const visitor = new Visitor(scene.app)
    const { email } = await visitor.register({ name: 'Thiruvenkatachari Subramaniam' })
    const order = await newestOrder(scene.app, email!)
    scene.app.sandbox.control.webhooks({ paused: true })
    scene.app.sandbox.control.faults({ foreignPayment: { orderId: named.id }, wrongPaymentOrder: true })
    scene.app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    scene.app.sandbox.control.clearFaults()
    scene.app.sandbox.control.webhooks({ paused: false })
    const [incident] = await scene.app.sql<{ id: number }[]>`select id from incidents where order_id = ${order.id}`
    const person = await scene.arriveAsAdmin({ size, scheme: size === 'phone' ? 'dark' : 'light' })
    await person.page.goto(`/admin/incidents/${incident!.id}`)
    await person.page.getByText('belongs to another').waitFor()
    await person.page.getByRole('cell', { name: named.id }).first().waitFor()
    await looksRight(person, `incident-two-orders-${size}`)
  })

  test('the second payment of one order goes back from its incident; held by Cashfree, then failed, then tried again', async () => {
    const { order, email } = await customer('Mohammed Rafi')
    scene.app.sandbox.control.pay(order.id, { newAttempt: true })
    await until(async () => (await scene.app.sql`select 1 from incidents where order_id = ${order.id}`).length === 1)
    scene.app.sandbox.control.settings({ refundOutcome: 'ONHOLD' })
    const person = await scene.arriveAsAdmin({ size, scheme: 'dark' })
    const { page } = person
    await page.goto(`/admin/orders/${order.id}`)
    await page.getByRole('link', { name: 'Refund the second payment' }).click()
    await page.getByText('this one came on top').waitFor()
    await page.getByRole('button', { name: 'Refund ₹499' }).click()
    await page.waitForURL('**/admin/refunds/rf_*')
    await untilLast(order.id, 'onhold')
    await page.getByText('Cashfree holds it back').waitFor()
    await looksRight(person, `refund-onhold-${size}-dark`)
    scene.app.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
    scene.app.sandbox.control.settleRefund((await refundsOf(order.id))[0]!.id, 'FAILED')
    await page.getByRole('link', { name: 'Try again' }).waitFor()
    await looksRight(person, `refund-failed-${size}-dark`)
    await page.getByRole('link', { name: 'Try again' }).click()
    await page.getByRole('button', { name: 'Refund ₹499' }).click()
    await page.waitForURL('**/admin/refunds/rf_*_2')
    await untilLast(order.id, 'succeeded')
    await page.getByText('The money has reached the customer’s bank').waitFor()
    expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'active' })
  })
})

test('without scripts a refund is looked at, made and followed by reloading', async () => {
  const { order } = await customer('Script Less')
  const { page } = await scene.arriveAsAdmin({ size: 'phone', script: false })
  await page.goto(`/admin/orders/${order.id}`)
  await page.getByRole('link', { name: 'Refund ₹499' }).click()
  await page.getByLabel('Why').fill('no scripts here')
  await page.getByRole('button', { name: 'Refund ₹499' }).click()
  await page.waitForURL('**/admin/refunds/rf_*')
  await untilLast(order.id, 'succeeded')
  await page.reload()
  await page.getByText('The money has reached the customer’s bank').waitFor()
})
