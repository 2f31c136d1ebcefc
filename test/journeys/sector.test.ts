import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { subscriberAt } from '../market/dashboard/people.ts'
import { type PersonOptions, type Size, screenshot, sizes, takeOver } from '../support/browser.ts'
import { layoutFlawsAtWidths } from '../support/layout.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
})

/** A subscriber's browser at a sector's page. */
async function reader(options: PersonOptions = {}, path = '/dashboard/sectors/PHARMABEES') {
  const person = await scene.arrive(options)
  const { visitor } = await subscriberAt(scene.app)
  await takeOver(person, visitor)
  await person.page.goto(path)
  return person
}

const readout = (page: Page) => page.locator('.readout [data-value]').allInnerTexts()
const drawnText = (page: Page): Promise<number[]> =>
  page.evaluate(
    '[...document.querySelectorAll(".lines text")].map((one) => Number.parseFloat(getComputedStyle(one).fontSize))',
  )

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  test('a subscriber changes the span, reads a week by keyboard and pointer, and unfolds why the sector is where it is', async () => {
    const { page } = await reader({ size })
    const spans = page.getByRole('navigation', { name: 'Time span' })
    expect((await spans.locator('[aria-current=true]').textContent())?.trim()).toBe('2Y')
    expect(await page.locator('.lines .title').allTextContents()).toEqual([
      'Price in rupees',
      'Volume, units a week',
      'RS line',
      'Mansfield RS in percent, 52 weeks',
    ])
    expect(Math.min(...(await drawnText(page)))).toBeGreaterThanOrEqual(11)
    const newest = await readout(page)
    expect(newest[0]).toBe('Thu, 19 Nov 2026')

    const slider = page.getByRole('slider', { name: 'Move along the charts' })
    await slider.focus()
    await page.keyboard.press('ArrowLeft')
    const before = await readout(page)
    expect(before[0]).toBe('Fri, 13 Nov 2026')
    expect(before[1]).not.toBe(newest[1])
    expect(await slider.getAttribute('aria-valuetext')).toContain(`Week up to Fri, 13 Nov 2026, Price (₹) ${before[1]}`)
    expect(await page.locator('.lines .cross').getAttribute('visibility')).toBe('visible')
    await page.keyboard.press('End')
    expect(await readout(page)).toEqual(newest)

    await page.locator('.lines').scrollIntoViewIfNeeded()
    const box = (await page.locator('.lines').boundingBox())!
    await page.mouse.move(box.x + 1, box.y + 100)
    expect((await readout(page))[0]).toMatch(/Nov 2024$/)

    await spans.getByRole('link', { name: '3M' }).click()
    await page.waitForURL('**/PHARMABEES?span=3m#lines')
    expect(await page.locator('.readout dt').first().textContent()).toBe('Day')
    await page.getByRole('slider', { name: 'Move along the charts' }).focus()
    await page.keyboard.press('ArrowLeft')
    expect((await readout(page))[0]).toBe('Wed, 18 Nov 2026')

    expect(await page.locator('.steps-down').isVisible()).toBe(false)
    await page.getByText('Why it is here').click()
    await page.getByText('the usual size of its swings').waitFor()
    expect(await page.locator('.steps-down').isVisible()).toBe(true)

    const changes = await page.locator('.changes tbody tr').allInnerTexts()
    expect(changes.length).toBeGreaterThan(3)
    expect(changes[0]).toContain('so far')
    expect(changes.slice(1).filter((row) => row.includes('so far'))).toEqual([])
  })

  test('without a script the values stand in a table', async () => {
    const { page } = await reader({ size, script: false }, '/dashboard/sectors/PHARMABEES?span=1y')
    expect(await page.getByRole('slider').count()).toBe(0)
    expect((await readout(page))[0]).toBe('Thu, 19 Nov 2026')
    await page.getByText('The lines as a table').click()
    const rows = page.getByRole('region', { name: 'The lines as a table' }).locator('tbody tr')
    expect(await rows.count()).toBe(52)
    expect(await rows.nth(1).locator('th').textContent()).toBe('Fri, 13 Nov 2026')
    await page.getByRole('navigation', { name: 'Time span' }).getByRole('link', { name: '5Y' }).click()
    await page.waitForURL('**?span=5y#lines')
  })
})

test('a subscriber compares the ETFs of a sector, and unfolds the last premiums to NAV', async () => {
  const { page } = await reader({ size: 'phone' }, '/dashboard/sectors/BANKBEES')
  const funds = page.getByRole('region', { name: 'ETFs of this sector' })
  expect(await funds.locator('tbody th').allTextContents()).toEqual([
    expect.stringContaining('BANKBEES'),
    expect.stringMatching(/BANKIETF|SETFNIFBK/),
    expect.stringMatching(/BANKIETF|SETFNIFBK/),
  ])
  for (const cell of await funds.locator('tbody td:nth-child(2)').allTextContents())
    expect(cell).toMatch(/^₹[\d,.]+ cr$/)
  for (const cell of await funds.locator('tbody td:nth-child(4)').allTextContents())
    expect(cell.trim()).toMatch(/^[+−]?0\.\d\d %$/)
  const sideways = (name: string) =>
    page.getByRole('region', { name }).evaluate((region) => region.scrollWidth - region.clientWidth)
  expect(await sideways('ETFs side by side')).toBe(0)

  const premiums = page.getByRole('region', { name: 'Premiums by day' })
  expect(await premiums.isVisible()).toBe(false)
  await page.getByText('The last 20 days with both').click()
  expect(await premiums.locator('tbody tr').count()).toBe(20)
  expect(await premiums.locator('tbody th').first().textContent()).toBe('19 Nov 2026')
  expect(await sideways('Premiums by day')).toBe(0)
  await screenshot(page, 'sector-premiums-phone')
})

describe('looked at', () => {
  test.each([
    ['day', '/dashboard/sectors/BANKBEES?span=3m&step=day'],
    ['years', '/dashboard/sectors/AUTOBEES?span=5y&at=2025-06-06'],
  ])('%s fits, and axe finds nothing', async (name, path) => {
    const person = await reader({}, path)
    await person.page.getByText('Why it is here').click()
    for (const size of ['laptop', 'phone'] as Size[]) {
      await person.page.setViewportSize(sizes[size])
      await looksRightInBothSchemes(person, `sector-${name}-${size}`)
    }
    expect(await layoutFlawsAtWidths(person.page)).toEqual([])
    await person.page.setViewportSize({ width: 320, height: 700 })
    expect(Math.min(...(await drawnText(person.page)))).toBeGreaterThanOrEqual(11)
    await screenshot(person.page, `sector-${name}-narrow`)
  })
})
