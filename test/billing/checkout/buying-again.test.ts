import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dateInIndia } from '../../../src/platform/dates.ts'
import { registrant, subscriber } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { stageOn } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const text = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

/** Somebody who bought the monthly plan and then the annual one, in a day. */
async function boughtTwice() {
  const person = await subscriber(app)
  const firstEnd = dateInIndia((await subscriberOf(app, person.email)).currentPeriodEnd!)
  await person.visitor.post('/checkout/annual')
  const second = await newestOrder(app, person.email)
  app.sandbox.control.pay(second.id)
  const paid = await person.visitor.get(`/payment/return?order_id=${second.id}`)
  const accessEnd = dateInIndia((await subscriberOf(app, person.email)).currentPeriodEnd!)
  return { ...person, second, paid, firstEnd, accessEnd }
}

describe('the page of a purchase', () => {
  test('gives the end of what its receipt is for, and the end of all access by itself where another purchase followed', async () => {
    const { visitor, firstEnd, accessEnd } = await boughtTwice()
    const first = await visitor.get('/checkout/monthly')
    expect([stageOn(first), firstEnd === accessEnd]).toEqual(['paid', false])
    expect(text(first.body)).toContain('Paid ₹499')
    expect(text(first.body)).toContain(`Valid until ${firstEnd} You have access until ${accessEnd}`)
    const [{ number }] = await app.sql<
      [{ number: string }]
    >`select number from receipts order by number desc offset 1 limit 1`
    expect(text((await visitor.get(`/receipts/${number}`)).body)).toContain(firstEnd)
  })

  test('gives the one end where both are the same, and when a plan bought ahead begins', async () => {
    const { visitor, paid, firstEnd, accessEnd } = await boughtTwice()
    for (const page of [paid, await visitor.get('/checkout/annual')]) {
      expect(text(page.body)).toContain(`Your annual plan begins on ${firstEnd}.`)
      expect(text(page.body)).toContain(`From ${firstEnd} Valid until ${accessEnd}`)
      expect(page.body).not.toContain('You have access until')
    }
    const alone = await subscriber(app)
    expect((await alone.visitor.get('/checkout/monthly')).body).not.toContain('You have access until')
  })

  test('shows first steps to who is new, and the receipt to who renews', async () => {
    const { visitor, paid } = await boughtTwice()
    expect(paid.body).not.toContain('Three things to do first')
    expect(text(paid.body)).toContain('Your receipt Download your receipt (PDF)')
    expect((await visitor.get('/checkout/monthly')).body).toContain('Three things to do first')
  })
})

test('who renews is not asked to skip a payment: they go back to what they have', async () => {
  const { visitor } = await subscriber(app)
  await visitor.post('/checkout/annual')
  for (const path of ['/checkout/annual', '/checkout/monthly?order=']) {
    const { body } = await visitor.get(path)
    expect(body).not.toContain('Skip payment for now')
  }
  expect((await visitor.get('/checkout/annual')).body).toContain('<a class="small" href="/dashboard">Not now</a>')
})

test.each(['monthly', 'annual'])(
  'who skips the payment of the %s plan finds it standing out on the dashboard',
  async (plan) => {
    const { visitor } = await registrant(app, { plan })
    await visitor.post('/checkout/skip')
    const { body } = await visitor.get('/dashboard')
    const best = /<article class="card plan best">([\s\S]*?)<\/article>/.exec(body)![1]!
    expect(best).toContain(`action="/checkout/${plan}"`)
  },
)

test('a code and a company are asked about once', async () => {
  const { visitor } = await registrant(app)
  const { body } = await visitor.get('/checkout/monthly')
  expect(body.match(/Have a code, or buying for a company\?/g)).toHaveLength(1)
  expect(body).toContain('<summary>Code and company</summary>')
})
