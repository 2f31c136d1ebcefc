import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { oneWhoseSubscriptionIs, subscriberAt } from '../market/dashboard/people.ts'
import {
  axeFindings,
  markupFlaws,
  overflowOf,
  type PersonOptions,
  rulesFor,
  type Scheme,
  type Size,
  screenshot,
  sizes,
  takeOver,
} from '../support/browser.ts'
import { layoutFlawsAtWidths } from '../support/layout.ts'
import { openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
})

/** A subscriber's browser at the analyser. */
async function reader(options: PersonOptions = {}) {
  const person = await scene.arrive(options)
  const { visitor } = await subscriberAt(scene.app)
  await takeOver(person, visitor)
  await person.page.goto('/dashboard')
  return person
}

const asOf = (page: Page) => page.locator('.as-of b').textContent()
/** The names where this size of screen shows them. */
const namesOn = (size: Size) => (size === 'phone' ? '.cards ol a' : '.ranks tbody th a')
const firstIs = (page: Page, size: Size, name: string) =>
  expect.poll(() => page.locator(namesOn(size)).first().textContent(), { timeout: 20_000 }).toBe(name)
async function sortByName(page: Page, size: Size, script: boolean) {
  if (size === 'laptop') return page.locator('.ranks thead').getByRole('link', { name: 'Sector' }).click()
  await page.getByLabel('Sorted by').selectOption('name')
  if (!script) await page.getByRole('button', { name: 'Sort' }).click()
}
const asOfIs = (page: Page, text: string) => page.locator('.as-of b', { hasText: text }).waitFor()

test('on a laptop a press anywhere in a row opens its sector, but its star stars it; the keyboard shows the row it is at', async () => {
  const { page } = await reader({ size: 'laptop', script: false })
  const rows = page.locator('.ranks tbody').first().locator('tr')
  const symbolOf = async (row: number) => (await rows.nth(row).locator('th small').textContent())!.trim()
  for (const [row, cell] of [
    [0, 5],
    [3, 12],
    [9, 3],
  ] as const) {
    const symbol = await symbolOf(row)
    await rows.nth(row).locator('td').nth(cell).click({ force: true })
    await page.waitForURL(`**/dashboard/sectors/${symbol}`)
    await page.goBack()
  }
  await rows.nth(2).locator('.star').click()
  await page.waitForURL('**/dashboard')
  expect(await rows.nth(2).locator('.star').getAttribute('aria-pressed')).toBe('true')
  await rows.nth(1).locator('.star').focus()
  await page.keyboard.press('Tab')
  const outlined =
    'getComputedStyle(document.activeElement, "::after").outlineStyle + " " + document.activeElement.pathname'
  expect(await page.evaluate(outlined)).toBe(`solid /dashboard/sectors/${await symbolOf(1)}`)
  await screenshot(page, 'rank-row-focus')
  const width = 'Number.parseFloat(getComputedStyle(document.activeElement, "::after").width)'
  expect(Math.abs(Number(await page.evaluate(width)) - (await rows.nth(1).boundingBox())!.width)).toBeLessThan(2)
})

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  describe.each([true, false])('with script: %s', (script) => {
    test('a subscriber reads, sorts, steps weeks, changes tail and bars, and opens a sector', async () => {
      const { page } = await reader({ size, script })
      const part = (name: string) =>
        page.getByRole('navigation', { name: 'Parts' }).getByRole('link', { name, exact: true })
      expect(await asOf(page)).toBe('As of Thu, 19 Nov 2026')
      expect(await page.getByText('Sample data', { exact: true }).first().isVisible()).toBe(true)

      await sortByName(page, size, script)
      await firstIs(page, size, 'Auto')
      expect(page.url()).toContain('sort=name')
      if (size === 'phone') await page.getByRole('link', { name: 'Reverse the order' }).click()
      else await page.locator('.ranks thead').getByRole('link', { name: 'Sector' }).click()
      await firstIs(page, size, 'Realty')

      await page.getByRole('link', { name: 'Older' }).click()
      await asOfIs(page, 'Fri, 13 Nov 2026')
      await page.getByRole('link', { name: 'Older' }).click()
      await asOfIs(page, 'Sun, 8 Nov 2026')
      await page.getByRole('link', { name: 'Newer' }).click()
      await asOfIs(page, 'Fri, 13 Nov 2026')
      await page.goBack()
      await asOfIs(page, 'Sun, 8 Nov 2026')
      await page.goForward()
      await asOfIs(page, 'Fri, 13 Nov 2026')
      await page.getByLabel('Week up to').selectOption('2026-09-18')
      if (!script) await page.getByRole('button', { name: 'Show' }).click()
      await asOfIs(page, 'Fri, 18 Sep 2026')
      await firstIs(page, size, 'Realty')

      await page.getByRole('link', { name: 'Daily' }).click()
      await page
        .getByRole('navigation', { name: 'Bars' })
        .locator('[aria-current=true]', { hasText: 'Daily' })
        .waitFor()
      await page.getByRole('link', { name: 'Older' }).click()
      await asOfIs(page, 'Thu, 17 Sep 2026')
      await page.getByRole('link', { name: 'Weekly' }).click()
      await page
        .getByRole('navigation', { name: 'Bars' })
        .locator('[aria-current=true]', { hasText: 'Weekly' })
        .waitFor()

      if (size === 'phone') {
        expect(await page.locator('#map').isVisible()).toBe(false)
        await part('Map').click()
        await page.locator('.show-map').waitFor()
        expect([await page.locator('#map').isVisible(), await page.locator('#table').isVisible()]).toEqual([
          true,
          false,
        ])
      }
      expect(await page.locator('.chosen-from .sector').first().locator('.dot').count()).toBe(11)
      await page.getByRole('link', { name: '4 weeks' }).click()
      await page.locator('[aria-label="4 weeks"][aria-current=true]').waitFor()
      expect(await page.locator('.chosen-from .sector').first().locator('.dot').count()).toBe(3)

      await page.locator('.members a', { hasText: 'Pharma' }).click()
      await page.locator('.picked h3', { hasText: 'Pharma' }).waitFor()
      expect(await page.locator('.sector.focus .point').getAttribute('aria-label')).toMatch(/^Pharma: /)
      await page.getByRole('link', { name: 'Open Pharma' }).click()
      await page.getByRole('heading', { level: 1, name: 'Pharma' }).waitFor()
      expect(await asOf(page)).toBe('As of Thu, 17 Sep 2026')
      expect(await page.locator('.lines .title').count()).toBe(4)
      await page.getByRole('heading', { name: 'Why it is here' }).waitFor()
      const neighbours = page.getByRole('navigation', { name: 'Neighbours in rank' }).getByRole('link')
      await neighbours.filter({ hasText: /→|←/ }).first().click()
      await page.waitForURL((url) => !url.pathname.endsWith('PHARMABEES'))
      await page.getByRole('link', { name: 'All sectors' }).click()
      await asOfIs(page, 'Thu, 17 Sep 2026')
    })
  })

  test('the table comes as a file, in the order and of the week on the page', async () => {
    const { page } = await reader({ size })
    await sortByName(page, size, true)
    await firstIs(page, size, 'Auto')
    await page.getByRole('link', { name: 'Older' }).click()
    await asOfIs(page, 'Fri, 13 Nov 2026')
    const waiting = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download CSV' }).click()
    const download = await waiting
    expect(download.suggestedFilename()).toBe('sectors-2026-11-13-weekly-NIFTYBEES.csv')
    const lines = readFileSync(await download.path(), 'utf8').split('\r\n')
    expect(lines[1]).toMatch(/^"2026-11-13",\d+,16,\d+,"Auto","AUTOBEES"/)
  })
})

test('on a laptop the map and the ranks beside it begin in the first screen, and the whole first view is at most 50 KB', async () => {
  const { page } = await reader()
  const topOf = async (what: string) => (await page.locator(what).first().boundingBox())!.y
  const { height } = sizes.laptop
  for (const [what, screens] of [
    ['.chosen-from', 1],
    ['.members', 1],
    ['.ranks tbody', 2],
  ] as const)
    expect([what, await topOf(what)]).toEqual([what, expect.toSatisfy((top: number) => top < screens * height)])
  expect(await topOf('#map')).toBeLessThan(await topOf('#table'))
  const sent =
    (await page.evaluate(`[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize])`)) as [string, number][]
  expect([sent.length > 4, sent, sent.reduce((sum, [, bytes]) => sum + bytes, 0) <= 50_000]).toEqual([true, sent, true])
})

test('the page comes as zstd in several frames, whole and after a choice, and Chromium reads all of them', async () => {
  const { page } = await reader()
  const codings: [boolean, string | undefined][] = []
  page.on('response', (response) => {
    if (new URL(response.url()).pathname === '/dashboard')
      codings.push([response.request().headers()['hx-request'] === 'true', response.headers()['content-encoding']])
  })
  await page.reload()
  await page.getByRole('link', { name: 'Daily', exact: true }).click()
  await page.waitForURL(/step=day/)
  expect(codings).toEqual([
    [false, 'zstd'],
    [true, 'zstd'],
  ])
  expect(await page.locator('footer').count()).toBe(1)
})

test('the map is walked with the keyboard: every sector is reached and says where it stands', async () => {
  const { page } = await reader()
  const points = page.locator('.chosen-from .point')
  const first = await points.first().getAttribute('aria-label')
  expect(first).toMatch(/: (leading|weakening|lagging|improving), RS-Ratio [\d.]+, RS-Momentum [\d.]+(, rank \d+)?$/)
  await points.first().focus()
  await page.keyboard.press('Tab')
  const second = await page.evaluate('document.activeElement.getAttribute("aria-label")')
  expect(second).toBe(await points.nth(1).getAttribute('aria-label'))
  await page.keyboard.press('Enter')
  await page.locator('.sector.focus').waitFor()
  expect(await page.locator('.sector.focus .point').getAttribute('aria-label')).toBe(second)
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(second)
  await page.keyboard.press('Enter')
  await page.locator('.has-focus').waitFor({ state: 'detached' })
})

test('a session that ended meanwhile leads to the log-in, and from there back to the same question', async () => {
  const { page } = await reader()
  await page.getByRole('link', { name: 'Older' }).click()
  await asOfIs(page, 'Fri, 13 Nov 2026')
  await scene.app.sql`delete from sessions`
  await page.getByRole('link', { name: 'Older' }).click()
  await page.waitForURL('**/login?next=*')
  expect(decodeURIComponent(page.url())).toContain('/dashboard?at=2026-11-13')
})

describe('looked at', () => {
  const pages: [string, string, Parameters<typeof oneWhoseSubscriptionIs>[1]][] = [
    ['table', '/dashboard', {}],
    ['map', '/dashboard?view=map', {}],
    ['map-focus', '/dashboard?view=map&focus=PHARMABEES&tail=20', {}],
    ['heat', '/dashboard?view=heat', {}],
    ['sector', '/dashboard/sectors/ITBEES', {}],
    ['old', '/dashboard?at=2023-03-03', {}],
    ['sector-old', '/dashboard/sectors/ITBEES?at=2023-03-03', {}],
    ['grace', '/dashboard', { endsInDays: -1 }],
    ['expired', '/dashboard', { endsInDays: -10 }],
  ]
  test.each(pages)('%s fits, and axe finds nothing', looksRightAt)
})

describe('with gaps: a young sector, a stale one, one without a price, and a missing week', () => {
  beforeAll(async () => {
    await scene.app.sql`
      delete from prices
      where (symbol = 'MODEFENCE' and day < '2026-06-01') or (symbol = 'CPSEETF' and day > '2026-11-09')
         or (symbol = 'BANKBEES' and day between '2026-10-12' and '2026-10-16') or symbol = 'OILIETF'
    `
    await scene.app.sql`update market_state set version = version + 1`
  })
  test.each([
    ['gaps-table', '/dashboard'],
    ['gaps-map', '/dashboard?view=map&focus=MODEFENCE'],
    ['gaps-heat', '/dashboard?view=heat'],
    ['gaps-young', '/dashboard/sectors/MODEFENCE'],
    ['gaps-stale', '/dashboard/sectors/CPSEETF'],
    ['gaps-carried', '/dashboard/sectors/BANKBEES'],
    ['gaps-none', '/dashboard/sectors/OILIETF?step=day'],
  ])('%s fits, and axe finds nothing', (name, path) => looksRightAt(name, path, {}))
})

async function looksRightAt(name: string, path: string, subscription: Parameters<typeof oneWhoseSubscriptionIs>[1]) {
  const person = await scene.arrive()
  const { page } = person
  await takeOver(person, await oneWhoseSubscriptionIs(scene.app, subscription))
  await page.goto(path)
  expect(await markupFlaws(page)).toEqual([])
  for (const size of ['laptop', 'phone'] as Size[]) {
    await page.setViewportSize(sizes[size])
    for (const scheme of ['light', 'dark'] as Scheme[]) {
      await page.emulateMedia({ colorScheme: scheme })
      await screenshot(page, `analyser-${name}-${size}-${scheme}`)
      expect([name, size, scheme, await overflowOf(page)]).toEqual([name, size, scheme, 0])
      expect(await axeFindings(page, rulesFor(scheme))).toEqual([])
    }
  }
  expect(await layoutFlawsAtWidths(page)).toEqual([])
}
