import { afterEach, describe, expect, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { adminOf } from '../../support/admin.ts'
import { newestOrder, subscriberOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { type Answer, Visitor } from '../../support/visitor.ts'
import { app, usePanel } from '../panel.ts'

usePanel([], { SELLER_GSTIN: '27AAPFU0939F1ZV' })
afterEach(() => {
  app.sandbox.control.clearFaults()
  app.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
})

/** Somebody who just paid, and the payment. */
async function payer(plan = 'monthly') {
  const visitor = new Visitor(app)
  const { email } = await visitor.register({ plan })
  const paid = await buys(visitor, email!, plan)
  return { visitor, email: email!, ...paid }
}

async function buys(visitor: Visitor, email: string, plan: string) {
  await visitor.post(`/checkout/${plan}`)
  const order = await newestOrder(app, email)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  const [payment] = await app.sql<
    { cfPaymentId: string }[]
  >`select cf_payment_id from payments where order_id = ${order.id} and applied_at is not null`
  return { order, cfPaymentId: payment!.cfPaymentId }
}

/** What the confirmation on this page would send. */
function formOn(page: Answer): Record<string, string> {
  const form = page.body.slice(page.body.indexOf('<form class="confirm'))
  return Object.fromEntries(
    [...form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map((m) => [m[1]!, m[2]!]),
  )
}

/** Looks at the preview and confirms it. */
async function refund(
  admin: { visitor: Visitor },
  cfPaymentId: string,
  amount = '',
  more: Record<string, string> = {},
) {
  const path = `/admin/refunds/of/${cfPaymentId}`
  const form = formOn(await admin.visitor.get(amount ? `${path}?amount=${amount}` : path))
  return admin.visitor.post(path, { reason: 'asked within 7 days', ...form, ...more })
}

const refundsOf = (orderId: string) =>
  app.sql<{ id: string; status: string; amountPaise: number }[]>`
    select id, status, amount_paise from refunds where order_id = ${orderId} order by created_at`
const atCashfree = (orderId: string) => app.sandbox.control.order(orderId).refunds

/** Lets the job run until refunds of the order stand like this. */
async function untilRefunds(orderId: string, ...statuses: string[]) {
  await until(async () => {
    await app.sql`update refunds set next_look_at = now() where order_id = ${orderId} and finished_at is null`
    await app.run('send-refunds')
    return (await refundsOf(orderId)).map(({ status }) => status).join() === statuses.join()
  })
}

const text = (answer: Answer) =>
  answer.body
    .replaceAll('&nbsp;', ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

describe('looking at a refund before it is made', () => {
  test('says in numbers what then happens to access, taxes and revenue, and changes nothing', async () => {
    const admin = await adminOf(app)
    const { email, order, cfPaymentId } = await payer()
    const page = await admin.visitor.get(`/admin/refunds/of/${cfPaymentId}`)
    expect(page.status).toBe(200)
    expect(text(page)).toContain('₹499 go back through Cashfree to the original card or account (UPI)')
    expect(text(page)).toContain('Access then Ends at once')
    expect(text(page)).toContain(
      'Credit note ₹499.00 of it taxable value ₹422.88 of it CGST 9% ₹38.06 of it SGST 9% ₹38.06',
    )
    expect(text(page)).toMatch(/Revenue today, net ₹[\d,]+ → ₹[\d,]+/)
    expect(await refundsOf(order.id)).toEqual([])
    expect(await app.sql`select 1 from credit_notes`).toHaveLength(0)
    expect(await app.sql`select 1 from mails where kind = 'refund'`).toHaveLength(0)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
  })

  test('shows the very periods that move, and they move like that', async () => {
    const admin = await adminOf(app)
    const { visitor, email, order, cfPaymentId } = await payer()
    const annual = await buys(visitor, email, 'annual')
    const page = text(await admin.visitor.get(`/admin/refunds/of/${cfPaymentId}`))
    const [, promised] = /Annual, [^.]*? moves to \S+ [^.]*? to (\w{3}, \d+ \w+ \d{4})/.exec(page)!
    await refund(admin, cfPaymentId)
    await untilRefunds(order.id, 'succeeded')
    const after = text(await admin.visitor.get(`/admin/orders/${annual.order.id}`))
    expect(after).toContain(`to ${promised}`)
    const { currentPeriodEnd } = await subscriberOf(app, email)
    const [row] =
      await app.sql`select to_char(${currentPeriodEnd}::timestamptz at time zone 'Asia/Kolkata', 'FMDD Mon YYYY') as day`
    expect(promised).toContain(row!.day)
  })

  test('a part keeps the access, and what is more than left is said at the field', async () => {
    const admin = await adminOf(app)
    const { cfPaymentId } = await payer()
    const part = text(await admin.visitor.get(`/admin/refunds/of/${cfPaymentId}?amount=100`))
    expect(part).toContain('No period changes')
    expect(part).toContain('Refund ₹100')
    for (const wrong of ['500', '0', '-5', 'all', '1.001', '1e3']) {
      const page = await admin.visitor.get(`/admin/refunds/of/${cfPaymentId}?amount=${wrong}`)
      expect([wrong, page.status]).toEqual([wrong, 422])
      expect(page.body).toContain('id="amount-error"')
    }
  })

  test('an amount changed after looking is shown first; the look button only shows', async () => {
    const admin = await adminOf(app)
    const { order, cfPaymentId } = await payer()
    const path = `/admin/refunds/of/${cfPaymentId}`
    const changed = await refund(admin, cfPaymentId, '', { wanted: '100' })
    expect([changed.status, text(changed).includes('You changed the number')]).toEqual([409, true])
    expect(formOn(changed).amount).toBe('100')
    const look = await refund(admin, cfPaymentId, '', { wanted: '100', look: 'yes' })
    expect(look).toMatchObject({ status: 303, location: `${path}?amount=100` })
    expect(await refundsOf(order.id)).toEqual([])
    expect((await refund(admin, cfPaymentId, '100', { wanted: '₹100.00' })).status).toBe(303)
    expect(await refundsOf(order.id)).toMatchObject([{ amountPaise: 10_000 }])
  })

  test('once there, its receipt and the payment in the account say so', async () => {
    const admin = await adminOf(app)
    const { visitor, order, cfPaymentId } = await payer()
    await refund(admin, cfPaymentId)
    await untilRefunds(order.id, 'succeeded')
    const [note] = await app.sql<{ number: string; receiptNumber: string }[]>`
      select number, receipt_number from credit_notes where refund_id = ${`rf_${cfPaymentId}_1`}`
    const page = text(await visitor.get(`/receipts/${note!.receiptNumber}`))
    expect(page).toMatch(new RegExp(`Refunded: ₹499 on [^.]+, credit note ${note!.number}`))
    expect(text(await visitor.get('/account'))).toContain('Paid, refunded')
  })

  test('a payment that brought nothing, is all back, or does not exist has no form', async () => {
    const admin = await adminOf(app)
    const visitor = new Visitor(app)
    const { email } = await visitor.register()
    const order = await newestOrder(app, email!)
    app.sandbox.control.fail(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const [failed] = await app.sql<
      { cfPaymentId: string }[]
    >`select cf_payment_id from payments where order_id = ${order.id}`
    const page = await admin.visitor.get(`/admin/refunds/of/${failed!.cfPaymentId}`)
    expect(text(page)).toContain('brought no money')
    expect(page.body).not.toContain('class="confirm')
    expect((await admin.visitor.get('/admin/refunds/of/1')).status).toBe(404)
    expect((await admin.visitor.post('/admin/refunds/of/1', { amount: '1', ordinal: '1', left: '1' })).status).toBe(404)
  })
})

describe('who may refund', () => {
  test('whoever may only look is refused, and to everybody else there is nothing', async () => {
    const { visitor, order, cfPaymentId } = await payer()
    const reader = await adminOf(app, 'admin-read')
    const path = `/admin/refunds/of/${cfPaymentId}`
    const form = { amount: '499', ordinal: '1', left: '49900', reason: 'not allowed' }
    expect((await reader.visitor.get(path)).status).toBe(403)
    expect((await reader.visitor.post(path, form)).status).toBe(403)
    expect((await visitor.get(path)).status).toBe(404)
    expect((await visitor.post(path, form)).status).toBe(404)
    expect((await new Visitor(app).post(path, form)).location).toContain('/login')
    expect(await refundsOf(order.id)).toEqual([])
  })

  test('without a fresh password and code nothing is done, and what was typed stays', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app, 'admin', false)
    const answer = await refund(admin, cfPaymentId, '120.50', {
      reason: 'goodwill for Asha',
      your_password: 'wrong',
      your_code: '000000',
    })
    expect(answer.status).toBe(422)
    expect(answer.body).toContain('Incorrect password. Please try again.')
    expect(answer.body).toContain('goodwill for Asha')
    expect(answer.body).toContain('name="amount" value="120.5"')
    expect(answer.body).not.toContain('000000')
    expect(answer.body).not.toContain('"wrong"')
    expect(await refundsOf(order.id)).toEqual([])

    const confirmed = await refund(admin, cfPaymentId, '120.50', {
      your_password: admin.form.password!,
      your_code: admin.code(),
    })
    expect(confirmed.location).toBe(`/admin/refunds/rf_${cfPaymentId}_1`)
    expect(await refundsOf(order.id)).toMatchObject([{ amountPaise: 12_050, status: 'requested' }])
  })

  test('the audit says who promised it and from where', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    await refund(admin, cfPaymentId)
    const [row] =
      await app.sql`select actor, origin, details from audit where order_id = ${order.id} and action = 'refund.requested'`
    expect(row).toMatchObject({
      actor: `user:${admin.id}`,
      origin: { address: expect.stringMatching(/127\.0\.0\.1|::1/) },
      details: { amountPaise: 49_900 },
    })
  })
})

describe('one refund, whatever is clicked', () => {
  test('a double click is one refund, here and at Cashfree', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const path = `/admin/refunds/of/${cfPaymentId}`
    const form = { ...formOn(await admin.visitor.get(path)), reason: 'double click' }
    const answers = await Promise.all(Array.from({ length: 6 }, () => admin.visitor.post(path, form)))
    expect(new Set(answers.map(({ status, location }) => `${status} ${location}`))).toEqual(
      new Set([`303 /admin/refunds/rf_${cfPaymentId}_1`]),
    )
    await untilRefunds(order.id, 'succeeded')
    expect(atCashfree(order.id)).toHaveLength(1)
  })

  test('two administrators who agree make one refund, and both are led to it', async () => {
    const { order, cfPaymentId } = await payer()
    const admins = [await adminOf(app), await adminOf(app)]
    const answers = await Promise.all(admins.map((admin) => refund(admin, cfPaymentId)))
    expect(answers.map(({ location }) => location)).toEqual(Array(2).fill(`/admin/refunds/rf_${cfPaymentId}_1`))
    expect(await refundsOf(order.id)).toHaveLength(1)
  })

  test('of two administrators with different amounts at once one is refused, and keeps what was typed', async () => {
    const { order, cfPaymentId } = await payer()
    const [one, two] = [await adminOf(app), await adminOf(app)]
    const path = `/admin/refunds/of/${cfPaymentId}`
    const hundred = { ...formOn(await one.visitor.get(`${path}?amount=100`)), reason: 'a hundred' }
    const fifty = { ...formOn(await two.visitor.get(`${path}?amount=50`)), reason: 'only fifty' }
    const answers = await Promise.all([one.visitor.post(path, hundred), two.visitor.post(path, fifty)])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    const refused = answers.find(({ status }) => status === 409)!
    expect(text(refused)).toContain('Another refund of this payment was made in the meantime')
    expect(refused.body).toMatch(/a hundred|only fifty/)
    expect(await refundsOf(order.id)).toHaveLength(1)
  })

  test('a page that was overtaken by a refund made at Cashfree is refused', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const path = `/admin/refunds/of/${cfPaymentId}`
    const form = { ...formOn(await admin.visitor.get(`${path}?amount=100`)), reason: 'too late' }
    await app.sql`
      insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, next_look_at)
      values (${`there_${cfPaymentId}`}, ${order.id}, ${cfPaymentId}, ${order.userId}, 5000, 'there', 'cashfree', null)`
    const answer = await admin.visitor.post(path, form)
    expect(answer.status).toBe(409)
    expect(text(answer)).toContain('₹449 are left')
    expect(await refundsOf(order.id)).toHaveLength(1)
    await app.sql`delete from refunds where id = ${`there_${cfPaymentId}`}`
  })

  test('a part and then the rest: the rest ends the period, and the books agree', async () => {
    const { email, order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    expect((await refund(admin, cfPaymentId, '100')).status).toBe(303)
    await untilRefunds(order.id, 'succeeded')
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active' })
    expect((await refund(admin, cfPaymentId)).location).toBe(`/admin/refunds/rf_${cfPaymentId}_2`)
    await untilRefunds(order.id, 'succeeded', 'succeeded')
    expect((await refundsOf(order.id)).map(({ amountPaise }) => amountPaise)).toEqual([10_000, 39_900])
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled', isPaid: false })
    expect(text(await admin.visitor.get(`/admin/refunds/of/${cfPaymentId}`))).toContain(
      'Nothing is left of this payment',
    )
    expect((await checkInvariants(app.sql)).broken).toBe(0)
  })

  test('more than what is left, nothing, or a hand-made form is refused', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const send = (more: Record<string, string>) => refund(admin, cfPaymentId, '', more)
    expect((await send({ amount: '499.01' })).status).toBe(422)
    expect((await send({ amount: '' })).status).toBe(422)
    expect((await send({ amount: '-499' })).status).toBe(422)
    expect((await send({ reason: ' ' })).status).toBe(422)
    expect((await send({ ordinal: 'one' })).status).toBe(422)
    expect((await send({ amount: '600', left: '99999' })).status).toBe(409)
    expect((await send({ ordinal: '3' })).status).toBe(409)
    expect(await refundsOf(order.id)).toEqual([])
  })

  test('a year’s price is typed twice', async () => {
    const { order, cfPaymentId } = await payer('annual')
    const admin = await adminOf(app)
    const once = await refund(admin, cfPaymentId)
    expect(once.status).toBe(422)
    expect(once.body).toContain('id="amount_again-error"')
    expect((await refund(admin, cfPaymentId, '', { amount_again: '499' })).status).toBe(422)
    expect(await refundsOf(order.id)).toEqual([])
    expect((await refund(admin, cfPaymentId, '', { amount_again: '₹4,990' })).status).toBe(303)
  })
})

describe('following a refund', () => {
  test('to its end: each step with its time, the bank’s reference, the credit note and the mail', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const { location } = await refund(admin, cfPaymentId)
    expect(text(await admin.visitor.get(location!))).toContain('Promised here')
    await untilRefunds(order.id, 'succeeded')
    await app.run('deliver-mails')
    const page = text(await admin.visitor.get(location!))
    expect(page).toContain('Cashfree is paying it out')
    expect(page).toContain('The money has reached the customer’s bank')
    expect(page).toMatch(/Bank reference \(ARN\) 2104\d+/)
    expect(page).toMatch(/Credit note C\d{4}-\d{6}/)
    expect(page).toContain('Mail to the customer sent')
    expect(page).not.toContain('Ask Cashfree now')
  })

  test('the page is told of news, and left alone while there are none', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const { location } = await refund(admin, cfPaymentId)
    const page = await admin.visitor.get(location!)
    const [, poll] = /hx-get="([^"]+)"/.exec(page.body.slice(page.body.indexOf('id="refund"')))!
    expect((await admin.visitor.get(poll!, { 'hx-request': 'true' })).status).toBe(204)
    await untilRefunds(order.id, 'succeeded')
    const news = await admin.visitor.get(poll!, { 'hx-request': 'true' })
    expect(news.status).toBe(200)
    expect(news.body).toContain('id="refund"')
    expect(news.body).not.toContain('<html')
  })

  test('asking Cashfree sends what waits, and says so when Cashfree is away', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const { location } = await refund(admin, cfPaymentId)
    app.sandbox.control.faults({ serverError: { endpoint: 'refunds' } })
    await admin.visitor.post(`${location}/ask`)
    expect(text(await admin.visitor.get(location!))).toContain('Cashfree cannot be reached now')
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'requested' }])
    app.sandbox.control.clearFaults()
    await Promise.all([admin.visitor.post(`${location}/ask`), admin.visitor.post(`${location}/ask`)])
    expect(atCashfree(order.id)).toHaveLength(1)
    const reader = await adminOf(app, 'admin-read')
    expect((await reader.visitor.post(`${location}/ask`)).status).toBe(403)
    expect((await reader.visitor.get(location!)).status).toBe(200)
    expect((await admin.visitor.post('/admin/refunds/rf_none/ask')).status).toBe(404)
    const asks = await app.sql`select actor, origin from audit where order_id = ${order.id} and action = 'refund.asked'`
    expect(asks.length).toBeGreaterThan(0)
    expect(asks[0]).toMatchObject({ actor: `user:${admin.id}`, origin: { requestId: expect.any(String) } })
  })

  test('a reply lost after Cashfree accepted is the same refund', async () => {
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const { location } = await refund(admin, cfPaymentId)
    app.sandbox.control.faults({ replyLost: { count: 1, endpoint: 'refunds.create' } })
    await admin.visitor.post(`${location}/ask`)
    await admin.visitor.post(`${location}/ask`)
    await untilRefunds(order.id, 'succeeded')
    expect(atCashfree(order.id)).toHaveLength(1)
  })

  test('held back, it says why and goes on; the page does not call it over', async () => {
    app.sandbox.control.settings({ refundOutcome: 'ONHOLD' })
    const { order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const { location } = await refund(admin, cfPaymentId)
    await untilRefunds(order.id, 'onhold')
    const page = await admin.visitor.get(location!)
    expect(text(page)).toContain('Cashfree holds it back')
    expect(text(page)).toContain('the balance at Cashfree is too low')
    expect(page.body).toContain('hx-trigger="every')
    app.sandbox.control.settleRefund(`rf_${cfPaymentId}_1`, 'SUCCESS')
    await untilRefunds(order.id, 'succeeded')
  })

  test('failed, it can be tried again as another refund; never before', async () => {
    app.sandbox.control.settings({ refundOutcome: 'FAILED' })
    const { email, order, cfPaymentId } = await payer()
    const admin = await adminOf(app)
    const { location } = await refund(admin, cfPaymentId)
    expect((await admin.visitor.get(location!)).body).not.toContain('Try again')
    expect(text(await admin.visitor.get(`/admin/refunds/of/${cfPaymentId}`))).toContain(
      'Nothing is left of this payment',
    )
    await untilRefunds(order.id, 'failed')
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active' })
    const page = await admin.visitor.get(location!)
    expect(page.body).toContain(`/admin/refunds/of/${cfPaymentId}?amount=499`)
    app.sandbox.control.settings({ refundOutcome: 'SUCCESS' })
    expect((await refund(admin, cfPaymentId)).location).toBe(`/admin/refunds/rf_${cfPaymentId}_2`)
    await untilRefunds(order.id, 'failed', 'succeeded')
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled' })
  })

  test('the second payment of one order goes back alone: access, receipt and revenue stay', async () => {
    const { email, order } = await payer()
    app.sandbox.control.pay(order.id, { newAttempt: true })
    await until(
      async () =>
        (await app.sql`select 1 from incidents where kind = 'paid-twice' and order_id = ${order.id}`).length === 1,
    )
    const admin = await adminOf(app)
    const page = await admin.visitor.get(`/admin/orders/${order.id}`)
    const [extra] = await app.sql<{ cfPaymentId: string }[]>`
      select cf_payment_id from payments where order_id = ${order.id} and applied_at is null`
    expect(page.body).toContain(`/admin/refunds/of/${extra!.cfPaymentId}`)
    const preview = await admin.visitor.get(`/admin/refunds/of/${extra!.cfPaymentId}`)
    expect(text(preview)).toContain('this one came on top')
    expect(text(preview)).toContain('None: no receipt was issued for this money')
    expect(preview.body).toContain('Paid twice; the second payment goes back.')
    await refund(admin, extra!.cfPaymentId)
    await untilRefunds(order.id, 'succeeded')
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    expect(await app.sql`select 1 from credit_notes where refund_id like ${`rf_${extra!.cfPaymentId}%`}`).toHaveLength(
      0,
    )
    expect((await checkInvariants(app.sql)).broken).toBe(0)
  })
})

describe('the list of refunds', () => {
  test('is filtered by status, day and whatever number is on the paper, and exported alike', async () => {
    const admin = await adminOf(app)
    const { order, cfPaymentId } = await payer()
    await refund(admin, cfPaymentId, '', { reason: '=HYPERLINK("x")' })
    const shows = async (query: string) =>
      (await admin.visitor.get(`/admin/refunds${query}`)).body.includes(`rf_${cfPaymentId}_1`)
    expect(await shows('')).toBe(true)
    expect(await shows('?status=open')).toBe(true)
    expect(await shows('?status=succeeded')).toBe(false)
    expect(await shows(`?q=${order.id}`)).toBe(true)
    expect(await shows(`?q=${cfPaymentId}`)).toBe(true)
    expect(await shows(`?q=rf_${cfPaymentId}_1`)).toBe(true)
    expect(await shows('?q=nothing')).toBe(false)
    expect(await shows('?from=2020-01-01&to=2020-02-31')).toBe(true)
    expect(await shows('?from=2020-01-01&to=2020-01-31')).toBe(false)
    const csv = await admin.visitor.get(`/admin/refunds.csv?q=${order.id}`)
    expect(csv.headers.get('content-disposition')).toMatch(/attachment; filename="refunds-\d{4}-\d\d-\d\d\.csv"/)
    expect(csv.body.split('\r\n')).toHaveLength(3)
    expect(csv.body).toContain(`"'=HYPERLINK(""x"")"`)
  })
})
