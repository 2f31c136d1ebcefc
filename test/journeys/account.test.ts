import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { newestOrder, subscriberOf } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { registration, Visitor } from '../support/visitor.ts'
import { openScene } from './scene.ts'
import { createAccount, fillRegistration, register, stage } from './steps.ts'

const scene = openScene()

describe('the registration form', () => {
  test('wrong fields are marked in place, what was typed stays, and the first of them has the focus', async () => {
    const { page } = await scene.arrive()
    await page.goto('/')
    const form = registration({ plan: 'annual', name: 'Zoë <D’Souza-Rao>', phone: '12345' })
    await fillRegistration(page, form)
    await createAccount(page).click()
    await page.locator('#register [aria-invalid=true]').first().waitFor()
    expect(page.url()).toBe(`${scene.app.url}/`)
    expect(await page.locator('#register [aria-invalid=true]').count()).toBe(2)
    for (const name of ['name', 'email', 'phone', 'password'])
      expect(await page.locator(`#register [name=${name}]`).inputValue()).toBe(form[name])
    expect(await page.locator('#register [name=plan]:checked').inputValue()).toBe('annual')
    expect(await focused(page)).toBe('name')
    const sentence = await page.locator('#register [name=phone]').getAttribute('aria-describedby')
    const id = sentence!.split(' ').at(-1)
    expect(await page.locator(`[id="${id}"]`).textContent()).toContain('10-digit Indian mobile number')

    await page.locator('#register [name=phone]').fill('98765 00001')
    await page.locator('#register [name=name]').fill('Zoë D’Souza-Rao')
    await createAccount(page).click()
    await page.waitForURL('**/checkout/annual')
    await stage(page, 'session-created')
  })

  test('an e-mail that has an account leads to the log-in form, which holds it already', async () => {
    const first = await scene.arrive()
    const { form } = await register(first)
    const { page } = await scene.arrive()
    await page.goto('/')
    await fillRegistration(page, registration({ email: form.email!.toUpperCase(), password: 'AnotherPass123' }))
    await createAccount(page).click()
    await page.locator('#register [name=email][aria-invalid=true]').waitFor()
    expect(await focused(page)).toBe('email')
    await page.getByRole('button', { name: 'Log in with this e-mail instead' }).click()
    await page.waitForURL('**/login?next=%2Fcheckout%2Fmonthly')
    expect(await page.locator('[name=login]').inputValue()).toBe(form.email!.toUpperCase())
    await page.getByLabel('Password', { exact: true }).fill(form.password!)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.waitForURL('**/checkout/monthly')
  })
})

describe('logging in', () => {
  test('a wrong password keeps the login name, the right one leads to the page that was wanted', async () => {
    const person = await scene.arrive()
    const { page } = person
    const { form, email } = await register(person)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(`${scene.app.url}/`)
    await page.goto('/checkout/monthly')
    await page.waitForURL('**/login?next=%2Fcheckout%2Fmonthly')
    const login = page.locator('input[name=login]')
    await login.fill(email)
    await page.getByLabel('Password').fill('not the password')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('Incorrect username, e-mail or password').waitFor()
    expect(await login.inputValue()).toBe(email)
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    await page.getByLabel('Password').fill(form.password!)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.waitForURL('**/checkout/monthly')
    await stage(page, 'session-created')
  })
})

describe('logging out', () => {
  test('in one tab sends the other, which waits for a payment, to log in', async () => {
    const person = await scene.arrive()
    await register(person)
    const other = await person.newTab()
    await other.goto('/dashboard')
    await other.getByRole('button', { name: 'Log out' }).click()
    await person.page.waitForURL('**/login?next=*')
    await person.page.locator('input[name=login]').waitFor()
  })
})

describe('what belongs to somebody else', () => {
  test('a stranger’s order, its payment status and its receipt do not exist', async () => {
    const owner = new Visitor(scene.app)
    const { email } = await owner.register()
    const { id } = await newestOrder(scene.app, email!)
    scene.app.sandbox.control.pay(id)
    await owner.get(`/payment/return?order_id=${id}`)
    expect(await subscriberOf(scene.app, email!)).toMatchObject({ status: 'active' })
    const [receipt] = await scene.app.sql<{ number: string }[]>`select number from receipts where order_id = ${id}`

    const stranger = await scene.arrive()
    await register(stranger)
    const receiptPages = [`/receipts/${receipt!.number}`, `/receipts/${receipt!.number}.pdf`]
    for (const path of [`/payment/return?order_id=${id}`, `/payment/status/${id}`, ...receiptPages]) {
      const answer = await stranger.page.goto(path)
      expect([path, answer!.status()]).toEqual([path, 404])
      const text = await stranger.page.locator('main').textContent()
      expect(text).not.toContain(id)
      expect(text).not.toContain(email)
    }
  })

  test('who comes back without a session sees the same neutral page for every order, and the payment counts', async () => {
    const owner = new Visitor(scene.app)
    const { email } = await owner.register()
    const { id } = await newestOrder(scene.app, email!)
    scene.app.sandbox.control.webhooks({ paused: true })
    scene.app.sandbox.control.pay(id)
    const { page } = await scene.arrive()
    const texts = []
    for (const query of [`?order_id=${id}`, '?order_id=ds_nobody', '?orderid=%3Cscript%3E', '']) {
      const answer = await page.goto(`/payment/return${query}`)
      expect(answer!.status()).toBe(200)
      texts.push(await page.locator('main').textContent())
    }
    expect(new Set(texts).size).toBe(1)
    expect(texts[0]).toContain('your account is updated within minutes')
    expect(texts[0]).not.toContain(id)
    await until(async () => (await subscriberOf(scene.app, email!)).status === 'active')
  })
})

const focused = (page: Page) => page.evaluate('document.activeElement?.getAttribute("name")')
