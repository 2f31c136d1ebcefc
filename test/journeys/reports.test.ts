import { describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { registrant } from '../account/people.ts'
import { importUntil, linkOf, makeDue, pastSlot, reader } from '../market/reports/readers.ts'
import { overflowOf, type Person, type Scheme, type Size, screenshot, takeOver } from '../support/browser.ts'
import { looksRightEverywhere, openScene } from './scene.ts'

const scene = openScene()

/** The newest mail to this address with these words in its subject. */
async function mailTo(email: string, subject: RegExp) {
  await scene.app.run('deliver-mails')
  const mail = (await scene.app.mailbox.list()).find(
    (one) => one.recipients.includes(email) && subject.test(one.subject),
  )
  if (!mail) throw new Error(`no such mail to ${email}`)
  return mail
}

/** Opens a mail's HTML as a mail program 600 px wide shows it, light and dark. */
async function readInClient(person: Person, id: string, name: string) {
  const page = await person.newTab()
  for (const width of [600, 390]) {
    await page.setViewportSize({ width, height: 900 })
    for (const scheme of ['light', 'dark'] as Scheme[]) {
      await page.emulateMedia({ colorScheme: scheme })
      await page.goto(`${scene.app.mailbox.webUrl}/mails/${id}/html`)
      await screenshot(page, `reports-${name}-${width}-${scheme}`)
      expect([width, await overflowOf(page)]).toEqual([width, 0])
    }
  }
  return page
}

describe('e-mail reports', () => {
  test('the pages look right: nothing chosen, chosen, without a plan, behind the link, behind a dead link', async () => {
    const { app } = scene
    const slot = await pastSlot(app, 'weekly')
    const person = await scene.arrive()
    const { visitor, userId } = await reader(app)
    await takeOver(person, visitor)
    await person.page.goto('/account/reports')
    await looksRightEverywhere(person, 'reports-nothing')
    await person.page.getByRole('button', { name: 'Save' }).click()
    await person.page.getByLabel('Weekly').check()
    await person.page.getByRole('button', { name: 'Save' }).click()
    await person.page.getByRole('heading', { name: 'Every Saturday at 8:00 am IST' }).waitFor()
    await looksRightEverywhere(person, 'reports-chosen')
    await makeDue(app, slot, [userId])
    await person.page.goto('/account/reports')
    await person.page.getByText('It is sent as soon as all prices').waitFor()
    await person.page.goto(`/reports/${await linkOf(app, userId)}`)
    await looksRightEverywhere(person, 'reports-manage')
    await person.page.goto(`/reports/${'x'.repeat(43)}`)
    await looksRightEverywhere(person, 'reports-gone')

    const other = await scene.arrive()
    await takeOver(other, (await registrant(app)).visitor)
    await other.page.goto('/account/reports')
    await looksRightEverywhere(other, 'reports-without-plan')
    await app.sql`update report_choices set cadence = 'off', next_due_at = null`
  })

  test.each(['phone', 'laptop'] as Size[])(
    'on a %s: choose, look at it, have one sent, read it, and stop from the mail',
    async (size) => {
      const { app } = scene
      await seedSample(app.sql, '2026-11-21')
      const person = await scene.arrive({ size })
      const { page } = person
      const { visitor, email, userId } = await reader(app)
      await takeOver(person, visitor)
      await page.goto('/account')
      await page.getByRole('navigation', { name: 'Account' }).getByRole('link', { name: 'Reports' }).click()
      await page.getByLabel('Weekly').check()
      await page.getByLabel('Day', { exact: true }).selectOption('Sunday')
      await page.getByLabel('Time').fill('07:30')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved: Every Sunday at 7:30 am IST.').waitFor()

      await page.getByRole('link', { name: 'the mail', exact: true }).click()
      await page.getByText('Sample data.').waitFor()
      await page.getByText('Returns in percent').waitFor()
      await page.goto('/account/reports/preview.txt')
      await page.getByText('RETURNS IN PERCENT').waitFor()
      await page.goto('/account/reports')
      await page.getByRole('button', { name: 'Send me one now' }).click()
      await page.getByText(`One is on its way to ${email}.`).waitFor()
      await page.getByText('2 of 3 left today').waitFor()

      const mail = await mailTo(email, /^\[Sample\] .* · week to /)
      const client = await readInClient(person, mail.id, `mail-${size}`)
      expect(
        await client
          .locator('img')
          .evaluate((picture) => (picture as unknown as { naturalWidth: number }).naturalWidth),
      ).toBeGreaterThan(600)
      const href = await client.getByRole('link', { name: 'Change or stop the reports' }).getAttribute('href')
      await client.close()

      await person.context.clearCookies()
      await page.goto(href!)
      await page.getByRole('heading', { name: 'Every Sunday at 7:30 am IST' }).waitFor()
      await page.getByRole('button', { name: 'Stop the reports' }).click()
      await page.getByText('Stopped: you get no more e-mail reports.').waitFor()
      await page.getByRole('heading', { name: 'No reports' }).waitFor()
      const [choice] = await app.sql<{ cadence: string }[]>`
        select cadence from report_choices where user_id = ${userId}`
      expect(choice!.cadence).toBe('off')
      await page.getByLabel('Daily').check()
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Saved: After every trading day at 7:30 am IST.').waitFor()
    },
  )

  test('a scheduled report of real prices, and the mail that says one is late', async () => {
    const { app } = scene
    const person = await scene.arrive()
    const slot = await pastSlot(app, 'daily')
    const { userId, email } = await reader(app)
    await app.sql`update imports set status = 'dropped' where origin = 'sample'`
    await makeDue(app, slot, [userId])
    await app.run('queue-reports')
    await readInClient(person, (await mailTo(email, /is late/)).id, 'late')
    await importUntil(app, slot.issue)
    await app.run('queue-reports')
    const mail = await mailTo(email, /(→|No sector changed quadrant).* · \w{3}, \d/)
    await readInClient(person, mail.id, 'daily')
  })
})
