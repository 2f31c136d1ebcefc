import { beforeAll, describe, expect, test } from 'vitest'
import { mailsTo } from '../account/mailed.ts'
import { registrant } from '../account/people.ts'
import { atAnHour, endingIn, mailed, pathIn } from '../billing/reminders/fixture.ts'
import { type Size, sizes } from '../support/browser.ts'
import { until } from '../support/until.ts'
import { looksRightInBothSchemes, openScene } from './scene.ts'

const scene = openScene()
beforeAll(() => atAnHour(scene.app, true))

describe.each(Object.keys(sizes) as Size[])('on a %s', (size) => {
  test('a reminder’s link leads from the mail to the payment, without logging in', async () => {
    const { app } = scene
    const { email, userId } = await endingIn(app, 3)
    const [mail] = await mailed(app, email, /^Your plan ends/)
    const path = pathIn(app, mail!.text, 'renew')
    const person = await scene.arrive({ size })
    const { page } = person
    await page.goto(path)
    await page.getByRole('heading', { name: 'Renew the monthly plan' }).waitFor()
    await looksRightInBothSchemes(person, `renew-${size}`)
    await page.getByRole('button', { name: 'Continue to payment, ₹499' }).click()
    await page.getByRole('button', { name: 'Pay ₹499' }).waitFor()
    await looksRightInBothSchemes(person, `renew-pay-${size}`)
    const [order] = await app.sql<
      { id: string }[]
    >`select id from orders where user_id = ${userId} and status = 'active'`
    app.sandbox.control.pay(order!.id)
    await page.goto(`/payment/return?order_id=${order!.id}`)
    await until(
      async () => (await app.sql`select from orders where id = ${order!.id} and paid_at is not null`).count === 1,
    )
    await page.goto(path)
    await page.getByRole('heading', { name: 'This link no longer works' }).waitFor()
    await looksRightInBothSchemes(person, `renew-over-${size}`)
  })

  test('reminders are stopped from the mail, and sent again', async () => {
    const { app } = scene
    const { email } = await endingIn(app, 3)
    const [mail] = await mailed(app, email, /^Your plan ends/)
    const person = await scene.arrive({ size })
    const { page } = person
    await page.goto(`${pathIn(app, mail!.text, 'renew')}/stop`)
    await page.getByRole('button', { name: 'Send no more reminders' }).click()
    await page.getByText('no longer gets reminders').waitFor()
    await looksRightInBothSchemes(person, `reminders-stopped-${size}`)
    await page.getByRole('button', { name: 'Send reminders again' }).click()
    await page.getByText('We write to').waitFor()
  })

  test('somebody logs in by a link in a mail', async () => {
    const { app } = scene
    const { email } = await registrant(app)
    const person = await scene.arrive({ size })
    const { page } = person
    await page.goto('/login')
    await page.getByRole('link', { name: 'E-mail me a log-in link' }).click()
    await page.getByLabel('E-mail').fill(email)
    await looksRightInBothSchemes(person, `login-link-${size}`)
    await page.getByRole('button', { name: 'E-mail me a log-in link' }).click()
    await page.getByText('a mail with a link is on its way').waitFor()
    const mail = (await mailsTo(app, email, /^Your log-in link$/)).at(-1)
    await page.goto(`/login/link?token=${/token=([\w-]{43})/.exec(mail!.text ?? '')![1]}`)
    await looksRightInBothSchemes(person, `login-link-use-${size}`)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.waitForURL('**/dashboard')
    expect(await page.getByRole('button', { name: 'Log out' }).count()).toBeGreaterThan(0)
  })

  test('the panel shows what reminders brought', async () => {
    const staff = await scene.arriveAsAdmin({ size })
    await staff.page.goto('/admin/reminders')
    await looksRightInBothSchemes(staff, `admin-reminders-${size}`)
    await staff.page.goto('/admin/coupons')
    await staff.page.getByLabel('Code').fill('DIWALI26')
    await staff.page.getByLabel('Percent off').fill('20')
    await looksRightInBothSchemes(staff, `admin-coupons-${size}`)
  })
})
