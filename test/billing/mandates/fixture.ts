import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { listChargesOf, openDueCharges } from '../../../src/billing/mandates/charge-queries.ts'
import { openMandate, raiseCharge, refreshMandate } from '../../../src/billing/mandates/mandates.ts'
import { findMandateCeiling, listMandatesOf, type MandateWish } from '../../../src/billing/mandates/queries.ts'
import type { BillingServices } from '../../../src/billing/payments/gateway.ts'
import type { User } from '../../../src/identity/users/queries.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import type { Sql } from '../../../src/platform/db.ts'
import { ulid } from '../../../src/platform/ids.ts'
import { freshDatabase } from '../../support/database.ts'
import { environment, servicesWith } from '../../support/services.ts'
import { PretendCashfree } from './pretend-cashfree.ts'

export type Fixture = { sql: Sql; services: BillingServices; cashfree: PretendCashfree; close: () => Promise<void> }

/** A database, the product's services on it, and what Cashfree knows of mandates. */
export async function openFixture(): Promise<Fixture> {
  const database = await freshDatabase()
  const env = environment({ databaseUrl: database.url, apiBase: 'http://127.0.0.1:1/pg' })
  const { sql, services } = servicesWith({ ...env, LOG_LEVEL: 'silent' })
  const cashfree = new PretendCashfree()
  return {
    sql,
    cashfree,
    services: { ...services, gateway: { ...services.gateway, mandates: cashfree } },
    close: async () => {
      await sql.end({ timeout: 2 })
      await database.drop()
    },
  }
}

let count = 0

/** Somebody who has registered. */
export async function somebody({ sql }: Pick<Fixture, 'sql'>): Promise<User> {
  const name = `p${++count}${randomUUID().slice(0, 8)}`
  const [user] = await sql<User[]>`
    insert into users (username, email, name, phone, state_code, password_hash)
    values (${name}, ${`${name}@example.in`}, 'Asha Rao', '+919876500001', '27', 'x') returning *`
  await sql`insert into subscriptions (user_id) values (${user!.id})`
  return user!
}

/** What they would agree to. */
async function wishOf(
  { sql }: Pick<Fixture, 'sql'>,
  { id }: User,
  more: Partial<MandateWish> = {},
): Promise<MandateWish> {
  const consent = { version: 'test-1', text: 'You let us debit up to the ceiling.' }
  return {
    plan: 'monthly',
    start: 'now',
    maxPaise: (await findMandateCeiling(sql, id))!,
    consent,
    newOrderId: `ds_${ulid()}`,
    ...more,
  }
}

/** Opens a mandate for somebody, or the one that waits. */
export async function open(fixture: Pick<Fixture, 'sql' | 'services'>, user: User, more: Partial<MandateWish> = {}) {
  return openMandate(fixture.services, user, await wishOf(fixture, user, more), {
    by: { actor: `user:${user.id}`, origin: null },
    returnUrl: () => 'http://localhost/return',
  })
}

/** Somebody whose mandate is authorised and whose first period is paid by it. */
export async function onAutopay(fixture: Fixture, more: Partial<MandateWish> = {}) {
  const user = await somebody(fixture)
  const { mandate } = await open(fixture, user, more)
  const { subscriptionId } = mandate!
  fixture.cashfree.approve(subscriptionId)
  await refreshMandate(fixture.services, subscriptionId, 'webhook')
  return { user, subscriptionId, mandateId: mandate!.id, firstOrderId: mandate!.firstOrderId }
}
export type Autopayer = Awaited<ReturnType<typeof onAutopay>>

/** Lets the database's clock be so much later for one person. */
export async function later({ sql }: Pick<Fixture, 'sql'>, { id }: Pick<User, 'id'>, interval: string) {
  await sql`
    update subscription_periods set starts_at = starts_at - ${interval}::interval, ends_at = ends_at - ${interval}::interval,
           created_at = created_at - ${interval}::interval
    where user_id = ${id}`
  await sql`
    update subscriptions set current_period_start = current_period_start - ${interval}::interval,
           current_period_end = current_period_end - ${interval}::interval
    where user_id = ${id}`
  await sql`
    update mandate_charges c
    set period_start = period_start - ${interval}::interval, scheduled_on = (scheduled_on - ${interval}::interval)::date,
        asked_at = asked_at - ${interval}::interval, next_look_at = c.next_look_at - ${interval}::interval
    from mandates m where m.id = c.mandate_id and m.user_id = ${id}`
  await sql`
    update mandates set created_at = created_at - ${interval}::interval, authorised_at = authorised_at - ${interval}::interval,
           ended_at = ended_at - ${interval}::interval, cancel_asked_at = cancel_asked_at - ${interval}::interval, next_look_at = next_look_at - ${interval}::interval
    where user_id = ${id}`
  await sql`
    update orders set created_at = created_at - ${interval}::interval, expires_at = expires_at - ${interval}::interval,
           paid_at = paid_at - ${interval}::interval
    where user_id = ${id}`
}

/** So much later that the period ends in two days: its charge is due at any hour. */
export async function nearTheEnd(fixture: Fixture, user: User) {
  const [row] = await fixture.sql<{ gap: string }[]>`
    select (current_period_end - now() - interval '2 days')::text as gap from subscriptions where user_id = ${user.id}`
  await later(fixture, user, row!.gap)
}

/** Opens and raises what is due for one person; answers the payment id. */
export async function charged(fixture: Fixture, user: User): Promise<string> {
  const due = (await openDueCharges(fixture.sql, 1_000, 'job')).find(({ userId }) => userId === user.id)
  expect(due).toMatchObject({ state: 'opened' })
  expect(await raiseCharge(fixture.services, due!.paymentId!, 'job')).toBe('asked')
  return due!.paymentId!
}

/** What a person has by now. */
export async function holdings({ sql }: Pick<Fixture, 'sql'>, { id }: Pick<User, 'id'>) {
  const [row] = await sql<
    {
      periods: number
      paid: number
      receipts: number
      granted: number
      incidents: string[]
      open: number
      underWay: string[]
    }[]
  >`
    select (select count(*)::int from subscription_periods where user_id = ${id}) as periods,
           (select count(*)::int from orders where user_id = ${id} and paid_at is not null) as paid,
           (select count(*)::int from receipts where user_id = ${id}) as receipts,
           (select count(*)::int from payments p join orders o on o.id = p.order_id
            where o.user_id = ${id} and p.applied_at is not null) as granted,
           (select count(*)::int from orders where user_id = ${id} and status in ('created', 'active')) as open,
           (select coalesce(jsonb_agg(kind order by kind), '[]') from incidents where user_id = ${id}) as incidents,
           (select coalesce(jsonb_agg(state), '[]') from money_under_way(${id})) as under_way`
  return row!
}
export const having = (periods: number) => ({
  periods,
  paid: periods,
  receipts: periods,
  granted: periods,
  incidents: [] as string[],
})

/** A person's mandate and its charges, newest first. */
export async function autopayOf({ sql }: Pick<Fixture, 'sql'>, { id }: Pick<User, 'id'>) {
  const [mandate] = await listMandatesOf(sql, id, 1)
  return { ...mandate!, charges: await listChargesOf(sql, mandate!.id, 20) }
}

/** No invariant is broken. */
export async function expectInvariants({ sql }: Pick<Fixture, 'sql'>) {
  const { checks } = await checkInvariants(sql)
  expect(checks.filter(({ wrong }) => wrong > 0)).toEqual([])
}
