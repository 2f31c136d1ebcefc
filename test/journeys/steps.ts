import type { FrameLocator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Stage } from '../../src/billing/checkout/checkout.ts'
import type { TestApp } from '../support/app.ts'
import type { Person } from '../support/browser.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { registration } from '../support/visitor.ts'

/** Where Cashfree's page is shown: the whole tab, or the window over ours. */
export type Hosted = Pick<Page | FrameLocator, 'getByRole' | 'getByLabel' | 'getByText'>

/** Fills the form on the landing page, sends it off and arrives at the checkout in the given stage. */
export async function register(
  { page }: Person,
  changes: Record<string, string> = {},
  arriveAt: Stage = 'session-created',
) {
  const form = registration(changes)
  await page.goto('/')
  await fillRegistration(page, form)
  await createAccount(page).click()
  await page.waitForURL(`**/checkout/${form.plan}`)
  await stage(page, arriveAt)
  if (arriveAt === 'session-created') await giveState(page, form.state)
  return { form, email: form.email! }
}

export const createAccount = (page: Page) => page.getByRole('button', { name: /^Create account/ })

/** The five fields of the form. */
export async function fillRegistration(page: Page, form: Record<string, string>) {
  await page.locator(`#register input[name=plan][value=${form.plan}]`).check()
  await fillAccount(page, form)
}

/** Those of them that are not about what is bought. */
export async function fillAccount(page: Page, form: Record<string, string>) {
  for (const name of ['name', 'email', 'phone', 'password'])
    await page.locator(`#register [name=${name}]`).fill(form[name]!)
}

/** The checkout asks for the state once, before it shows the way to pay. */
export async function giveState(page: Page, state = '27') {
  await page.getByLabel('State').selectOption(state)
  await page.getByRole('button', { name: 'Continue to pay' }).click()
  await page.getByRole('button', { name: /^Pay ₹/ }).waitFor()
}

/** Waits until the checkout on this page is in the given stage; nobody reloads. */
export async function stage(page: Page, wanted: Stage) {
  await page.locator(`#checkout[data-stage="${wanted}"]`).waitFor()
}

/** Waits until Cashfree's script has run. (Asked from here: the page's policy lets nobody poll in it with eval.) */
export async function windowReady(page: Page) {
  await until(() => page.evaluate(() => typeof (globalThis as { Cashfree?: unknown }).Cashfree === 'function'))
}

/** Waits for Cashfree's script, where a window is expected, and presses the button. */
export async function openWindow(page: Page): Promise<Hosted> {
  await windowReady(page)
  await pay(page)
  const frame = page.frameLocator('iframe[title=Payment]')
  await frame.getByRole('heading', { name: 'Choose a way to pay' }).waitFor()
  return frame
}

/** Presses the button where it leads to Cashfree's full page. */
export async function openFullPage(page: Page): Promise<Hosted> {
  await pay(page)
  await page.getByRole('heading', { name: 'Choose a way to pay' }).waitFor()
  return page
}

export const pay = (page: Page) => page.getByRole('button', { name: /^Pay ₹/ }).click()

export async function requestByUpi(hosted: Hosted, upiId = 'testsuccess@gocash') {
  await hosted.getByLabel('or enter a UPI ID').fill(upiId)
  await hosted.getByRole('button', { name: 'Request payment' }).click()
}

export async function showQr(hosted: Hosted) {
  await hosted.getByRole('button', { name: 'Show QR code' }).click()
  await hosted.getByRole('heading', { name: 'Scan with a UPI app' }).waitFor()
}

/** The bank's part: how the attempt ends. */
export async function decide(hosted: Hosted, how: 'Success' | 'Failure' | 'Stay pending' | RegExp) {
  await hosted.getByRole('button', { name: how, exact: true }).click()
}

/** A paid checkout leads to the dashboard, which says so. */
export async function openDashboard(page: Page, plan = 'Monthly') {
  await stage(page, 'paid')
  await page.getByRole('link', { name: 'Open the dashboard' }).click()
  await page.waitForURL('**/dashboard')
  await page.getByText('Valid until').first().waitFor()
  expect(await page.locator('main').textContent()).toContain(plan)
}

export async function payByCard(hosted: Hosted) {
  await hosted.getByLabel('Card number').fill('4111 1111 1111 1111')
  await hosted.getByLabel('Expiry (MM/YY)').fill('03/28')
  await hosted.getByLabel('CVV').fill('123')
  await hosted.getByRole('button', { name: 'Pay by card' }).click()
  await hosted.getByLabel('One-time password').fill('111000')
  await hosted.getByRole('button', { name: 'Continue' }).click()
}

export const orderOf = (app: TestApp, email: string) => newestOrder(app, email)

export async function orderCount(app: TestApp, email: string): Promise<number> {
  const rows =
    await app.sql`select from orders o join users u on u.id = o.user_id where lower(u.email) = lower(${email})`
  return rows.length
}

/** How the attempts of an order ended, in their order. */
export async function attemptsOf(app: TestApp, orderId: string): Promise<string[]> {
  const rows = await app.sql<{ status: string }[]>`
    select status from payments where order_id = ${orderId} order by cf_payment_id
  `
  return rows.map((row) => row.status)
}
