import { expect } from 'vitest'
import type { TestApp } from '../../support/app.ts'
import { until } from '../../support/until.ts'
import type { Visitor } from '../../support/visitor.ts'

/** What the form sends when nothing is said otherwise. */
export const giftForm = {
  plan: 'monthly',
  recipient: 'Ravi Iyer',
  email: 'ravi.gift@example.in',
  message: 'Happy birthday!',
}

/** Opens the order of a gift and pays it. */
export async function give(app: TestApp, buyer: Visitor, changes: Record<string, string> = {}) {
  const form = { ...giftForm, ...changes }
  const { location } = await buyer.post('/gift', form)
  const orderId = /^\/checkout\/gift\/(\w+)$/.exec(location ?? '')?.[1]
  if (!orderId) throw new Error(`no gift was opened: ${location}`)
  app.sandbox.control.pay(orderId)
  const page = await buyer.get(`/payment/return?order_id=${orderId}`)
  expect(page.status).toBe(200)
  return { orderId, page, ...(await giftOf(app, orderId)) }
}

/** The gift of an order, as stored. */
export async function giftOf(app: TestApp, orderId: string) {
  const [row] = await app.sql<
    { giftId: string; paidAt: Date | null; redeemedAt: Date | null; redeemedBy: string | null; voidedAt: Date | null }[]
  >`select id as gift_id, paid_at, redeemed_at, redeemed_by, voided_at from gifts where order_id = ${orderId}`
  return row!
}

/** Delivers mails and answers the code in the newest one to this address. */
export async function codeTo(app: TestApp, email: string): Promise<string> {
  let code: string | undefined
  await until(async () => {
    await app.run('deliver-mails')
    const mails = (await app.mailbox.list())
      .filter(({ recipients, subject }) => recipients.includes(email) && /sector rankings/.test(subject))
      .sort((one, other) => one.receivedAt.localeCompare(other.receivedAt))
    code = /\b(?:[2-9A-Z]{4}-){4}[2-9A-Z]{4}\b/.exec(mails.at(-1)?.text ?? '')?.[0]
    return code !== undefined
  })
  return code!
}

/** Moves a gift's day of delivery into the past by so many days, so that its code goes out now. */
export async function deliverNow(app: TestApp, orderId: string): Promise<void> {
  await app.sql`update gifts set deliver_on = (now() at time zone 'Asia/Kolkata')::date - 1 where order_id = ${orderId}`
  await app.run('queue-gifts')
}
