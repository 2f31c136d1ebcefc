import { describe, expect, test } from 'vitest'
import { payer, quiet } from '../billing/disputes/fixture.ts'
import { adminOf } from '../support/admin.ts'
import { screenshot, takeOver } from '../support/browser.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene()

describe.for([
  ['phone', 'light'],
  ['laptop', 'light'],
  ['phone', 'dark'],
  ['laptop', 'dark'],
] as const)('disputes on a %s, %s', ([size, scheme]) => {
  test('from the first page to the order, until it is lost and the payer reads why', async () => {
    const { control } = scene.app.sandbox
    const person = await scene.arrive({ size, scheme })
    const { page } = person
    const name = `${size}-${scheme}`
    await takeOver(person, (await adminOf(scene.app)).visitor)
    await page.goto('/admin/disputes')
    await looksRight(person, `disputes-none-${name}`)

    const first = await payer(scene.app, 'annual')
    const second = await payer(scene.app)
    control.dispute(first.order.id, { respondInDays: 9, amount: 1499.5, type: 'PRE_ARBITRATION' })
    const reason = 'Services not provided or merchandise not received, as the card holder writes in a long letter'
    const { dispute_id } = control.dispute(second.order.id, { respondInDays: 2.5, reason })
    await quiet(scene.app)
    await page.goto('/admin')
    await page.getByText('Disputes to answer').waitFor()
    await looksRight(person, `disputes-home-${name}`)
    await page.getByRole('link', { name: /^Disputes to answer/ }).click()
    await page.getByRole('heading', { name: 'Disputes', exact: true }).waitFor()
    await looksRight(person, `disputes-list-${name}`)

    await page.locator(`a[href^="/admin/orders/${second.order.id}"]`).click()
    await page.getByText('Answer in Cashfree’s dashboard, under Disputes.').waitFor()
    await page.getByText(`Dispute ${dispute_id}`).waitFor()
    await looksRight(person, `disputes-order-open-${name}`)
    await page.goto(`/admin/refunds/of/${second.cfPaymentId}`)
    await page.getByText('could be lost twice').waitFor()
    await looksRight(person, `disputes-refund-refused-${name}`)
    await page.goto('/admin/incidents?kind=dispute-opened')
    await page.locator('table a').first().click()
    await page.getByRole('heading', { name: 'Resolve it' }).waitFor()
    await looksRight(person, `disputes-incident-${name}`)

    control.closeDispute(dispute_id, 'lost')
    await quiet(scene.app)
    await page.goto(`/admin/orders/${second.order.id}`)
    await page.getByText('The bank took this money back; the period it paid for has ended.').waitFor()
    await looksRight(person, `disputes-order-lost-${name}`)
    await page.goto(`/admin/subscribers/${second.order.userId}`)
    await page.getByText('The dispute was lost').waitFor()
    await looksRight(person, `disputes-timeline-${name}`)
    await page.goto('/admin/disputes?state=closed')
    await looksRight(person, `disputes-closed-${name}`)

    const payers = await scene.arrive({ size, scheme })
    await takeOver(payers, second.visitor)
    await payers.page.goto('/account')
    await payers.page.getByText('so the time it paid for ended.').waitFor()
    await looksRight(payers, `disputes-account-${name}`)
    // The next one begins with nobody disputing anything.
    await scene.app.sql`delete from disputes`
  })
})

test('the look-alike’s console opens a dispute, moves it on and closes it, with webhooks', async () => {
  const { order } = await payer(scene.app)
  const { page } = await scene.arrive({ size: 'laptop' })
  await page.goto(scene.app.sandbox.url)
  const card = page.locator('article', { hasText: order.id }).first()
  await card.getByRole('button', { name: 'Dispute it at the bank' }).click()
  await page.getByText('CHARGEBACK_CREATED', { exact: true }).first().waitFor()
  await card.getByRole('button', { name: 'Under review' }).click()
  await card.getByRole('button', { name: 'Next stage' }).click()
  await page.getByText('PRE_ARBITRATION_CREATED', { exact: true }).first().waitFor()
  await screenshot(page, 'disputes-console-laptop-light')
  await card.getByRole('button', { name: 'Merchant lost' }).click()
  await page.getByText('PRE_ARBITRATION_MERCHANT_LOST', { exact: true }).first().waitFor()
  await quiet(scene.app)
  const [dispute] = await scene.app.sql`select status from disputes where order_id = ${order.id}`
  expect(dispute).toMatchObject({ status: 'lost' })
})
