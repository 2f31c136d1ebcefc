import { describe, expect, test } from 'vitest'
import { adminOf } from '../support/admin.ts'
import { type Scheme, type Size, takeOver } from '../support/browser.ts'
import { newestOrder, subscriberOf } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene()

const ways: [Size, Scheme][] = [
  ['phone', 'light'],
  ['laptop', 'dark'],
  ['phone', 'dark'],
  ['laptop', 'light'],
]

/** Somebody with a failed attempt and then a payment, found by the reconciler. */
async function subscriber(name: string) {
  const { app } = scene
  const visitor = new Visitor(app)
  const { email } = await visitor.register({ name, plan: 'annual' })
  const order = await newestOrder(app, email!)
  app.sandbox.control.fail(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  await app.run('deliver-mails')
  return { visitor, email: email!, order, id: order.userId }
}

describe.each(ways)('on a %s in %s', (size, scheme) => {
  const shot = (name: string) => `subscribers-${name}-${size}-${scheme}`

  test('an administrator finds somebody by a bank’s number, reads why they have access, and grants ten days', async () => {
    const { id, email, order } = await subscriber('Venkata Subrahmanyeswara Raghunathan')
    const before = (await subscriberOf(scene.app, email)).currentPeriodEnd!
    const { page, admin } = await scene.arriveAsAdmin({ size, scheme }, false)
    await page.goto('/admin/subscribers')
    await looksRight({ page }, shot('list'))
    const [payment] = await scene.app.sql<{ bankReference: string }[]>`
      select bank_reference from payments where order_id = ${order.id} and applied_at is not null`
    await page.getByLabel('Name, e-mail, phone or any number').fill(payment!.bankReference)
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('heading', { name: 'Exact match' }).waitFor()
    await page.getByRole('link', { name: 'Venkata Subrahmanyeswara' }).first().click()
    await page.getByText('Why does this account have access?').waitFor()
    await page.getByText('Nothing was granted.', { exact: false }).first().waitFor()
    await looksRight({ page }, shot('person'))

    await page.getByRole('link', { name: 'Grant days' }).click()
    await page.getByLabel('How many days').fill('10')
    await page.getByRole('button', { name: 'Show what happens' }).click()
    await page.getByLabel('Why').fill('the site was down for a day')
    await looksRight({ page }, shot('grant'))
    await page.getByLabel('Your password').fill('not-my-password')
    await page.getByLabel('Code from your authenticator app').fill('000000')
    await page.getByRole('button', { name: 'Grant 10 days' }).click()
    await page.getByText('Incorrect password. Please try again.').waitFor()
    expect(await page.getByLabel('Why').inputValue()).toBe('the site was down for a day')
    await page.getByLabel('Your password').fill(admin.form.password!)
    await page.getByLabel('Code from your authenticator app').fill(admin.code())
    await page.getByRole('button', { name: 'Grant 10 days' }).click()
    await page.getByText('10 days granted to Venkata').waitFor()
    expect(page.url()).toMatch(new RegExp(`${id}$`))
    expect((await subscriberOf(scene.app, email)).currentPeriodEnd!.getTime() - before.getTime()).toBe(10 * 86_400_000)
    await looksRight({ page }, shot('granted'))
  })

  test('an administrator cancels, suspends, lifts, sends a receipt again and signs somebody out', async () => {
    const { id, email, visitor } = await subscriber('Meenakshi Sundaram')
    const { page } = await scene.arriveAsAdmin({ size, scheme })
    const act = async (link: string, button: string, reason?: string) => {
      await page.goto(`/admin/subscribers/${id}`)
      await page.getByRole('link', { name: link }).first().click()
      if (reason) await page.getByLabel('Why').fill(reason)
      await looksRight({ page }, shot(button.toLowerCase().replaceAll(' ', '-')))
      await page.getByRole('button', { name: button }).click()
      await page.locator('.notice.good').first().waitFor()
    }
    await act('again', 'Send it again')
    await act('Sign out everywhere', 'Sign out everywhere')
    expect((await visitor.get('/dashboard')).location).toMatch(/^\/login/)
    await act('Suspend', 'Suspend the account', 'card owner says it was not them')
    await looksRight({ page }, shot('suspended'))
    await act('Lift the suspension', 'Lift the suspension')
    await act('Cancel', 'Cancel the subscription', 'asked by phone')
    await page.getByText('Why does this account have no access?').waitFor()
    await looksRight({ page }, shot('cancelled'))
    expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'cancelled' })
    await scene.app.run('deliver-mails')
    const subjects = (await scene.app.mailbox.list())
      .filter((mail) => mail.recipients.includes(email))
      .map((mail) => mail.subject)
    expect(subjects.filter((subject) => /receipt/i.test(subject))).toHaveLength(2)
    expect(subjects).toContain('Your subscription was cancelled')
  })

  test('an administrator makes somebody a second administrator; nobody is like a name that is not there', async () => {
    const { id } = await subscriber('Ravi Shankar')
    const { page } = await scene.arriveAsAdmin({ size, scheme })
    await page.goto(`/admin/subscribers/${id}/role`)
    await page.getByLabel('New role').selectOption('admin-read')
    await looksRight({ page }, shot('role'))
    await page.getByRole('button', { name: 'Change the role' }).click()
    await page.getByText('is now: Admin (view only)').waitFor()
    await page.goto('/admin/subscribers?q=nobody-at-all&status=grace')
    await page.getByText('No matching subscribers').waitFor()
    await looksRight({ page }, shot('nobody'))
  })
})

test('without script every act works as well', async () => {
  const { id, email } = await subscriber('Farah Khan')
  const admin = await adminOf(scene.app)
  const person = await scene.arrive({ script: false })
  await takeOver(person, admin.visitor)
  await person.page.goto(`/admin/subscribers/${id}/cancellation`)
  await person.page.getByLabel('Why').fill('asked by mail')
  await person.page.getByRole('button', { name: 'Cancel the subscription' }).click()
  await person.page.getByText('Why does this account have no access?').waitFor()
  expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'cancelled' })
})
