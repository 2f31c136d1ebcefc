import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refundPayment } from '../../../src/billing/refunds/refunds.ts'
import {
  cancelSubscription,
  grantDays,
  phasesLabel,
  subscriptionOf,
} from '../../../src/billing/subscriptions/subscriptions.ts'
import { dateInIndia } from '../../../src/platform/dates.ts'
import { adminOf } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { atAnHour } from '../reminders/fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())

type Bought = 'monthly' | 'annual' | number
const admin = { actor: 'user:admin', origin: null }

/** Somebody who bought these one after the other; a number is days that were granted. Orders in their order. */
async function having(...bought: Bought[]) {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan: 'monthly' })
  const { userId } = await subscriberOf(app, form.email!)
  const orders: string[] = []
  for (const what of bought) {
    if (typeof what === 'number') {
      await grantDays(
        app.sql,
        { userId, days: what, reason: 'test', key: `${userId}:${orders.length}`, seenEnd: await seenEnd(userId) },
        admin,
      )
      continue
    }
    await visitor.post(`/checkout/${what}`)
    const [order] = await app.sql<{ id: string }[]>`
      select id from orders where user_id = ${userId} and status = 'active' and plan_key like ${`${what}%`}`
    app.sandbox.control.pay(order!.id)
    await visitor.get(`/payment/return?order_id=${order!.id}`)
    orders.push(order!.id)
  }
  return { visitor, email: form.email!, userId, orders }
}
type Person = Awaited<ReturnType<typeof having>>

async function seenEnd(userId: string) {
  const [row] = await app.sql<{ end: string | null }[]>`
    select (extract(epoch from current_period_end) * 1000000)::bigint::text as end from subscriptions where user_id = ${userId}`
  return row!.end
}

async function refund(orderId: string) {
  const [payment] = await app.sql<{ id: string; paise: number }[]>`
    select cf_payment_id as id, amount_paise as paise from payments where order_id = ${orderId} and applied_at is not null`
  await refundPayment(app.services, {
    cfPaymentId: payment!.id,
    ordinal: 1,
    amountPaise: payment!.paise,
    reason: 'asked',
    actor: 'user:admin',
  })
  await until(async () => {
    await app.sql`update refunds set next_look_at = now() where order_id = ${orderId} and finished_at is null`
    await app.run('send-refunds')
    const [row] = await app.sql<{ status: string }[]>`select status from refunds where order_id = ${orderId}`
    return row?.status === 'succeeded'
  })
}

/** Lets the database's clock be so much later for one person. */
const later = (userId: string, interval: string) => app.sql`
  with moved as (
    update subscription_periods set starts_at = starts_at - ${interval}::interval, ends_at = ends_at - ${interval}::interval,
           created_at = created_at - ${interval}::interval where user_id = ${userId}
  )
  update subscriptions set current_period_start = current_period_start - ${interval}::interval,
         current_period_end = current_period_end - ${interval}::interval where user_id = ${userId}`

/** Lets it be an hour after the end of all of somebody's periods. */
async function toTheEnd(userId: string) {
  const [row] = await app.sql<{ left: string }[]>`
    select (current_period_end - now() + interval '1 hour')::text as left from subscriptions where user_id = ${userId}`
  await later(userId, row!.left)
}

const titles = { monthly: 'Monthly', annual: 'Annual' }
const months = { monthly: 1, annual: 12 }
/** What should be said of having these from an instant on, counted by hand along the Indian calendar. */
function expectedFrom(from: Date, ...bought: Bought[]) {
  const india = new Date(from.getTime() + 330 * 60_000)
  const phases: { title: string; until: Date }[] = []
  let at = india
  for (const what of bought) {
    at = typeof what === 'number' ? new Date(at.getTime() + what * 86_400_000) : laterByMonths(at, months[what])
    const title = typeof what === 'number' ? 'free days' : titles[what]
    if (phases.at(-1)?.title === title) phases.at(-1)!.until = at
    else phases.push({ title, until: at })
  }
  const text = phases
    .map(({ title, until: end }) => `${title} until ${dateInIndia(new Date(end.getTime() - 330 * 60_000))}`)
    .join(', then ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
/** The same day so many months later, or the last of a shorter month. */
function laterByMonths(at: Date, count: number) {
  const day = at.getUTCDate()
  const moved = new Date(at)
  moved.setUTCDate(1)
  moved.setUTCMonth(moved.getUTCMonth() + count)
  const last = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate()
  moved.setUTCDate(Math.min(day, last))
  return moved
}

const expected = async ({ userId }: Person, ...bought: Bought[]) =>
  expectedFrom((await subscriptionOf(app.sql, userId)).currentPeriodStart!, ...bought)
const words = async ({ userId }: Person) => phasesLabel((await subscriptionOf(app.sql, userId)).phases)
const storedPlan = async ({ userId }: Person) =>
  (await app.sql<{ planKey: string }[]>`select plan_key from subscriptions where user_id = ${userId}`)[0]!.planKey
const mrr = async () =>
  Number((await app.sql<{ paise: number }[]>`select (subscriber_counts() ->> 'mrrPaise')::int as paise`)[0]!.paise)
const monthly = 49_900
const aTwelfthOfAYear = Math.round(499_000 / 12)

describe('a period carries its plan', () => {
  test.each<[string, Bought[], string]>([
    ['a year, then a month', ['annual', 'monthly'], 'Annual'],
    ['a month, then a year', ['monthly', 'annual'], 'Monthly'],
    ['three months', ['monthly', 'monthly', 'monthly'], 'Monthly'],
    ['a year, granted days, a month', ['annual', 10, 'monthly'], 'Annual'],
    ['granted days, then a month', [5, 'monthly'], 'Monthly'],
    ['a month, a year, a month', ['monthly', 'annual', 'monthly'], 'Monthly'],
  ])('%s: reads as it is, and counts as what runs', async (_what, bought, now) => {
    const before = await mrr()
    const person = await having(...bought)
    expect(await words(person)).toBe(await expected(person, ...bought))
    expect(await subscriptionOf(app.sql, person.userId)).toMatchObject({ hasAccess: true, planTitle: now })
    expect(Math.abs((await mrr()) - before - (now === 'Annual' ? aTwelfthOfAYear : monthly))).toBeLessThanOrEqual(1)
  })

  test('in header, dashboard, account, receipt mail, and on the panel’s pages', async () => {
    const person = await having('annual', 'monthly')
    const [annual, month] = (await subscriptionOf(app.sql, person.userId)).phases.map(({ until: end }) =>
      dateInIndia(end),
    )
    const text = (html: string) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
    const inHeader = `Annual until ${annual}, then Monthly until ${month}`.replaceAll(/\w+, (?=\d)/g, '')
    for (const path of ['/dashboard', '/account', '/account/profile'])
      expect(text((await person.visitor.get(path)).body)).toContain(inHeader)
    expect(text((await person.visitor.get('/dashboard')).body)).toContain(
      `Active plan Annual until ${annual} Then Monthly until ${month}`,
    )
    expect(text((await person.visitor.get('/account')).body)).toContain(
      `Plan Annual until ${annual}, then Monthly until ${month}`,
    )
    const paid = await person.visitor.get('/checkout/monthly')
    expect(text(paid.body)).toContain(`Your monthly plan begins on ${annual}.`)
    await app.run('deliver-mails')
    const mails = (await app.mailbox.list()).filter(
      ({ recipients, subject }) => recipients.includes(person.email) && /^₹499 received/.test(subject),
    )
    expect(mails[0]!.text).toContain(`This period begins on ${annual}, when what you have ends.`)

    const { visitor } = await adminOf(app)
    expect(text((await visitor.get(`/admin/subscribers/${person.userId}`)).body)).toContain(
      `Plan Annual until ${annual}, then Monthly until ${month}`,
    )
    const lists = async (plan: string) =>
      (await visitor.get(`/admin/subscribers?plan=${plan}&q=${person.email}`)).body +
      (await visitor.get(`/admin/subscribers?plan=${plan}`)).body
    expect(await lists('annual')).toContain(person.userId)
    expect((await visitor.get('/admin/subscribers?plan=monthly')).body).not.toContain(person.userId)
  })

  test('and gives way to the next by the clock, in figures too; the table follows with the next run of the job', async () => {
    const person = await having('annual', 'monthly')
    const before = await mrr()
    await later(person.userId, '364 days')
    expect(await subscriptionOf(app.sql, person.userId)).toMatchObject({ planTitle: 'Annual', hasAccess: true })
    expect(await mrr()).toBe(before)
    await later(person.userId, '3 days')
    expect(await subscriptionOf(app.sql, person.userId)).toMatchObject({
      planTitle: 'Monthly',
      planName: 'monthly',
      hasAccess: true,
    })
    expect(await words(person)).toMatch(/^Monthly until /)
    expect(Math.abs((await mrr()) - before - (monthly - aTwelfthOfAYear))).toBeLessThanOrEqual(1)
    expect(await storedPlan(person)).toBe('annual_v1')
    await Promise.all([app.run('keep-statuses'), app.run('keep-statuses')])
    expect(await storedPlan(person)).toBe('monthly_v1')
    await toTheEnd(person.userId)
    expect(await subscriptionOf(app.sql, person.userId)).toMatchObject({
      status: 'grace',
      planTitle: 'Monthly',
      phases: [],
    })
    await later(person.userId, '3 days')
    expect(await subscriptionOf(app.sql, person.userId)).toMatchObject({
      status: 'expired',
      planTitle: 'Monthly',
      hasAccess: false,
    })
    expect(Math.abs((await mrr()) - before + aTwelfthOfAYear)).toBeLessThanOrEqual(1)
  })
})

describe('after a refund', () => {
  test.each<[string, Bought[], number, Bought[]]>([
    ['of the year that runs, the month after it runs', ['annual', 'monthly'], 0, ['monthly']],
    ['of the month after the year, the year stays', ['annual', 'monthly'], 1, ['annual']],
    ['of the month that runs, the year after it runs', ['monthly', 'annual'], 0, ['annual']],
    ['of the first of three months', ['monthly', 'monthly', 'monthly'], 0, ['monthly', 'monthly']],
    ['of the second of three months', ['monthly', 'monthly', 'monthly'], 1, ['monthly', 'monthly']],
    ['of the third of three months', ['monthly', 'monthly', 'monthly'], 2, ['monthly', 'monthly']],
    [
      'of the year in the middle, two months are one stretch',
      ['monthly', 'annual', 'monthly'],
      1,
      ['monthly', 'monthly'],
    ],
    ['of the year before granted days, these run, then the month', ['annual', 10, 'monthly'], 0, [10, 'monthly']],
    ['of the month after granted days, the year and these stay', ['annual', 10, 'monthly'], 1, ['annual', 10]],
  ])('%s', async (_what, bought, which, left) => {
    const before = await mrr()
    const person = await having(...bought)
    await refund(person.orders[which]!)
    const { phases, planTitle } = await subscriptionOf(app.sql, person.userId)
    // A refund of an earlier period moves the later ones by days, and months differ in length: titles and order are compared.
    const plans = (text: string | null) => text?.replaceAll(/ until (\w+, )?\d+ \w+ \d+/g, '')
    expect(plans(phasesLabel(phases))).toBe(plans(await expected(person, ...left)))
    const runs = left.find((one) => typeof one !== 'number')
    if (typeof left[0] !== 'number') expect(planTitle).toBe(titles[runs as 'monthly'])
    if (typeof left[0] !== 'number') expect(await storedPlan(person)).toBe(`${runs}_v1`)
    expect(Math.abs((await mrr()) - before - (runs === 'annual' ? aTwelfthOfAYear : monthly))).toBeLessThanOrEqual(1)
  })

  test('of all, nothing runs and nothing counts', async () => {
    const before = await mrr()
    const person = await having('annual', 'monthly')
    for (const order of person.orders) await refund(order)
    expect(await subscriptionOf(app.sql, person.userId)).toMatchObject({
      status: 'cancelled',
      phases: [],
      hasAccess: false,
    })
    expect(await mrr()).toBe(before)
  })

  test('or a cancellation, nothing runs, and what is bought next is what runs', async () => {
    const person = await having('annual', 'monthly')
    await cancelSubscription(
      app.sql,
      { userId: person.userId, reason: 'asked', key: `c:${person.userId}`, seenEnd: await seenEnd(person.userId) },
      admin,
    )
    expect(await words(person)).toBeNull()
    await app.sql`update orders set paid_at = paid_at - interval '2 days', created_at = created_at - interval '2 days' where user_id = ${person.userId}`
    await person.visitor.post('/checkout/monthly')
    const order = await newestOrder(app, person.email)
    app.sandbox.control.pay(order.id)
    await person.visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await words(person)).toBe(await expected(person, 'monthly'))
    expect(await storedPlan(person)).toBe('monthly_v1')
  })
})

describe('suspension and deletion', () => {
  test('a suspension leaves plan and periods as they are', async () => {
    const person = await having('annual', 'monthly')
    await app.sql`update users set suspended_at = now(), suspended_reason = 'test' where id = ${person.userId}`
    expect(await words(person)).toBe(await expected(person, 'annual', 'monthly'))
  })

  test('a deletion ends all of them', async () => {
    const person = await having('annual', 'monthly')
    await app.sql`update orders set status = 'terminated', closed_at = now() where user_id = ${person.userId} and status in ('created', 'active')`
    const [row] = await app.sql<{ outcome: string }[]>`
      select delete_account(${person.userId}, current_period_end, 'x', 'test', null) as outcome from subscriptions where user_id = ${person.userId}`
    expect(row!.outcome).toBe('deleted')
    expect(await words(person)).toBeNull()
  })
})

test('free days whose purchase before them was refunded are counted as the plan that comes next, not as the one given back', async () => {
  const person = await having('monthly', 10, 'annual')
  await refund(person.orders[0]!)
  expect(await storedPlan(person)).toBe('annual_v1')
  expect((await subscriptionOf(app.sql, person.userId)).planTitle).toBe('Annual')
})

describe('the mail before access ends', () => {
  test('names the plan that ends then, not the one that ran before', async () => {
    const person = await having('annual', 'monthly')
    const { currentPeriodEnd } = await subscriptionOf(app.sql, person.userId)
    await later(person.userId, `${Math.floor((currentPeriodEnd!.getTime() - Date.now()) / 86_400_000) - 2} days`)
    await atAnHour(app, true)
    await app.run('remind')
    await app.run('deliver-mails')
    const mail = (await app.mailbox.list()).find(
      ({ recipients, subject }) => recipients.includes(person.email) && /ends/.test(subject),
    )
    expect(mail!.text).toContain('Your monthly plan ends on')
    expect(mail!.text).toContain('₹499')
    expect(mail!.text).not.toContain('under way')
  })

  test('asks to wait where the renewal is being paid already', async () => {
    const person = await having('monthly')
    await app.sql`update orders set paid_at = paid_at - interval '9 days', created_at = created_at - interval '9 days' where user_id = ${person.userId}`
    await person.visitor.post('/checkout/annual')
    const renewal = await newestOrder(app, person.email)
    app.sandbox.control.pending(renewal.id)
    await person.visitor.get(`/payment/return?order_id=${renewal.id}`)
    const { currentPeriodEnd } = await subscriptionOf(app.sql, person.userId)
    await later(person.userId, `${Math.floor((currentPeriodEnd!.getTime() - Date.now()) / 86_400_000) - 2} days`)
    await atAnHour(app, true)
    await app.run('remind')
    await app.run('deliver-mails')
    const mail = (await app.mailbox.list()).find(
      ({ recipients, subject }) => recipients.includes(person.email) && /ends/.test(subject),
    )
    expect(mail!.text).toContain('please wait for it before you pay again')
  })
})
