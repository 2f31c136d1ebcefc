import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { registrant, subscriber } from '../account/people.ts'
import { type Size, sizes, takeOver } from '../support/browser.ts'
import { newestOrder } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'
import { looksRightEverywhere, openScene } from './scene.ts'

const scene = openScene()

/** Somebody with a past: last month, this month, a year bought ahead, a failed try. */
async function longStanding() {
  const member = await subscriber(scene.app, { name: 'Venkatanarasimharajuvaripeta Subramaniam-Iyer' })
  const { control } = scene.app.sandbox
  await member.visitor.post('/checkout/annual')
  const ahead = await newestOrder(scene.app, member.email)
  control.fail(ahead.id)
  control.pay(ahead.id, { newAttempt: true })
  await member.visitor.get(`/payment/return?order_id=${ahead.id}`)
  return member
}

describe('the account', () => {
  test('its pages look right for somebody new and for somebody with a past', async () => {
    const fresh = await scene.arrive()
    await takeOver(fresh, (await registrant(scene.app)).visitor)
    await fresh.page.goto('/account')
    await looksRightEverywhere(fresh, 'own-overview-new')
    const old = await scene.arrive()
    const { visitor, email } = await longStanding()
    for (const agent of [
      'Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile',
      'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0',
    ])
      await new Visitor(scene.app).post('/login', { login: email, password: 'TestPass123' }, { 'user-agent': agent })
    await takeOver(old, visitor)
    for (const path of ['/account', '/account/profile', '/account/sessions', '/account/data']) {
      await old.page.goto(path)
      for (const summary of await old.page.locator('summary').all()) await summary.click()
      await looksRightEverywhere(old, `own-${path.replaceAll('/', '-').slice(1)}`)
    }
    await old.page.goto('/privacy')
    await looksRightEverywhere(old, 'own-privacy')
  })

  test.each(['phone', 'laptop'] as Size[])(
    'on a %s: find the receipt, correct the profile, sign out elsewhere, take the data',
    async (size) => {
      const person = await scene.arrive({ size })
      const { page } = person
      const { visitor, email, username, order } = await subscriber(scene.app)
      await new Visitor(scene.app).post(
        '/login',
        { login: email, password: 'TestPass123' },
        { 'user-agent': 'Mozilla/5.0 (iPhone) Version/18.1 Safari/604.1' },
      )
      await takeOver(person, visitor)
      await page.goto('/dashboard')
      await page.getByRole('link', { name: 'your account' }).click()
      await page.getByRole('heading', { name: 'Why you have access' }).waitFor()
      expect(await page.locator('main').textContent()).toContain(order.id)

      const places = page.getByRole('navigation', { name: 'Account' })
      await places.getByRole('link', { name: 'Profile' }).click()
      await page.getByLabel('Full name').fill('Asha Rao-Iyer')
      await page.getByLabel('Mobile number').fill('12345')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('10-digit Indian mobile number').waitFor()
      expect(await page.getByLabel('Full name').inputValue()).toBe('Asha Rao-Iyer')
      await page.getByLabel('Mobile number').fill('91234 56789')
      await page.getByLabel('State').selectOption('29')
      await page.getByRole('button', { name: 'Save' }).click()
      await page.getByText('Your profile is saved.').waitFor()
      expect(await page.getByLabel('Mobile number').inputValue()).toBe('9123456789')

      await page.goto('/account/sessions')
      await page.getByRole('button', { name: /^Log out Safari on iPhone/ }).click()
      await page.getByText('Signed out there.').waitFor()
      expect(await page.locator('.session').count()).toBe(1)

      await places.getByRole('link', { name: 'Your data' }).click()
      for (const kind of ['JSON', 'CSV']) {
        const [download] = await Promise.all([
          page.waitForEvent('download'),
          page.getByRole('link', { name: `Download as ${kind}` }).click(),
        ])
        expect(download.suggestedFilename()).toMatch(new RegExp(`^my-data-[\\d-]+\\.${kind.toLowerCase()}$`))
        expect(await readFile(await download.path(), 'utf8')).toContain(username)
      }
    },
  )

  test.each(['phone', 'laptop'] as Size[])('on a %s: delete it, first wrongly, then for good', async (size) => {
    const person = await scene.arrive({ size })
    const { page } = person
    const { visitor, email, username } = await subscriber(scene.app)
    await takeOver(person, visitor)
    await page.goto('/account/data')
    expect(await page.locator('#delete').textContent()).toMatch(/\d+ days of access/)
    await page.getByLabel('To confirm, type your username').fill(username)
    await page.getByLabel('Your password').fill('not this one')
    await page.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByText('Incorrect password. Please try again.').waitFor()
    expect(await page.getByLabel('To confirm, type your username').inputValue()).toBe(username)
    if (size === 'phone') await looksRightEverywhere(person, 'own-delete-refused')
    await page.setViewportSize(sizes[size])
    await page.getByLabel('Your password').fill('TestPass123')
    await page.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByText('Your account is deleted.').waitFor()
    expect(await page.locator('header').textContent()).toContain('Log in')
    await page.goto('/login')
    await page.locator('input[name=login]').fill(email)
    await page.getByLabel('Password').fill('TestPass123')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('Incorrect username, e-mail or password').waitFor()
  })

  test('everything works without script', async () => {
    const person = await scene.arrive({ script: false })
    const { page } = person
    const { visitor, username } = await registrant(scene.app)
    await takeOver(person, visitor)
    await page.goto('/account/profile')
    await page.getByLabel('Full name').fill('Asha R')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Your profile is saved.').waitFor()
    await page.goto('/account/data')
    await page.getByLabel('To confirm, type your username').fill(username)
    await page.getByLabel('Your password').fill('TestPass123')
    await page.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByText('Your account is deleted.').waitFor()
  })
})
