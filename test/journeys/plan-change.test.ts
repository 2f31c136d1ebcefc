import { expect, test } from 'vitest'
import { dayInIndia } from '../../src/platform/dates.ts'
import { subscriber } from '../account/people.ts'
import { takeOver } from '../support/browser.ts'
import { looksRight, openScene } from './scene.ts'
import { openDashboard, openFullPage, openWindow, requestByUpi } from './steps.ts'

const scene = openScene()
const looks = [
  { size: 'phone', scheme: 'light' },
  { size: 'laptop', scheme: 'dark' },
] as const
/** Half of the running month is over. */
const halfLater = (email: string) => scene.app.sql`
  with moved as (
    update subscription_periods set starts_at = starts_at - interval '15 days', ends_at = ends_at - interval '15 days',
           created_at = created_at - interval '15 days' where user_id = (select id from users where email = ${email})
  )
  update subscriptions set current_period_start = current_period_start - interval '15 days',
         current_period_end = current_period_end - interval '15 days' where user_id = (select id from users where email = ${email})`

test.each(looks)(
  'a monthly subscriber on a $size changes to annual: sees what is credited, pays the rest, and goes back to monthly later',
  async (options) => {
    const name = `${options.size}-${options.scheme}`
    const person = await scene.arrive(options)
    const { page } = person
    const { visitor, email } = await subscriber(scene.app)
    await halfLater(email)
    await takeOver(person, visitor)
    await page.goto('/account')
    await page.getByRole('link', { name: 'Change your plan' }).click()
    await page.getByRole('heading', { name: 'Change to annual now' }).waitFor()
    await looksRight(person, `plan-preview-${name}`)
    await page.getByRole('button', { name: /^Change for ₹4,7/ }).click()
    await page.getByText('Credit for unused days').waitFor()
    await looksRight(person, `plan-checkout-${name}`)
    const hosted = options.size === 'phone' ? await openFullPage(page) : await openWindow(page)
    await requestByUpi(hosted)
    await openDashboard(page, 'Annual')
    await page.goto('/account/plan')
    await page
      .getByText(/^Annual until/)
      .last()
      .waitFor()
    await page.getByRole('button', { name: 'Choose monthly for later' }).click()
    await page.getByText('then Monthly if you renew').waitFor()
    await looksRight(person, `plan-later-${name}`)
    await page.getByRole('button', { name: 'Stay with annual instead' }).click()
    await page.getByText('we offer you the plan you have now').waitFor()
  },
  90_000,
)

test.each(looks)(
  'an administrator on a $size announces a price, a subscriber reads of it, and it is taken back',
  async (options) => {
    const name = `${options.size}-${options.scheme}`
    const admin = await scene.arriveAsAdmin(options)
    const { visitor } = await subscriber(scene.app)
    const { page } = admin
    const day = (days: number) => dayInIndia(new Date(Date.now() + days * 86_400_000))
    await page.goto('/admin/plans/monthly_v1/price')
    await page.getByLabel('New price in rupees').fill('599')
    await page.getByLabel('First day of the new price').fill(day(3))
    await page.getByLabel('Current subscribers').selectOption('pay')
    await page.getByLabel('They pay the new price from').fill(day(20))
    await page.getByRole('button', { name: 'See what changes' }).click()
    await page.getByRole('button', { name: 'Plan to sell for ₹599' }).waitFor()
    await looksRight(admin, `price-preview-${name}`)
    await page.getByRole('button', { name: 'Plan to sell for ₹599' }).click()
    await page.getByRole('heading', { name: 'Announced prices' }).waitFor()
    await scene.app.run('announce-prices')
    await page.reload()
    await looksRight(admin, `price-announced-${name}`)

    const person = await scene.arrive(options)
    await takeOver(person, visitor)
    await person.page.goto('/account/plan')
    await person.page.getByText('Monthly costs you ₹499 now and ₹599 from').waitFor()
    await looksRight(person, `price-told-${name}`)
    await person.page.goto('/')
    await person.page.getByText('₹599 from').waitFor()

    await page.getByRole('link', { name: 'withdraw' }).first().click()
    await looksRight(admin, `price-take-back-${name}`)
    await page.getByRole('button', { name: 'Withdraw the price' }).click()
    await page.getByText('The planned price is withdrawn.').waitFor()
    expect((await scene.app.sql`select from price_changes where withdrawn_at is null`).count).toBe(0)
  },
  90_000,
)
