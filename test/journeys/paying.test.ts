import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../support/app.ts'
import { subscriberOf } from '../support/books.ts'
import { type Browsing, openBrowser, type Person, type PersonOptions } from '../support/browser.ts'
import { decide, openDashboard, openFullPage, openWindow, orderOf, register, requestByUpi, showQr } from './steps.ts'

let app: TestApp
let browsing: Browsing
let person: Person
beforeAll(async () => {
  app = await startApp()
  browsing = await openBrowser(app)
})
afterAll(async () => {
  await browsing.close()
  await app.close()
})
afterEach(() => person.close())

const arrive = async (options?: PersonOptions) => {
  person = await browsing.person(options)
  return person.page
}

describe('paying in Cashfree’s window over the page', () => {
  test('a UPI request is approved, the plan is on, and the receipt is in the mailbox', async () => {
    const page = await arrive()
    const { email } = await register(person)
    await requestByUpi(await openWindow(page))
    await page.waitForURL('**/payment/return?*')
    await openDashboard(page)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    await app.run('deliver-mails')
    const [mail] = (await app.mailbox.list()).filter(({ recipients }) => recipients.includes(email))
    const number = /R\d{4}-\d{6}/.exec(mail!.subject)![0]
    await page.getByRole('link', { name: number, exact: true }).click()
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toContain(number)
    expect(person.problems).toEqual([])
  })

  test('a card wants the one-time password first', async () => {
    const page = await arrive()
    await register(person)
    const cashfree = await openWindow(page)
    await payByCard(cashfree)
    await decide(cashfree, 'Success')
    await openDashboard(page)
    expect(person.problems).toEqual([])
  })

  test('the annual plan costs ₹4,990 and runs for a year', async () => {
    const page = await arrive()
    const form = await register(person, { plan: 'annual' })
    expect(await page.getByRole('button', { name: /^Pay/ }).innerText()).toBe('Pay ₹4,990')
    const cashfree = await openWindow(page)
    await showQr(cashfree)
    await decide(cashfree, 'Success')
    await openDashboard(page, 'Annual')
    const { currentPeriodEnd, currentPeriodStart } = await subscriberOf(app, form.email)
    expect(currentPeriodEnd!.getUTCFullYear() - currentPeriodStart!.getUTCFullYear()).toBe(1)
    expect(person.problems).toEqual([])
  })

  test('a try that failed in the window is told, and the same order is paid next', async () => {
    const page = await arrive()
    const form = await register(person)
    const { id } = await orderOf(app, form)
    const cashfree = await openWindow(page)
    await requestByUpi(cashfree, 'testinsufficientfunds@gocash')
    await cashfree.getByRole('button', { name: 'Return to merchant' }).click()
    await page.getByText('The last try did not go through').waitFor()
    await page.getByRole('link', { name: 'Pay again' }).click()
    await page.waitForURL('**/checkout/monthly')
    const again = await openWindow(page)
    await showQr(again)
    await decide(again, 'Success')
    await openDashboard(page)
    expect(await attemptsOf(id)).toEqual(['FAILED', 'SUCCESS'])
    expect(person.problems).toEqual([])
  })
})

describe('paying on Cashfree’s full page, on a phone', () => {
  test('a QR code is scanned and the browser comes back by itself', async () => {
    const page = await arrive({ size: 'phone', scheme: 'dark' })
    await register(person)
    await showQr(await openFullPage(page))
    await decide(page, 'Success')
    await page.waitForURL('**/payment/return?*')
    await openDashboard(page)
    expect(person.problems).toEqual([])
  })

  test('a card works there as well', async () => {
    const page = await arrive({ size: 'phone' })
    await register(person)
    await payByCard(await openFullPage(page))
    await decide(page, 'Success')
    await openDashboard(page)
    expect(person.problems).toEqual([])
  })

  test('a failed try leads back with its reason, and the same order is paid next', async () => {
    const page = await arrive({ size: 'phone' })
    const form = await register(person)
    const { id } = await orderOf(app, form)
    await showQr(await openFullPage(page))
    await decide(page, 'Failure')
    await page.getByRole('button', { name: 'Return to merchant' }).click()
    await page.waitForURL('**/payment/return?*')
    await page.getByText('The last try did not go through').waitFor()
    await page.getByRole('link', { name: 'Pay again' }).click()
    await showQr(await openFullPage(page))
    await decide(page, 'Success')
    await openDashboard(page)
    expect(await attemptsOf(id)).toEqual(['FAILED', 'SUCCESS'])
    expect(person.problems).toEqual([])
  })
})

async function payByCard(cashfree: Awaited<ReturnType<typeof openWindow>>) {
  await cashfree.getByLabel('Card number').fill('4111 1111 1111 1111')
  await cashfree.getByLabel('Expiry (MM/YY)').fill('03/28')
  await cashfree.getByLabel('CVV').fill('123')
  await cashfree.getByRole('button', { name: 'Pay by card' }).click()
  await cashfree.getByLabel('One-time password').fill('111000')
  await cashfree.getByRole('button', { name: 'Continue' }).click()
}

async function attemptsOf(orderId: string): Promise<string[]> {
  const rows = await app.sql<{ status: string }[]>`
    select status from payments where order_id = ${orderId} order by cf_payment_id
  `
  return rows.map((row) => row.status)
}
