import { describe, expect, test } from 'vitest'
import { screenshot } from '../support/browser.ts'
import { subscriberOf } from '../support/ledger.ts'
import { openScene } from './scene.ts'
import {
  attemptsOf,
  decide,
  openDashboard,
  openFullPage,
  openWindow,
  orderOf,
  payByCard,
  register,
  requestByUpi,
  showQr,
} from './steps.ts'

const scene = openScene()

describe('paying in Cashfree’s window over the page', () => {
  test('a UPI request is approved, the plan is on, and the receipt is in the mailbox', async () => {
    const person = await scene.arrive()
    const { page } = person
    const { email } = await register(person)
    const cashfree = await openWindow(page)
    await screenshot(page, 'window-laptop-light')
    await requestByUpi(cashfree)
    await page.waitForURL('**/payment/return?*')
    await openDashboard(page)
    expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'active', isPaid: true })
    await scene.app.run('deliver-mails')
    const [mail] = (await scene.app.mailbox.list()).filter(
      ({ recipients, subject }) => recipients.includes(email) && subject.includes('receipt'),
    )
    const number = /R\d{4}-\d{6}/.exec(mail!.subject)![0]
    await page.goto('/account')
    await page.getByRole('link', { name: number, exact: true }).click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain(number)
  })

  test('a card wants the one-time password first', async () => {
    const person = await scene.arrive()
    await register(person)
    const cashfree = await openWindow(person.page)
    await payByCard(cashfree)
    await decide(cashfree, 'Success')
    await openDashboard(person.page)
  })

  test('the annual plan costs ₹4,990 and runs for a year', async () => {
    const person = await scene.arrive()
    const { page } = person
    const { email } = await register(person, { plan: 'annual' })
    expect(await page.getByRole('button', { name: /^Pay/ }).textContent()).toBe('Pay ₹4,990')
    const cashfree = await openWindow(page)
    await showQr(cashfree)
    await decide(cashfree, 'Success')
    await openDashboard(page, 'Annual')
    const { currentPeriodEnd, currentPeriodStart } = await subscriberOf(scene.app, email)
    expect(currentPeriodEnd!.getUTCFullYear() - currentPeriodStart!.getUTCFullYear()).toBe(1)
  })

  test('a try that failed in the window is told with its reason, and the same order is paid next', async () => {
    const person = await scene.arrive()
    const { page } = person
    const { email } = await register(person)
    const { id } = await orderOf(scene.app, email)
    const cashfree = await openWindow(page)
    await requestByUpi(cashfree, 'testinsufficientfunds@gocash')
    await cashfree.getByRole('button', { name: 'Return to merchant' }).click()
    await page.getByText('Your last payment didn’t go through: Insufficient funds').waitFor()
    await page.getByRole('link', { name: 'Try the payment again: ₹499' }).click()
    const again = await openWindow(page)
    await showQr(again)
    await decide(again, 'Success')
    await openDashboard(page)
    expect(await attemptsOf(scene.app, id)).toEqual(['FAILED', 'SUCCESS'])
  })

  test('who closes the window pays on Cashfree’s full page instead', async () => {
    const person = await scene.arrive()
    const { page } = person
    await register(person)
    await openWindow(page)
    await page.getByRole('button', { name: 'Close payment' }).click()
    await page.getByText('You closed the payment window').waitFor()
    await screenshot(page, 'window-closed-laptop-light')
    await showQr(await openFullPage(page))
    await decide(page, 'Success')
    await openDashboard(page)
  })
})

describe('paying on Cashfree’s full page, on a phone', () => {
  test('a QR code is scanned and the browser comes back by itself', async () => {
    const person = await scene.arrive({ size: 'phone', scheme: 'dark' })
    await register(person)
    const cashfree = await openFullPage(person.page)
    await screenshot(person.page, 'full-page-phone-dark')
    await showQr(cashfree)
    await decide(person.page, 'Success')
    await person.page.waitForURL('**/payment/return?*')
    await openDashboard(person.page)
  })

  test('a card works there as well', async () => {
    const person = await scene.arrive({ size: 'phone' })
    await register(person)
    await payByCard(await openFullPage(person.page))
    await decide(person.page, 'Success')
    await openDashboard(person.page)
  })

  test('a failed try leads back, and the same order is paid next', async () => {
    const person = await scene.arrive({ size: 'phone' })
    const { page } = person
    const { email } = await register(person)
    const { id } = await orderOf(scene.app, email)
    await showQr(await openFullPage(page))
    await decide(page, 'Failure')
    await page.getByRole('button', { name: 'Return to merchant' }).click()
    await page.getByText('Your last payment didn’t go through').waitFor()
    await page.getByRole('link', { name: 'Try the payment again: ₹499' }).click()
    await showQr(await openFullPage(page))
    await decide(page, 'Success')
    await openDashboard(page)
    expect(await attemptsOf(scene.app, id)).toEqual(['FAILED', 'SUCCESS'])
  })
})
