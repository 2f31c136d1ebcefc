import { describe, expect, test } from 'vitest'
import type { Size } from '../support/browser.ts'
import { Visitor } from '../support/visitor.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'
import { register } from './steps.ts'

const scene = openScene()

describe.for(['phone', 'laptop'] as Size[])('the queue of mails on a %s', (size) => {
  test('says that it pauses and why, and tries now when asked', async () => {
    const { page } = await scene.arriveAsAdmin({ size })
    await scene.app.sql`
      update mail_queue
      set paused_since = now() - interval '20 minutes', paused_until = now() + interval '8 minutes', pauses = 8,
          pause_reason = 'Message failed: 454 4.7.0 Throttling failure: Maximum sending rate exceeded.'`
    await page.goto('/admin')
    await page.getByText('Mails are paused').waitFor()
    await page.goto('/admin/mails')
    await looksRightInBothSchemes({ page }, `mails-paused-${size}`)
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.locator('.notice').filter({ hasText: 'One mail tries now' }).waitFor()
    expect(await scene.app.sql`select from mail_queue where paused_until <= now()`).toHaveLength(1)
    await scene.app.sql`update mail_queue set paused_since = null, paused_until = null, pause_reason = null`
  })

  test('lists suppressed addresses; one is lifted from the person’s page', async () => {
    const { page } = await scene.arriveAsAdmin({ size })
    const { email } = await new Visitor(scene.app).register({ name: 'Venkata Subrahmanyeswara Raghunathan' })
    const [row] = await scene.app.sql<{ id: string }[]>`
      with suppressed as (
        insert into mail_suppressions (email, kind, reason, provider) values
          (${email!}, 'hard-bounce', 'smtp; 550 5.1.1 The email account that you tried to reach does not exist.', 'ses'),
          (${`gone.${email!}`}, 'complaint', 'abuse', 'postmark')
      )
      select id from users where email = ${email!}`
    await page.goto('/admin/mails/suppressions')
    await looksRightInBothSchemes({ page }, `suppressions-${size}`)
    await page.getByRole('link', { name: email! }).click()
    await page.waitForURL(`**/admin/subscribers/${row!.id}`)
    await looksRightInBothSchemes({ page }, `suppressed-person-${size}`)
    await page.getByRole('button', { name: 'Lift the suppression' }).click()
    await page
      .locator('.notice')
      .filter({ hasText: `Mails go to ${email!} again` })
      .waitFor()
    await scene.app.sql`delete from mail_suppressions`
  })
})

describe.for(['phone', 'laptop'] as Size[])('somebody whose address bounces, on a %s', (size) => {
  test('is told so, and says when it works again', async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    const { email } = await register(person)
    await scene.app.sql`
      insert into mail_suppressions (email, kind, provider) values (lower(${email}), 'hard-bounce', 'ses')`
    await page.goto('/account/security')
    await page.getByText(`We cannot reach you at ${email}`).waitFor()
    await page.goto('/account')
    await looksRightInBothSchemes({ page }, `unreachable-${size}`)
    await scene.app.sql`update mail_suppressions set kind = 'complaint'`
    await page.reload()
    await looksRightInBothSchemes({ page }, `complained-${size}`)
    await page.getByRole('button', { name: 'Send me all mails again' }).click()
    await page
      .locator('.notice')
      .filter({ hasText: `We send mails to ${email} again` })
      .waitFor()
  })
})
