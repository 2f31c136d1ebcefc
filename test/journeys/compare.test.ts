import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { subscriberAt } from '../market/dashboard/people.ts'
import { type PersonOptions, type Size, screenshot, takeOver } from '../support/browser.ts'
import { layoutFlawsAtWidths } from '../support/layout.ts'
import { looksRightEverywhere, looksRightInBothSchemes, openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
})

/** A subscriber's browser at a page. */
async function reader(path: string, options: PersonOptions = {}) {
  const person = await scene.arrive(options)
  await takeOver(person, (await subscriberAt(scene.app)).visitor)
  await person.page.goto(path)
  return person
}

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  test('a subscriber comes from a sector’s page, chooses two more, reads a week and changes to prices', async () => {
    const { page } = await reader('/dashboard/sectors/ITBEES?span=1y', { size })
    await page.getByRole('link', { name: 'Compare with another sector' }).click()
    await page.getByRole('heading', { level: 1, name: 'Compare sectors' }).waitFor()
    expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(1)
    await page.getByRole('checkbox', { name: 'Pharma' }).check()
    await page.getByRole('checkbox', { name: 'Auto' }).check()
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.waitForURL((url) => url.searchParams.getAll('with').length === 3)
    const readout = () => page.locator('.readout [data-value]').allInnerTexts()
    const newest = await readout()
    expect(newest).toHaveLength(4)
    await page.getByRole('slider', { name: 'Move along the chart' }).focus()
    await page.keyboard.press('Home')
    expect((await readout()).slice(1)).toEqual(['100.00', '100.00', '100.00'])
    const box = (await page.locator('.lines').first().boundingBox())!
    await page.mouse.move(box.x + box.width - 1, box.y + 100)
    expect(await readout()).toEqual(newest)

    await page.getByRole('navigation', { name: 'Lines' }).getByRole('link', { name: 'Price' }).click()
    await page.waitForURL('**lines=price#lines')
    expect(await readout()).toHaveLength(5)
    await page.getByRole('navigation', { name: 'Time span' }).getByRole('link', { name: '3M' }).click()
    await page.waitForURL('**span=3m&lines=price#lines')
    await page.locator('.readout').getByRole('link', { name: 'Pharma' }).click()
    await page.getByRole('heading', { level: 1, name: 'Pharma' }).waitFor()
  })

  test('without a script too, from the dashboard, with two sectors proposed', async () => {
    const { page } = await reader('/dashboard', { size, script: false })
    await page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'Compare' }).click()
    expect(await page.getByRole('checkbox', { checked: true }).count()).toBe(2)
    await page.getByRole('button', { name: 'Compare' }).click()
    expect(await page.locator('.readout [data-value]').count()).toBe(3)
    await page.getByText('The lines as a table').click()
    expect(await page.locator('.lines-table tbody tr').count()).toBe(104)
  })
})

describe('looked at', () => {
  test.each([
    ['two', '?with=ITBEES&with=PHARMABEES'],
    ['four', '?with=PSUBNKBEES&with=FINIETF&with=BANKBEES&with=OILIETF&span=5y&returns=excess'],
    ['prices', '?with=ITBEES&with=AUTOBEES&with=METALIETF&lines=price&span=3m&step=day'],
    ['refused', '?with=ITBEES&with=AUTOBEES&with=METALIETF&with=BANKBEES&with=PHARMABEES'],
    ['empty', ''],
  ])('%s fits, and axe finds nothing', async (name, query) => {
    const person = await reader(`/dashboard/compare${query}`)
    await looksRightEverywhere(person, `compare-${name}`)
    expect(await layoutFlawsAtWidths(person.page)).toEqual([])
    await person.page.setViewportSize({ width: 320, height: 700 })
    await screenshot(person.page, `compare-${name}-narrow`)
    await looksRightInBothSchemes(person, `compare-${name}-narrow`)
  })
})
