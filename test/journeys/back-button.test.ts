import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { registration } from '../support/visitor.ts'
import { openScene } from './scene.ts'
import { createAccount, fillRegistration, orderOf, register, stage } from './steps.ts'

const scene = openScene()

/**
 * What a browser tells a page that it restores as it was left. Headless Chromium keeps no pages, so a second tab, left as it
 * was while things went on in the first, stands for the page behind the back button.
 */
const restore = (page: Page) => page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)

test('back from the checkout finds no second registration form', async () => {
  const person = await scene.arrive({ size: 'phone' })
  const left = await person.newTab()
  await left.goto('/')
  await left.route('**/register', (route) => route.fulfill({ status: 204 }))
  await fillRegistration(left, registration())
  await createAccount(left).click()
  const { form } = await register(person)
  await restore(left)
  await left.getByRole('heading', { name: `You are logged in as ${form.name}` }).waitFor()
  expect(await left.locator('#register [name=email]').count()).toBe(0)
})

test('back from Cashfree after paying shows that it is paid, and nothing to pay again', async () => {
  const person = await scene.arrive({ size: 'phone' })
  const { form, email } = await register(person)
  const left = await person.newTab()
  await left.goto(`/checkout/${form.plan}`)
  await left.route('**/payment/status/**', (route) => route.fulfill({ status: 204 }))
  const { id } = await orderOf(scene.app, email)
  scene.app.sandbox.control.pay(id)
  await person.page.goto(`/payment/return?order_id=${id}`)
  expect(await left.locator('#pay').count()).toBe(1)
  await restore(left)
  await stage(left, 'paid')
  expect(await left.locator('#pay').count()).toBe(0)
})

test('a page that was only read comes back as it was left, with what was typed', async () => {
  const { page } = await scene.arrive({ size: 'phone' })
  await page.goto('/')
  await page.locator('#register [name=name]').fill('Asha Rao')
  await restore(page)
  await page.waitForTimeout(500)
  expect(await page.locator('#register [name=name]').inputValue()).toBe('Asha Rao')
})

test('when polling finds the payment, the header and the title say so too', async () => {
  const person = await scene.arrive({ size: 'phone' })
  const { page } = person
  const { email } = await register(person)
  const { id } = await orderOf(scene.app, email)
  const chip = page.locator('header .chip')
  expect([await chip.textContent(), await page.title()]).toEqual([
    'Not active yet',
    expect.stringMatching(/^Monthly plan ·/),
  ])
  scene.app.sandbox.control.pay(id)
  await stage(page, 'paid')
  await page.waitForLoadState()
  expect(await chip.textContent()).toMatch(/^Monthly until/)
  expect(await page.title()).toMatch(/^Monthly plan: paid ·/)
})

test('an address that looks mistyped is asked about while the form is filled in', async () => {
  const { page } = await scene.arrive({ size: 'phone' })
  await page.goto('/')
  const email = page.locator('#register [name=email]')
  await email.fill('asha@gmial.com')
  await email.blur()
  await page.getByRole('button', { name: 'asha@gmail.com' }).click()
  expect(await email.inputValue()).toBe('asha@gmail.com')
  await page.getByText('Did you mean').waitFor({ state: 'detached' })
})
