import { describe, expect, test } from 'vitest'
import { typefaceNames } from '../../src/dev/browser/typefaces.ts'
import {
  axeFindings,
  markupFlaws,
  overflowOf,
  type Person,
  rulesFor,
  type Scheme,
  type Size,
  screenshot,
  sizes,
  takeOver,
} from '../support/browser.ts'
import { layoutFlawsAtWidths } from '../support/layout.ts'
import { newestOrder } from '../support/ledger.ts'
import { registration, Visitor } from '../support/visitor.ts'
import { openScene } from './scene.ts'
import { createAccount, fillRegistration } from './steps.ts'

const scene = openScene()

/** Opens a page in a state and returns when it stands. */
type Opening = (person: Person) => Promise<unknown>

const at =
  (path: string): Opening =>
  ({ page }) =>
    page.goto(path)

/** A member whose order is treated so, before the page is opened. */
const member =
  (path: string, treat: (order: { id: string; userId: string }, visitor: Visitor) => unknown = () => {}): Opening =>
  async (person) => {
    const visitor = new Visitor(scene.app)
    const { email } = await visitor.register({ name: 'Venkata Subrahmanyeswara Raghunathan Chattopadhyay' })
    const order = await newestOrder(scene.app, email!)
    await treat(order, visitor)
    await takeOver(person, visitor)
    await person.page.goto(path.replace(':order', order.id))
  }

const paid = async ({ id }: { id: string }, visitor: Visitor) => {
  scene.app.sandbox.control.pay(id)
  await visitor.get(`/payment/return?order_id=${id}`)
}

const underWay = async ({ id }: { id: string }, visitor: Visitor) => {
  scene.app.sandbox.control.pending(id)
  await visitor.get(`/payment/return?order_id=${id}`)
}

/** Paid once, and now in this state. */
const subscribed = (changes: { endsInDays?: number; status?: string }) =>
  member('/dashboard', async (order, visitor) => {
    await paid(order, visitor)
    const { endsInDays, status } = changes
    await scene.app.sql`
      update subscriptions
      set current_period_end = case when ${endsInDays !== undefined}
            then now() + make_interval(days => ${endsInDays ?? 0}) else current_period_end end,
          status = coalesce(${status ?? null}, status)
      where user_id = ${order.userId}
    `
  })

const visitors: Record<string, Opening> = {
  landing: at('/'),
  'register-with-errors': async ({ page }) => {
    await page.goto('/')
    await page.evaluate(`document.querySelector('form#register').submit()`)
    await page.locator('#register [aria-invalid=true]').first().waitFor()
  },
  login: at('/login'),
  'login-error': async ({ page }) => {
    await page.goto('/login')
    await page.evaluate(`document.querySelector('main form').submit()`)
    await page.getByText('Incorrect username, e-mail or password').waitFor()
  },
  terms: at('/terms'),
  privacy: at('/privacy'),
  refunds: at('/refunds'),
  contact: at('/contact'),
  disclaimer: at('/disclaimer'),
  'open-week': at('/open-week'),
  methodology: at('/methodology'),
  developers: at('/developers'),
  'not-found': at('/nowhere'),
  'return-neutral': at('/payment/return?order_id=ds_whoever'),
}

const members: Record<string, Opening> = {
  'checkout-none': member('/checkout/annual'),
  'checkout-unavailable': async (person) => {
    scene.app.sandbox.control.faults({ serverError: { endpoint: 'orders.create' } })
    await member('/checkout/monthly')(person)
    await person.page.getByText('Nothing was charged').waitFor()
  },
  'checkout-open': member('/checkout/monthly'),
  'checkout-failed': member('/checkout/monthly', async ({ id }, visitor) => {
    scene.app.sandbox.control.fail(id)
    await visitor.get(`/payment/return?order_id=${id}`)
  }),
  'checkout-held': member('/checkout/monthly', async (order, visitor) => {
    scene.app.sandbox.control.faults({ wrongAmount: { paise: 100 } })
    await paid(order, visitor)
  }),
  'checkout-expired': member('/checkout/monthly', async ({ id }, visitor) => {
    scene.app.sandbox.control.expire(id)
    await visitor.get(`/payment/return?order_id=${id}`)
  }),
  'checkout-paid': member('/checkout/monthly', paid),
  'return-confirming': member('/payment/return?order_id=:order', ({ id }) => scene.app.sandbox.control.pending(id)),
  'return-untried': member('/payment/return?order_id=:order'),
  'return-failed': member('/payment/return?order_id=:order', ({ id }) => scene.app.sandbox.control.fail(id)),
  'return-paid': member('/payment/return?order_id=:order', ({ id }) => scene.app.sandbox.control.pay(id)),
  'dashboard-pending': member('/dashboard'),
  'dashboard-under-way': member('/dashboard', underWay),
  'account-under-way': member('/account', underWay),
  'other-checkout-under-way': member('/checkout/annual', underWay),
  'account-plan-ahead': member('/account', async (order, visitor) => {
    await paid(order, visitor)
    const answer = await visitor.postJson('/api/create-cashfree-order', { plan: 'annual' })
    await paid({ id: (answer.json() as { order_id: string }).order_id }, visitor)
  }),
  'dashboard-active': subscribed({}),
  'dashboard-grace': subscribed({ endsInDays: -1 }),
  'dashboard-expired': subscribed({ endsInDays: -10 }),
  'dashboard-cancelled': subscribed({ status: 'cancelled' }),
  receipt: async (person) => {
    await member('/account', paid)(person)
    await person.page.getByRole('link', { name: /^R\d{4}-\d{6}$/ }).click()
    await person.page.waitForURL('**/receipts/*')
  },
}

const flaws: string[] = []

describe('pages of visitors', () => check(visitors))
describe('pages of members', () => check(members))

/** Phone and laptop, light and dark: fits the width, one heading, nothing for axe to find; and every link is as large as it looks. */
function check(pages: Record<string, Opening>) {
  test.each(Object.entries(pages))('%s', async (name, open) => {
    const person = await scene.arrive()
    const { page } = person
    await open(person)
    for (const flaw of await markupFlaws(page)) flaws.push(`${name}: ${flaw}`)
    for (const size of ['laptop', 'phone'] as Size[]) {
      await page.setViewportSize(sizes[size])
      for (const scheme of ['light', 'dark'] as Scheme[]) {
        await page.emulateMedia({ colorScheme: scheme })
        const where = `${name} ${size} ${scheme}`
        await screenshot(page, where.replaceAll(' ', '-'))
        expect([where, await overflowOf(page)]).toEqual([where, 0])
        expect([where, await page.locator('h1:visible').count()]).toEqual([where, 1])
        expect([where, await axeFindings(page, rulesFor(scheme))]).toEqual([where, []])
      }
    }
    for (const typeface of typefaceNames) {
      const reader = await scene.arrive({ typeface })
      await open(reader)
      expect([name, typeface, await layoutFlawsAtWidths(reader.page)]).toEqual([name, typeface, []])
    }
  })
}

test('the form with errors fits and is sound where htmx put it, too', async () => {
  const { page } = await scene.arrive({ size: 'phone' })
  await page.goto('/')
  await fillRegistration(page, registration({ phone: '1', email: 'asha' }))
  await page.locator('#register').evaluate((form) => form.setAttribute('novalidate', ''))
  await createAccount(page).click()
  await page.locator('#register [aria-invalid=true]').first().waitFor()
  await screenshot(page, 'landing-with-errors-phone-light')
  expect(await overflowOf(page)).toBe(0)
  expect(await axeFindings(page)).toEqual([])
})

test('on none of these pages two elements share an id or a link says wrongly where the reader is', () => {
  expect(flaws).toEqual([])
})
