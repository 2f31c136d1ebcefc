import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planPriceChange } from '../../src/billing/plans/queries.ts'
import { hashOfSecret, newSecret } from '../../src/identity/email-tokens/email-tokens.ts'
import { dayInIndia } from '../../src/platform/dates.ts'
import {
  choose,
  consentOn,
  mandateOf,
  mandateStageOn,
  onAutopay,
  raised,
  registered,
} from '../billing/mandates/people.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder, subscriberOf } from '../support/ledger.ts'
import { Visitor } from '../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ CASHFREE_SUBSCRIPTIONS: 'on' })
})
afterAll(() => app.close())

/** Whether Cashfree answers nothing about mandates and their charges. */
const away = (isAway: boolean) =>
  app.sandbox.control.faults({
    serverError: isAway && { endpoint: 'mandates' },
    badGateway: isAway && { endpoint: 'charges' },
  })
const plain = (body: string) => body.replace(/<[^>]+>/g, '').replace(/\s+/g, ' ')

/** Somebody who paid by hand. */
async function byHand() {
  const person = await registered(app)
  const order = await newestOrder(app, person.email)
  app.sandbox.control.pay(order.id)
  await person.visitor.get(`/payment/return?order_id=${order.id}`)
  return person
}

describe('joining later', () => {
  test('debits ₹1 that is given back, grants nothing, and renews from then on', async () => {
    const person = await byHand()
    const { visitor } = person
    const page = await visitor.get('/account/autopay')
    expect(plain(page.body)).toContain('your UPI app debits ₹1, which Cashfree gives back; it buys nothing')
    expect(page.body).toMatch(/You allow [^<]+ at most ₹9,980 a debit/)
    const before = await subscriberOf(app, person.email)
    const { location } = await visitor.post('/account/autopay', { consent: consentOn(page) })
    const approving = await visitor.get(location!)
    expect(approving.body).toContain('Continue to approve, ₹1 now')
    app.sandbox.control.approveMandate(await mandateOf(app, person))
    const done = await visitor.get(location!)
    expect(mandateStageOn(done)).toBe('active')
    expect(plain(done.body)).toMatch(/The ₹1 is given back by Cashfree/)
    expect((await subscriberOf(app, person.email)).currentPeriodEnd).toEqual(before.currentPeriodEnd)
    const account = await visitor.get('/account/autopay')
    expect(plain(account.body)).toMatch(/Autopay renews with ₹499 for the monthly plan on \w+, \d+ \w+ 20\d\d/)
  })

  test('is not offered while no plan runs, and refused for other terms', async () => {
    const { visitor } = await registered(app)
    const page = await visitor.get('/account/autopay')
    expect(page.body).toContain('You have no active plan.')
    expect(consentOn(page)).toBe('')
    expect((await visitor.post('/account/autopay', { consent: 'x' })).status).toBe(422)
    const subscriber = await byHand()
    const refused = await subscriber.visitor.post('/account/autopay', { consent: 'x' })
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('please read them again')
  })
})

describe('a mandate that stands', () => {
  test('shows since when, the masked number, the ceiling, the end and the next debit, wherever renewing is spoken of', async () => {
    const person = await onAutopay(app)
    const { visitor } = person
    const { body } = await visitor.get('/account/autopay')
    const text = plain(body)
    const [row] = await app.sql<{ umn: string }[]>`select umn from mandates where user_id = ${person.userId}`
    const [name, handle] = row!.umn.split('@')
    expect(text).toContain(`${name!.slice(0, 4)}…@${handle}`)
    expect(body).not.toContain(row!.umn)
    expect(text).toMatch(/On since\s*\w+, \d+ \w+ 20\d\d/)
    expect(text).toMatch(/Maximum per debit\s*₹9,980/)
    expect(text).toMatch(/Ends on\s*\w+, \d+ \w+ 203\d/)
    for (const path of ['/account', '/account/plan', '/account/autopay'])
      expect(plain((await visitor.get(path)).body), path).toMatch(/Autopay renews (it )?with ₹499/)
    expect((await visitor.get('/account')).body).not.toContain('Without a renewal, access stops')
    expect(plain((await visitor.get('/account/subscription/cancel')).body)).toContain(
      'Cancelling also stops Autopay, at once',
    )
    expect((await visitor.get('/account/data')).body).toContain('<b>Autopay</b> is stopped first')
    expect((await visitor.get('/dashboard')).body).toContain('We charge you automatically only if you chose Autopay.')
  })

  test('is stopped with one button, at once; the period stays, and a second press changes nothing', async () => {
    const person = await onAutopay(app)
    const { visitor } = person
    const before = await subscriberOf(app, person.email)
    expect((await visitor.post('/account/autopay/cancel')).location).toBe('/account/autopay')
    expect((await visitor.get('/account/autopay')).body).toContain('Autopay is stopped. Nothing more is debited')
    const mandate = await mandateOf(app, person)
    expect(app.sandbox.control.mandate(mandate).status).toBe('CANCELLED')
    const [ended] = await app.sql`select ended_at, ended_by from mandates where subscription_id = ${mandate}`
    await visitor.post('/account/autopay/cancel')
    const page = await visitor.get('/account/autopay')
    expect(page.body).toContain('Autopay is off already.')
    expect(plain(page.body)).toContain('You stopped it. Nothing is debited automatically.')
    expect((await app.sql`select ended_at, ended_by from mandates where subscription_id = ${mandate}`)[0]).toEqual(
      ended,
    )
    expect((await subscriberOf(app, person.email)).currentPeriodEnd).toEqual(before.currentPeriodEnd)
    expect(consentOn(page)).not.toBe('')
  })

  test('is stopped although Cashfree is away: the page says that its answer is missing', async () => {
    const person = await onAutopay(app)
    away(true)
    await person.visitor.post('/account/autopay/cancel')
    away(false)
    const page = await person.visitor.get('/account/autopay')
    expect(plain(page.body)).toContain('Cashfree has not confirmed the end yet, and we keep asking')
    expect(page.body).not.toContain('Stop Autopay</button>')
  })

  test('that was cancelled in the UPI app says why it ended', async () => {
    const person = await onAutopay(app)
    const mandate = await mandateOf(app, person)
    await app.sql`
      update mandates set status = 'CUSTOMER_CANCELLED', ended_at = now(), ended_by = 'customer' where subscription_id = ${mandate}`
    expect(plain((await person.visitor.get('/account/autopay')).body)).toContain('You cancelled it in your UPI app.')
  })

  test('that ended with a deletion that was refused says so, and one that we ended does not blame Cashfree', async () => {
    const person = await onAutopay(app)
    const mandate = await mandateOf(app, person)
    for (const [by, sentence] of [
      ['deletion', 'It was stopped when you asked to delete your account.'],
      ['site', 'We ended it.'],
    ] as const) {
      await app.sql`
        update mandates set status = 'CANCELLED', ended_at = now(), ended_by = ${by} where subscription_id = ${mandate}`
      expect(plain((await person.visitor.get('/account/autopay')).body)).toContain(sentence)
    }
  })

  test('goes with the subscription that is cancelled, and resuming does not bring it back', async () => {
    const person = await onAutopay(app)
    const { visitor } = person
    await visitor.post('/account/subscription/cancel', { reason: '' })
    expect((await visitor.get('/account')).body).toContain('Cancelled. Autopay is stopped. You have access until')
    expect(app.sandbox.control.mandate(await mandateOf(app, person)).status).toBe('CANCELLED')
    await visitor.post('/account/subscription/resume')
    expect(plain((await visitor.get('/account')).body)).toContain('Without a renewal, access stops')
  })
})

describe('a charge that is raised', () => {
  test('is called off by “Skip this debit”, and the person pays by hand', async () => {
    const person = await onAutopay(app)
    const paymentId = await raised(app, person)
    const page = await person.visitor.get('/account/autopay')
    expect(page.body).toContain('Skip this debit')
    expect(plain(page.body)).toContain('Announced to your bank')
    expect((await person.visitor.get('/checkout/monthly')).body).toContain('Autopay takes care of this payment')
    const answer = await person.visitor.post('/account/autopay/charge/cancel', { charge: paymentId })
    expect(answer.location).toBe('/checkout/monthly')
    const checkout = await person.visitor.get('/checkout/monthly')
    expect(checkout.body).toContain('it debits nothing when this period ends, so pay manually to keep your access')
    expect(checkout.body).not.toContain('Your last payment was closed')
    expect(plain(checkout.body)).toMatch(/Called off: ₹499 is not debited on .* You can pay manually here\./)
    expect(checkout.body).toContain('Pay ₹499')
    const after = await person.visitor.get('/account/autopay')
    expect(plain(after.body)).toMatch(/Called off\s*You called it off\./)
    expect(after.body).not.toContain('Skip this debit')
    await person.visitor.post('/account/autopay/charge/cancel', { charge: paymentId })
    expect((await person.visitor.get('/account/autopay')).body).not.toContain('Being called off')
  })

  test('that Cashfree cannot be asked about says so, and stays to be called off', async () => {
    const person = await onAutopay(app)
    const paymentId = await raised(app, person)
    away(true)
    const answer = await person.visitor.post('/account/autopay/charge/cancel', { charge: paymentId })
    away(false)
    expect(answer.location).toBe('/account/autopay')
    expect(plain((await person.visitor.get('/account/autopay')).body)).toContain(
      'Cashfree has been asked to call it off',
    )
  })

  test('that Cashfree refuses did not go through: nobody called it off', async () => {
    const person = await onAutopay(app)
    const paymentId = await raised(app, person)
    await app.sql`
      update mandate_charges set status = 'WITHDRAWN', withdrawn_why = 'refused', final_at = now(), next_look_at = null
      where payment_id = ${paymentId}`
    expect(plain((await person.visitor.get('/account/autopay')).body)).toMatch(
      /Did not go through\s*Cashfree did not accept it\./,
    )
  })

  test('is nobody else’s to call off', async () => {
    const person = await onAutopay(app)
    const paymentId = await raised(app, person)
    const other = await registered(app)
    expect((await other.visitor.post('/account/autopay/charge/cancel', { charge: paymentId })).status).toBe(404)
    expect((await other.visitor.post('/account/autopay/charge/cancel', { charge: "x' or 1" })).status).toBe(404)
  })
})

describe('deleting the account', () => {
  const password = 'TestPass123'
  const deletion = async ({ visitor, email }: { visitor: Visitor; email: string }) => {
    const [row] = await app.sql<{ username: string }[]>`select username from users where email = ${email}`
    const seen = /name="seen" value="([^"]*)"/.exec((await visitor.get('/account/data')).body)![1]!
    return visitor.post('/account/delete', { password, confirmation: row!.username, seen })
  }

  test('cancels the mandate at Cashfree first', async () => {
    const person = await onAutopay(app)
    const mandate = await mandateOf(app, person)
    expect((await deletion(person)).location).toBe('/')
    expect(app.sandbox.control.mandate(mandate).status).toBe('CANCELLED')
    const [row] =
      await app.sql`select ended_by, ended_at is not null as ended from mandates where subscription_id = ${mandate}`
    expect(row).toMatchObject({ endedBy: 'deletion', ended: true })
  })

  test('where Cashfree is away is noted, and the next look ends it there', async () => {
    const person = await onAutopay(app)
    const mandate = await mandateOf(app, person)
    away(true)
    expect((await deletion(person)).location).toBe('/')
    away(false)
    const [row] =
      await app.sql`select cancel_asked_at is not null as asked, ended_at, next_look_at is not null as looked_at
      from mandates where subscription_id = ${mandate}`
    expect(row).toMatchObject({ asked: true, endedAt: null, lookedAt: true })
  })

  test('waits while a debit cannot be called off, and says that Autopay is stopped', async () => {
    const person = await onAutopay(app)
    await raised(app, person)
    away(true)
    const refused = await deletion(person)
    away(false)
    expect(refused.status).toBe(409)
    expect(refused.body).toContain('Autopay is stopped.')
    const { userId } = person
    expect((await app.sql`select deleted_at from users where id = ${userId}`)[0]!.deletedAt).toBeNull()
  })
})

test('whoever has not approved goes on to approve, or pays by hand', async () => {
  const person = await registered(app)
  const path = (await choose(person)).location!
  const page = await person.visitor.get('/account/autopay')
  expect(page.body).toContain(`href="${path}"`)
  expect((await person.visitor.post('/account/autopay')).location).toBe(path)
  expect((await person.visitor.post('/account/autopay/cancel', { instead: 'pay' })).location).toBe('/checkout/monthly')
  expect(plain((await person.visitor.get('/account/autopay')).body)).toContain(
    'It was not approved, so it never began.',
  )
})

test('where the setting is switched off again, whoever has a mandate can still stop it', async () => {
  const person = await onAutopay(app)
  const { config } = app.services
  const cashfree = { ...config.cashfree, autopay: false }
  const { isAutopayInUse } = await import('../../src/billing/mandates/in-use.ts')
  expect(await isAutopayInUse({ config: { ...config, cashfree }, sql: app.sql })).toBe(true)
  config.cashfree.autopay = false
  try {
    const page = await person.visitor.get('/account/autopay')
    expect(page.body).toContain('Stop Autopay')
    expect(page.body).toContain('<a href="/account/autopay"')
    expect(plain((await new Visitor(app).get('/terms')).body)).toContain('automatically only if you choose UPI Autopay')
    const other = await byHand()
    expect((await other.visitor.get('/account')).body).not.toContain('Renew by UPI Autopay')
    await person.visitor.post('/account/autopay/cancel')
    const after = await person.visitor.get('/account/autopay')
    expect(after.body).toContain('Autopay is stopped.')
    expect(consentOn(after)).toBe('')
    expect((await person.visitor.post('/account/autopay', { consent: 'x' })).body).toContain(
      'not offered at the moment',
    )
  } finally {
    config.cashfree.autopay = true
  }
})

test('the link of a reminder says that Autopay renews', async () => {
  const person = await onAutopay(app)
  const secret = newSecret()
  await app.sql`select issue_renewal_token(${person.userId}, ${person.email}, 'monthly', null, ${hashOfSecret(secret)})`
  const { body } = await new Visitor(app).get(`/renew/${secret}`)
  expect(plain(body)).toMatch(
    /Autopay renews this account’s plan with ₹499 on \w+, \d+ \w+ 20\d\d\. Pay here only if you want/,
  )
})

test('a price that is announced for then is the one that is debited next; one above the ceiling is not', async () => {
  const person = await onAutopay(app)
  const inTenDays = dayInIndia(new Date(Date.now() + 10 * 86_400_000))
  const by = { actor: 'admin:test', origin: null }
  const change = { pricePaise: 59_900, from: inTenDays, subscribersFrom: inTenDays, by }
  expect(await planPriceChange(app.sql, { replaces: 'monthly_v1', ...change })).toBe('planned')
  const page = async () => plain((await person.visitor.get('/account/autopay')).body)
  expect(await page()).toMatch(/Autopay renews with ₹599 for the monthly plan on/)
  await app.sql`update mandates set max_paise = 50000 where user_id = ${person.userId}`
  expect(await page()).toContain(
    'Your plan costs ₹599 when this period ends, more than the ₹500 you allowed, so it is not debited',
  )
  expect(plain((await person.visitor.get('/account')).body)).toContain('Without a renewal, access stops')
  expect(plain((await person.visitor.get('/account/plan')).body)).not.toContain('Autopay renews with')
  expect(plain((await person.visitor.get('/checkout/annual')).body)).toContain(
    'it debits nothing when this period ends',
  )
})
