import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { type NewAdmin, newAdmin } from '../identity/administrators.ts'
import { codeAt } from '../support/admin.ts'
import type { Scheme, Size } from '../support/browser.ts'
import { looksRight, openScene } from './scene.ts'

const scene = openScene({ SELLER_EMAIL: 'help@etf.example.in' })

const looks: [Size, Scheme][] = [
  ['phone', 'light'],
  ['phone', 'dark'],
  ['laptop', 'light'],
  ['laptop', 'dark'],
]

async function givePassword(page: Page, { username, password }: NewAdmin, path = '/login') {
  await page.goto(path)
  await page.getByLabel('Username or e-mail').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

async function giveCode(page: Page, code: string, button = 'Log in') {
  await page.getByLabel(/code/i).fill(code)
  await page.getByRole('button', { name: button, exact: true }).click()
}

const secretShown = async (page: Page) => ((await page.locator('#secret').textContent()) ?? '').replaceAll(' ', '')

const later = (id: string) => scene.app.sql`update second_factors set last_step = 0 where user_id = ${id}`

describe.each(looks)('an administrator at a %s, %s', (size, scheme) => {
  const shot = (name: string) => `${name}-${size}-${scheme}`

  test('sets up an authenticator app, keeps the recovery codes, and comes back with a code, then with a recovery code', async () => {
    const admin = await newAdmin(scene.app)
    const person = await scene.arrive({ size, scheme })
    const { page } = person
    await givePassword(page, admin, '/login?next=%2Fdashboard')
    await page.waitForURL('**/login/authenticator?next=%2Fdashboard')
    await page.getByAltText('QR code with the secret').waitFor()
    expect(await page.evaluate(`document.querySelector('main img').naturalWidth > 0`)).toBe(true)
    const secret = await secretShown(page)
    await looksRight(person, shot('authenticator'))

    await giveCode(page, '12345', 'Confirm and log in')
    await page.getByText('That code is not right').waitFor()
    expect(await secretShown(page)).toBe(secret)
    await looksRight(person, shot('authenticator-wrong'))

    await giveCode(page, codeAt(secret, Date.now()), 'Confirm and log in')
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
    const codes = await page.locator('main li code').allTextContents()
    expect(codes).toHaveLength(10)
    await looksRight(person, shot('recovery-codes'))
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Save as a text file' }).click(),
    ])
    expect(file.suggestedFilename()).toBe('recovery-codes.txt')
    await page.reload()
    expect(await page.locator('main li code').allTextContents()).toEqual(codes)
    await page.getByRole('button', { name: 'I’ve saved them, continue' }).click()
    await page.waitForURL('**/dashboard')

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(`${scene.app.url}/`)
    await later(admin.id)
    await givePassword(page, admin, '/login?next=%2Fdashboard')
    await page.waitForURL('**/login/code?next=%2Fdashboard')
    await looksRight(person, shot('code'))
    await giveCode(page, '000 00')
    await page.getByText('That code is not right').waitFor()
    await looksRight(person, shot('code-wrong'))
    await giveCode(page, codeAt(secret, Date.now()))
    await page.waitForURL('**/dashboard')

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(`${scene.app.url}/`)
    await givePassword(page, admin, '/login?next=%2Fdashboard')
    await giveCode(page, codes[3]!.toLowerCase())
    await page.waitForURL('**/dashboard')
    await page.getByText('9 are left').waitFor()
    await looksRight(person, shot('recovery-code-used'))
  })

  test('who gave wrong codes reads how long to wait, and may log in as somebody else', async () => {
    const admin = await newAdmin(scene.app)
    await admin.enrol()
    const person = await scene.arrive({ size, scheme })
    const { page } = person
    await givePassword(page, admin)
    for (let i = 0; i < 5; i++) {
      await giveCode(page, '12345')
      await page.getByText('That code is not right').waitFor()
    }
    await giveCode(page, '12345')
    await page.getByText('Too many wrong codes. Please wait 15 minutes and try again.').waitFor()
    await looksRight(person, shot('code-wait'))
    await page.getByRole('button', { name: 'Log in as someone else' }).click()
    await page.waitForURL(`${scene.app.url}/`)
    await page.goto('/login/code')
    await page.waitForURL('**/login')
  })

  test('whose account is suspended reads whom to write to', async () => {
    const admin = await newAdmin(scene.app)
    await scene.app.sql`update users set suspended_at = now(), suspended_reason = 'x' where id = ${admin.id}`
    const person = await scene.arrive({ size, scheme })
    await givePassword(person.page, admin)
    await person.page.getByText('Please write to help@etf.example.in').waitFor()
    await looksRight(person, shot('suspended'))
  })
})

test('whoever typed wrong passwords reads how long to wait, and what was typed is kept', async () => {
  const admin = await newAdmin(scene.app)
  const person = await scene.arrive({ size: 'phone' })
  const { page } = person
  await page.goto('/login')
  const login = page.getByLabel('Username or e-mail')
  // This scene's limits are a thousand times those of production; the wait is the same.
  await givePassword(page, { ...admin, password: 'not the password' })
  await page.getByText('Incorrect username, e-mail or password').waitFor()
  await scene.app.sql`update login_throttle set blocked_until = now() + interval '5 minutes'`
  await page.getByLabel('Password', { exact: true }).fill(admin.password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('Too many wrong passwords. Please wait 5 minutes and try again.').waitFor()
  expect(await login.inputValue()).toBe(admin.username)
  await looksRight(person, 'login-wait-phone-light')
})

test('without script all of it works as well', async () => {
  const admin = await newAdmin(scene.app)
  const { page } = await scene.arrive({ script: false })
  await givePassword(page, admin, '/login?next=%2Fdashboard')
  await giveCode(page, codeAt(await secretShown(page), Date.now()), 'Confirm and log in')
  await page.getByRole('button', { name: 'I’ve saved them, continue' }).click()
  await page.waitForURL('**/dashboard')
})
