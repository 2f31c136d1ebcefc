import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { confirmAddress, linkTo, mailsTo, subjects } from '../account/mailed.ts'
import {
  axeFindings,
  markupFlaws,
  overflowOf,
  type Scheme,
  type Size,
  screenshot,
  takeOver,
} from '../support/browser.ts'
import { Visitor } from '../support/visitor.ts'
import { openScene } from './scene.ts'

const scene = openScene()
const sizes = ['phone', 'laptop'] as Size[]
const fresh = 'river under the bridge'

/** An account, and its owner at a browser of this size. */
async function owner(size: Size) {
  const visitor = new Visitor(scene.app)
  const form = await visitor.register()
  const person = await scene.arrive({ size })
  await takeOver(person, visitor)
  return { person, page: person.page, form, email: form.email! }
}

/** Light and dark: fits the width, one heading, nothing for axe to find; and a picture of each. */
async function look(page: Page, name: string, size: Size) {
  expect([name, await markupFlaws(page)]).toEqual([name, []])
  for (const scheme of ['light', 'dark'] as Scheme[]) {
    await page.emulateMedia({ colorScheme: scheme })
    await screenshot(page, `${name}-${size}-${scheme}`)
    expect([name, await overflowOf(page)]).toEqual([name, 0])
    expect([name, await page.locator('h1:visible').count()]).toEqual([name, 1])
    expect([name, await axeFindings(page)]).toEqual([name, []])
  }
  await page.emulateMedia({ colorScheme: 'light' })
}

async function logIn(page: Page, login: string, password: string) {
  await page.locator('input[name=login]').fill(login)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

describe.each(sizes)('on a %s', (size) => {
  test('a forgotten password: from the log-in page to the mail, a new password, and in', async () => {
    const form = await new Visitor(scene.app).register()
    const email = form.email!
    const { page } = await scene.arrive({ size })
    await page.goto('/login')
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    await page.waitForURL('**/forgot-password')
    await look(page, 'forgot', size)
    await page.getByLabel('E-mail').fill(email)
    await page.getByRole('button', { name: 'Send me a link' }).click()
    await page.waitForURL('**/login')
    await page.getByText('a mail with a link is on its way').waitFor()
    await look(page, 'forgot-sent', size)

    const link = await linkTo(scene.app, email, subjects.reset)
    await page.goto(link)
    expect(page.url()).toBe(`${scene.app.url}/reset-password`)
    await page.getByLabel('New password').fill('password1')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByText('too easy to guess').waitFor()
    expect(page.url()).toBe(`${scene.app.url}/reset-password`)
    await look(page, 'reset-refused', size)
    await page.reload()
    await look(page, 'reset', size)
    await page.getByLabel('New password').fill(fresh)
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.waitForURL('**/login')
    await page.getByText('Please log in with it').waitFor()
    await logIn(page, email, fresh)
    await page.waitForURL('**/dashboard')

    const late = await scene.arrive({ size })
    await late.page.goto(link)
    await late.page.getByRole('heading', { name: 'This link does not work' }).waitFor()
    await look(late.page, 'reset-dead', size)
    await late.page.getByRole('link', { name: 'Ask for a new link' }).click()
    await late.page.waitForURL('**/forgot-password')
  })

  test('confirming the address: the reminder, another mail, the button, and the reminder is gone', async () => {
    const { page, email } = await owner(size)
    await page.goto('/dashboard')
    await page.getByRole('button', { name: 'Send it again' }).waitFor()
    await look(page, 'dashboard-unconfirmed', size)
    await page.getByRole('button', { name: 'Send it again' }).click()
    await page.getByText('A new link is on its way').waitFor()
    await page.goto(await linkTo(scene.app, email, subjects.verify))
    expect(page.url()).toBe(`${scene.app.url}/verify-email`)
    await look(page, 'verify', size)
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.waitForURL('**/dashboard')
    await page.getByText('is confirmed').waitFor()
    expect(await page.getByText('Please confirm your e-mail').count()).toBe(0)
  })

  test('another e-mail address: the old one is told, the new one has the link, and logs in', async () => {
    const { page, form, email } = await owner(size)
    await confirmAddress(scene.app, email)
    await page.goto('/account/security')
    await look(page, 'security', size)
    await page.getByLabel('New e-mail').fill(`new.${email}`)
    await page.locator('#password_for_email').fill('not the password')
    await page.getByRole('button', { name: 'Change e-mail' }).click()
    await page.getByText('not your current password').waitFor()
    expect(await page.getByLabel('New e-mail').inputValue()).toBe(`new.${email}`)
    await look(page, 'security-refused', size)
    await page.locator('#password_for_email').fill(form.password!)
    await page.getByRole('button', { name: 'Change e-mail' }).click()
    await page.getByText(`We sent a link to new.${email}`).waitFor()
    await look(page, 'security-asked', size)
    expect(await mailsTo(scene.app, email, subjects.emailAsked)).toHaveLength(1)

    await page.goto(await linkTo(scene.app, `new.${email}`, subjects.change))
    await look(page, 'change-email', size)
    await page.getByRole('button', { name: 'Change the address' }).click()
    await page.getByText('from now on').waitFor()
    expect(await mailsTo(scene.app, email, subjects.emailChanged)).toHaveLength(1)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(`${scene.app.url}/`)
    await page.goto('/login')
    await logIn(page, `new.${email}`, form.password!)
    await page.waitForURL('**/dashboard')
  })

  test('another password: this browser stays, the other one is logged out, and a mail says so', async () => {
    const { page, form, email } = await owner(size)
    const other = await scene.arrive({ size })
    await other.page.goto('/login')
    await logIn(other.page, email, form.password!)
    await other.page.waitForURL('**/dashboard')

    await page.goto('/account')
    await page.getByRole('link', { name: 'Security', exact: true }).first().click()
    await page.waitForURL('**/account/security')
    await page.locator('#current_password').fill(form.password!)
    await page.getByLabel('New password').fill(fresh)
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByText('Your password is changed').waitFor()
    await look(page, 'security-changed', size)
    await other.page.reload()
    await other.page.waitForURL('**/login?next=*')
    await logIn(other.page, email, fresh)
    await other.page.waitForURL('**/dashboard')
    expect(await mailsTo(scene.app, email, subjects.passwordChanged)).toHaveLength(1)
  })
})

test('without script everything works the same', async () => {
  const form = await new Visitor(scene.app).register()
  const { page } = await scene.arrive({ size: 'phone', script: false })
  await page.goto('/forgot-password')
  await page.getByLabel('E-mail').fill(form.email!)
  await page.getByRole('button', { name: 'Send me a link' }).click()
  await page.getByText('a mail with a link is on its way').waitFor()
  await page.goto(await linkTo(scene.app, form.email!, subjects.reset))
  await page.getByLabel('New password').fill('short')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('at least 8 characters').last().waitFor()
  await page.getByLabel('New password').fill(fresh)
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.waitForURL('**/login')
  await logIn(page, form.email!, fresh)
  await page.waitForURL('**/dashboard')
})

test('the mails read well, light and dark, on a phone', async () => {
  const { person, page, email, form } = await owner('phone')
  await confirmAddress(scene.app, email)
  await page.goto('/account/security')
  await page.getByLabel('New e-mail').fill(`new.${email}`)
  await page.locator('#password_for_email').fill(form.password!)
  await page.getByRole('button', { name: 'Change e-mail' }).click()
  await page.getByText('We sent a link to new.').waitFor()
  await page.goto('/forgot-password')
  await page.getByLabel('E-mail').fill(email)
  await page.getByRole('button', { name: 'Send me a link' }).click()
  await mailsTo(scene.app, email, subjects.reset)
  await page.goto('/account/security')
  await page.locator('#current_password').fill(form.password!)
  await page.getByLabel('New password').fill(fresh)
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Your password is changed').waitFor()
  const own = [...(await mailsTo(scene.app, email, /./)), ...(await mailsTo(scene.app, `new.${email}`, /./))]
  expect(own).toHaveLength(5)
  for (const mail of own) {
    const tab = await person.newTab()
    await tab.setContent(mail.html!)
    for (const scheme of ['light', 'dark'] as Scheme[]) {
      await tab.emulateMedia({ colorScheme: scheme })
      await screenshot(tab, `mail-${mail.subject.toLowerCase().replaceAll(/[^a-z]+/g, '-')}-${scheme}`)
      expect([mail.subject, await overflowOf(tab)]).toEqual([mail.subject, 0])
    }
    for (const text of [mail.text!, mail.html!])
      expect([mail.subject, /undefined|\[object|NaN/.test(text)]).toEqual([mail.subject, false])
  }
})
