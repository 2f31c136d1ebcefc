import { describe, test } from 'vitest'
import { refreshMandate } from '../../src/billing/mandates/mandates.ts'
import { autopayOf, charged, type Fixture, nearTheEnd, open, somebody } from '../billing/mandates/fixture.ts'
import { looksRight, looksRightEverywhere, openScene } from './scene.ts'

const scene = openScene({ CASHFREE_SUBSCRIPTIONS: 'on' })

/** Somebody on Autopay whose next period is to be debited in two days. */
async function autopayer(name: string) {
  const fixture = { sql: scene.app.sql, services: scene.app.services } as Fixture
  const user = await somebody(fixture)
  await scene.app.sql`update users set name = ${name} where id = ${user.id}`
  const { mandate } = await open(fixture, user)
  scene.app.sandbox.control.approveMandate(mandate!.subscriptionId)
  await refreshMandate(scene.app.services, mandate!.subscriptionId, 'webhook')
  await nearTheEnd(fixture, user)
  return { fixture, user, ...(await autopayOf(fixture, user)) }
}

describe('Autopay in the panel', () => {
  test('a mandate is found, its debit raised, seen on its order and on its person, and all of it stopped', async () => {
    const earlier = await autopayer('Ravi Kumar')
    const paid = await charged(earlier.fixture, earlier.user)
    scene.app.sandbox.control.settleCharge(paid, { status: 'SUCCESS' })
    await refreshMandate(scene.app.services, earlier.subscriptionId, 'webhook')
    const one = await autopayer('Meenakshi Subramanian')
    const person = await scene.arriveAsAdmin({ size: 'laptop' }, false)
    const { page, admin } = person
    await page.goto('/admin')
    await page.getByRole('link', { name: 'Autopay' }).first().click()
    await page.getByRole('heading', { name: 'Autopay' }).waitFor()
    await looksRightEverywhere(person, 'mandates')
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.getByLabel('Person, UMN, mandate or payment').fill('Meenakshi')
    await page.getByRole('button', { name: 'Find' }).click()
    await page.waitForURL(`**/admin/mandates/${one.subscriptionId}`)

    await page.getByRole('link', { name: 'Raise now' }).click()
    await looksRightEverywhere(person, 'mandate-raise')
    await page.getByLabel('Your password').fill(admin.form.password!)
    await page.getByLabel('Code from your authenticator app').fill(admin.code())
    await page.getByRole('button', { name: 'Raise the debit' }).click()
    await page.getByText('Cashfree accepted the debit, and announces it').waitFor()
    await looksRightEverywhere(person, 'mandate')

    await page.locator('table.data a').first().click()
    await page.getByText('Both sides agree.').waitFor()
    await looksRightEverywhere(person, 'mandate-order')
    await page.goto(`/admin/subscribers/${one.user.id}`)
    await looksRight(person, 'mandate-person')
    await page.getByRole('link', { name: /at most/ }).click()
    await page.getByRole('link', { name: 'Stop', exact: true }).click()
    await looksRightEverywhere(person, 'mandate-stop')
    await page.getByRole('button', { name: 'Stop Autopay' }).click()
    await page.getByText('Autopay is ended, at Cashfree too.').waitFor()
    await looksRightEverywhere(person, 'mandate-ended')

    await scene.app.run('figures')
    await page.goto('/admin')
    await page.getByText('On Autopay now').scrollIntoViewIfNeeded()
    await looksRightEverywhere(person, 'mandates-home')
  })
})
