import { describe, expect, test } from 'vitest'
import { subscriber } from '../account/people.ts'
import { type Size, sizes, takeOver } from '../support/browser.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

const scene = openScene()

describe.each(Object.keys(sizes) as Size[])('on a %s', (size) => {
  test('a subscriber cancels in two clicks, keeps access, and resumes with one', async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    const { visitor } = await subscriber(scene.app)
    await takeOver(person, visitor)
    await page.goto('/account')
    for (const seen of [
      page.getByRole('link', { name: /as PDF$/ }),
      page.locator('#payments .chip', { hasText: 'Paid' }),
    ]) {
      const box = (await seen.first().boundingBox())!
      expect(box.x + box.width).toBeLessThanOrEqual(page.viewportSize()!.width - 16)
    }
    await page.getByRole('link', { name: 'Cancel subscription' }).click()
    await looksRightInBothSchemes(person, `cancel-${size}`)
    await page.getByLabel('Why are you leaving?').selectOption('use')
    await page.getByRole('button', { name: 'Cancel subscription' }).click()
    await page.getByText('Cancelled. You have access until').first().waitFor()
    await looksRightInBothSchemes(person, `cancelled-${size}`)
    await page.goto('/dashboard')
    await page.getByText('Plan, cancelled').waitFor()
    expect(await page.getByText('Renew early').count()).toBe(0)
    await page.goto('/account')
    await page.getByRole('button', { name: 'Resume subscription' }).click()
    await page.getByText('Welcome back. Everything is as it was.').waitFor()
    await page.getByRole('link', { name: 'Cancel subscription' }).waitFor()
  })
})
