import { describe, expect, test } from 'vitest'
import { insertCoupon } from '../../src/billing/coupons/queries.ts'
import { type Size, sizes } from '../support/browser.ts'
import { registration } from '../support/visitor.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'
import {
  createAccount,
  fillRegistration,
  giveState,
  openDashboard,
  openFullPage,
  openWindow,
  orderOf,
  requestByUpi,
  stage,
} from './steps.ts'

const scene = openScene({ SELLER_GSTIN: '27AAPFU0939F1ZV' })

describe.each(Object.keys(sizes) as Size[])('on a %s', (size) => {
  test('a link with a code leads through registration to a cheaper payment, for a company of another state', async () => {
    const { app } = scene
    const code = `DIWALI${size.toUpperCase()}`
    const offer = { percent: 20, amountPaise: null, startsAt: null, endsAt: null, maxUses: 5, maxDiscountPaise: null }
    await insertCoupon(app.sql, { code, ...offer, planNames: ['annual'] }, { actor: 'command', origin: null })
    const person = await scene.arrive({ size })
    const { page } = person
    const form = registration({ plan: 'annual' })
    await page.goto(`/?coupon=${code}&plan=annual`)
    await page.getByText(`${code}: 20% off the annual plan`).waitFor()
    await fillRegistration(page, form)
    await createAccount(page).click()
    await page.waitForURL('**/checkout/annual')
    await stage(page, 'session-created')
    await giveState(page)
    await page.getByText(`Code ${code}`).waitFor()
    await page.getByRole('link', { name: 'Change the code or the company' }).click()
    await page.getByLabel('Company’s legal name').fill('Rao Traders Private Limited')
    await page.getByLabel('GSTIN (optional)').fill('29AAGCB7383J1Z5')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.getByText('last character does not match').waitFor()
    await looksRightInBothSchemes(person, `coupon-refused-${size}`)
    await page.getByLabel('GSTIN (optional)').fill('29AAGCB7383J1Z4')
    // Whoever forgets to apply what they typed pays nothing yet: it is applied, and shown to them.
    await page.getByRole('button', { name: 'Pay ₹3,992' }).click()
    await page.getByText('Please check the details below, then pay.').waitFor()
    await page.getByText('Rao Traders Private Limited, 29AAGCB7383J1Z4').waitFor()
    await looksRightInBothSchemes(person, `coupon-checkout-${size}`)
    const hosted = size === 'phone' ? await openFullPage(page) : await openWindow(page)
    await requestByUpi(hosted)
    await openDashboard(page, 'Annual')
    const [receipt] = await app.sql<{ number: string; igst: number; name: string }[]>`
      select number, igst_paise as igst, buyer ->> 'legalName' as name from receipts where order_id = ${(await orderOf(app, form.email!)).id}`
    expect(receipt).toMatchObject({ igst: 60_895, name: 'Rao Traders Private Limited' })
    await page.goto(`/receipts/${receipt!.number}`)
    await page.getByText('Discount').waitFor()
    await looksRightInBothSchemes(person, `coupon-receipt-${size}`)
  })
})
