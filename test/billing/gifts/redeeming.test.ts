import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refundInFull, registrant, subscriber } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { remoteDispute, write } from '../disputes/fixture.ts'
import { codeTo, deliverNow, giftOf, give } from './giving.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

let number = 0
/** A gift that was paid and mailed to an address of its own. */
async function mailedGift(buyer: Visitor, changes: Record<string, string> = {}) {
  const email = `gift${++number}@example.in`
  const gift = await give(app, buyer, { email, ...changes })
  await deliverNow(app, gift.orderId)
  return { ...gift, email, code: await codeTo(app, email) }
}
const periodsOf = (userId: string) =>
  app.sql<{ giftId: string | null; startsAt: Date; endsAt: Date; voidedAt: Date | null }[]>`
    select gift_id, starts_at, ends_at, voided_at from subscription_periods where user_id = ${userId} order by starts_at`
const broken = async () => {
  const found = []
  for (const name of [
    'broken_i2_periods',
    'broken_i2_gifts',
    'broken_i2_voided',
    'broken_i2_by_hand',
    'broken_i2_false_grants',
    'broken_i3_overlaps',
    'broken_i3_subscriptions',
    'broken_i6_receipts',
  ])
    for (const { id } of await app.sql<{ id: string }[]>`select * from ${app.sql(name)}() as id`)
      found.push(`${name}: ${id}`)
  return found
}

async function paymentOf(orderId: string): Promise<string> {
  const [row] = await app.sql<{ id: string }[]>`
    select cf_payment_id as id from payments where order_id = ${orderId} and applied_at is not null`
  return row!.id
}

describe('redeeming a gift', () => {
  test('gives its period once; the buyer gets a receipt and no access, and both are told', async () => {
    const buyer = await registrant(app)
    const gift = await mailedGift(buyer.visitor)
    expect((await subscriberOf(app, buyer.email)).status).toBe('pending')
    const [receipt] = await app.sql<{ number: string }[]>`select number from receipts where order_id = ${gift.orderId}`
    expect((await buyer.visitor.get(`/receipts/${receipt!.number}`)).body).toContain('gift of')

    const recipient = await registrant(app)
    const answer = await recipient.visitor.post('/redeem', { code: gift.code.toLowerCase().replaceAll('-', ' ') })
    expect([answer.status, answer.location]).toEqual([303, '/dashboard'])
    expect((await recipient.visitor.get('/dashboard')).body).toContain('Your gift is redeemed')
    const again = await recipient.visitor.post('/redeem', { code: gift.code })
    expect(again.status).toBe(303)
    expect((await recipient.visitor.get('/dashboard')).body).toContain('already redeemed this gift')
    expect(await periodsOf(recipient.userId)).toMatchObject([{ giftId: gift.giftId, voidedAt: null }])
    expect(await subscriberOf(app, recipient.email)).toMatchObject({ status: 'active', isPaid: true })

    await app.run('deliver-mails')
    const told = (await app.mailbox.list()).filter(({ subject }) => /redeemed/.test(subject))
    expect(told.map(({ recipients }) => recipients[0])).toEqual(expect.arrayContaining([buyer.email, recipient.email]))
    expect(told.find(({ recipients }) => recipients.includes(buyer.email))!.text).not.toContain(recipient.email)
    expect(await broken()).toEqual([])
  })

  test('appends it after what somebody has already, also one’s own gift', async () => {
    const person = await subscriber(app)
    const before = (await subscriberOf(app, person.email)).currentPeriodEnd!
    const gift = await mailedGift(person.visitor, { plan: 'annual' })
    await person.visitor.post('/redeem', { code: gift.code })
    const [first, second] = await periodsOf(person.userId)
    expect(first!.endsAt).toEqual(before)
    expect(second!.startsAt).toEqual(before)
    expect((await subscriberOf(app, person.email)).currentPeriodEnd).toEqual(second!.endsAt)
    expect(
      (await app.mailbox.list()).filter(
        ({ subject, recipients }) => /was redeemed/.test(subject) && recipients.includes(person.email),
      ),
    ).toEqual([])
    expect(await broken()).toEqual([])
  })

  test('of many people and clicks at once, one person has it once', async () => {
    const buyer = await registrant(app)
    const gift = await mailedGift(buyer.visitor)
    const people = await Promise.all([registrant(app), registrant(app), registrant(app)])
    const clicks = people.flatMap(({ visitor }) => [1, 2, 3].map(() => visitor.post('/redeem', { code: gift.code })))
    const answers = (await Promise.all(clicks)).map(({ status }) => status)
    expect(answers.filter((status) => status === 303)).toHaveLength(3)
    expect(answers.filter((status) => status === 422)).toHaveLength(6)
    expect(await app.sql`select from subscription_periods where gift_id = ${gift.giftId}`).toHaveLength(1)
    expect(await broken()).toEqual([])
  })

  test('is refused in the same words for a code that never was, was replaced, is void or somebody else’s', async () => {
    const buyer = await registrant(app)
    const [taken, replaced, refunded] = [
      await mailedGift(buyer.visitor),
      await mailedGift(buyer.visitor),
      await mailedGift(buyer.visitor),
    ]
    await (await registrant(app)).visitor.post('/redeem', { code: taken.code })
    const corrected = { recipient: 'Ravi', email: 'ravi.right@example.in' }
    expect((await buyer.visitor.post(`/account/gifts/${replaced.giftId}`, corrected)).status).toBe(303)
    await refundInFull(app, await paymentOf(refunded.orderId), refunded.orderId)
    const other = await registrant(app)
    for (const code of [taken.code, replaced.code, refunded.code, 'ABCD-EFGH-JKMN-PQRS-TVWX', 'nonsense', '']) {
      const answer = await other.visitor.post('/redeem', { code })
      expect([code, answer.status, answer.body.includes('This code does not work.')]).toEqual([code, 422, true])
    }
    const sentAnew = await codeTo(app, corrected.email)
    expect((await other.visitor.post('/redeem', { code: sentAnew })).status).toBe(303)
  })

  test('is refused after twelve months, said as such; on the last day it works', async () => {
    const buyer = await registrant(app)
    const gift = await mailedGift(buyer.visitor)
    const day = (back: string) =>
      app.sql`update gifts set deliver_on = ((now() at time zone 'Asia/Kolkata')::date - ${back}::interval)::date where order_id = ${gift.orderId}`
    await day('12 months 1 day')
    const ended = await app.sql`select now() >= gift_ends_at(g) as over from gifts g where order_id = ${gift.orderId}`
    expect(ended).toEqual([{ over: true }])
    const late = await registrant(app)
    const answer = await late.visitor.post('/redeem', { code: gift.code })
    expect([answer.status, answer.body.includes('This code has expired')]).toEqual([422, true])
    await app.sql`update gifts set deliver_on = deliver_on + 3 where order_id = ${gift.orderId}`
    expect((await late.visitor.post('/redeem', { code: gift.code })).status).toBe(303)
  })

  test('is refused for an account that was suspended or deleted', async () => {
    const buyer = await registrant(app)
    const gift = await mailedGift(buyer.visitor)
    const person = await registrant(app)
    await app.sql`update users set suspended_at = now(), suspended_reason = 'test' where id = ${person.userId}`
    const outcome = async () =>
      (
        await app.sql`select outcome from redeem_gift(${person.userId}, (select code_hash from gifts where id = ${gift.giftId}), 'test', null)`
      )[0]!.outcome
    expect(await outcome()).toBe('refused')
    await app.sql`update users set suspended_at = null, suspended_reason = null, deleted_at = now() where id = ${person.userId}`
    expect(await outcome()).toBe('refused')
    await app.sql`update users set deleted_at = null where id = ${person.userId}`
    expect((await new Visitor(app).post('/redeem', { code: gift.code })).location).toContain('/login')
  })
})

describe('a gift whose price goes back', () => {
  test('ends its code when nobody used it', async () => {
    const buyer = await registrant(app)
    const gift = await mailedGift(buyer.visitor)
    await refundInFull(app, await paymentOf(gift.orderId), gift.orderId)
    expect((await giftOf(app, gift.orderId)).voidedAt).not.toBeNull()
    const other = await registrant(app)
    expect((await other.visitor.post('/redeem', { code: gift.code })).status).toBe(422)
    expect((await buyer.visitor.get('/account/gifts')).body).toContain('Refunded, code ended')
    for (const path of [`/checkout/gift/${gift.orderId}`, `/payment/return?order_id=${gift.orderId}`]) {
      const { body } = await buyer.visitor.get(path)
      expect([body.includes('This gift was refunded.'), body.includes('is ready')]).toEqual([true, false])
    }
    expect(await broken()).toEqual([])
  })

  test('ends the period of whoever redeemed it, and what they bought after it moves forward', async () => {
    const buyer = await subscriber(app)
    const gift = await mailedGift(buyer.visitor)
    const buyersEnd = (await subscriberOf(app, buyer.email)).currentPeriodEnd
    const recipient = await registrant(app)
    await recipient.visitor.post('/redeem', { code: gift.code })
    app.sandbox.control.pay(recipient.order.id)
    await recipient.visitor.get(`/payment/return?order_id=${recipient.order.id}`)
    await refundInFull(app, await paymentOf(gift.orderId), gift.orderId)
    const [ended, bought] = await periodsOf(recipient.userId)
    expect([ended!.giftId, ended!.voidedAt !== null]).toEqual([gift.giftId, true])
    expect(Math.abs(bought!.startsAt.getTime() - ended!.voidedAt!.getTime())).toBeLessThan(1_000)
    expect((await subscriberOf(app, recipient.email)).currentPeriodEnd).toEqual(bought!.endsAt)
    expect((await subscriberOf(app, buyer.email)).currentPeriodEnd).toEqual(buyersEnd)
    expect(await broken()).toEqual([])
  })

  test('keeps it where only a part went back, and ends it where the buyer’s bank took the money', async () => {
    const buyer = await registrant(app)
    const [part, disputed] = [await mailedGift(buyer.visitor), await mailedGift(buyer.visitor)]
    await app.sql`select request_refund(${await paymentOf(part.orderId)}, 1, 10000, 'a part', 'test', null, null)`
    await until(async () => {
      await app.run('send-refunds')
      await app.sql`update refunds set next_look_at = now() where order_id = ${part.orderId} and finished_at is null`
      const [refund] = await app.sql<{ status: string }[]>`select status from refunds where order_id = ${part.orderId}`
      return refund?.status === 'succeeded'
    })
    const recipient = await registrant(app)
    expect((await recipient.visitor.post('/redeem', { code: part.code })).status).toBe(303)
    const second = await registrant(app)
    await second.visitor.post('/redeem', { code: disputed.code })
    const order = await newestOrder(app, buyer.email)
    await write(
      app,
      disputed.orderId,
      remoteDispute({ ...order, id: disputed.orderId }, await paymentOf(disputed.orderId), {
        status: 'CHARGEBACK_MERCHANT_LOST',
      }),
    )
    expect((await giftOf(app, part.orderId)).voidedAt).toBeNull()
    expect((await giftOf(app, disputed.orderId)).voidedAt).not.toBeNull()
    expect(await periodsOf(second.userId)).toMatchObject([{ voidedAt: expect.any(Date) }])
    expect((await subscriberOf(app, recipient.email)).status).toBe('active')
    expect(await broken()).toEqual([])
  })

  test('at the very moment of its redeeming leaves no access either way', async () => {
    const buyer = await registrant(app)
    const people = await Promise.all(Array.from({ length: 6 }, () => registrant(app)))
    for (const person of people) {
      const gift = await mailedGift(buyer.visitor)
      await Promise.all([
        person.visitor.post('/redeem', { code: gift.code }),
        refundInFull(app, await paymentOf(gift.orderId), gift.orderId),
      ])
      const { redeemedAt, voidedAt } = await giftOf(app, gift.orderId)
      expect(voidedAt).not.toBeNull()
      const voided = (await periodsOf(person.userId)).map((period) => period.voidedAt !== null)
      expect(voided).toEqual(redeemedAt ? [true] : [])
    }
    expect(await broken()).toEqual([])
  })
})
