import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { recordJobRuns } from '../../src/operations/jobs/job-runs.ts'
import { type Size, screenshot } from '../support/browser.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

const scene = openScene()

/** Somebody who registers with a long name, and pays this much of the price. */
async function customer(amount?: number) {
  const visitor = new Visitor(scene.app)
  const { email } = await visitor.register({ name: 'Venkata Subrahmanyeswara Raghunathan Chattopadhyay' })
  const order = await newestOrder(scene.app, email!)
  scene.app.sandbox.control.pay(order.id, amount === undefined ? {} : { amount })
  await visitor.get(`/payment/return?order_id=${order.id}`)
  return { email: email!, order }
}

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click()
const said = (page: Page, text: string | RegExp) => page.locator('.notice').filter({ hasText: text }).waitFor()

describe.for(['phone', 'laptop'] as Size[])('the ledgers of the panel on a %s', (size) => {
  test('a delivery is found by its order, read, and replayed', async () => {
    const { order } = await customer()
    await until(
      async () =>
        (await scene.app.sql`select from webhook_events where order_id = ${order.id} and settled_at is not null`)
          .length > 0,
    )
    await fetch(`${scene.app.url}/webhooks/cashfree`, { method: 'POST', body: '{}' })
    const { page } = await scene.arriveAsAdmin({ size })
    await page.goto('/admin/webhooks')
    await looksRightInBothSchemes({ page }, `webhooks-${size}`)
    await page.getByLabel('Order').fill(order.id)
    await press(page, 'Show')
    await page.waitForURL(/order=/)
    await page
      .getByRole('link', { name: /^Delivery \d+/ })
      .first()
      .click()
    await page.getByRole('heading', { name: /^Delivery/ }).waitFor()
    await looksRightInBothSchemes({ page }, `webhook-${size}`)
    await press(page, 'Replay this delivery')
    await said(page, 'paid already')
  })

  test('a mail is found by its address, read as text and as it looks, and sent again once with a double click', async () => {
    const { email } = await customer()
    await scene.app.run('deliver-mails')
    const { page } = await scene.arriveAsAdmin({ size })
    await page.goto('/admin/mails')
    await page.getByLabel('Address begins with').fill(email.slice(0, 20))
    await press(page, 'Show')
    await page.waitForURL(/to=/)
    await looksRightInBothSchemes({ page }, `mails-${size}`)
    await page
      .getByRole('link', { name: /^Mail \d+/ })
      .first()
      .click()
    await page.getByRole('heading', { name: /Receipt/ }).waitFor()
    await looksRightInBothSchemes({ page }, `mail-${size}`)
    const [preview] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: /See it as most people/ }).click(),
    ])
    await preview.waitForLoadState()
    expect(await preview.locator('body').textContent()).toMatch(/₹\d+ received/)
    await screenshot(preview, `mail-preview-${size}-light`)
    await preview.close()
    await page.getByRole('button', { name: 'Send a copy' }).dblclick()
    await said(page, 'Queued again as copy 1')
    expect(await scene.app.sql`select from mails where to_email = ${email} and kind = 'receipt'`).toHaveLength(2)
  })

  test('a mail that was given up on is tried again', async () => {
    const { page } = await scene.arriveAsAdmin({ size })
    const [dead] = await scene.app.sql<{ id: number }[]>`
      insert into mails (kind, subject_key, to_name, to_email, status, attempts, last_error)
      values ('receipt', ${`R0000-${size}`}, 'Somebody', 'typo@exampel.in', 'dead', 9, '550 5.1.1 <typo@exampel.in>: Recipient address rejected: User unknown') returning id`
    await page.goto(`/admin/mails?status=dead`)
    await page.getByRole('link', { name: `Mail ${dead!.id},` }).click()
    await looksRightInBothSchemes({ page }, `mail-dead-${size}`)
    await press(page, 'Try again')
    await said(page, 'three more days')
  })

  test('a job that failed is run again, and what waits after a failure is tried at once', async () => {
    const { page } = await scene.arriveAsAdmin({ size })
    await scene.app.sql`delete from job_runs`
    await page.goto('/admin/jobs')
    await looksRightInBothSchemes({ page }, `jobs-none-${size}`)
    const jobs = await recordJobRuns(scene.app.sql, [
      { name: 'deliver-mails', everyMs: 10_000, run: async () => {} },
      {
        name: 'check-books',
        everyMs: 86_400_000,
        run: () => Promise.reject(new Error('canceling statement due to statement timeout')),
      },
      { name: 'settle-events', everyMs: 10_000, run: async () => {} },
      { name: 'remind', everyMs: 3_600_000, run: async () => {} },
    ])
    for (const job of jobs.slice(0, 3)) await job.run().catch(() => {})
    await scene.app.sql`insert into mails (kind, subject_key, to_email, last_error, next_attempt_at)
      values ('renewal', ${`late-${size}`}, 'a@example.in', '451 4.7.1 Greylisted, come back in a while', now() + interval '1 hour')`
    await page.reload()
    await looksRightInBothSchemes({ page }, `jobs-${size}`)
    await press(page, / check-books$/)
    await said(page, '“check-books” starts')
    await press(page, /^Try again now\s+deliver-mails$/)
    await said(page, /Tried again now: \d/)
    await scene.app.sql`delete from mails where subject_key = ${`late-${size}`}`
  })

  test('an incident is read with both sides and resolved with a note; the second admin is told', async () => {
    const { order } = await customer(400)
    const { page } = await scene.arriveAsAdmin({ size })
    const second = await scene.arriveAsAdmin({ size })
    await page.goto('/admin/incidents')
    await looksRightInBothSchemes({ page }, `incidents-${size}`)
    await page.getByLabel('Order').fill(order.id)
    await press(page, 'Show')
    await page.waitForURL(/order=/)
    await page.getByRole('link', { name: 'Wrong amount was paid' }).click()
    await page.getByRole('heading', { name: 'Both sides' }).waitFor()
    await second.page.goto(page.url())
    await looksRightInBothSchemes({ page }, `incident-${size}`)
    await page.getByLabel('What was done').fill('Refunded ₹400 in Cashfree’s dashboard; told the customer by phone.')
    await page.getByRole('button', { name: 'Resolve', exact: true }).dblclick()
    await page.waitForLoadState()
    await until(
      async () =>
        (await scene.app.sql`select from incidents where order_id = ${order.id} and resolved_at is null`).length === 0,
    )
    await second.page.getByLabel('What was done').fill('I called the bank')
    await press(second.page, /^Resolve$/)
    await said(second.page, 'closed in the meantime')
    expect(await second.page.locator('main').textContent()).toContain('I called the bank')
    await looksRightInBothSchemes(second, `incident-conflict-${size}`)
    await page.goto('/admin/incidents?state=resolved')
    await looksRightInBothSchemes({ page }, `incidents-resolved-${size}`)
  })

  test('a price is changed: looked at, confirmed with password and code, on the front page within seconds', async () => {
    const { page, admin } = await scene.arriveAsAdmin({ size }, false)
    await page.goto('/admin/plans')
    await looksRightInBothSchemes({ page }, `plans-${size}`)
    await page.getByRole('link', { name: 'New price for Monthly' }).click()
    const price = size === 'phone' ? '599' : '649'
    await page.getByLabel('New price in rupees').fill(price)
    await press(page, 'See what changes')
    await page.getByRole('heading', { name: 'What will happen' }).waitFor()
    await looksRightInBothSchemes({ page }, `plan-price-${size}`)
    await page.getByLabel('Your password').fill('wrong')
    await page.getByLabel('Code from your').fill('000000')
    await press(page, `Sell for ₹${price}`)
    await page.locator('[name=your_password][aria-invalid=true]').waitFor()
    await looksRightInBothSchemes({ page }, `plan-price-refused-${size}`)
    await page.getByLabel('Your password').fill(admin.form.password!)
    await page.getByLabel('Code from your').fill(admin.code())
    await page.getByRole('button', { name: `Sell for ₹${price}` }).dblclick()
    await said(page, `is on sale for ₹${price} now`)
    expect(await scene.app.sql`select from plans where price_paise = ${Number(price) * 100}`).toHaveLength(1)
    const visitor = await scene.arrive({ size })
    // Visitors are shown the same rendering for five seconds.
    await until(async () => {
      await visitor.page.goto('/')
      return (await visitor.page.locator('#plans').textContent())!.includes(`₹${price}`)
    })
  })

  test('a plan is taken off sale and put back; without a script as well', async () => {
    const { page } = await scene.arriveAsAdmin({ size, script: false })
    await page.goto('/admin/plans')
    await page.getByRole('link', { name: /Take off sale\s+Annual/ }).click()
    await page.getByRole('heading', { name: 'What will happen' }).waitFor()
    await screenshot(page, `plan-sale-${size}-light`)
    await press(page, 'Take it off sale')
    await said(page, 'off sale')
    await page.getByRole('link', { name: /Put back on sale\s+Annual/ }).click()
    await press(page, 'Sell for ₹4,990')
    await said(page, 'on sale again')
  })

  test('the audit is filtered by what was done and verified', async () => {
    const { page, admin } = await scene.arriveAsAdmin({ size })
    await page.goto('/admin/plans/annual_v1/sale')
    await press(page, 'Take it off sale')
    await said(page, 'off sale')
    await page.goto('/admin/plans/annual_v1/sale')
    await press(page, /^Sell for/)
    await said(page, 'on sale again')
    await page.goto('/admin/audit')
    await looksRightInBothSchemes({ page }, `audit-${size}`)
    await page.getByLabel('What', { exact: true }).selectOption('plan.offered')
    await page.getByLabel('Who', { exact: true }).fill(admin.form.username!)
    await press(page, 'Show')
    await page.waitForURL(/plan\.offered/)
    expect(await page.locator('tbody tr').count()).toBe(1)
    expect(await page.locator('tbody tr').textContent()).toContain('On sale no → yes')
    await scene.app.run('seal-audit')
    await page.getByRole('link', { name: 'Verify' }).click()
    await press(page, 'Verify now')
    await said(page, 'as they were written')
    await looksRightInBothSchemes({ page }, `audit-verified-${size}`)
  })
})
