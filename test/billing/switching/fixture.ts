import { expect } from 'vitest'
import { findOrCreateOrder } from '../../../src/billing/checkout/create-order.ts'
import { refundPayment } from '../../../src/billing/refunds/refunds.ts'
import type { User } from '../../../src/identity/users/queries.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import type { TestApp } from '../../support/app.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

/** Somebody who bought these plans one after the other; orders in their order. */
export async function having(app: TestApp, ...plans: string[]) {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan: 'monthly' })
  const { userId } = await subscriberOf(app, form.email!)
  const person = { visitor, email: form.email!, userId, orders: [] as string[] }
  for (const plan of plans) {
    await visitor.post(`/checkout/${plan}`)
    const [order] = await app.sql<{ id: string }[]>`
      select id from orders where user_id = ${userId} and status = 'active' and plan_key like ${`${plan}%`}`
    await pay(app, person, order!.id)
    person.orders.push(order!.id)
  }
  return person
}
export type Person = Awaited<ReturnType<typeof having>>

/** Pays an order at Cashfree and comes back. */
export async function pay(app: TestApp, { visitor }: Pick<Person, 'visitor'>, orderId: string) {
  app.sandbox.control.pay(orderId)
  await visitor.get(`/payment/return?order_id=${orderId}`)
}

/** Opens a switch as its page does. */
export async function openSwitch(app: TestApp, { userId }: Person, plan = 'annual') {
  const [user] = await app.sql<User[]>`select * from users where id = ${userId}`
  return findOrCreateOrder(app.services, user!, plan, { purpose: 'switch' })
}

/** Refunds of an order what can be read as paid, or a part, and waits until the money has arrived. */
export async function refund(app: TestApp, orderId: string, amountPaise: number, ordinal = 1) {
  const [payment] = await app.sql<{ id: string }[]>`
    select cf_payment_id as id from payments where order_id = ${orderId} and applied_at is not null`
  await refundPayment(app.services, {
    cfPaymentId: payment!.id,
    ordinal,
    amountPaise,
    reason: 'asked',
    actor: 'user:admin',
  })
  await until(async () => {
    await app.sql`update refunds set next_look_at = now() where order_id = ${orderId} and finished_at is null`
    await app.run('send-refunds')
    return (await app.sql`select from refunds where order_id = ${orderId} and finished_at is null`).count === 0
  })
}

/** Lets the database's clock be so much later for one person. */
export const later = (app: TestApp, { userId }: Pick<Person, 'userId'>, interval: string) => app.sql`
  with moved as (
    update subscription_periods set starts_at = starts_at - ${interval}::interval, ends_at = ends_at - ${interval}::interval,
           created_at = created_at - ${interval}::interval, voided_at = voided_at - ${interval}::interval
    where user_id = ${userId}
  )
  update subscriptions set current_period_start = current_period_start - ${interval}::interval,
         current_period_end = current_period_end - ${interval}::interval where user_id = ${userId}`

export type PeriodLine = { orderId: string | null; days: number; startsInDays: number; cause: string | null }

/** A person's periods, the earliest first, in whole days from now. */
export const periodsOf = (app: TestApp, { userId }: Pick<Person, 'userId'>) =>
  app.sql<PeriodLine[]>`
    select order_id, round(extract(epoch from ends_at - starts_at) / 86400)::int as days,
           round(extract(epoch from starts_at - now()) / 86400)::int as starts_in_days, end_cause(p) as cause
    from subscription_periods p where user_id = ${userId} order by starts_at, voided_at`

/** What a switch would credit, by Indian days. */
export const creditsOf = async (app: TestApp, { userId }: Pick<Person, 'userId'>, planKey = 'annual_v1') =>
  app.sql<{ unusedDays: number; creditPaise: number }[]>`
    select unused_days, credit_paise from credits_for_switch(${userId}, ${planKey})`

/** No invariant is broken. */
export async function expectInvariants(app: TestApp) {
  const { checks } = await checkInvariants(app.sql)
  expect(checks.filter(({ wrong }) => wrong > 0)).toEqual([])
}
