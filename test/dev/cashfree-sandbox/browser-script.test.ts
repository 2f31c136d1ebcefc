import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest'
import { type Json, openShop } from './shop.ts'

// What runs inside page.evaluate runs in the browser, whose types this project does not load.
declare const window: Json
declare const document: Json

// Not the package's own arguments: its --single-process does not survive a cross-origin frame.
const CHROME_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']

let browser: Browser

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: inject('chromium'), args: CHROME_ARGS })
})
afterAll(() => browser?.close())

test('_self posts the form in this tab, and the customer comes back to the shop', async () => {
  const { page, session, complaints, shopUrl } = await visitShop()
  await page.evaluate((id) => window.sdk.checkout({ paymentSessionId: id }), session)
  await page.getByRole('button', { name: 'Show QR code' }).click()
  await page.getByRole('button', { name: 'Success' }).click()
  await page.waitForURL(`${shopUrl}/back?order_id=sub_7f3a_1`)
  expect(complaints).toEqual([])
})

test('_modal settles when the payment is finished, failed or not, and tells nothing more', async () => {
  const { page, session, complaints, call } = await visitShop()
  const result = startModal(page, session)
  const frame = page.frameLocator('iframe')
  await frame.getByRole('button', { name: 'TEST Bank' }).click()
  await frame.getByRole('button', { name: 'Failure' }).click()
  await frame.getByRole('link', { name: 'Try again' }).click()
  await frame.getByLabel('or enter a UPI ID').fill('testsuccess@gocash')
  await frame.getByRole('button', { name: 'Request payment' }).click()
  expect(await result).toEqual({ paymentDetails: { paymentMessage: 'Payment finished. Check status.' } })
  expect(await page.locator('iframe').count()).toBe(0)
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('PAID')
  expect(complaints).toEqual([])
})

test.each([
  ['the close button', (page: Page) => page.getByRole('button', { name: 'Close payment' }).click()],
  ['the Escape key', (page: Page) => page.keyboard.press('Escape')],
  [
    'the cancel button inside',
    (page: Page) => page.frameLocator('iframe').getByRole('button', { name: 'Cancel and return' }).click(),
  ],
])('_modal left by %s is an abort', async (_name, leave) => {
  const { page, session } = await visitShop()
  const result = startModal(page, session)
  await page.frameLocator('iframe').getByRole('heading', { name: 'Choose a way to pay' }).waitFor()
  await leave(page)
  expect(await result).toEqual({
    error: {
      type: 'incomplete_request_error',
      code: 'payment_aborted',
      message: 'Payment has been aborted. Please try again',
    },
  })
})

test('the overlay is 425 by 790 on a desk and the whole screen on a phone', async () => {
  const { page, session } = await visitShop()
  await page.setViewportSize({ width: 1200, height: 900 })
  // Never settles: the page is closed with the overlay open.
  startModal(page, session).catch(() => {})
  const frame = page.locator('iframe')
  await frame.waitFor()
  await expect.poll(() => frame.boundingBox()).toMatchObject({ width: 425, height: 790 })
  await page.setViewportSize({ width: 390, height: 800 })
  await expect.poll(() => frame.boundingBox()).toMatchObject({ x: 0, y: 0, width: 390, height: 800 })
})

test('an element of the page can hold the checkout', async () => {
  const { page, session } = await visitShop()
  const result = page.evaluate(
    (id) => window.sdk.checkout({ paymentSessionId: id, redirectTarget: document.querySelector('#here') }),
    session,
  )
  const frame = page.frameLocator('#here iframe')
  await frame.getByRole('button', { name: 'Show QR code' }).click()
  await frame.getByRole('button', { name: 'Drop' }).click()
  expect(await result).toHaveProperty('paymentDetails')
})

test('mistakes in the options resolve, never reject', async () => {
  const { page } = await visitShop()
  const messages = await page.evaluate(async () => {
    const bare = window.Cashfree({})
    const answers = [
      await window.sdk.checkout({}),
      await bare.checkout({ paymentSessionId: 'x' }),
      await window.sdk.checkout({ paymentSessionId: 'x', mode: 'production' }),
      await window.sdk.checkout({ paymentSessionId: 'x', appearance: { height: '10' } }),
    ]
    return answers.map(({ error }) => `${error.code}: ${error.message}`)
  })
  expect(messages).toEqual([
    'incomplete_values_found: paymentSessionId is missing in options',
    'incomplete_values_found: mode is missing in options',
    'incomplete_values_found: mode not equals to context, mode shoud be sandbox',
    'incomplete_values_found: invalid height units',
  ])
  expect(await page.evaluate(() => window.sdk.version())).toBe('2024.08.01')
})

test('subscriptionsCheckout leads to the page of the mandate, which posts its outcome back across sites', async () => {
  const { page, mandate, complaints, shopUrl } = await visitShop()
  const { subscription_session_id } = await mandate({ subscription_meta: { return_url: `${shopUrl}/autopay/return` } })
  await page.evaluate((id) => window.sdk.subscriptionsCheckout({ subsSessionId: id }), subscription_session_id)
  const returned = page.waitForRequest(`${shopUrl}/autopay/return`)
  await page.getByRole('button', { name: 'Approve with UPI PIN' }).click()
  const request = await returned
  expect(request.method()).toBe('POST')
  expect(Object.fromEntries(new URLSearchParams(request.postData()!))).toMatchObject({
    cf_subscriptionId: 'sub_u7_1',
    cf_status: 'ACTIVE',
  })
  expect(complaints).toEqual([])
})

test('subscriptionsCheckout resolves with what is missing', async () => {
  const { page } = await visitShop()
  const answers = await page.evaluate(async () => [
    await window.sdk.subscriptionsCheckout({}),
    await window.Cashfree({}).subscriptionsCheckout({ subsSessionId: 'x' }),
  ])
  expect(answers).toEqual([
    { error: { message: 'subsSessionId is missing in options' } },
    { error: { message: 'mode is missing in options' } },
  ])
})

function startModal(page: Page, session: string): Promise<unknown> {
  return page.evaluate((id) => window.sdk.checkout({ paymentSessionId: id, redirectTarget: '_modal' }), session)
}

/** A page of a shop on another origin, under a policy without 'unsafe-inline', with the script loaded. */
async function visitShop() {
  const shop = await openShop()
  const { publicUrl } = shop.sandbox
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${publicUrl}`,
    `frame-src ${publicUrl}`,
    `form-action 'self' ${publicUrl}`,
    'img-src data:',
  ].join('; ')
  const site = createServer((request, response) => {
    if (request.url === '/shop.js') {
      return response.setHeader('content-type', 'text/javascript').end("window.sdk = Cashfree({ mode: 'sandbox' })")
    }
    response.setHeader('content-type', 'text/html').setHeader('content-security-policy', policy)
    response.end(`<!doctype html><title>Shop</title><link rel="icon" href="data:,"><div id="here"></div>
      <script src="${publicUrl}/js/v3/cashfree.js"></script><script src="/shop.js"></script>`)
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const shopUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const order = await shop.order({ order_meta: { return_url: `${shopUrl}/back?order_id={order_id}` } })

  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  onTestFinished(async () => {
    await page.close()
    site.closeAllConnections()
    site.close()
  })
  await page.goto(shopUrl)
  return { ...shop, page, complaints, shopUrl, session: order.payment_session_id as string }
}
