import { expect, test } from 'vitest'
import { openScene } from './scene.ts'
import { decide, openFullPage, orderOf, register, showQr, stage } from './steps.ts'

const scene = openScene()

test('back from the checkout finds no second registration form', async () => {
  const person = await scene.arrive({ size: 'phone', backForwardCache: true })
  const { page } = person
  const { form } = await register(person)
  await page.goBack()
  await page.getByRole('heading', { name: `You are logged in as ${form.name}` }).waitFor()
  expect(await page.locator('#register [name=email]').count()).toBe(0)
})

test('back from Cashfree after paying shows that it is paid, and nothing to pay again', async () => {
  const person = await scene.arrive({ size: 'phone', backForwardCache: true })
  const { page } = person
  const { email } = await register(person)
  const { id } = await orderOf(scene.app, email)
  await openFullPage(page)
  scene.app.sandbox.control.pay(id)
  await page.goBack()
  await stage(page, 'paid')
  expect(await page.locator('#pay').count()).toBe(0)
})

test('a page that was only read comes back as it was left, with what was typed', async () => {
  const { page } = await scene.arrive({ size: 'phone', backForwardCache: true })
  await page.goto('/')
  await page.locator('#register [name=name]').fill('Asha Rao')
  await page.getByRole('link', { name: 'terms', exact: true }).first().click()
  await page.waitForURL('**/terms')
  await page.goBack()
  expect(await page.locator('#register [name=name]').inputValue()).toBe('Asha Rao')
})

test('when polling finds the payment, the header and the title say so too', async () => {
  const person = await scene.arrive({ size: 'phone' })
  const { page } = person
  const { email } = await register(person)
  const { id } = await orderOf(scene.app, email)
  const chip = page.locator('header .chip')
  expect([await chip.textContent(), await page.title()]).toEqual([
    'Not active yet',
    expect.stringMatching(/^Monthly plan ·/),
  ])
  scene.app.sandbox.control.pay(id)
  await stage(page, 'paid')
  await page.waitForLoadState()
  expect(await chip.textContent()).toMatch(/^Monthly until/)
  expect(await page.title()).toMatch(/^Monthly plan: paid ·/)
})

test('the same on the page that waits after coming back from Cashfree', async () => {
  const person = await scene.arrive({ size: 'phone' })
  const { page } = person
  const { email } = await register(person)
  const { id } = await orderOf(scene.app, email)
  await showQr(await openFullPage(page))
  await decide(page, 'Stay pending')
  await page.getByRole('heading', { name: 'Confirming your payment' }).waitFor()
  scene.app.sandbox.control.pay(id)
  await stage(page, 'paid')
  await page.locator('header .chip', { hasText: 'Monthly until' }).waitFor()
})

test('an address that looks mistyped is asked about while the form is filled in', async () => {
  const { page } = await scene.arrive({ size: 'phone' })
  await page.goto('/')
  const email = page.locator('#register [name=email]')
  await email.fill('asha@gmial.com')
  await email.blur()
  await page.getByRole('button', { name: 'asha@gmail.com' }).click()
  expect(await email.inputValue()).toBe('asha@gmail.com')
  await page.getByText('Did you mean').waitFor({ state: 'detached' })
})
