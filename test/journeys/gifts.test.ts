import { describe, expect, test } from 'vitest'
import { subscriber } from '../account/people.ts'
import { codeTo, deliverNow, giftForm, giftOf } from '../billing/gifts/giving.ts'
import { type Size, takeOver } from '../support/browser.ts'
import { newestOrder } from '../support/ledger.ts'
import { registration } from '../support/visitor.ts'
import { looksRight, looksRightInBothSchemes, openScene } from './scene.ts'
import { fillAccount, openFullPage, openWindow, requestByUpi, stage } from './steps.ts'

const scene = openScene({ SELLER_GSTIN: '27AAPFU0939F1ZV' })

describe('a gift', () => {
  test.each(['phone', 'laptop'] as Size[])('on a %s: bought, mailed, redeemed by somebody new', async (size) => {
    const buyer = await scene.arrive({ size })
    const member = await subscriber(scene.app)
    const email = `gift.${size}@example.in`
    await takeOver(buyer, member.visitor)
    const { page } = buyer
    await page.goto('/account/gifts')
    await looksRight(buyer, `gifts-none-${size}`)
    await page.getByRole('link', { name: 'Give a subscription' }).first().click()
    await page.getByRole('radio', { name: /^1 month/ }).check()
    await page.getByLabel('Recipient’s name').fill(giftForm.recipient)
    await page.getByLabel('Recipient’s e-mail').fill(email)
    await page.getByLabel('Message (optional)').fill('Happy birthday!\nMay your sectors lead.')
    await page.getByLabel('Day of delivery').fill('1999-01-01')
    await page.locator('form.card').evaluate((form) => {
      ;(form as unknown as { noValidate: boolean }).noValidate = true
    })
    await page.getByRole('button', { name: 'Continue to payment' }).click()
    await page.getByText('Please choose a day from today').waitFor()
    await looksRight(buyer, `gift-refused-${size}`)
    const later = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10)
    await page.getByLabel('Day of delivery').fill(later)
    await page.getByRole('button', { name: 'Preview the mail' }).click()
    await page.getByRole('heading', { name: 'Asha Rao gives you a month' }).waitFor()
    await looksRightInBothSchemes(buyer, `gift-preview-${size}`)
    await page.getByRole('button', { name: 'Continue to payment' }).click()
    await page.waitForURL('**/checkout/gift/*')
    await stage(page, 'session-created')
    await looksRightInBothSchemes(buyer, `gift-checkout-${size}`)
    // A phone's window is too small for Cashfree's own: it leads to the full page.
    await requestByUpi(size === 'phone' ? await openFullPage(page) : await openWindow(page))
    await stage(page, 'paid')
    await looksRightInBothSchemes(buyer, `gift-paid-${size}`)
    await page.getByRole('link', { name: 'See your gifts' }).click()
    await page.getByText('Code not sent yet').waitFor()
    await looksRightInBothSchemes(buyer, `gifts-waiting-${size}`)

    const order = await newestOrder(scene.app, member.email)
    await deliverNow(scene.app, order.id)
    const code = await codeTo(scene.app, email)
    await page.reload()
    await page.getByText('Code sent').waitFor()
    await page.getByText('Send the code again').click()
    await looksRight(buyer, `gifts-sent-${size}`)

    const recipient = await scene.arrive({ size })
    await recipient.page.goto(`/redeem?code=${code}`)
    await looksRightInBothSchemes(recipient, `redeem-visitor-${size}`)
    await recipient.page.getByRole('link', { name: 'Create an account' }).click()
    await fillAccount(recipient.page, registration({ email }))
    await looksRight(recipient, `redeem-register-${size}`)
    await recipient.page.getByRole('button', { name: 'Create account' }).click()
    await recipient.page.waitForURL('**/redeem?code=*')
    await looksRightInBothSchemes(recipient, `redeem-${size}`)
    await recipient.page.getByRole('button', { name: 'Redeem' }).click()
    await recipient.page.waitForURL('**/dashboard')
    await recipient.page.getByText('Your gift is redeemed. You have access until').waitFor()
    await recipient.page.goto('/account')
    expect(await recipient.page.locator('main').textContent()).toContain('A gift that you redeemed')
    await page.reload()
    await page.getByText('Redeemed', { exact: true }).first().waitFor()
    expect((await giftOf(scene.app, order.id)).redeemedAt).not.toBeNull()

    const admin = await scene.arriveAsAdmin({ size })
    await admin.page.goto('/admin/gifts')
    await looksRightInBothSchemes(admin, `admin-gifts-${size}`)
    await admin.page.getByRole('link', { name: 'Asha Rao' }).first().click()
    await admin.page.getByText('A gift for').waitFor()
  })
})

describe('a company', () => {
  test.each(['phone', 'laptop'] as Size[])('on a %s: its details are entered, corrected and kept', async (size) => {
    const person = await scene.arrive({ size })
    const member = await subscriber(scene.app)
    await takeOver(person, member.visitor)
    const { page } = person
    await page.goto('/account/company')
    await looksRightInBothSchemes(person, `company-${size}`)
    await page.getByLabel('GSTIN').fill('27 aapfu0939f1za')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('A GSTIN belongs to a company').waitFor()
    await page.getByText('does not match the rest').waitFor()
    await looksRight(person, `company-refused-${size}`)
    await page.getByLabel('Company’s legal name').fill('Rao Traders LLP')
    await page.getByLabel('Company’s address').fill('12 FC Road\nPune 411005')
    await page.getByLabel('GSTIN').fill('27 aapfu0939f1zv')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Your company’s details are saved.').waitFor()
    expect(await page.getByLabel('GSTIN').inputValue()).toBe('27AAPFU0939F1ZV')

    // A checkout starts with them: that of a gift here.
    await page.goto('/gift')
    expect(await page.getByLabel('Company’s legal name').inputValue()).toBe('Rao Traders LLP')
    await looksRight(person, `company-at-checkout-${size}`)

    // What the form of a checkout says goes along with the button that opens the order.
    await page.goto('/checkout/annual')
    await page.getByRole('button', { name: 'Pay ₹4,990' }).click()
    await page.getByText('Please check the details below, then pay.').waitFor()
    await page.getByText('Rao Traders LLP, 27AAPFU0939F1ZV').waitFor()
  })
})
