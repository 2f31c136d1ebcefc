import { describe, expect, test } from 'vitest'
import type { Scheme, Size } from '../support/browser.ts'
import { until } from '../support/until.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene()

const ways: [Size, Scheme][] = [
  ['phone', 'dark'],
  ['laptop', 'light'],
]

describe.each(ways)('on a %s in %s', (size, scheme) => {
  const shot = (name: string) => `announcement-${name}-${size}-${scheme}`

  test('an administrator announces something; a visitor reads it, follows its link and closes it', async () => {
    const { page } = await scene.arriveAsAdmin({ size, scheme })
    const words = `Prices of Diwali are in (${size}).`
    await page.goto('/admin/announcements')
    await page.getByLabel('Link (optional)').fill('https://elsewhere.example')
    await page.getByLabel('Text').fill(words)
    await page.getByRole('button', { name: 'Announce', exact: true }).click()
    await page.getByText('Please enter a page of this site').waitFor()
    expect(await page.getByLabel('Text').inputValue()).toBe(words)
    await page.getByLabel('Link (optional)').fill('/methodology')
    await page.getByLabel('Words of the link').fill('How ranks are made')
    await page.getByRole('button', { name: 'Announce', exact: true }).click()
    await page.getByText('Saved. Pages show it').waitFor()
    await looksRight({ page }, shot('list'))

    const visitor = await scene.arrive({ size, scheme })
    const line = visitor.page.getByRole('complementary', { name: 'Announcement' })
    await until(async () => {
      await visitor.page.goto('/')
      // Not the one that was just switched off: pages know both a moment later.
      return (await line.getByText(words).count()) > 0
    })
    await looksRight(visitor, shot('front'))
    await line.getByRole('link', { name: 'How ranks are made' }).click()
    await visitor.page.waitForURL('**/methodology')
    // Visitors are shown the same rendering for five seconds, here perhaps one from before.
    await until(async () => {
      if ((await line.getByText(words).count()) > 0) return true
      await visitor.page.reload()
      return false
    })
    await line.getByRole('button', { name: 'Close the announcement' }).click()
    await line.waitFor({ state: 'detached' })
    await visitor.page.goto('/')
    expect(await line.count()).toBe(0)

    await page.getByRole('button', { name: `Switch off: ${words}` }).click()
    await page.getByText('Switched off.').waitFor()
  })
})

test('without script an announcement is closed as well', async () => {
  const { page } = await scene.arriveAsAdmin()
  await page.goto('/admin/announcements')
  await page.getByLabel('Text').fill('Closed by hand')
  await page.getByRole('button', { name: 'Announce', exact: true }).click()
  const visitor = await scene.arrive({ script: false })
  const line = visitor.page.getByText('Closed by hand')
  await until(async () => {
    await visitor.page.goto('/terms')
    return (await line.count()) > 0
  })
  await visitor.page.getByRole('button', { name: 'Close the announcement' }).click()
  await visitor.page.waitForURL('**/terms')
  expect(await line.count()).toBe(0)
})
