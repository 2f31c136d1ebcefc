import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { readIntoImport } from '../../src/market/prices/imports/imports.ts'
import { seedSample } from '../../src/market/prices/sample-prices.ts'
import { recordJobRuns } from '../../src/operations/jobs/job-runs.ts'
import type { Sql } from '../../src/platform/db.ts'
import { insertComplaint } from '../../src/records/complaints/queries.ts'
import { linkTo, open, subjects } from '../account/mailed.ts'
import { deliver, signed } from '../billing/webhooks/sender.ts'
import { type Admin, adminOf } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder } from '../support/ledger.ts'
import { until } from '../support/until.ts'
import { registration, Visitor } from '../support/visitor.ts'

/** The kinds of people who call an endpoint. `half` is an administrator who gave the password and not yet the second factor. */
export const people = ['visitor', 'owner', 'other', 'half', 'reader', 'money'] as const
export type Who = (typeof people)[number]

/** A site whose database has one of everything, and everybody who may request it. */
export type WebFixture = {
  app: TestApp
  /** Their browsers. */
  at: Record<Who, Visitor>
  /** The same person in a new browser, for what ends a session. */
  again: (who: Who) => Promise<Visitor>
  /** What stands for `:id` and the like. */
  ids: Ids
  close: () => Promise<void>
}
export type Ids = {
  owner: string
  ownerSession: string
  paidOrder: string
  openOrder: string
  waitingOrder: string
  payment: string
  receipt: string
  refund: string
  mail: string
  delivery: string
  incident: string
  complaint: string
  grantedTo: string
  committed: string
  held: string
  unwanted: string
  reportsLink: string
  alertsLink: string
  gift: string
  giftOrder: string
  mandate: string
}

/** Builds it through the real endpoints: people register and pay, Cashfree reports, jobs run. */
export async function buildFixture(
  env: Record<string, string> = {},
  disturbed?: (sql: Sql) => Sql,
): Promise<WebFixture> {
  const app = await startApp({ CASHFREE_SUBSCRIPTIONS: 'on', ...env }, undefined, disturbed)
  // An https site is spoken to without its proxy.
  const direct = { url: `http://localhost:${app.config.port}` }
  const owner = await customer(app, direct, 499)
  const short = await customer(app, direct, 400)
  const waiting = await customer(app, direct, null)
  const other = await customer(app, direct, null)
  const reader = await adminOf({ ...app, ...direct }, 'admin-read')
  const money = await adminOf({ ...app, ...direct })
  const half = await adminOf({ ...app, ...direct })
  const again = async (who: Who) => {
    const visitor = new Visitor(direct)
    if (who === 'visitor') return visitor
    const { form } = { owner, other, half, reader, money }[who]
    await visitor.post('/login', { login: form.username!, password: form.password! })
    if (who === 'reader' || who === 'money')
      await app.sql`update sessions set second_factor_at = now(), confirmed_at = now() where second_factor_at is null
                    and user_id = ${{ reader, money }[who].id}`
    return visitor
  }
  const at = {
    visitor: new Visitor(direct),
    owner: owner.visitor,
    other: other.visitor,
    half: await again('half'),
    reader: reader.visitor,
    money: money.visitor,
  }
  const given = await giftOf(app, at.owner)
  await money.visitor.post('/admin/coupons', { code: 'WALK20', percent: '20' })
  await at.owner.post('/checkout/annual')
  const ids = {
    ...(await booksOf(app, owner, money)),
    ownerSession: await sessionBesides(app, owner),
    openOrder: (await newestOrder(app, owner.form.email!)).id,
    waitingOrder: waiting.order.id,
    mandate: await endedMandateOf(app.sql, owner.form.email!),
    complaint: await insertComplaint(
      app.sql,
      {
        formKey: 'fixture',
        userId: null,
        name: 'Asha',
        email: 'asha@example.in',
        reference: '',
        text: 'No answer yet.',
      },
      null,
      { actor: 'visitor', origin: null },
    ),
    incident: await numberOf(app.sql`select id from incidents where order_id = ${short.order.id}`),
    grantedTo: await lifeOf(await customer(app, direct, 499), money),
    ...(await importsOf(app)),
    reportsLink: await reportsOf(app, short),
    alertsLink: await alertsOf(app, short),
    ...given,
  }
  app.sandbox.control.dispute(short.order.id, { reason: 'Did not get what was paid for' })
  await until(async () => (await app.sql`select from disputes`).length > 0)
  await quiet(app)
  // Takes the notice of what they did last.
  await at.owner.get('/dashboard')
  return { app, at, again, ids, close: app.close }
}

type Customer = { visitor: Visitor; form: Record<string, string>; order: { id: string; userId: string } }

/** Somebody who registers and pays so many rupees, or nothing yet. */
async function customer(app: TestApp, direct: { url: string }, rupees: number | null): Promise<Customer> {
  const visitor = new Visitor(direct)
  const form = registration()
  await visitor.register(form)
  const order = await newestOrder(app, form.email!)
  if (rupees !== null) {
    app.sandbox.control.pay(order.id, { amount: rupees })
    await visitor.get(`/payment/return?order_id=${order.id}`)
  }
  return { visitor, form, order }
}

/** A gift that its buyer paid for and nobody redeemed. */
async function giftOf(app: TestApp, buyer: Visitor): Promise<{ gift: string; giftOrder: string }> {
  const form = { plan: 'monthly', recipient: 'Ravi Iyer', email: 'ravi@example.in', message: 'Enjoy', day: '' }
  const { location } = await buyer.post('/gift', form)
  const giftOrder = location!.split('/').at(-1)!
  app.sandbox.control.pay(giftOrder)
  await buyer.get(`/payment/return?order_id=${giftOrder}`)
  const [row] = await app.sql<
    { id: string }[]
  >`select id from gifts where order_id = ${giftOrder} and paid_at is not null`
  return { gift: row!.id, giftOrder }
}

async function booksOf(app: TestApp, owner: Customer, money: Admin) {
  const { id: paidOrder, userId } = owner.order
  await open(owner.visitor, await linkTo(app, owner.form.email!, subjects.verify))
  expect((await owner.visitor.post('/verify-email')).status).toBe(303)
  await until(
    async () =>
      (await app.sql`select from webhook_events where order_id = ${paidOrder} and settled_at is not null`).length > 0,
  )
  const [paper] = await app.sql<{ cfPaymentId: string; number: string }[]>`
    select cf_payment_id, number from receipts where order_id = ${paidOrder}`
  const path = `/admin/refunds/of/${paper!.cfPaymentId}`
  const shown = await money.visitor.get(`${path}?amount=100`)
  const form = { ...hiddenIn(shown.body), reason: 'A part, as promised', amount_again: '100' }
  expect((await money.visitor.post(path, form)).status).toBe(303)
  const ping = '{"data":{"test_object":{"test_key":"test_value"}},"type":"WEBHOOK","event_time":"2026-11-22T00:00:00Z"}'
  await deliver({ url: money.visitor.app.url }, ping, signed(ping, { secret: 'not ours' }))
  const jobs = await recordJobRuns(app.sql, [{ name: 'clean', everyMs: 3_600_000, run: async () => {} }])
  await jobs[0]!.run()
  for (const job of ['send-refunds', 'deliver-mails', 'alert', 'seal-audit', 'figures', 'check-books'])
    await app.run(job)
  return {
    owner: userId,
    paidOrder,
    payment: paper!.cfPaymentId,
    receipt: paper!.number,
    refund: (await app.sql<{ id: string }[]>`select id from refunds where order_id = ${paidOrder}`)[0]!.id,
    mail: await numberOf(app.sql`select id from mails where kind = 'receipt' and user_id = ${userId}`),
    delivery: await numberOf(app.sql`select id from webhook_events where order_id = ${paidOrder} limit 1`),
  }
}

/** From here on the database changes only by what somebody does: what Cashfree still had to report has arrived. */
async function quiet(app: TestApp): Promise<void> {
  const open = () => app.sql`
    select from webhook_events where accepted and settled_at is null union all
    select from refunds where not exists (select from webhook_events where type like '%REFUND%')`
  await until(async () => (await open()).length === 0)
  app.sandbox.control.webhooks({ paused: true })
}

/** The handle of another session of theirs. */
async function sessionBesides(app: TestApp, { form, order, visitor }: Customer): Promise<string> {
  await new Visitor(visitor.app).post('/login', { login: form.username!, password: form.password! })
  const [row] = await app.sql<{ handle: string }[]>`
    select handle from sessions where user_id = ${order.userId} order by created_at desc limit 1`
  return row!.handle
}

/** Somebody to whom everything was done that an administrator can do: days granted, access ended, account suspended. */
async function lifeOf({ order, form }: Customer, { visitor }: Admin): Promise<string> {
  await visitor.post('/forgot-password', { email: form.email! })
  for (const act of ['grant', 'cancellation', 'suspension']) {
    const path = `/admin/subscribers/${order.userId}/${act}`
    const { status } = await visitor.post(path, {
      ...hiddenIn((await visitor.get(path)).body),
      reason: 'They asked for it',
    })
    expect([act, status]).toEqual([act, 303])
  }
  return order.userId
}

/** Prices that count, and two files that wait for a decision. */
async function importsOf(app: TestApp) {
  await seedSample(app.sql, new Date().toISOString().slice(0, 10))
  const committed = await numberOf(app.sql`select id from imports`)
  const path = join(tmpdir(), `prices-${randomUUID()}.csv`)
  writeFileSync(path, 'date,symbol,close\n2026-11-19,BANKBEES,560\n2026-11-20,BANKBEES,561\n')
  const read = () => readIntoImport(app.sql, [{ path, name: 'prices.csv' }], { origin: 'command', actor: 'command' })
  return { committed, held: String(await read()), unwanted: String(await read()) }
}

/** The link in the mails of somebody who chose to get reports. */
async function reportsOf(app: TestApp, { visitor, order }: Customer): Promise<string> {
  await visitor.post('/account/reports', { cadence: 'weekly', weekday: '6', time: '08:00', map: 'yes' })
  const [row] = await app.sql<{ link: string }[]>`select link from report_choices where user_id = ${order.userId}`
  return row!.link
}

/** The link in the mails of somebody who chose to get alerts. */
async function alertsOf(app: TestApp, { visitor, order }: Customer): Promise<string> {
  await visitor.post('/account/alerts', { on: 'yes', step: 'week', scope: 'all', quadrant: 'yes' })
  const [row] = await app.sql<{ link: string }[]>`select link from alert_choices where user_id = ${order.userId}`
  return row!.link
}

async function numberOf(rows: Promise<readonly unknown[]>): Promise<string> {
  return String(((await rows)[0] as { id: number }).id)
}

/** The hidden fields of the forms on a page. */
export function hiddenIn(html: string): Record<string, string> {
  const fields = [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
  return Object.fromEntries(fields.map(([, name, value]) => [name!, value!]))
}

/** One that its person ended long ago: their pages offer what they offer everybody. */
async function endedMandateOf(sql: Sql, email: string): Promise<string> {
  const [mandate] = await sql<{ subscriptionId: string }[]>`
    insert into mandates (user_id, subscription_id, plan_id, max_paise, authorisation_paise, refund_authorisation, status, consent_version,
                          consent_text, expires_at, created_at, ended_at, ended_by, next_look_at)
    select id, 'sub_' || replace(gen_random_uuid()::text, '-', ''), 'plan', 998000, 100, true, 'CUSTOMER_CANCELLED', 'autopay-1',
           'Whenever a period ends, the next one is debited.', now() + interval '9 years', now() - interval '1 year',
           now() - interval '11 months', 'customer', null
    from users where email = ${email}
    returning subscription_id
  `
  return mandate!.subscriptionId
}
