import { describe, expect, test } from 'vitest'
import { adminOf, codeAt } from '../support/admin.ts'
import { type Scheme, type Size, takeOver } from '../support/browser.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene()

const looks: [Size, Scheme][] = [
  ['phone', 'light'],
  ['phone', 'dark'],
  ['laptop', 'light'],
  ['laptop', 'dark'],
]

describe.each(looks)('an administrator at a %s, %s', (size, scheme) => {
  const shot = (name: string) => `own-${name}-${size}-${scheme}`

  test('renews the recovery codes and sets up the app of a new phone', async () => {
    const admin = await adminOf(scene.app, 'admin', false)
    const person = await scene.arrive({ size, scheme })
    const { page } = person
    await takeOver(person, admin.visitor)
    await page.goto('/account/security')
    await looksRight(person, shot('security'))
    await page.getByRole('link', { name: 'Authenticator app and recovery codes' }).click()
    await page.getByText('10 of 10 are left').waitFor()
    await looksRight(person, shot('second-factor'))

    await page.getByRole('link', { name: 'Renew the codes' }).click()
    await page.getByLabel('Your password').fill('TestPass123')
    await page.getByLabel('Code from your authenticator app').fill('12345')
    await page.getByRole('button', { name: 'Make new codes' }).click()
    await page.getByText('That code is not right').waitFor()
    await looksRight(person, shot('codes-refused'))
    await page.getByLabel('Your password').fill('TestPass123')
    await page.getByLabel('Code from your authenticator app').fill(admin.code())
    await page.getByRole('button', { name: 'Make new codes' }).click()
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
    expect(await page.locator('main li code').count()).toBe(10)
    await looksRight(person, shot('codes'))
    await page.getByRole('button', { name: 'I’ve saved them, continue' }).click()
    await page.waitForURL('**/account/security/second-factor')

    await page.getByRole('link', { name: 'Set up another app' }).click()
    await looksRight(person, shot('app'))
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await page.getByAltText('QR code with the secret').waitFor()
    const secret = ((await page.locator('#secret').textContent()) ?? '').replaceAll(' ', '')
    await page.getByLabel('Six-digit code').fill('000 00')
    await page.getByRole('button', { name: 'Use the new app' }).click()
    await page.getByText('That code is not right').waitFor()
    await looksRight(person, shot('app-code'))
    await page.getByLabel('Six-digit code').fill(codeAt(secret, Date.now()))
    await page.getByRole('button', { name: 'Use the new app' }).click()
    await page.getByText('Codes come from your new app from now on').waitFor()
    await looksRight(person, shot('app-changed'))
  })
})

test('without script all of it works as well', async () => {
  const admin = await adminOf(scene.app)
  const person = await scene.arrive({ script: false })
  const { page } = person
  await takeOver(person, admin.visitor)
  await page.goto('/account/security/second-factor/recovery-codes')
  await page.getByRole('button', { name: 'Make new codes' }).click()
  await page.getByRole('button', { name: 'I’ve saved them, continue' }).click()
  await page.getByRole('link', { name: 'Set up another app' }).click()
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  const secret = ((await page.locator('#secret').textContent()) ?? '').replaceAll(' ', '')
  await page.getByLabel('Six-digit code').fill(codeAt(secret, Date.now()))
  await page.getByRole('button', { name: 'Use the new app' }).click()
  await page.waitForURL('**/account/security/second-factor')
})
