import { describe, expect, test } from 'vitest'
import { type Size, sizes } from '../support/browser.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'
import { orderOf, register, stage } from './steps.ts'

const scene = openScene()

describe.each(Object.keys(sizes) as Size[])('on a %s', (size) => {
  test('who opened a second payment after a failed one reads so in another tab, which turns to paid', async () => {
    const { app } = scene
    app.sandbox.control.webhooks({ paused: true })
    const person = await scene.arrive({ size })
    const { page } = person
    const { email } = await register(person, { plan: 'annual' })
    const { id, paymentSessionId } = await orderOf(app, email)
    app.sandbox.control.fail(id, { reason: 'insufficient_funds' })
    await page.goto(`/payment/return?order_id=${id}`)
    await page.getByText('Your last payment didn’t go through: Insufficient funds').waitFor()
    const answer = await fetch(`${app.sandbox.publicUrl}/pg/orders/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-version': '2025-01-01' },
      body: JSON.stringify({ payment_session_id: paymentSessionId, payment_method: { upi: { channel: 'link' } } }),
    })
    expect(answer.status).toBe(200)
    // The page that told of the failure finds the other payment by itself.
    await page.getByRole('heading', { name: 'Waiting for your payment' }).waitFor()
    await looksRightInBothSchemes(person, `waiting-return-${size}`)
    await page.goto('/checkout/annual')
    await page.getByRole('heading', { name: 'Waiting for your payment' }).waitFor()
    expect(await page.getByText('didn’t go through').count()).toBe(0)
    await looksRightInBothSchemes(person, `waiting-checkout-${size}`)
    app.sandbox.control.pay(id)
    await stage(page, 'paid')
    await page.goto('/checkout/monthly')
    await page.getByRole('link', { name: 'Not now' }).waitFor()
    await page.getByRole('button', { name: 'Pay ₹499' }).click()
    await stage(page, 'session-created')
    await looksRightInBothSchemes(person, `renewing-${size}`)
    const monthly = await orderOf(app, email)
    app.sandbox.control.pay(monthly.id)
    await page.goto(`/payment/return?order_id=${monthly.id}`)
    await stage(page, 'paid')
    await looksRightInBothSchemes(person, `renewed-${size}`)
    await page.goto('/checkout/annual')
    await page.getByText('You have access until').waitFor()
    await looksRightInBothSchemes(person, `bought-before-${size}`)
  })
})
