import { describe, expect, test } from 'vitest'
import type { Size } from '../support/browser.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

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
})
