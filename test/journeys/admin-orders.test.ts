import { describe, expect, test } from 'vitest'
import { scrollingTables } from '../support/browser.ts'
import { newestOrder, subscriberOf } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene()

/** Somebody with an order, open or with attempts that failed. */
async function customer(name: string, plan = 'monthly') {
  const visitor = new Visitor(scene.app)
  const { email } = await visitor.register({ name, plan })
  return { visitor, email: email!, order: await newestOrder(scene.app, email!) }
}

describe.for(['phone', 'laptop'] as const)('orders on a %s', (size) => {
  test('an order nobody told us of is found, compared with Cashfree and settled', async () => {
    const { order, email } = await customer('Kavya Subramanian')
    scene.app.sandbox.control.webhooks({ paused: true })
    scene.app.sandbox.control.fail(order.id, { reason: 'insufficient_funds' })
    scene.app.sandbox.control.pay(order.id, { newAttempt: true })
    const person = await scene.arriveAsAdmin({ size })
    const { page } = person
    await page.goto('/admin/orders')
    await page.getByLabel('Status').selectOption('active')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('link', { name: 'Kavya Subramanian' }).first().waitFor()
    await looksRight(person, `orders-${size}-light`)

    await page.getByLabel('Order, payment, receipt or bank reference').fill(order.id)
    await page.getByRole('button', { name: 'Find' }).click()
    await page.waitForURL(`**/admin/orders/${order.id}`)
    await page.getByText('fields differ').waitFor()
    await looksRight(person, `order-differs-${size}-light`)
    await page.getByRole('button', { name: 'Settle now' }).click()
    await page.getByText('the plan is active, and the receipt is on its way').waitFor()
    await page.getByText('Both sides agree.').waitFor()
    expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'active' })
    await looksRight(person, `order-settled-${size}-light`)
  })

  test('an open order is ended, once the administrator has proved who they are', async () => {
    const { order } = await customer('Imran Qureshi', 'annual')
    const person = await scene.arriveAsAdmin({ size, scheme: 'dark' }, false)
    const { page, admin } = person
    await page.goto(`/admin/orders/${order.id}`)
    await page.getByText('Both sides agree.').waitFor()
    await looksRight(person, `order-open-${size}-dark`)
    await page.getByRole('link', { name: 'End this order' }).click()
    await page.getByLabel('Your password').fill('not it')
    await page.getByLabel('Code from your authenticator app').fill('000000')
    await page.getByRole('button', { name: 'End this order' }).click()
    await page.getByText('Incorrect password. Please try again.').waitFor()
    await looksRight(person, `order-terminate-${size}-dark`)
    await page.getByLabel('Your password').fill(admin.form.password!)
    await page.getByLabel('Code from your authenticator app').fill(admin.code())
    await page.getByRole('button', { name: 'End this order' }).dblclick()
    await page.getByText('It can no longer be paid.').waitFor()
    const [row] = await scene.app.sql`select status from orders where id = ${order.id}`
    expect(row).toMatchObject({ status: 'terminated' })
    expect(
      await scene.app.sql`select 1 from audit where order_id = ${order.id} and action = 'order.termination-asked'`,
    ).toHaveLength(1)
  })

  test('payments are looked through by why they failed, and downloaded', async () => {
    const { order, visitor } = await customer('Tenzin Norbu')
    scene.app.sandbox.control.fail(order.id, { reason: 'invalid_pin' })
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const person = await scene.arriveAsAdmin({ size, scheme: 'dark' })
    const { page } = person
    await page.goto('/admin/orders')
    await page.getByRole('navigation', { name: 'Orders and payments' }).getByRole('link', { name: 'Payments' }).click()
    await page.getByLabel('Why it failed').selectOption('credentials')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByText('Incorrect PIN or OTP entered').first().waitFor()
    await looksRight(person, `payments-${size}-dark`)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as CSV' }).click(),
    ])
    expect(download.suggestedFilename()).toMatch(/^payments-\d{4}-\d\d-\d\d\.csv$/)
    await page.goto('/admin/orders/payments?group=blocked')
    await page.getByText('No matching payments').waitFor()
    await looksRight(person, `payments-empty-${size}-dark`)
  })
})

test('without scripts, Cashfree is asked by a link and everything works the same', async () => {
  const { order } = await customer('Script Less')
  scene.app.sandbox.control.webhooks({ paused: true })
  scene.app.sandbox.control.pay(order.id)
  const { page } = await scene.arriveAsAdmin({ size: 'phone', script: false })
  await page.goto(`/admin/orders/${order.id}`)
  await page.getByRole('link', { name: 'Ask Cashfree' }).click()
  await page.getByText('fields differ').waitFor()
  await page.getByRole('button', { name: 'Settle now' }).click()
  await page.getByText('the plan is active').waitFor()
  await until(async () => (await newestOrder(scene.app, (await emailOf(order.userId))!)).status === 'paid')
})

async function emailOf(userId: string): Promise<string | undefined> {
  const [row] = await scene.app.sql<{ email: string }[]>`select email from users where id = ${userId}`
  return row?.email
}

test('on a laptop no column of an order’s tables is out of sight, Refund included, with the longest words', async () => {
  const { visitor, order } = await customer('Venkata Subrahmanyeswara Raghunathan', 'annual')
  scene.app.sandbox.control.fail(order.id, { reason: 'insufficient_funds' })
  await visitor.get(`/payment/return?order_id=${order.id}`)
  scene.app.sandbox.control.pay(order.id, { newAttempt: true })
  await visitor.get(`/payment/return?order_id=${order.id}`)
  const reason = 'Transaction declined by the issuing bank, please contact your bank'
  await scene.app.sql`
    update payments set bank_reference = 'AXISCN0123456789012345',
                        failure_reason = case when failure_reason is not null then ${reason} end
    where order_id = ${order.id}`
  const [{ userId }] = await scene.app.sql<[{ userId: string }]>`select user_id from orders where id = ${order.id}`
  const { page } = await scene.arriveAsAdmin({ size: 'laptop' })
  const paths = ['/admin/orders', '/admin/orders/payments', `/admin/orders/${order.id}`, `/admin/subscribers/${userId}`]
  for (const path of paths) {
    await page.goto(path)
    expect([path, await scrollingTables(page)]).toEqual([path, []])
  }
  await page.getByRole('link', { name: 'Refund ₹4,990' }).click()
  await page.waitForURL('**/admin/refunds/of/*')
})
