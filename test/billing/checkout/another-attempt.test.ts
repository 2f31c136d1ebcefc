import { describe, expect, test } from 'vitest'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'
import { app, meter, useRecordedApp } from './recorded.ts'

// Cashfree sends no webhook about an attempt that begins: whoever asks finds it.
useRecordedApp({ webhooks: false })

const fragment = { 'hx-request': 'true' }
const text = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
const failure = 'Your last payment didn’t go through'
const waiting = 'If you approve it in your UPI app, wait here'

/** Someone whose first attempt failed, which their checkout says. */
async function failed() {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan: 'annual' })
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.fail(order.id, { reason: 'insufficient_funds' })
  await visitor.get(`/payment/return?order_id=${order.id}`)
  const letTimePass = () =>
    app.sql`update orders set asked_at = now() - interval '15 seconds', attempts_asked_at = now() - interval '15 seconds' where id = ${order.id}`
  return { visitor, order, letTimePass, checkout: () => visitor.get('/checkout/annual') }
}

/** A UPI request that its payer has yet to approve: Cashfree lists it as NOT_ATTEMPTED. */
async function requestByUpi({ paymentSessionId }: { paymentSessionId: string | null }) {
  const answer = await fetch(`${app.sandbox.publicUrl}/pg/orders/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-version': '2025-01-01' },
    body: JSON.stringify({
      payment_session_id: paymentSessionId,
      payment_method: { upi: { channel: 'link' } },
    }),
  })
  expect(answer.status).toBe(200)
}

describe('a payment begun after one that failed', () => {
  test('takes the failure’s place on the checkout and on the return page alike, and paying again is no longer first', async () => {
    const { visitor, order, letTimePass, checkout } = await failed()
    expect(text((await checkout()).body)).toContain(`${failure}: Insufficient funds`)
    await requestByUpi(order)
    await letTimePass()
    for (const page of [await checkout(), await visitor.get(`/payment/return?order_id=${order.id}`)]) {
      expect(stageOn(page)).toBe('session-created')
      expect(text(page.body)).toMatch(
        /You opened a payment on \w+, \d+ \w+ \d{4}, [^.]+ IST\. If you approve it in your UPI app, wait here/,
      )
      expect(text(page.body)).not.toContain(failure)
      expect(page.body).not.toContain('No payment has reached us yet')
      expect(page.body.indexOf('Waiting for your payment')).toBeLessThan(page.body.indexOf('id="payment"'))
      expect(page.body).toMatch(/class="button quiet wide"[^>]*>(Pay|Try the payment again:) ₹4,990/)
      expect(page.body).not.toMatch(/class="button wide"[^>]*>(Pay|Try the payment again:)/)
    }
  })

  test('is found by a page that is open already, which turns to paid when it is approved', async () => {
    const { visitor, order, letTimePass, checkout } = await failed()
    const pollOn = (page: { body: string }) => /hx-get="([^"]+)"/.exec(page.body)![1]!.replaceAll('&amp;', '&')
    const url = pollOn(await checkout())
    await requestByUpi(order)
    await letTimePass()
    const found = await visitor.get(url, fragment)
    expect(text(found.body)).toContain(waiting)
    await letTimePass()
    expect((await visitor.get(pollOn(found), fragment)).status).toBe(204)
    app.sandbox.control.pay(order.id)
    await letTimePass()
    expect(stageOn(await visitor.get(pollOn(found), fragment))).toBe('paid')
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })

  test('that fails as well is told with its own reason, also where the first one’s failure came later', async () => {
    const { order, letTimePass, checkout } = await failed()
    await requestByUpi(order)
    app.sandbox.control.fail(order.id, { reason: 'bank_timeout' })
    await letTimePass()
    await checkout()
    await app.sql`update payments set completed_at = now() + interval '1 minute' where order_id = ${order.id}
      and cf_payment_id = (select min(cf_payment_id) from payments where order_id = ${order.id})`
    const page = text((await checkout()).body)
    expect([page.includes(failure), page.includes('Insufficient funds')]).toEqual([true, false])
  })
})

test('the attempts of a page that tells of one are asked for every ten seconds at most', async () => {
  const { visitor, checkout } = await failed()
  const url = /hx-get="([^"]+)"/.exec((await checkout()).body)![1]!.replaceAll('&amp;', '&')
  meter.calls.length = 0
  for (let i = 0; i < 5; i++) await visitor.get(url, fragment)
  expect(meter.count(/\/payments$/)).toBe(0)
})

test('a first payment that waits for its approval is told by both pages too', async () => {
  const visitor = new Visitor(app)
  const form = await visitor.register()
  const order = await newestOrder(app, form.email!)
  await requestByUpi(order)
  expect(text((await visitor.get(`/payment/return?order_id=${order.id}`)).body)).toContain(waiting)
  const page = text((await visitor.get('/checkout/monthly')).body)
  expect([page.includes(waiting), page.includes('Pay ₹499')]).toEqual([true, true])
})

test('a checkout that nobody tried to pay asks Cashfree nothing, and does not ask about other windows', async () => {
  const visitor = new Visitor(app)
  await visitor.register()
  meter.calls.length = 0
  const page = await visitor.get('/checkout/monthly')
  expect([meter.calls, page.body.includes('Paid in another window?')]).toEqual([[], false])
})
