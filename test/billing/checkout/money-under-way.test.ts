import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { resolveIncident } from '../../../src/records/incidents/incidents.ts'
import { subscriber } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, paidOnce, subscriberOf, tracesOf } from '../../support/ledger.ts'
import { untilLocked } from '../../support/until.ts'
import { stageOn, Visitor } from '../../support/visitor.ts'
import { giftForm } from '../gifts/giving.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(() => app.close())
afterEach(() => app.sandbox.control.clearFaults())

async function opened(plan = 'monthly') {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan })
  const order = await newestOrder(app, form.email!)
  /** What the payer's browser, back from Cashfree, makes us ask. */
  const comeBack = () => visitor.get(`/payment/return?order_id=${order.id}`)
  /** Makes everything about the order so much older. */
  const age = (interval: string) => app.sql`
    with older as (update orders set created_at = created_at - ${interval}::interval where id = ${order.id} returning id)
    update payments p set started_at = started_at - ${interval}::interval, created_at = created_at - ${interval}::interval
    from older where p.order_id = older.id`
  return { visitor, email: form.email!, order, comeBack, age }
}
type Opened = Awaited<ReturnType<typeof opened>>

const text = (html: string) => html.replace(/<script[\s\S]*?<\/script>|<[^>]*>/g, ' ').replace(/\s+/g, ' ')
/** Everything on a page by which somebody could pay or set out to: forms and links to a checkout, and Cashfree's session. */
const waysToPay = (html: string) =>
  html.match(/(action|href)="\/checkout\/(monthly|annual)[^"]*"|name="payment_session_id"/g) ?? []
const pages = ['/dashboard', '/account', '/', '/checkout/monthly', '/checkout/annual']
const orderCount = async (email: string) =>
  (await app.sql`select from orders o join users u on u.id = o.user_id where u.email = ${email}`).length

/** Nowhere is a payment asked for, every page says what is happening, and no endpoint opens another order or gives a session. */
async function expectLocked({ visitor, email, order }: Opened, words: string) {
  const before = await orderCount(email)
  for (const path of pages) {
    const { body } = await visitor.get(path)
    expect([path, waysToPay(body)]).toEqual([path, []])
    expect([path, text(body).includes(words), body.includes(order.id)]).toEqual([path, true, true])
    for (const wrong of ['Nothing has been paid yet', 'Choose a plan to start', 'came on top', 'Nothing was charged'])
      expect([path, wrong, text(body).includes(wrong)]).toEqual([path, wrong, false])
  }
  for (const plan of ['monthly', 'annual'])
    for (const path of [`/checkout/${plan}`, `/checkout/${plan}/restart`]) {
      const answer = await visitor.post(path)
      expect([path, answer.status, answer.location]).toEqual([path, 303, `/checkout/${plan}`])
    }
  for (const [path, body] of [
    ['/api/create-cashfree-order', { plan: 'monthly' }],
    ['/api/create-cashfree-order', { plan: 'annual' }],
    ['/api/create-payment-token', { orderId: order.id }],
  ] as const) {
    const answer = await visitor.postJson(path, body)
    expect([path, answer.status, (answer.json() as { error: { code: string } }).error.code]).toEqual([
      path,
      409,
      'conflict',
    ])
    expect(answer.body).toContain(order.id)
    expect(answer.body).not.toContain('session_')
  }
  expect(await orderCount(email)).toBe(before)
}

/** The plans are for sale again, on every page and by every endpoint. */
async function expectFree({ visitor, email }: Opened) {
  for (const path of ['/dashboard', '/account', '/', '/checkout/annual'])
    expect([path, waysToPay((await visitor.get(path)).body).length > 0]).toEqual([path, true])
  for (const plan of ['monthly', 'annual']) {
    expect((await visitor.post(`/checkout/${plan}`)).location).toBe(`/checkout/${plan}`)
    expect((await visitor.get(`/checkout/${plan}`)).body).toContain('name="payment_session_id"')
  }
  const answer = await visitor.postJson('/api/create-cashfree-order', { plan: 'monthly' })
  expect(answer.status).toBe(200)
  return newestOrder(app, email)
}

async function closeIncidents(orderId: string) {
  const rows = await app.sql<
    { id: number }[]
  >`select id from incidents where order_id = ${orderId} and resolved_at is null`
  const admin = { actor: 'test', origin: null } as never
  for (const { id } of rows) await resolveIncident(app.sql, id, { ...(admin as object), resolution: 'seen' } as never)
  expect(rows.length).toBeGreaterThan(0)
}

describe('money that may be moving', () => {
  test.each([
    ['PENDING at the bank', { status: 'PENDING' }],
    ['FLAGGED by Cashfree', { status: 'FLAGGED' }],
  ] as const)(
    'locks every endpoint while an attempt is %s, and the plan follows when it succeeds',
    async (_what, how) => {
      const person = await opened()
      app.sandbox.control.pay(person.order.id, how)
      await person.comeBack()
      await expectLocked(person, 'your bank has not said yet')
      expect((await person.visitor.get('/account')).body).toContain('Payment at the bank')
      app.sandbox.control.pay(person.order.id)
      expect(stageOn(await person.comeBack())).toBe('paid')
      expect(await tracesOf(app, person.order.id)).toMatchObject(paidOnce)
      expect(waysToPay((await person.visitor.get('/dashboard')).body).length).toBe(2)
    },
  )

  test('an unknown status locks too, and the payment is not shown as failed', async () => {
    const person = await opened()
    app.sandbox.control.pending(person.order.id)
    await person.comeBack()
    await app.sql`update payments set status = 'BROODING' where order_id = ${person.order.id}`
    await app.sql`update orders set asked_at = now() + interval '5 seconds' where id = ${person.order.id}`
    const account = text((await person.visitor.get('/account')).body)
    expect(account).toContain('₹499 waits at the bank')
    expect(account).not.toContain('did not go through')
    expect(waysToPay((await person.visitor.get('/dashboard')).body)).toEqual([])
  })

  test('is found out by asking when somebody who never came back wants to pay again, for either plan', async () => {
    for (const plan of ['monthly', 'annual']) {
      const person = await opened()
      app.sandbox.control.pending(person.order.id)
      await app.sql`update orders set asked_at = now() - interval '1 minute', attempts_asked_at = now() - interval '1 minute' where id = ${person.order.id}`
      expect((await person.visitor.post(`/checkout/${plan}`)).location).toBe(`/checkout/${plan}`)
      await expectLocked(person, 'your bank has not said yet')
    }
  })

  test('is found out although a page that waits has just asked about the order alone, and over the API for another order', async () => {
    const person = await opened()
    await person.visitor.post('/checkout/annual')
    const annual = await newestOrder(app, person.email)
    app.sandbox.control.pending(person.order.id)
    await app.sql`
      update orders set asked_at = now() - interval '5 seconds', attempts_asked_at = null, created_at = created_at - interval '1 minute'
      where user_id = ${person.order.userId}`
    expect((await person.visitor.get(`/payment/status/${person.order.id}?seen=session-created`)).status).toBe(204)
    const token = await person.visitor.postJson('/api/create-payment-token', { orderId: annual.id })
    expect([token.status, token.body]).toEqual([409, expect.stringContaining('your bank has not said yet')])
    await expectLocked(person, 'your bank has not said yet')
  })

  test('is found out although open tabs have used up what one account may ask of Cashfree in a minute', async () => {
    const person = await opened()
    for (let i = 0; i < 45; i++) {
      await app.sql`update orders set asked_at = null where id = ${person.order.id}`
      await person.visitor.get(`/payment/status/${person.order.id}`)
    }
    app.sandbox.control.pending(person.order.id)
    await app.sql`
      update orders set attempts_asked_at = null, created_at = created_at - interval '1 minute' where id = ${person.order.id}`
    await person.visitor.post('/checkout/annual')
    await expectLocked(person, 'your bank has not said yet')
  })

  test('of another order, when that turns out to be paid, hands out nothing over the API', async () => {
    const { visitor, email, order } = await opened()
    await visitor.post('/checkout/annual')
    const annual = await newestOrder(app, email)
    app.sandbox.control.pay(order.id)
    await app.sql`
      update orders set attempts_asked_at = null, created_at = created_at - interval '1 minute' where user_id = ${order.userId}`
    const token = await visitor.postJson('/api/create-payment-token', { orderId: annual.id })
    expect([token.status, token.body]).toEqual([
      409,
      expect.stringContaining(`Another order is paid already: ${order.id}.`),
    ])
  })

  test('turns out to be paid when somebody wants to buy the other plan: they see that, and nothing is opened', async () => {
    const { visitor, email, order } = await opened()
    app.sandbox.control.pay(order.id)
    await app.sql`update orders set asked_at = now() - interval '1 minute', attempts_asked_at = now() - interval '1 minute' where id = ${order.id}`
    expect((await visitor.post('/checkout/annual')).location).toBe('/checkout/monthly')
    expect(stageOn(await visitor.get('/checkout/monthly'))).toBe('paid')
    expect(await orderCount(email)).toBe(1)
  })

  test.each(['/checkout/annual', '/checkout/annual/restart', '/account/plan/switch'])(
    'is a gift that turns out to be paid when %s is posted: its own page says so, and nothing is opened',
    async (path) => {
      const { visitor, userId } = await subscriber(app)
      const { location: gift } = await visitor.post('/gift', giftForm)
      app.sandbox.control.pay(gift!.split('/').at(-1)!)
      await app.sql`update orders set asked_at = now() - interval '1 minute', attempts_asked_at = now() - interval '1 minute' where user_id = ${userId}`
      expect((await visitor.post(path, { plan: 'annual' })).location).toBe(gift)
      expect(stageOn(await visitor.get(gift!))).toBe('paid')
      expect(await app.sql`select from orders where user_id = ${userId} and status <> 'paid'`).toEqual([])
    },
  )

  test('with a success on an order that Cashfree still calls open', async () => {
    const person = await opened()
    app.sandbox.control.pending(person.order.id)
    await person.comeBack()
    await app.sql`update payments set status = 'SUCCESS', completed_at = now() where order_id = ${person.order.id}`
    await app.sql`update orders set asked_at = now() + interval '5 seconds' where id = ${person.order.id}`
    const { body } = await person.visitor.get('/account')
    expect(text(body)).toContain('went through; Cashfree is still closing the order')
    expect(text(body)).toContain('is still being confirmed; access is given as soon as it is')
    expect(waysToPay(body)).toEqual([])
  })

  test('paid, by nothing that can be read', async () => {
    const person = await opened()
    app.sandbox.control.pay(person.order.id)
    app.sandbox.control.faults({ paymentsUnreadable: true })
    await person.comeBack()
    await expectLocked(person, 'without telling us by which payment')
    app.sandbox.control.clearFaults()
    await person.comeBack()
    expect(await tracesOf(app, person.order.id)).toMatchObject(paidOnce)
  })

  test('held, because what was paid is less than the price, until a person has dealt with it', async () => {
    const person = await opened()
    app.sandbox.control.pay(person.order.id, { amount: 498 })
    await person.comeBack()
    await expectLocked(person, 'does not agree with the order')
    const account = text((await person.visitor.get('/account')).body)
    expect(account).toContain('₹498')
    expect(account).toContain('either the plan is switched on or the full amount goes back')

    await closeIncidents(person.order.id)
    const next = await expectFree(person)
    expect(next.id).not.toBe(person.order.id)
    expect(await tracesOf(app, person.order.id)).toMatchObject({ status: 'terminated', periods: 0 })
  })

  test('held, because Cashfree names another amount before anything was paid: until it agrees', async () => {
    const person = await opened()
    app.sandbox.control.faults({ wrongAmount: { paise: 100 } })
    await person.comeBack()
    await expectLocked(person, 'as far as we know nothing was charged')
    app.sandbox.control.clearFaults()
    await person.comeBack()
    await expectFree(person)
  })

  test('of a renewal: access and its words stay, nothing further is sold', async () => {
    const person = await opened()
    app.sandbox.control.pay(person.order.id)
    await person.comeBack()
    await person.visitor.post('/checkout/annual')
    const renewal = await newestOrder(app, person.email)
    app.sandbox.control.pending(renewal.id)
    await person.visitor.get(`/payment/return?order_id=${renewal.id}`)
    for (const path of ['/dashboard', '/account', '/', '/checkout/annual']) {
      const { body } = await person.visitor.get(path)
      expect([path, waysToPay(body)]).toEqual([path, []])
      expect(text(body)).toContain('Monthly until')
    }
    expect((await person.visitor.get('/dashboard')).body).toContain('Valid until')
  })
})

describe('what locks nothing', () => {
  test.each(['FAILED', 'USER_DROPPED', 'CANCELLED'] as const)('an attempt that ended as %s', async (status) => {
    const person = await opened()
    app.sandbox.control.pay(person.order.id, { status })
    await person.comeBack()
    await expectFree(person)
  })

  test.each(['NOT_ATTEMPTED', 'VOID'])('an attempt that ended as %s', async (status) => {
    const person = await opened()
    app.sandbox.control.pay(person.order.id, { status: 'FAILED' })
    await person.comeBack()
    await app.sql`update payments set status = ${status} where order_id = ${person.order.id}`
    await app.sql`update orders set asked_at = now() + interval '5 seconds' where id = ${person.order.id}`
    expect(waysToPay((await person.visitor.get('/account')).body).length).toBe(2)
    expect(await app.sql`select from money_under_way(${person.order.userId})`).toEqual([])
  })

  test('an abandoned order, open or over', async () => {
    const person = await opened()
    await expectFree(person)
    app.sandbox.control.expire(person.order.id)
    await person.comeBack()
    await expectFree(person)
  })

  test('somebody else’s payment', async () => {
    const other = await opened()
    app.sandbox.control.pending(other.order.id)
    await other.comeBack()
    await expectFree(await opened())
  })

  test('an attempt that Cashfree has left pending for more than a day', async () => {
    const person = await opened()
    app.sandbox.control.pending(person.order.id)
    await person.comeBack()
    await person.age('24 hours 59 minutes')
    expect(await app.sql`select from money_under_way(${person.order.userId})`).toHaveLength(1)
    await person.age('2 minutes')
    expect(await app.sql`select from money_under_way(${person.order.userId})`).toEqual([])
    expect(waysToPay((await person.visitor.get('/account')).body).length).toBe(2)
  })

  test('a held payment whose money all went back, or is on its way back', async () => {
    const person = await opened()
    app.sandbox.control.pay(person.order.id, { amount: 498 })
    await person.comeBack()
    const [payment] = await app.sql<
      { id: string }[]
    >`select cf_payment_id as id from payments where order_id = ${person.order.id}`
    await app.sql`insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, status)
      values ('rf_' || ${payment!.id}, ${person.order.id}, ${payment!.id}, ${person.order.userId}, 49800, 'held', 'test', 'pending')`
    expect(await app.sql`select from money_under_way(${person.order.userId})`).toEqual([])
    await app.sql`update refunds set status = 'failed', finished_at = now() where order_id = ${person.order.id}`
    expect(await app.sql`select from money_under_way(${person.order.userId})`).toHaveLength(1)
  })
})

describe('paying again on purpose', () => {
  test('is refused for twenty minutes, then ends the old order first; both count when both succeed', async () => {
    const person = await opened()
    const { visitor, email, order } = person
    app.sandbox.control.pending(order.id)
    await person.comeBack()
    await person.age('19 minutes')
    await expectLocked(person, 'you can pay again from')
    await person.age('2 minutes')
    const page = await visitor.get('/checkout/annual')
    expect(waysToPay(page.body)).toEqual(['action="/checkout/annual/restart"'])
    // Only the deliberate act may: the plain button's form and the API go on refusing.
    expect((await visitor.postJson('/api/create-cashfree-order', { plan: 'annual' })).status).toBe(409)
    await visitor.post('/checkout/annual')
    expect(await orderCount(email)).toBe(1)

    await visitor.post('/checkout/annual/restart')
    const next = await newestOrder(app, email)
    expect(next.amountPaise).toBe(499_000)
    expect((await visitor.get('/checkout/annual')).body).toContain('name="payment_session_id"')
    expect(app.sandbox.control.order(order.id).status).toBe('TERMINATION_REQUESTED')
    const noted = await app.sql`select actor from audit where order_id = ${order.id} and action = 'order.set-aside'`
    expect(noted).toEqual([{ actor: `user:${order.userId}` }])

    app.sandbox.control.pay(next.id)
    await visitor.get(`/payment/return?order_id=${next.id}`)
    app.sandbox.control.pay(order.id)
    await person.comeBack()
    expect(await tracesOf(app, order.id)).toMatchObject({ ...paidOnce, incidents: ['two-orders-paid'] })
    expect(await tracesOf(app, next.id)).toMatchObject(paidOnce)
  })

  test('is never possible while a payment is held', async () => {
    const held = await opened()
    app.sandbox.control.pay(held.order.id, { amount: 498 })
    await held.comeBack()
    await held.age('3 hours')
    await app.sql`update orders set held_at = held_at - interval '3 hours' where id = ${held.order.id}`
    await expectLocked(held, 'does not agree with the order')
  })

  test('another attempt on the old order, begun later, locks again', async () => {
    const person = await opened()
    app.sandbox.control.pending(person.order.id)
    await person.comeBack()
    await person.age('21 minutes')
    await person.visitor.post('/checkout/monthly/restart')
    expect(await app.sql`select from money_under_way(${person.order.userId})`).toEqual([])
    await app.sql`insert into payments (cf_payment_id, order_id, status, amount_paise)
                  values (${`later_${person.order.id}`}, ${person.order.id}, 'PENDING', 49900)`
    expect(await app.sql`select state from money_under_way(${person.order.userId})`).toEqual([{ state: 'pending' }])
  })

  test('while Cashfree is away sets nothing aside', async () => {
    const person = await opened()
    app.sandbox.control.pending(person.order.id)
    await person.comeBack()
    await person.age('21 minutes')
    app.sandbox.control.faults({ serverError: true })
    await person.visitor.post('/checkout/monthly/restart')
    app.sandbox.control.clearFaults()
    expect(await app.sql`select from money_under_way(${person.order.userId})`).toHaveLength(1)
    expect(await orderCount(person.email)).toBe(1)
  })
})

describe('several tabs at once', () => {
  test.each([
    [
      'that are set aside',
      `gateway_status = 'ACTIVE'`,
      (userId: string) => app.sql`select set_aside_pending(${userId}, 'user:test')`,
    ],
    [
      'that a person dealt with',
      `gateway_status = 'PAID', held_at = now() - interval '1 hour'`,
      (userId: string) => app.sql`select close_resolved_orders(${userId}, 'user:test')`,
    ],
  ])('two orders %s are locked by their id, as everywhere', async (_which, change, act) => {
    const { order } = await opened('annual')
    // The one with the lower id is written last and says that it is the oldest: however they are looked for, it comes last.
    const lower = `ds_00${order.id.slice(5)}`
    await app.sql.unsafe(`
      insert into orders (id, user_id, plan_key, amount_paise, expires_at, status)
      select '${lower}', user_id, (select key from plans where name = 'monthly' and on_sale), 49900, expires_at, 'active'
      from orders where id = '${order.id}'`)
    await app.sql.unsafe(`
      insert into payments (cf_payment_id, order_id, status, amount_paise, started_at)
      select 'pending_' || id, id, 'PENDING', amount_paise, now() - interval '1 hour' from orders
      where user_id = '${order.userId}' and ${change.includes('ACTIVE')}`)
    await app.sql.unsafe(
      `update payments set created_at = created_at - interval '1 hour' where order_id in ('${order.id}', '${lower}')`,
    )
    await app.sql.unsafe(
      `update orders set ${change}, created_at = created_at - interval '2 hours' where user_id = '${order.userId}';
       update orders set created_at = created_at - interval '1 hour' where id = '${lower}'`,
    )
    await app.sql.unsafe(`
      insert into incidents (kind, subject_key, order_id, user_id, details, resolved_at, resolved_by, resolution)
      select 'order-mismatch', id, id, user_id, '{}', now(), 'test', 'seen' from orders where user_id = '${order.userId}'`)
    let acting: Promise<unknown> | undefined
    await app.sql.begin(async (holding) => {
      await holding`select from orders where id = ${lower} for update`
      acting = act(order.userId).then((rows) => rows.length)
      await untilLocked(app.sql)
      // It waits for the lower id and holds nothing yet: this would fail otherwise.
      await holding`select from orders where id = ${order.id} for update nowait`
    })
    expect(await acting).toBe(1)
  })

  test('twenty of both plans while an attempt is pending open nothing', async () => {
    const person = await opened()
    app.sandbox.control.pending(person.order.id)
    await person.comeBack()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        person.visitor.post(`/checkout/${i % 2 ? 'annual' : 'monthly'}${i % 4 < 2 ? '' : '/restart'}`),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
    expect(await orderCount(person.email)).toBe(1)
  })

  test('a tab that waits with the other plan’s button loses it when an attempt is pending, and gets it back', async () => {
    const person = await opened()
    await person.visitor.post('/checkout/annual')
    const annual = await person.visitor.get('/checkout/annual')
    const poll = /hx-get="([^"]*)"/.exec(annual.body)![1]!.replaceAll('&amp;', '&')
    expect(annual.body).toContain('name="payment_session_id"')
    app.sandbox.control.pending(person.order.id)
    await person.comeBack()
    const region = await person.visitor.get(poll, { 'hx-request': 'true' })
    expect(region.status).toBe(200)
    expect(waysToPay(region.body)).toEqual([])
    expect(text(region.body)).toContain('your bank has not said yet')

    const waiting = /hx-get="(\/payment\/under-way[^"]*)"/.exec(region.body)![1]!.replaceAll('&amp;', '&')
    expect((await person.visitor.get(waiting, { 'hx-request': 'true' })).status).toBe(204)
    app.sandbox.control.fail(person.order.id)
    await app.sql`update orders set asked_at = now() - interval '1 minute', attempts_asked_at = now() - interval '1 minute' where id = ${person.order.id}`
    const over = await person.visitor.get(waiting, { 'hx-request': 'true' })
    expect([over.status, over.headers.get('hx-refresh')]).toEqual([200, 'true'])
    expect((await person.visitor.get('/checkout/annual')).body).toContain('name="payment_session_id"')
  })

  test('only one’s own money is asked about', async () => {
    const answer = await new Visitor(app).get('/payment/under-way?seen=')
    expect(answer.status).toBe(303)
    const { visitor, email } = await opened()
    expect((await visitor.get('/payment/under-way?seen=')).status).toBe(204)
    expect((await visitor.get('/payment/under-way')).status).toBe(204)
    expect((await subscriberOf(app, email)).status).toBe('pending')
  })
})
