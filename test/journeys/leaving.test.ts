import { describe, expect, test } from 'vitest'
import { subscriberOf } from '../support/ledger.ts'
import { openScene } from './scene.ts'
import {
  decide,
  openDashboard,
  openFullPage,
  openWindow,
  orderCount,
  orderOf,
  register,
  showQr,
  stage,
} from './steps.ts'

const scene = openScene()

describe('leaving without paying', () => {
  test('who walks away from the bank’s page is told that nothing is finished, and can go on', async () => {
    const person = await scene.arrive({ size: 'phone' })
    const { page } = person
    await register(person)
    await showQr(await openFullPage(page))
    await decide(page, /^Drop/)
    await page.waitForURL('**/payment/return?*')
    await page.getByText('You left your last payment unfinished').waitFor()
    await page.getByRole('link', { name: 'Try the payment again: ₹499' }).click()
    await showQr(await openFullPage(page))
    await decide(page, 'Success')
    await openDashboard(page)
  })

  test('who comes back without having tried anything is not told to wait for a bank', async () => {
    const person = await scene.arrive({ size: 'phone' })
    const { page } = person
    await register(person)
    await openFullPage(page)
    await page.getByRole('button', { name: 'Cancel and return to merchant' }).click()
    await page.getByRole('heading', { name: 'No payment has reached us yet' }).waitFor()
    await page.getByRole('link', { name: 'Continue to payment' }).click()
    await page.waitForURL('**/checkout/monthly#payment')
    await stage(page, 'session-created')
  })

  test('who skips the payment keeps a pending account, and activates it from the dashboard with the same order', async () => {
    const person = await scene.arrive()
    const { page } = person
    const { email } = await register(person)
    await page.getByRole('button', { name: 'Skip payment for now' }).click()
    await page.waitForURL('**/dashboard')
    await page.getByText('Nothing was charged. Your account is ready').waitFor()
    expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'pending', isPaid: false })
    await page.getByRole('button', { name: /^Activate for ₹499$/ }).click()
    const cashfree = await openWindow(page)
    await showQr(cashfree)
    await decide(cashfree, 'Success')
    await openDashboard(page)
    expect(await orderCount(scene.app, email)).toBe(1)
  })

  test('who starts over gets a new order, and the old one can no longer be paid', async () => {
    const person = await scene.arrive()
    const { page } = person
    const { email } = await register(person)
    const before = await orderOf(scene.app, email)
    await page.getByRole('button', { name: 'Cancel this order' }).click()
    await page.locator('#checkout', { hasNotText: before.id }).waitFor()
    await stage(page, 'session-created')
    const { id } = await orderOf(scene.app, email)
    expect(id).not.toBe(before.id)
    expect(scene.app.sandbox.control.order(before.id).status).toBe('TERMINATED')
  })

  test('an order that expires while the page is open says so by itself and offers a new one', async () => {
    const person = await scene.arrive()
    const { page } = person
    const { email } = await register(person)
    const { id } = await orderOf(scene.app, email)
    scene.app.sandbox.control.expire(id)
    await stage(page, 'none')
    await page.getByText('was closed before it was completed').waitFor()
    await page.getByRole('button', { name: 'Pay ₹499' }).click()
    await stage(page, 'session-created')
    expect(await orderCount(scene.app, email)).toBe(2)
  })
})
