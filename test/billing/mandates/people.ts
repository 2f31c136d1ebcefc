import { expect } from 'vitest'
import { openDueCharges } from '../../../src/billing/mandates/charge-queries.ts'
import { raiseCharge } from '../../../src/billing/mandates/mandates.ts'
import type { TestApp } from '../../support/app.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { type Answer, Visitor } from '../../support/visitor.ts'
import { later } from './fixture.ts'

/** The key of the consent that a page shows. */
export const consentOn = ({ body }: Answer) => /name="consent" value="([^"]+)"/.exec(body)?.[1] ?? ''

/** The session that a page leads to Cashfree with. */
export const sessionOn = ({ body }: Answer) => /name="subs_session_id" value="([^"]+)"/.exec(body)?.[1]

/** The state of the region on the page of a mandate. */
export const mandateStageOn = ({ body }: Answer) => /id="mandate"[^>]*data-stage="([^"]*)"/.exec(body)?.[1]

export type Person = { visitor: Visitor; email: string; userId: string }

/** Somebody who has registered, with an order open at Cashfree. */
export async function registered(app: TestApp, changes: Record<string, string> = {}): Promise<Person> {
  const visitor = new Visitor(app)
  const { email } = await visitor.register(changes)
  const { userId } = await subscriberOf(app, email!)
  return { visitor, email: email!, userId }
}

/** Chooses Autopay at the checkout, with whatever else is typed there. */
export async function choose({ visitor }: Person, typed: Record<string, string> = {}, plan = 'monthly') {
  const page = await visitor.get(`/checkout/${plan}`)
  return visitor.post(`/checkout/${plan}`, { autopay: 'yes', consent: consentOn(page), ...typed })
}

/** The id by which Cashfree knows a person's newest mandate. */
export async function mandateOf(app: TestApp, { userId }: Pick<Person, 'userId'>): Promise<string> {
  const [row] = await app.sql<{ subscriptionId: string }[]>`
    select subscription_id from mandates where user_id = ${userId} order by created_at desc limit 1`
  return row!.subscriptionId
}

/** Somebody whose first period was paid by Autopay; `path` is the page of their mandate. */
export async function onAutopay(app: TestApp, changes: Record<string, string> = {}) {
  const person = await registered(app, changes)
  const path = (await choose(person, {}, changes.plan)).location!
  await person.visitor.get(path)
  app.sandbox.control.approveMandate(await mandateOf(app, person))
  expect(mandateStageOn(await person.visitor.get(path))).toBe('active')
  return { ...person, path }
}

/** The charge of a person whose period ends in two days, as Cashfree accepted it. */
export async function raised(app: TestApp, { userId }: Person): Promise<string> {
  const [row] = await app.sql<{ gap: string }[]>`
    select (current_period_end - now() - interval '2 days')::text as gap from subscriptions where user_id = ${userId}`
  await later(app, { id: userId }, row!.gap)
  const due = (await openDueCharges(app.sql, 1_000, 'job')).find((one) => one.userId === userId)
  expect(await raiseCharge(app.services, due!.paymentId!, 'job')).toBe('asked')
  return due!.paymentId!
}
