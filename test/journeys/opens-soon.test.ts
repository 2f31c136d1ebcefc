import { describe, expect, test } from 'vitest'
import { type Size, sizes } from '../support/browser.ts'
import { subscriberOf } from '../support/ledger.ts'
import { registration } from '../support/visitor.ts'
import { looksRight, looksRightInBothSchemes, openScene } from './scene.ts'
import { fillRegistration, stage } from './steps.ts'

const scene = openScene({ CHECKOUT_REQUIRES_PRICES: 'true' })

describe('a site without prices', () => {
  test.each(Object.keys(sizes) as Size[])('takes the account and no money (%s)', async (size) => {
    const person = await scene.arrive({ size })
    const { page } = person
    const form = registration({ plan: 'annual' })
    await page.goto('/')
    await page.getByText('Subscriptions open soon. You can create an account now').waitFor()
    await looksRight(person, `opens-soon-landing-${size}-light`)
    await fillRegistration(page, form)
    await page.getByRole('button', { name: 'Create account', exact: true }).click()
    await page.waitForURL('**/checkout/annual')
    await stage(page, 'none')
    await page.getByRole('heading', { name: 'Opens soon' }).waitFor()
    expect(await page.locator('main form').count()).toBe(0)
    await looksRightInBothSchemes(person, `opens-soon-checkout-${size}`)
    await page.getByRole('link', { name: 'Go to the dashboard' }).click()
    await page.waitForURL('**/dashboard')
    await page.getByText('Opens soon').first().waitFor()
    await looksRightInBothSchemes(person, `opens-soon-dashboard-${size}`)
    await page.goto('/account')
    await looksRightInBothSchemes(person, `opens-soon-account-${size}`)
    expect(await subscriberOf(scene.app, form.email!)).toMatchObject({ status: 'pending', isPaid: false })
  })
})
