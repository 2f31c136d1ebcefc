import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { subscriberAt } from '../market/dashboard/people.ts'
import { type PersonOptions, type Size, screenshot, takeOver } from '../support/browser.ts'
import { openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
})

/** A subscriber's browser at the analyser, their e-mail confirmed. */
async function reader(options: PersonOptions = {}) {
  const person = await scene.arrive(options)
  const { visitor } = await subscriberAt(scene.app)
  await scene.app.sql`update users set email_verified_at = now()`
  await takeOver(person, visitor)
  await person.page.goto('/dashboard')
  return person
}

async function choose(page: Page, label: string, value: string, script: boolean) {
  const fold = page.locator('#choices')
  if ((await fold.getAttribute('open')) === null) await fold.locator('summary').click()
  await fold.getByLabel(label).selectOption(value)
  if (!script) await fold.getByRole('button', { name: 'Show' }).click()
}

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  test.each([true, false])(
    'with script %s, months, benchmark, universe and excess are chosen and stay in the address',
    async (script) => {
      const { page } = await reader({ size, script })
      await page.getByRole('navigation', { name: 'Bars' }).getByRole('link', { name: 'Monthly' }).click()
      await page.locator('#analyser', { hasText: 'Month not over: provisional' }).waitFor()
      await choose(page, 'Measured against', 'JUNIORBEES', script)
      await page.getByRole('heading', { level: 1, name: 'Sectors against Nifty Next 50' }).waitFor()
      await choose(page, 'Returns', 'excess', script)
      await page.locator('#heat-title', { hasText: 'in excess of Nifty Next 50' }).waitFor({ state: 'attached' })
      await choose(page, 'Ranked', 'broad', script)
      await page.getByRole('heading', { level: 1, name: 'Indices against Nifty Next 50' }).waitFor()
      const chosen = { step: 'month', against: 'JUNIORBEES', universe: 'broad', returns: 'excess' }
      const choicesIn = (url: string) => Object.fromEntries(new URL(url).searchParams)
      expect(choicesIn(page.url())).toMatchObject(chosen)
      await page.getByText('indices closed above their own 40-week average').waitFor()
      const names = page.locator(size === 'phone' ? '.cards ol a' : '.ranks tbody:not(.against) th a')
      expect((await names.allTextContents()).sort()).toEqual(['Midcap 150', 'Nifty 50'])
      const places = page.getByRole('navigation', { name: 'Dashboard' })
      await places.getByRole('link', { name: 'What followed' }).click()
      await page.getByText('than JUNIORBEES each index').waitFor()
      await places.getByRole('link', { name: 'Compare' }).click()
      await page.getByRole('heading', { level: 1, name: 'Compare indices' }).waitFor()
      await places.getByRole('link', { name: 'Rankings' }).click()
      await page.getByRole('heading', { level: 1, name: 'Indices against Nifty Next 50' }).waitFor()
      expect(choicesIn(page.url())).toEqual(chosen)
    },
  )
})

test('on a phone the first screen holds data: two cards at least, in a wide typeface too, each a link to its sector wherever it is pressed', async () => {
  const { page } = await reader({ size: 'phone' })
  await screenshot(page, 'choices-first-screen')
  const bottoms = await page
    .locator('.cards ol > li')
    .evaluateAll((cards) =>
      cards.map((card) => (card as { getBoundingClientRect(): { bottom: number } }).getBoundingClientRect().bottom),
    )
  expect(bottoms.filter((bottom) => bottom <= 844).length).toBeGreaterThanOrEqual(2)
  const name = await page.locator('.cards ol a').first().textContent()
  await page
    .locator('.cards ol > li')
    .first()
    .click({ position: { x: 12, y: 12 } })
  await page.getByRole('heading', { level: 1, name: name! }).waitFor()
})

test('on a phone what changed this week comes first, in two lines at most that open, and each card says what it gained in the week', async () => {
  const { page } = await reader({ size: 'phone' })
  const brief = page.locator('.brief summary')
  const [line, card] = [(await brief.boundingBox())!, (await page.locator('.cards ol > li').first().boundingBox())!]
  expect(line.y + line.height).toBeLessThan(card.y)
  expect(line.height).toBeLessThan(52)
  expect(await page.locator('.news').isVisible()).toBe(false)
  await brief.click()
  await page.locator('.news').waitFor()
  expect(await page.locator('.cards ol > li').first().locator('.spans').textContent()).toMatch(
    /1W [+−][\d.]+ .*1M .*1Y /s,
  )
})

test('on a phone the note about an unconfirmed e-mail is one line, which leads to where it is put right', async () => {
  const { page } = await reader({ size: 'phone' })
  await scene.app.sql`update users set email_verified_at = null`
  await page.reload()
  expect((await page.locator('.unconfirmed').boundingBox())!.height).toBeLessThan(56)
  await page.getByRole('link', { name: 'Confirm your e-mail' }).click()
  await page.waitForURL('**/account/security#email-title')
  await page.getByText('Please confirm your e-mail: we sent a link to').waitFor()
})

test('on a laptop rows of the rank table are between 40 and 48 px high, but for a name that takes three lines', async () => {
  const { page } = await reader({ size: 'laptop' })
  const heights = (await page.evaluate(
    '[...document.querySelectorAll(".ranks tbody:first-of-type tr")].map((row) => row.getBoundingClientRect().height)',
  )) as number[]
  expect([heights.length, heights.filter((height) => height >= 40 && height <= 48).length]).toEqual([
    16,
    expect.toSatisfy((count: number) => count >= 14),
  ])
})

test('on a laptop the rank table is never cut, and its head stays while the page scrolls', async () => {
  const { page } = await reader({ size: 'laptop' })
  const hidden = (await page.evaluate(
    'document.querySelector(".ranks").getBoundingClientRect().right - document.querySelector(".ranks").parentElement.getBoundingClientRect().right',
  )) as number
  expect(hidden).toBeLessThanOrEqual(0)
  await page.locator('.ranks tbody tr').nth(12).scrollIntoViewIfNeeded()
  await page.evaluate(
    'document.querySelectorAll(".ranks tbody tr")[8].scrollIntoView({ block: "start", behavior: "instant" })',
  )
  const top = await page
    .locator('.ranks thead')
    .evaluate((head) => (head as { getBoundingClientRect(): { top: number } }).getBoundingClientRect().top)
  expect(Math.round(top)).toBe(0)
})
