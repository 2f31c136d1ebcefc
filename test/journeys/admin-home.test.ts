import { beforeAll, expect, test } from 'vitest'
import { seedFixture } from '../../src/dev/bench/seed/seed.ts'
import { type Admin, adminOf } from '../support/admin.ts'
import { axeFindings, markupFlaws, overflowOf, type Size, screenshot, sizes, takeOver } from '../support/browser.ts'
import { openScene } from './scene.ts'

const scene = openScene()

let admin: Admin
beforeAll(async () => {
  await seedFixture(scene.app.databaseUrl, { subscribers: 90, orders: 170, days: 60, random: 3 })
  admin = await adminOf(scene.app, 'admin-read')
  await scene.app.sql`
    insert into mails (kind, subject_key, to_email, status, attempts, last_error) values ('renewal', 'x', 'asha@example.in', 'dead', 8, '550')
  `
  await scene.app.sql`
    insert into incidents (kind, subject_key, details, opened_at)
    values ('refund-failed', 'rf_1', '{}', now() - interval '5 hours'), ('paid-twice', '77', '{}', now() - interval '3 days'),
           ('paid-twice', '78', '{}', now() - interval '40 minutes')
  `
  await scene.app.run('check-books')
  await scene.app.run('figures')
})

for (const size of Object.keys(sizes) as Size[])
  for (const scheme of ['light', 'dark'] as const)
    test(`in the morning the owner sees what needs them, then how it goes (${size}, ${scheme})`, async () => {
      const person = await scene.arrive({ size, scheme })
      await takeOver(person, admin.visitor)
      const { page } = person
      await page.goto('/admin')
      await page.getByRole('heading', { name: 'What needs you' }).waitFor()
      await screenshot(page, `admin-home-${size}-${scheme}`)
      expect(await overflowOf(page)).toBe(0)
      expect(await axeFindings(page)).toEqual([])
      expect(await markupFlaws(page)).toEqual([])
      // The numbers behind a chart are one press away.
      await page.getByText('As a table').first().click()
      await page.getByRole('columnheader', { name: 'Net' }).waitFor()
      expect(await axeFindings(page)).toEqual([])
      await page.getByRole('link', { name: /^One order was paid twice/ }).click()
      await page.waitForURL('**/admin/incidents?kind=paid-twice')
      expect(await page.getByRole('row').count()).toBe(3)
    })
