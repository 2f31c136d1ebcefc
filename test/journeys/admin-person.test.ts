import { describe, expect, test } from 'vitest'
import type { Scheme, Size } from '../support/browser.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene()

const ways: [Size, Scheme][] = [
  ['phone', 'light'],
  ['laptop', 'dark'],
]

/** Somebody who paid, and has not confirmed their address. */
async function subscriber(name: string) {
  const visitor = new Visitor(scene.app)
  const { email } = await visitor.register({ name })
  const order = await newestOrder(scene.app, email!)
  scene.app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  return { email: email!, order, id: order.userId }
}

describe.each(ways)('on a %s in %s', (size, scheme) => {
  const shot = (name: string) => `person-${name}-${size}-${scheme}`

  test('an administrator finds somebody from any page, and helps them: links, address, note, refund', async () => {
    const { id, email, order } = await subscriber('Kavita Raghunathan')
    const { page } = await scene.arriveAsAdmin({ size, scheme })
    const search = page.getByRole('searchbox', { name: 'Search the panel' })
    await page.goto('/admin/jobs')
    await search.fill('kavita ragh')
    await search.press('Enter')
    await page.getByRole('heading', { name: 'Search: kavita ragh' }).waitFor()
    await looksRight({ page }, shot('found'))
    await search.fill(order.id)
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.waitForURL(`**/admin/orders/${order.id}`)
    await search.fill(email)
    await search.press('Enter')
    await page.waitForURL(`**/admin/subscribers/${id}`)

    const act = async (link: string, button: string, notice: string) => {
      await page.getByRole('link', { name: link }).click()
      if (button === 'Correct the address') {
        await page.getByLabel('Right address').fill(`right.${email}`)
        await page.getByLabel('Why').fill('told me by phone')
      }
      await looksRight({ page }, shot(button.toLowerCase().replaceAll(' ', '-')))
      await page.getByRole('button', { name: button }).click()
      await page.getByText(notice).first().waitFor()
    }
    await act('Resend confirmation', 'Send the e-mail', `The link goes to ${email}`)
    await act('Send reset link', 'Send the link', `The link goes to ${email}`)
    await act('Correct e-mail', 'Correct the address', `The address is now right.${email}`)
    await page.getByLabel('Add a note').fill('Mistyped her address; prefers to be called after six.')
    await page.getByRole('button', { name: 'Save note' }).click()
    await page.getByText('prefers to be called after six').waitFor()
    await looksRight({ page }, shot('person'))
    await page.getByRole('link', { name: 'Refund ₹499' }).click()
    await page.getByRole('heading', { name: 'Refund Kavita' }).waitFor()
    await page.getByLabel('How much').fill('5000')
    await page.getByRole('button', { name: 'Show what happens' }).click()
    await page.getByText('That is more than what is left').waitFor()
    expect(await page.getByRole('button', { name: 'Refund ₹' }).count()).toBe(0)
    await looksRight({ page }, shot('refund-too-much'))
  })
})

test('on a phone all places of the panel open over the page, and close when one is chosen', async () => {
  const { page } = await scene.arriveAsAdmin({ size: 'phone' })
  await page.goto('/admin/orders')
  await page.getByRole('button', { name: 'Orders' }).click()
  const places = page.getByRole('navigation', { name: 'Panel' })
  expect(await places.getByRole('link').count()).toBeGreaterThan(15)
  await looksRight({ page }, 'panel-menu-phone')
  await places.getByRole('link', { name: 'Audit' }).click()
  await page.waitForURL('**/admin/audit')
  expect(await places.isVisible()).toBe(false)
})
