import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { subscriberAt } from '../market/dashboard/people.ts'
import { type Size, takeOver } from '../support/browser.ts'
import { layoutFlawsAtWidths } from '../support/layout.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
})

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  test('a subscriber sees what followed, with costs of their own, and every entry with its dates', async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    await takeOver(person, (await subscriberAt(scene.app)).visitor)
    await page.goto('/dashboard')
    await page.getByRole('heading', { name: 'Breadth' }).waitFor()
    await page.getByText('Breadth as a table').click()
    expect(await page.locator('.breadth-weeks tbody tr').count()).toBe(104)
    await looksRightInBothSchemes({ page }, `breadth-${size}`)
    await page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'What followed' }).click()
    await page.getByRole('heading', { level: 1, name: 'What followed' }).waitFor()
    await looksRightInBothSchemes({ page }, `what-followed-${size}`)
    await page.getByLabel('Costs of buying and selling together').fill('1.5')
    await page.getByRole('button', { name: 'Recalculate' }).click()
    await page.getByText('after costs of 1.5%').first().waitFor()
    await page.getByRole('navigation', { name: 'Quadrant entered' }).getByRole('link', { name: 'Lagging' }).click()
    await page.waitForURL((url) => url.search.includes('into=lagging') && url.search.includes('cost=1.5'))
    await page.getByText(/^Every entry into Lagging/).click()
    await page.locator('.single-entries tbody tr').first().waitFor()
    await looksRightInBothSchemes({ page }, `what-followed-entries-${size}`)
    await page.getByLabel('Measured against').selectOption({ label: 'Nifty Next 50' })
    await page.getByLabel('Entries of').selectOption({ label: 'Broad indices' })
    await page.getByRole('button', { name: 'Recalculate' }).click()
    await page.getByText('than JUNIORBEES each index').waitFor()
    await page.waitForURL((url) => url.search.includes('into=lagging') && url.search.includes('cost=1.5'))
    await looksRightInBothSchemes({ page }, `what-followed-chosen-${size}`)
    await page.getByLabel('Costs of buying and selling together').fill('a lot')
    await page.getByRole('button', { name: 'Recalculate' }).click()
    await page.getByText('Enter a percentage from 0 to 5').waitFor()
    expect(await page.getByLabel('Costs of buying and selling together').inputValue()).toBe('a lot')
    if (size === 'laptop') expect(await layoutFlawsAtWidths(page)).toEqual([])
  })
})
