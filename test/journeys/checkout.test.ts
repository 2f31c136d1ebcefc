import type { Locator } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { type Size, sizes } from '../support/browser.ts'
import { registration } from '../support/visitor.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'
import {
  createAccount,
  fillRegistration,
  giveState,
  openFullPage,
  openWindow,
  orderOf,
  register,
  requestByUpi,
  stage,
} from './steps.ts'

const scene = openScene()

/** Whether the whole of it is seen without scrolling. */
async function isInFirstScreen(one: Locator) {
  const box = await one.boundingBox()
  return box !== null && box.y >= 0 && box.y + box.height <= one.page().viewportSize()!.height
}

describe.each(Object.keys(sizes) as Size[])('from five fields to a paid plan (%s)', (size) => {
  test('the button follows the plan, the state is asked once, the plan can be changed, and paying ends well', async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    const form = registration({ plan: 'annual' })
    await page.goto('/')
    await fillRegistration(page, { ...form, plan: 'monthly' })
    await page.getByRole('button', { name: 'Create account, then pay ₹499', exact: true }).waitFor()
    await page.locator('#register [value=annual]').check()
    await page.getByRole('button', { name: 'Create account, then pay ₹4,990', exact: true }).waitFor()

    const password = page.locator('#register [name=password]')
    const width = await password.evaluate((field) => field.getBoundingClientRect().width)
    await page.getByRole('button', { name: 'Show what you typed' }).click()
    expect(await password.getAttribute('type')).toBe('text')
    await page.getByRole('button', { name: 'Hide what you typed' }).waitFor()
    expect(await password.evaluate((field) => field.getBoundingClientRect().width)).toBe(width)
    await createAccount(page).click()
    await page.waitForURL('**/checkout/annual')
    await looksRightInBothSchemes(person, `checkout-state-${size}`)

    await giveState(page, '29')
    await page.getByText('State for your receipt: Karnataka').waitFor()
    await expect.poll(() => isInFirstScreen(page.locator('#pay button'))).toBe(true)
    await looksRightInBothSchemes(person, `checkout-pay-${size}`)
    await page
      .getByRole('navigation', { name: 'Plan' })
      .getByRole('link', { name: /^Monthly/ })
      .click()
    await page.waitForURL('**/checkout/monthly')
    await page.getByRole('button', { name: 'Pay ₹499' }).click()
    await stage(page, 'session-created')

    const order = await orderOf(scene.app, form.email!)
    scene.app.sandbox.control.pay(order.id)
    await stage(page, 'paid')
    await page.locator('.site-header .chip', { hasText: 'Monthly until' }).waitFor()
    expect(await page.title()).toContain('Monthly plan: paid')
    expect(await page.locator('#extras').count()).toBe(0)
    await looksRightInBothSchemes(person, `checkout-paid-${size}`)
    for (const name of ['See the rotation map', 'Star the sectors you follow', 'Download your receipt (PDF)'])
      await page.getByRole('link', { name }).waitFor()
  })

  test('after a refusal by the bank the way to pay comes first', async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    await register(person)
    const cashfree = size === 'phone' ? await openFullPage(page) : await openWindow(page)
    await requestByUpi(cashfree, 'testinsufficientfunds@gocash')
    await cashfree.getByRole('button', { name: 'Return to merchant' }).click()
    await page.getByRole('link', { name: 'Try the payment again: ₹499' }).click()
    await page.waitForURL('**/checkout/monthly#payment')
    const top = (selector: string) => page.locator(selector).evaluate((one) => one.getBoundingClientRect().top)
    const heading = page.getByRole('heading', { name: 'What you pay for' })
    const below = await heading.evaluate((one) => one.getBoundingClientRect().top)
    if (size === 'phone') expect(await top('#pay')).toBeLessThan(below)
    await looksRightInBothSchemes(person, `checkout-failed-${size}`)
  })
})
