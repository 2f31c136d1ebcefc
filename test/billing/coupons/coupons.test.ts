import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openOrder, settleOrder } from '../../../src/billing/checkout/queries.ts'
import { findCoupon, insertCoupon, type NewCoupon, withdrawCoupon } from '../../../src/billing/coupons/queries.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { registrant } from '../../account/people.ts'
import { adminOf } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { registration, Visitor } from '../../support/visitor.ts'
import { remoteAttempt, remoteOrder } from '../payments/remote-orders.ts'
import { openSwitch } from '../switching/fixture.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ SELLER_GSTIN: '27AAPFU0939F1ZV' })
})
afterAll(async () => {
  expect((await checkInvariants(app.sql)).broken).toBe(0)
  await app.close()
})

let made = 0
/** A coupon of 20 % off everything, but for what is said. */
async function coupon(changes: Partial<NewCoupon> = {}): Promise<string> {
  const code = `SAVE${++made}`
  const usual = {
    percent: 20,
    amountPaise: null,
    startsAt: null,
    endsAt: null,
    maxUses: null,
    maxDiscountPaise: null,
    planNames: null,
  }
  await insertCoupon(app.sql, { code, ...usual, ...changes }, { actor: 'command', origin: null })
  return code
}
const claimsOf = (code: string) => app.sql<{ orderId: string; released: boolean; discountPaise: number }[]>`
  select order_id, released_at is not null as released, discount_paise from coupon_claims where coupon_code = ${code} order by claimed_at`
const expire = async (orderId: string) => {
  app.sandbox.control.expire(orderId)
  await app.sql`update orders set next_look_at = now(), created_at = created_at - interval '2 minutes' where id = ${orderId}`
  await app.run('reconcile')
}

describe('a code at the checkout', () => {
  test.each([
    [{ percent: 20 }, 9_980, 39_920],
    [{ percent: 33 }, 16_467, 33_433],
    [{ percent: 99 }, 49_401, 499],
    [{ percent: null, amountPaise: 10_000 }, 10_000, 39_900],
    [{ percent: null, amountPaise: 49_900 }, 49_800, 100],
  ])('%j takes %i paise off ₹499, and %i are paid', async (changes, discountPaise, amountPaise) => {
    const code = await coupon(changes)
    const { visitor, email } = await registrant(app)
    expect((await visitor.post('/checkout/monthly', { coupon: code.toLowerCase() })).status).toBe(303)
    const order = await newestOrder(app, email)
    expect(await claimsOf(code)).toMatchObject([{ orderId: order.id, released: false, discountPaise }])
    const [row] = await app.sql`select amount_paise, discount_paise from orders where id = ${order.id}`
    expect(row).toEqual({ amountPaise, discountPaise })
    const page = (await visitor.get('/checkout/monthly')).body
    expect([page.includes(`Code ${code}`), page.includes('₹499')]).toEqual([true, true])
  })

  test('ends the order that was open without it, and taking it away ends the one with it', async () => {
    const code = await coupon()
    const { visitor, email, order: before } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const withCode = await newestOrder(app, email)
    expect(withCode.id).not.toBe(before.id)
    await visitor.post('/checkout/monthly')
    expect((await newestOrder(app, email)).id).toBe(withCode.id)
    await visitor.post('/checkout/monthly', { coupon: '' })
    expect((await newestOrder(app, email)).id).not.toBe(withCode.id)
    expect(await claimsOf(code)).toMatchObject([{ released: true }])
    const open =
      await app.sql`select from orders o join users u on u.id = o.user_id where u.email = ${email} and o.status = 'active'`
    expect(open).toHaveLength(1)
  })

  test('that is refused says why, keeps what was typed, and leaves the open order as it is', async () => {
    const past = { endsAt: new Date(Date.now() - 1_000), startsAt: new Date(Date.now() - 9_000) }
    const withdrawn = await coupon()
    await withdrawCoupon(app.sql, withdrawn, { actor: 'command', origin: null })
    const cases: [string, string][] = [
      ['NOSUCH', 'There is no such code'],
      [await coupon(past), 'not valid any more'],
      [await coupon({ startsAt: new Date(Date.now() + 60_000) }), 'not valid yet'],
      [await coupon({ planNames: ['annual'] }), 'for another plan'],
      [withdrawn, 'not valid any more'],
      [await coupon({ maxDiscountPaise: 9_979 }), 'has been fully used'],
    ]
    const { visitor, email, order } = await registrant(app)
    for (const [code, sentence] of cases) {
      const answer = await visitor.post('/checkout/monthly', { coupon: code, company: 'Rao Traders' })
      expect([code, answer.status, answer.body.includes(sentence)]).toEqual([code, 422, true])
      expect(answer.body).toContain(`value="${code}"`)
      expect(answer.body).toContain('value="Rao Traders"')
      const json = await visitor.post('/api/create-cashfree-order', { plan: 'monthly', coupon: code })
      expect(json.status).toBe(422)
    }
    expect((await newestOrder(app, email)).id).toBe(order.id)
  })

  test('works once for each person, a refund or another plan makes no difference; and again where the order died unpaid', async () => {
    const code = await coupon()
    const { visitor, email } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const first = await newestOrder(app, email)
    const other = await visitor.post('/checkout/annual', { coupon: code })
    expect([other.status, other.body.includes('Another order of yours is open with this code')]).toEqual([422, true])
    await expire(first.id)
    expect((await claimsOf(code))[0]!.released).toBe(true)
    expect((await visitor.post('/checkout/annual', { coupon: code })).status).toBe(303)
  })

  test('counts again when its dead order is paid after all, above the cap if need be', async () => {
    const code = await coupon({ maxUses: 1 })
    const { visitor, email } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const late = await newestOrder(app, email)
    await expire(late.id)
    const second = await registrant(app)
    await second.visitor.post('/checkout/monthly', { coupon: code })
    app.sandbox.control.pay(late.id)
    await visitor.get(`/payment/return?order_id=${late.id}`)
    expect((await claimsOf(code)).map(({ released }) => released)).toEqual([false, false])
    const [receipt] = await app.sql`select amount_paise, discount_paise from receipts where order_id = ${late.id}`
    expect(receipt).toEqual({ amountPaise: 39_920, discountPaise: 9_980 })
  })

  test('counts both uses where its buyer used it again before paying the dead order, and never a third', async () => {
    const code = await coupon()
    const { visitor, email, userId } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const late = await newestOrder(app, email)
    await expire(late.id)
    await visitor.post('/checkout/annual', { coupon: code })
    const again = await newestOrder(app, email)
    app.sandbox.control.pay(late.id)
    await visitor.get(`/payment/return?order_id=${late.id}`)
    const uses = async () => {
      const found = await findCoupon(app.sql, code)
      return [found?.uses, found?.givenPaise, found?.paid]
    }
    expect(await uses()).toEqual([2, 9_980 + 99_800, 1])
    await expire(again.id)
    expect(await uses()).toEqual([1, 9_980, 1])
    const third = { userId, planName: 'annual', newId: 'ds_third_use', wish: { coupon: code } }
    expect(await openOrder(app.sql, third)).toMatchObject({ refusal: 'coupon-used' })
    app.sandbox.control.pay(again.id)
    await visitor.get(`/payment/return?order_id=${again.id}`)
    expect(await uses()).toEqual([2, 9_980 + 99_800, 2])
  })

  test('is free again as soon as Cashfree is asked to end its order', async () => {
    const code = await coupon({ maxUses: 1 })
    const { visitor, email } = await registrant(app)
    await visitor.post('/checkout/monthly', { coupon: code })
    const { id } = await newestOrder(app, email)
    const remote = remoteOrder(id, { status: 'TERMINATION_REQUESTED', amountPaise: 39_920 } as never)
    await settleOrder(app.sql, { orderId: id, remote, actor: 'test' }, {})
    expect(await claimsOf(code)).toMatchObject([{ released: true }])
  })

  test('is not given twice where its dead order is paid while another is opened with it', async () => {
    for (let round = 0; round < 4; round++) {
      const code = await coupon()
      const { visitor, email, userId } = await registrant(app)
      await visitor.post('/checkout/monthly', { coupon: code })
      const { id } = await newestOrder(app, email)
      await expire(id)
      const paid = remoteOrder(id, {
        status: 'PAID',
        amountPaise: 39_920,
        attempts: [remoteAttempt(id, { amountPaise: 39_920 })],
      } as never)
      const next = { userId, planName: 'annual', newId: `ds_race_${round}`, wish: { coupon: code } }
      const [settled, opened] = await Promise.all([
        settleOrder(app.sql, { orderId: id, remote: paid, actor: 'test' }, {}),
        openOrder(app.sql, next),
      ])
      expect(settled.outcome).toBe('paid')
      const claims = await claimsOf(code)
      expect([opened.refusal, claims.length]).toEqual(opened.refusal === null ? [null, 2] : ['coupon-used', 1])
      expect(claims.every(({ released }) => !released)).toBe(true)
    }
  })

  test('is claimed once where one person opens orders of two plans at once', async () => {
    const code = await coupon()
    const { userId, order } = await registrant(app)
    await expire(order.id)
    const opened = await Promise.all(
      ['monthly', 'annual', 'monthly', 'annual'].map((planName, i) =>
        openOrder(app.sql, { userId, planName, newId: `ds_two_plans_${i}`, wish: { coupon: code } }),
      ),
    )
    expect(opened.filter(({ refusal }) => refusal === 'coupon-open')).toHaveLength(2)
    expect(new Set(opened.flatMap(({ orderId, refusal }) => (refusal ? [] : orderId))).size).toBe(1)
    expect(await claimsOf(code)).toHaveLength(1)
  })

  test('keeps its cap of uses and of rupees, however many open orders at once', async () => {
    for (const caps of [{ maxUses: 3 }, { maxDiscountPaise: 3 * 9_980 }]) {
      const code = await coupon(caps)
      const people = await Promise.all(Array.from({ length: 8 }, () => registrant(app)))
      await Promise.all(people.map(({ order }) => expire(order.id)))
      const opened = await Promise.all(
        people.map(({ userId }, i) =>
          openOrder(app.sql, { userId, planName: 'monthly', newId: `ds_cap_${code}_${i}`, wish: { coupon: code } }),
        ),
      )
      expect(opened.map(({ refusal }) => refusal).sort()).toEqual([
        ...Array(5).fill('coupon-used-up'),
        null,
        null,
        null,
      ])
      expect(await claimsOf(code)).toHaveLength(3)
    }
  })

  test('takes its percent off what a switch leaves to pay, and nothing off a gift', async () => {
    const code = await coupon()
    const { visitor, userId, email, order } = await registrant(app)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const plain = await openSwitch(app, { userId, visitor, email, orders: [] })
    await visitor.post('/checkout/annual', { coupon: code, purpose: 'switch' })
    const cheaper = await newestOrder(app, email)
    const [row] = await app.sql`select amount_paise, discount_paise, credit_paise from orders where id = ${cheaper.id}`
    const left = 499_000 - plain.creditPaise
    const discount = Math.round(left * 0.2)
    expect(row).toEqual({ creditPaise: plain.creditPaise, discountPaise: discount, amountPaise: left - discount })
    expect(
      await openOrder(app.sql, {
        userId,
        planName: 'monthly',
        newId: 'ds_gift_code',
        wish: { purpose: 'gift', coupon: code },
      }),
    ).toMatchObject({ refusal: 'coupon-purpose' })
  })
})

describe('a link with a code', () => {
  test('says what it promises, and the order that registration opens has it', async () => {
    const code = await coupon({ planNames: ['annual'] })
    const visitor = new Visitor(app)
    expect((await visitor.get(`/?coupon=${code}`)).body).toContain(`${code}: 20% off the annual plan`)
    const form = registration({ plan: 'annual' })
    await visitor.post('/register', { ...form, coupon: code })
    const [row] =
      await app.sql`select discount_paise from orders where id = ${(await newestOrder(app, form.email!)).id}`
    expect(row).toEqual({ discountPaise: 99_800 })
  })

  test('that is not valid blocks no account, and the checkout says why', async () => {
    const visitor = new Visitor(app)
    expect((await visitor.get('/?coupon=NOSUCH')).body).toContain('The code NOSUCH is not valid now')
    const form = registration({ plan: 'monthly' })
    const answer = await visitor.post('/register', { ...form, coupon: 'NOSUCH' })
    expect(answer.location).toBe('/checkout/monthly')
    expect((await visitor.get('/checkout/monthly')).body).toContain(
      'The code NOSUCH was not used. There is no such code',
    )
    expect((await visitor.post('/checkout/monthly')).status).toBe(303)
  })

  test.each([
    ['39 letters and a sign', `${'A'.repeat(39)}😀`],
    ['600 signs', `x${'😀'.repeat(600)}`],
  ])('that cannot be one, of %s, blocks no account and no order either', async (_name, typed) => {
    const visitor = new Visitor(app)
    const answer = await visitor.post('/register', { ...registration({ plan: 'monthly' }), coupon: typed })
    expect([answer.status, answer.location]).toEqual([303, '/checkout/monthly'])
    expect((await visitor.get('/checkout/monthly')).body).toContain('There is no such code')
    expect((await visitor.post('/checkout/annual', { coupon: typed })).status).toBe(422)
  })

  test('the plan that is preselected is the one the page advertises, not a dearer one', async () => {
    const page = (await new Visitor(app).get('/')).body
    expect(/value="(\w+)" required checked/.exec(page)?.[1]).toBe('monthly')
    expect(/value="(\w+)" required checked/.exec((await new Visitor(app).get('/?plan=annual')).body)?.[1]).toBe(
      'annual',
    )
  })
})

test('the panel makes a coupon, refuses what cannot be, and withdraws it', async () => {
  const admin = await adminOf(app)
  const form = {
    code: 'diwali-26',
    percent: '25',
    amount: '',
    from: '',
    until: '',
    uses: '100',
    rupees: '10,000',
    plan: 'annual',
  }
  for (const wrong of [
    { code: 'a' },
    { percent: '100' },
    { percent: '' },
    { amount: '100' },
    { until: '2020-01-01' },
    { from: '0000-01-01' },
    { from: '2026-02-30' },
    { until: '9999-12-31' },
    { uses: '0' },
    { plan: 'x' },
  ]) {
    const answer = await admin.visitor.post('/admin/coupons', { ...form, ...wrong })
    expect([wrong, answer.status]).toEqual([wrong, 422])
  }
  expect((await admin.visitor.post('/admin/coupons', form)).location).toBe('/admin/coupons/DIWALI26')
  expect((await admin.visitor.post('/admin/coupons', form)).status).toBe(422)
  expect((await admin.visitor.get('/admin/coupons/DIWALI26')).body).toContain('25% off')
  await admin.visitor.post('/admin/coupons/DIWALI26/withdrawal')
  expect((await admin.visitor.get('/admin/coupons')).body).toContain('Withdrawn')
  const rows = await app.sql<
    { action: string }[]
  >`select action from audit where action like 'coupon.%' and actor = ${`user:${admin.id}`} order by id`
  expect(rows.map(({ action }) => action)).toEqual(['coupon.created', 'coupon.withdrawn'])
})
