import { describe, expect, test } from 'vitest'
import { subscriberOf } from '../support/ledger.ts'
import { registration } from '../support/visitor.ts'
import { openScene } from './scene.ts'
import {
  createAccount,
  decide,
  fillRegistration,
  openDashboard,
  openFullPage,
  orderOf,
  payByCard,
  register,
  showQr,
  stage,
} from './steps.ts'

const scene = openScene()
const without = { script: false } as const

describe('a browser that runs no script', () => {
  test('registers, pays by card and reads the receipt with plain forms alone', async () => {
    const person = await scene.arrive(without)
    const { page } = person
    const { email } = await register(person)
    await payByCard(await openFullPage(page))
    await decide(page, 'Success')
    await page.waitForURL('**/payment/return?*')
    await openDashboard(page)
    expect(await subscriberOf(scene.app, email)).toMatchObject({ status: 'active' })
    await page.getByRole('link', { name: 'Account', exact: true }).click()
    await page
      .getByRole('link', { name: /^R\d{4}-\d{6}$/ })
      .first()
      .click()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/R\d{4}-\d{6}/)
  })

  test('waits for a slow bank by looking again', async () => {
    const person = await scene.arrive({ ...without, size: 'phone' })
    const { page } = person
    const { email } = await register(person)
    await showQr(await openFullPage(page))
    await decide(page, 'Stay pending')
    await page.getByRole('heading', { name: 'Confirming your payment' }).waitFor()
    await page.getByRole('link', { name: 'Check again' }).click()
    await page.getByRole('heading', { name: 'Confirming your payment' }).waitFor()
    scene.app.sandbox.control.pay((await orderOf(scene.app, email)).id)
    await page.getByRole('link', { name: 'Check again' }).click()
    await openDashboard(page)
  })

  test('is shown a refused form again with what was typed', async () => {
    const { page } = await scene.arrive(without)
    const form = registration({ phone: '12345', name: 'Asha "A" Rao' })
    await page.goto('/')
    await fillRegistration(page, form)
    await createAccount(page).click()
    await page.locator('#register [name=phone][aria-invalid=true]').waitFor()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Create your account')
    expect(await page.locator('#register [name=name]').inputValue()).toBe(form.name)
    await page.locator('#register [name=phone]').fill('9876500001')
    await page.locator('#register [name=password]').fill(form.password!)
    await createAccount(page).click()
    await page.waitForURL('**/checkout/monthly')
    await stage(page, 'session-created')
  })

  test('skips, logs out, logs in again and activates', async () => {
    const person = await scene.arrive(without)
    const { page } = person
    const { form } = await register(person)
    await page.getByRole('button', { name: 'Skip payment for now' }).click()
    await page.getByText('Nothing was charged. Your account is ready').waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.goto('/login')
    await page.locator('input[name=login]').fill(form.email!)
    await page.locator('input[name=password]').fill(form.password!)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.waitForURL('**/dashboard')
    await page.getByRole('button', { name: 'Activate for ₹499', exact: true }).click()
    await showQr(await openFullPage(page))
    await decide(page, 'Success')
    await openDashboard(page)
  })
})
