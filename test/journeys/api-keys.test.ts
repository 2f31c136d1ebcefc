import { beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { ask } from '../api/key-holder.ts'
import { subscriberAt } from '../market/dashboard/people.ts'
import { type Size, takeOver } from '../support/browser.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

const scene = openScene()
beforeAll(async () => {
  await seedSample(scene.app.sql, '2026-11-20')
})

describe.each(['phone', 'laptop'] as Size[])('on a %s', (size) => {
  test('a subscriber makes a key, a script reads the rankings with it, and revoked it reads nothing', async () => {
    const person = await scene.arrive({ size })
    const { page } = person
    await takeOver(person, (await subscriberAt(scene.app)).visitor)
    await page.goto('/account')
    await page.getByRole('navigation', { name: 'Account' }).getByRole('link', { name: 'API keys' }).click()
    await page.getByText('You have no keys yet.').waitFor()
    await page.getByLabel('Name of the new key').fill('My spreadsheet')
    await page.getByRole('button', { name: 'Create a key' }).click()
    await page.getByRole('heading', { name: 'Your new key' }).waitFor()
    const key = (await page.locator('.api-key').textContent())!
    expect((await ask(scene.app, '/api/ranks', key)).status).toBe(200)
    await looksRightInBothSchemes({ page }, `api-keys-made-${size}`)
    await page.reload()
    await page.getByText('last used on').waitFor()
    expect(await page.locator('.api-key').count()).toBe(0)
    await page.getByRole('link', { name: 'How to use it' }).click()
    await page.getByRole('heading', { level: 1, name: 'API' }).waitFor()
    await looksRightInBothSchemes({ page }, `developers-${size}`)
    await page.goBack()
    await page.getByRole('button', { name: /^Revoke My spreadsheet/ }).click()
    await page.getByText('The key is revoked.').waitFor()
    expect((await ask(scene.app, '/api/ranks', key)).status).toBe(401)
  })
})
