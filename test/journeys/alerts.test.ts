import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { subscriberAt } from '../market/dashboard/people.ts'
import { type Size, takeOver } from '../support/browser.ts'
import { looksRightEverywhere, openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
})

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  test.each([true, false])('a subscriber stars two sectors and sees only those; with script: %s', async (script) => {
    const person = await scene.arrive({ size, script })
    const { page } = person
    await takeOver(person, (await subscriberAt(scene.app)).visitor)
    await page.goto('/dashboard')
    for (const name of ['Star IT', 'Star Auto']) {
      const star = page.getByRole('button', { name, exact: true }).first()
      await star.click()
      await page.locator(`button[aria-label="${name}"][aria-pressed=true]`).first().waitFor()
    }
    await page.getByRole('link', { name: '★ Starred' }).first().click()
    await page.waitForURL('**/dashboard?only=starred')
    await page.locator('#analyser .star').nth(1).waitFor()
    expect(await page.locator('#analyser .star').count()).toBe(2)
    await page.goto('/dashboard/sectors/ITBEES')
    await page.locator('button[aria-label="Star IT"][aria-pressed=true]').click()
    await page.locator('button[aria-label="Star IT"][aria-pressed=false]').waitFor()
    await page.goto('/dashboard/watch-list')
    expect(await page.locator('.watched tbody tr').count()).toBe(1)
  })
})

test('the watch-list looks right, empty and with stars, and so does a dashboard of them', async () => {
  const person = await scene.arrive()
  const { visitor } = await subscriberAt(scene.app)
  await takeOver(person, visitor)
  await person.page.goto('/dashboard/watch-list')
  await looksRightEverywhere(person, 'watch-list-empty')
  for (const star of ['ITBEES', 'HEALTHIETF', 'FINIETF', 'PSUBNKBEES'])
    await visitor.post('/dashboard/watch-list', { star })
  await person.page.goto('/dashboard/watch-list')
  await looksRightEverywhere(person, 'watch-list')
  await person.page.goto('/dashboard?only=starred')
  await looksRightEverywhere(person, 'dashboard-starred')
})
