import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { subscriberOf } from '../support/ledger.ts'
import { registration } from '../support/visitor.ts'
import { openScene } from './scene.ts'
import {
  createAccount,
  decide,
  fillRegistration,
  openDashboard,
  openFullPage,
  openWindow,
  orderCount,
  orderOf,
  register,
  showQr,
  stage,
  windowReady,
} from './steps.ts'

const scene = openScene()

describe('clicking twice', () => {
  test('on “Create account, then pay” opens one account and one order', async () => {
    const { page } = await scene.arrive()
    const form = registration()
    await page.goto('/')
    await fillRegistration(page, form)
    await createAccount(page).dblclick()
    await page.waitForURL('**/checkout/monthly')
    await stage(page, 'session-created')
    expect(await orderCount(scene.app, form.email!)).toBe(1)
  })

  test('on “Pay” opens one window', async () => {
    const person = await scene.arrive()
    const { page } = person
    await register(person)
    await windowReady(page)
    await page.evaluate(`const button = document.querySelector('#pay button'); button.click(); button.click()`)
    const cashfree = page.frameLocator('iframe[title=Payment]')
    await showQr(cashfree)
    expect(await page.getByRole('dialog').count()).toBe(1)
    await decide(cashfree, 'Success')
    await openDashboard(page)
  })

  test('on “Pay” leads to one page of one order on a phone', async () => {
    const person = await scene.arrive({ size: 'phone' })
    const { page } = person
    const { email } = await register(person)
    await page.getByRole('button', { name: /^Pay ₹/ }).dblclick()
    await page.getByRole('heading', { name: 'Choose a way to pay' }).waitFor()
    await showQr(page)
    await decide(page, 'Success')
    await openDashboard(page)
    expect(await orderCount(scene.app, email)).toBe(1)
  })
})

describe('two tabs', () => {
  test('with the same plan share one order; paid in one, the other turns to paid by itself', async () => {
    const person = await scene.arrive()
    const { email } = await register(person)
    const other = await person.newTab()
    await other.goto('/checkout/monthly')
    await stage(other, 'session-created')
    const { id } = await orderOf(scene.app, email)
    expect(await other.locator('#checkout').textContent()).toContain(id)
    const cashfree = await openWindow(person.page)
    await showQr(cashfree)
    await decide(cashfree, 'Success')
    await stage(person.page, 'paid')
    await stage(other, 'paid')
    expect(await orderCount(scene.app, email)).toBe(1)
    await openDashboard(other)
  })

  test('two plans are two orders, and paying both extends twice', async () => {
    const person = await scene.arrive()
    const { email } = await register(person)
    const other = await person.newTab()
    await other.goto('/checkout/annual')
    await stage(other, 'none')
    await other.getByRole('button', { name: 'Pay ₹4,990' }).click()
    for (const page of [person.page, other]) {
      await page.bringToFront()
      const cashfree = await openWindow(page)
      await showQr(cashfree)
      await decide(cashfree, 'Success')
      await stage(page, 'paid')
    }
    const { currentPeriodEnd } = await subscriberOf(scene.app, email)
    const months = (currentPeriodEnd!.getTime() - Date.now()) / (30.44 * 24 * 3600_000)
    expect(months).toBeGreaterThan(12.9)
    expect(months).toBeLessThan(13.1)
  })
})

describe('going back and looking again', () => {
  test('reloading the return page shows the same paid order and buys nothing more', async () => {
    const person = await scene.arrive({ size: 'phone' })
    const { page } = person
    const { email } = await register(person)
    await showQr(await openFullPage(page))
    await decide(page, 'Success')
    await stage(page, 'paid')
    const before = await subscriberOf(scene.app, email)
    await page.reload()
    await page.reload()
    await stage(page, 'paid')
    expect(await subscriberOf(scene.app, email)).toEqual(before)
    expect(await orderCount(scene.app, email)).toBe(1)
  })

  test('the back button after paying in the window shows the paid stage, not a button to pay', async () => {
    const person = await scene.arrive()
    const { page } = person
    await register(person)
    const cashfree = await openWindow(page)
    await showQr(cashfree)
    await decide(cashfree, 'Success')
    await page.waitForURL('**/payment/return?*')
    await stage(page, 'paid')
    await page.goBack()
    await page.waitForURL('**/checkout/monthly#payment')
    await stage(page, 'paid')
    expect(await page.getByRole('button', { name: /^Pay/ }).count()).toBe(0)
  })

  test('the back button after paying on the full page never leads to a second payment', async () => {
    const person = await scene.arrive({ size: 'phone' })
    const { page } = person
    const { email } = await register(person)
    await showQr(await openFullPage(page))
    await decide(page, 'Success')
    await stage(page, 'paid')
    for (let step = 0; step < 5 && new URL(page.url()).pathname !== '/checkout/monthly'; step++) {
      await page.goBack({ waitUntil: 'commit' }).catch(() => {})
      await pause(200)
    }
    await page.waitForURL('**/checkout/monthly#payment')
    await stage(page, 'paid')
    expect(await orderCount(scene.app, email)).toBe(1)
    // On the way the browser rightly refuses to send the form to Cashfree a second time.
    expect(person.problems.splice(0).filter((problem) => !problem.includes('ERR_CACHE_MISS'))).toEqual([])
  })
})
