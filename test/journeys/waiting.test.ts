import { setTimeout as pause } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { openScene } from './scene.ts'
import {
  decide,
  openDashboard,
  openFullPage,
  openWindow,
  orderCount,
  orderOf,
  pay,
  register,
  showQr,
  stage,
} from './steps.ts'

const scene = openScene()

test('a payment that stays pending turns to paid by itself, and the page stops asking', async () => {
  const person = await scene.arrive({ size: 'phone' })
  const { page } = person
  const { email } = await register(person)
  const { id } = await orderOf(scene.app, email)
  await showQr(await openFullPage(page))
  await decide(page, 'Stay pending')
  await page.getByRole('heading', { name: 'Confirming your payment' }).waitFor()
  await stage(page, 'session-created')
  scene.app.sandbox.control.pay(id)
  await stage(page, 'paid')
  await page.locator('header .chip', { hasText: 'Monthly until' }).waitFor()
  await expectSilence(page)
  await openDashboard(page)
})

test('a payment whose webhook never comes is confirmed by the page that waits for it', async () => {
  scene.app.sandbox.control.webhooks({ paused: true })
  const person = await scene.arrive({ size: 'phone' })
  const { page } = person
  const { email } = await register(person)
  const { id } = await orderOf(scene.app, email)
  await showQr(await openFullPage(page))
  await decide(page, 'Stay pending')
  await page.getByRole('heading', { name: 'Confirming your payment' }).waitFor()
  scene.app.sandbox.control.pay(id)
  await stage(page, 'paid')
})

test('a pending payment that fails in the end says why and lets the person pay again', async () => {
  const person = await scene.arrive({ size: 'phone' })
  const { page } = person
  const { email } = await register(person)
  await showQr(await openFullPage(page))
  await decide(page, 'Stay pending')
  await page.getByRole('heading', { name: 'Confirming your payment' }).waitFor()
  scene.app.sandbox.control.fail((await orderOf(scene.app, email)).id, { reason: 'bank_timeout' })
  await page.getByText('Your last payment didn’t go through').waitFor()
  await page.getByRole('link', { name: 'Try the payment again: ₹499' }).click()
  await showQr(await openFullPage(page))
  await decide(page, 'Success')
  await openDashboard(page)
})

test('after a quarter of an hour the page stops asking and says so', async () => {
  const person = await scene.arrive({ size: 'phone' })
  const { page } = person
  await page.route('**/payment/status/**', (route) => {
    const url = new URL(route.request().url())
    url.searchParams.set('since', String(Math.floor(Date.now() / 1000) - 901))
    return route.continue({ url: url.href })
  })
  await register(person)
  await page.getByText('This page has stopped checking').waitFor()
  await expectSilence(page)
  await page.getByRole('link', { name: 'Check again' }).click()
  await page.getByText('This page has stopped checking').waitFor({ state: 'detached' })
})

test('Cashfree down at registration: nothing was charged, and “Try again” continues with the same order', async () => {
  const person = await scene.arrive()
  const { page } = person
  scene.app.sandbox.control.faults({ serverError: { endpoint: 'orders.create' } })
  const { email } = await register(person, {}, 'none')
  await page.getByText('Nothing was charged').waitFor()
  await page.getByLabel('State').selectOption('27')
  const { id } = await orderOf(scene.app, email)
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('Nothing was charged').waitFor()
  scene.app.sandbox.control.clearFaults()
  await page.getByRole('button', { name: 'Try again' }).click()
  await stage(page, 'session-created')
  expect((await orderOf(scene.app, email)).id).toBe(id)
  expect(await orderCount(scene.app, email)).toBe(1)
  const cashfree = await openWindow(page)
  await showQr(cashfree)
  await decide(cashfree, 'Success')
  await openDashboard(page)
})

test('Cashfree’s script is blocked: one sentence says so, and the button leads to the full page', async () => {
  const person = await scene.arrive({ blocks: /\/js\/v3\/cashfree\.js/ })
  const { page } = person
  await register(person)
  await page.getByText('Cashfree’s window cannot open here').waitFor()
  expect(await page.getByText('You closed the payment window').isVisible()).toBe(false)
  await pay(page)
  await showQr(page)
  await decide(page, 'Success')
  await openDashboard(page)
})

/** Longer than the pause between two questions: none is asked. */
async function expectSilence(page: Page) {
  let asked = 0
  page.on('request', (request) => {
    if (request.url().includes('/payment/status/')) asked++
  })
  await pause(3_500)
  expect(asked).toBe(0)
}
