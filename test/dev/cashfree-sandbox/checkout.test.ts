import { expect, test } from 'vitest'
import { openShop } from './shop.ts'

type Shop = Awaited<ReturnType<typeof openShop>>

test('a customer pays by UPI with plain forms and comes back to the shop', async () => {
  const shop = await openShop()
  const { call } = shop
  const payUrl = await openPage(shop)
  const chosen = await shop.form(payUrl, { method: 'upi-qr' })
  expect([chosen.status, chosen.location]).toEqual([303, expect.stringMatching(/^\/pg\/view\/gateway\/[\w-]+$/)])
  const simulator = await page(shop, chosen.location)
  expect(simulator).toContain('data:image/png;base64,')
  const end = await shop.form('/pg/view/simulate', { token: tokenIn(simulator), outcome: 'success' })
  expect([end.status, end.location]).toEqual([303, 'https://shop.example.in/pay/return?order_id=sub_7f3a_1'])
  expect((await call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('PAID')
})

test('the address in the form wins over the order’s', async () => {
  const shop = await openShop()
  const payUrl = await openPage(shop, { return_url: 'https://shop.example.in/back/{order_id}?x=1' })
  const { location } = await shop.form(payUrl, { method: 'netbanking' })
  const token = tokenIn(await page(shop, location))
  expect((await shop.form('/pg/view/simulate', { token, outcome: 'drop' })).location).toBe(
    'https://shop.example.in/back/sub_7f3a_1?x=1',
  )
})

test('a failed attempt is explained, and the same order can be tried again', async () => {
  const shop = await openShop()
  const payUrl = await openPage(shop)
  const { location } = await shop.form(payUrl, { method: 'netbanking' })
  const token = tokenIn(await page(shop, location))
  const failed = await shop.form('/pg/view/simulate', { token, outcome: 'failure', reason: 'insufficient_funds' })
  expect(failed.status).toBe(200)
  expect(failed.text).toContain('Insufficient funds in the account')
  const [, retry] = failed.text.match(/href="(\/pg\/view\/visits\/[^"]+)"/)!
  expect(await page(shop, retry!)).toContain('You can try again')
  expect((await shop.form(payUrl, { method: 'upi-qr' })).status).toBe(303)
  const leave = await shop.form(`/pg/view/gateway/${token}/leave`, {})
  expect(leave.location).toContain('shop.example.in/pay/return')
  expect((await shop.call('GET', '/orders/sub_7f3a_1')).json.order_status).toBe('ACTIVE')
})

test('a card wants the OTP first; three wrong ones fail it', async () => {
  const shop = await openShop()
  const payUrl = await openPage(shop)
  const card = { method: 'card', card_number: '4706 1312 1121 2123', card_expiry: '03/28', card_cvv: '123' }
  const first = tokenIn(await page(shop, (await shop.form(payUrl, card)).location))
  expect((await shop.form('/pg/view/simulate', { token: first, outcome: 'otp', otp: '1' })).text).toContain('2 more')
  const decide = await shop.form('/pg/view/simulate', { token: first, outcome: 'otp', otp: '111000' })
  expect(decide.text).toContain('How does it end?')
  expect((await shop.form('/pg/view/simulate', { token: first, outcome: 'success' })).status).toBe(303)

  const other = await openShop()
  const again = tokenIn(await page(other, (await other.form(await openPage(other), card)).location))
  for (const otp of ['1', '2']) await other.form('/pg/view/simulate', { token: again, outcome: 'otp', otp })
  const failed = await other.form('/pg/view/simulate', { token: again, outcome: 'otp', otp: '3' })
  expect(failed.text).toContain('Payment failed')
})

test.each([
  [{ method: 'upi-collect', upi_id: '"><b>@okbank' }, 'Invalid UPI ID', 'value="&quot;&gt;&lt;b&gt;@okbank"'],
  [{ method: 'card', card_number: '4242424242424242' }, 'Only the test cards', 'aria-invalid="true"'],
])('what was typed wrong is pointed out on the same page: %o', async (form, text, markup) => {
  const shop = await openShop()
  const answer = await shop.form(await openPage(shop), form)
  expect(answer.status).toBe(200)
  expect(answer.text).toContain(text)
  expect(answer.text).toContain(markup)
  expect(answer.text).not.toContain('4242')
})

test('test VPAs answer by themselves on the hosted page, failing ones too', async () => {
  const shop = await openShop()
  const { location } = await shop.form(await openPage(shop), { method: 'upi-collect', upi_id: 'testfraud@gocash' })
  expect(await page(shop, location)).toContain('suspected fraud')
})

test('in a frame the end is told to the page around it instead of a redirect', async () => {
  const shop = await openShop()
  const payUrl = await openPage(shop, { platform: 'jsxx-m-2024.08.01-x-d-c-140-w-10.0' })
  const token = tokenIn(await page(shop, (await shop.form(payUrl, { method: 'upi-qr' })).location))
  const end = await shop.form('/pg/view/simulate', { token, outcome: 'success' })
  expect(end.status).toBe(200)
  expect(end.text).toContain('src="/assets/frame.js" data-ending="finished"')
  expect(end.text).toContain('target="_top"')
})

test('staying pending and closing both lead back without an end', async () => {
  const shop = await openShop()
  const payUrl = await openPage(shop)
  const close = tokenIn(await page(shop, (await shop.form(payUrl, { method: 'upi-qr' })).location))
  expect((await shop.form('/pg/view/simulate', { token: close, outcome: 'close' })).status).toBe(303)
  const wait = tokenIn(await page(shop, (await shop.form(payUrl, { method: 'upi-qr' })).location))
  expect((await shop.form('/pg/view/simulate', { token: wait, outcome: 'pending' })).status).toBe(303)
  const payments = (await shop.call('GET', '/orders/sub_7f3a_1/payments')).json
  expect(payments.map((payment: { payment_status: string }) => payment.payment_status)).toEqual([
    'PENDING',
    'NOT_ATTEMPTED',
  ])
})

test('an unknown session, a paid and an expired order say so', async () => {
  const shop = await openShop()
  const open = (session: string) => shop.form('/pg/view/sessions/checkout', { payment_session_id: session })
  expect((await open('session_nope_payment')).text).toContain('Invalid session ID')
  expect((await open('')).text).toContain('Invalid session ID')
  const { payment_session_id } = await shop.order()
  shop.control.pay('sub_7f3a_1')
  const paid = await open(payment_session_id)
  expect(paid.text).toContain('already paid')
  expect(paid.text).toContain('href="https://shop.example.in/pay/return?order_id=sub_7f3a_1"')
  const other = await shop.order({ order_id: 'late_1' })
  shop.control.expire('late_1')
  expect((await open(other.payment_session_id)).text).toContain('has expired')
})

test('the webhook can be made to arrive before the customer', async () => {
  const shop = await openShop({ settings: { webhookDelayMs: 5_000 } })
  const payUrl = await openPage(shop)
  const token = tokenIn(await page(shop, (await shop.form(payUrl, { method: 'upi-qr' })).location))
  shop.control.faults({ webhookBeforeRedirect: 1 })
  await shop.form('/pg/view/simulate', { token, outcome: 'success' })
  expect(shop.received).toHaveLength(1)
})

test('an order may narrow the ways to pay', async () => {
  const shop = await openShop()
  const { payment_session_id } = await shop.order({ order_meta: { payment_methods: 'upi' } })
  const { text } = await shop.form('/pg/view/sessions/checkout', { payment_session_id })
  expect(text).toContain('Show QR code')
  expect(text).not.toContain('Card number')
})

/** Opens the hosted page of a new order and gives the address its forms post to. */
async function openPage(shop: Shop, fields: Record<string, string> = {}): Promise<string> {
  const { payment_session_id } = await shop.order()
  const { status, text } = await shop.form('/pg/view/sessions/checkout', { payment_session_id, ...fields })
  expect(status).toBe(200)
  expect(text).toContain('no money moves')
  return text.match(/action="(\/pg\/view\/visits\/[\w-]+\/pay)"/)![1]!
}

async function page(shop: Shop, path: string): Promise<string> {
  return (await fetch(new URL(path, shop.sandbox.url), { redirect: 'manual' })).text()
}

function tokenIn(text: string): string {
  return text.match(/name="token" value="([\w-]+)"/)![1]!
}
