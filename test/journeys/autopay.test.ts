import { expect, test } from 'vitest'
import { subscriberOf } from '../support/ledger.ts'
import { looksRightEverywhere, openScene } from './scene.ts'
import { register } from './steps.ts'

const scene = openScene({ CASHFREE_SUBSCRIPTIONS: 'on' })

for (const size of ['laptop', 'phone'] as const)
  test(`on a ${size}: subscribe by Autopay, see it in the account, stop it`, async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    const { email } = await register(person)
    if (size === 'laptop') await looksRightEverywhere(person, 'autopay-choice')
    await page.getByRole('link', { name: 'Or by UPI Autopay' }).click()
    await page.getByRole('button', { name: 'Agree and pay ₹499 by Autopay' }).click()
    await page.getByRole('heading', { name: 'Approve Autopay' }).waitFor()
    if (size === 'laptop') await looksRightEverywhere(person, 'autopay-approve')
    await page.getByRole('button', { name: 'Continue to approve, ₹499 now' }).click()
    await page.getByRole('button', { name: 'Decline' }).click()
    await page.getByRole('heading', { name: 'Autopay was not approved' }).waitFor()
    if (size === 'laptop') await looksRightEverywhere(person, 'autopay-declined')
    await page.getByRole('button', { name: 'Try again, ₹499 now' }).click()
    await page.getByRole('button', { name: 'Approve, the bank takes its time' }).click()
    await page.getByRole('heading', { name: 'Waiting for your bank' }).waitFor()
    if (size === 'laptop') await looksRightEverywhere(person, 'autopay-bank')
    const [mandate] = await scene.app.sql`select subscription_id from mandates order by created_at desc limit 1`
    scene.app.sandbox.control.bankDecides(mandate!.subscriptionId)
    await page.getByRole('heading', { name: 'Autopay is set up' }).waitFor() // nobody reloads
    if (size === 'laptop') await looksRightEverywhere(person, 'autopay-done')
    expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'active', isPaid: true })
    await page.getByRole('link', { name: 'See Autopay in your account, or stop it' }).click()
    await page.getByText('Autopay renews with ₹499 for the monthly plan').waitFor()
    if (size === 'laptop') await looksRightEverywhere(person, 'autopay-account')
    await page.getByRole('button', { name: 'Stop Autopay' }).click()
    await page.getByText('Autopay is stopped. Nothing more is debited').waitFor()
    if (size === 'laptop') await looksRightEverywhere(person, 'autopay-stopped')
  })
