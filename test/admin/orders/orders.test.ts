import { afterEach, describe, expect, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { adminOf } from '../../support/admin.ts'
import { newestOrder, paidOnce, subscriberOf, tracesOf } from '../../support/ledger.ts'
import { type Answer, Visitor } from '../../support/visitor.ts'
import { admin, app, customer, payer, usePanel } from '../panel.ts'

usePanel(['admin'], { CASHFREE_TIMEOUT_MS: '2000' })
afterEach(() => {
  app.sandbox.control.clearFaults()
  app.sandbox.control.webhooks({ paused: false })
})

const text = (answer: Answer) => answer.body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
const audited = (orderId: string, action: string) =>
  app.sql`select actor, origin, details from audit where order_id = ${orderId} and action = ${action}`
const keyOn = (page: Answer) => /name="key" value="([^"]+)"/.exec(page.body)![1]!

describe('the list of orders', () => {
  test('is filtered by status, plan, day and held, and shows how each was paid', async () => {
    const paid = await payer({ name: 'Paid Person', plan: 'annual' })
    const open = await customer({ name: 'Open Person' })
    await app.sql`update orders set held_at = now() where id = ${open.order.id}`
    const lists = async (query: string) => {
      const page = await admin.visitor.get(`/admin/orders${query}`)
      expect(page.status).toBe(200)
      return [paid, open].map(({ order }) => page.body.includes(order.id))
    }
    expect(await lists('')).toEqual([true, true])
    expect(await lists('?status=paid')).toEqual([true, false])
    expect(await lists('?status=active')).toEqual([false, true])
    expect(await lists('?plan=annual_v1')).toEqual([true, false])
    expect(await lists('?held=yes')).toEqual([false, true])
    expect(await lists('?from=2020-01-01&to=2020-12-31')).toEqual([false, false])
    expect(await lists('?from=2020-01-01')).toEqual([true, true])
    expect(await lists('?from=nonsense')).toEqual([true, true])
    expect(await lists("?status='--")).toEqual([false, false])
    const row = text(await admin.visitor.get('/admin/orders?status=paid&plan=annual_v1'))
    expect(row).toMatch(/Paid Person ₹4,990 Paid .* Annual 1 UPI \d+ (return page|webhook)/)
    await app.sql`update orders set held_at = null where id = ${open.order.id}`
  })

  test('goes on where it ended: no order twice, none left out, though many were opened in one millisecond', async () => {
    const { order } = await customer()
    await app.sql`
      insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, created_at, closed_at)
      select 'ds_many_' || n, ${order.userId}, 'monthly_v1', 49900, 'expired', now(),
             timestamptz '2021-05-05 05:05:05.1234' + make_interval(secs => n / 1000000.0), now()
      from generate_series(1, 120) n`
    const seen: string[] = []
    let path: string | undefined = '/admin/orders?from=2021-05-05&to=2021-05-05'
    while (path) {
      const page = await admin.visitor.get(path)
      seen.push(...[...page.body.matchAll(/href="\/admin\/orders\/(ds_many_\d+)"/g)].map((match) => match[1]!))
      path = /href="([^"]+)" rel="next"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&')
    }
    expect(seen).toHaveLength(120)
    expect(new Set(seen).size).toBe(120)
    const csv = await admin.visitor.get('/admin/orders.csv?from=2021-05-05&to=2021-05-05')
    expect(csv.body.trim().split('\r\n')).toHaveLength(121)
    await app.sql`delete from orders where id like 'ds_many_%'`
  })

  test('a number on somebody’s paper leads straight to the order, whatever it is of', async () => {
    const { order } = await payer()
    const [paper] = await app.sql<{ cfPaymentId: string; bankReference: string; receipt: string; cfOrderId: string }[]>`
      select p.cf_payment_id, p.bank_reference, r.number as receipt, o.cf_order_id
      from payments p join receipts r on r.order_id = p.order_id join orders o on o.id = p.order_id
      where p.order_id = ${order.id}`
    await app.sql`update payments set bank_reference = ${`UTR${paper!.cfPaymentId}`} where order_id = ${order.id}`
    for (const number of [
      order.id,
      paper!.cfPaymentId,
      `UTR${paper!.cfPaymentId}`,
      paper!.receipt.toLowerCase(),
      paper!.cfOrderId,
    ])
      expect((await admin.visitor.get(`/admin/orders?q=${number}`)).location).toBe(`/admin/orders/${order.id}`)
    const nothing = await admin.visitor.get('/admin/orders?q=%3Cscript%3E')
    expect(text(nothing)).toContain('Nothing found for “&lt;script&gt;”')
  })

  test('exports what it shows, and no cell is a formula', async () => {
    const { order } = await payer({ name: '=cmd|calc' })
    const csv = await admin.visitor.get('/admin/orders.csv?status=paid')
    expect(csv.headers.get('content-type')).toContain('text/csv')
    const line = csv.body.split('\r\n').find((candidate) => candidate.includes(order.id))
    expect(line).toContain(`"'=cmd|calc"`)
    expect(line).toContain(',499,"paid"')
  })

  test('never asks Cashfree, and is not for subscribers', async () => {
    const { visitor, order } = await payer()
    app.sandbox.control.faults({ serverError: true })
    for (const path of ['/admin/orders', '/admin/orders/payments', `/admin/orders/${order.id}`, '/admin/orders.csv'])
      expect([path, (await admin.visitor.get(path)).status]).toEqual([path, 200])
    expect((await visitor.get('/admin/orders')).status).toBe(404)
    expect((await visitor.get(`/admin/orders/${order.id}`)).status).toBe(404)
    expect((await new Visitor(app).get('/admin/orders')).location).toContain('/login')
  })
})

describe('the list of payments', () => {
  test('is filtered by status, method and why it failed', async () => {
    const { visitor, order } = await customer({ name: 'Failing Person' })
    app.sandbox.control.fail(order.id, { reason: 'insufficient_funds', method: 'card' })
    app.sandbox.control.fail(order.id, { reason: 'bank_timeout', newAttempt: true })
    app.sandbox.control.pay(order.id, { newAttempt: true })
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const count = async (query: string) =>
      (await admin.visitor.get(`/admin/orders/payments${query}`)).body.split(`/admin/orders/${order.id}"`).length - 1
    expect(await count('')).toBe(3)
    expect(await count('?status=FAILED')).toBe(2)
    expect(await count('?group=funds')).toBe(1)
    expect(await count('?group=time')).toBe(1)
    expect(await count('?group=bank')).toBe(0)
    expect(await count('?method=upi&status=SUCCESS')).toBe(1)
    expect(await count('?from=2020-01-01&to=2020-01-02')).toBe(0)
    const page = text(await admin.visitor.get('/admin/orders/payments?group=funds'))
    expect(page).toContain('Not enough money Insufficient funds in the account')
    const csv = await admin.visitor.get('/admin/orders/payments.csv?group=funds')
    expect(csv.body).toContain('"Insufficient funds in the account"')
    expect(csv.headers.get('content-disposition')).toContain('payments-')
  })
})

describe('one order', () => {
  test('tells its story: attempts, period, receipt, webhooks and audit', async () => {
    const { order } = await payer()
    await app.sql`update users set name = 'Story <b>Person</b>' where id = ${order.userId}`
    const page = await admin.visitor.get(`/admin/orders/${order.id}`)
    expect(page.body).toContain('Story &lt;b&gt;Person&lt;/b&gt;')
    for (const part of [
      'Order paid: period and receipt were made',
      'Period bought',
      'R26',
      'counts',
      'Refund ₹499',
      'Opened',
    ])
      expect(text(page)).toContain(part)
    expect((await admin.visitor.get('/admin/orders/ds_nothing')).status).toBe(404)
    expect((await admin.visitor.get("/admin/orders/x'--")).status).toBe(404)
  })

  test('beside it stands what Cashfree says now, and what agrees is called so', async () => {
    const { order } = await payer()
    const page = text(await admin.visitor.get(`/admin/orders/${order.id}?ask=cashfree`))
    expect(page).toContain('Both sides agree.')
    expect(page).toContain('Status paid PAID')
    const part = await admin.visitor.get(`/admin/orders/${order.id}/cashfree`, { 'hx-request': 'true' })
    expect(part.body).toContain('id="cashfree"')
    expect(part.body).not.toContain('<html')
    expect((await admin.visitor.get(`/admin/orders/${order.id}/cashfree`)).location).toBe(
      `/admin/orders/${order.id}?ask=cashfree`,
    )
  })

  test('differences are marked field by field, and looking writes nothing', async () => {
    const { order } = await customer()
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(order.id)
    app.sandbox.control.faults({ wrongAmount: { paise: 100 } })
    const page = await admin.visitor.get(`/admin/orders/${order.id}?ask=cashfree`)
    expect(text(page)).toContain('3 fields differ')
    expect(text(page)).toMatch(/Status active differs: PAID/)
    expect(text(page)).toMatch(/Amount ₹499 differs: ₹500/)
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'active', incidents: [] })
  })

  test('when Cashfree is away it says so and shows our side', async () => {
    const { order } = await payer()
    app.sandbox.control.faults({ serverError: true })
    const page = await admin.visitor.get(`/admin/orders/${order.id}?ask=cashfree`)
    expect(page.status).toBe(200)
    expect(text(page)).toContain('Cashfree does not answer now. Our side is as shown')
    expect(text(page)).toContain('Period bought')
  })
})

describe('settling now', () => {
  test('finds a payment that nobody told us of, and says who asked', async () => {
    const { order, email } = await customer()
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(order.id)
    const answers = await Promise.all([1, 2].map(() => admin.visitor.post(`/admin/orders/${order.id}/settle`)))
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active' })
    const asks = await audited(order.id, 'order.settle-asked')
    expect(asks[0]).toMatchObject({ actor: `user:${admin.id}`, origin: { address: expect.any(String) } })
    expect(await audited(order.id, 'order.paid')).toMatchObject([{ actor: 'admin' }])
    await admin.visitor.post(`/admin/orders/${order.id}/settle`)
    expect(text(await admin.visitor.get(`/admin/orders/${order.id}`))).toContain(
      'this order was paid and settled before',
    )
  })

  test('says in words what it came to, also when Cashfree is away', async () => {
    const { order } = await customer()
    await admin.visitor.post(`/admin/orders/${order.id}/settle`)
    expect(text(await admin.visitor.get(`/admin/orders/${order.id}`))).toContain('nobody has paid yet')
    app.sandbox.control.faults({ badGateway: true })
    expect((await admin.visitor.post(`/admin/orders/${order.id}/settle`)).status).toBe(303)
    expect(text(await admin.visitor.get(`/admin/orders/${order.id}`))).toContain(
      'Cashfree does not answer now. Nothing changed',
    )
    expect((await admin.visitor.post('/admin/orders/ds_nothing/settle')).status).toBe(404)
  })

  test('also hears of a refund that was made in Cashfree’s dashboard', async () => {
    const { order } = await payer()
    app.sandbox.control.webhooks({ paused: true })
    await app.services.gateway.createRefund({
      orderId: order.id,
      refundId: `made_there_${Date.now()}`,
      idempotencyKey: crypto.randomUUID(),
      amountPaise: 10_000 as never,
      note: 'made there',
    })
    await admin.visitor.post(`/admin/orders/${order.id}/settle`)
    expect(text(await admin.visitor.get(`/admin/orders/${order.id}`))).toContain('A refund was updated')
    expect(await app.sql`select requested_by from refunds where order_id = ${order.id}`).toMatchObject([
      { requestedBy: 'cashfree' },
    ])
  })

  test('is not for administrators who may only look, and changes nothing then', async () => {
    const { order, visitor } = await customer()
    const reader = await adminOf(app, 'admin-read')
    expect((await reader.visitor.get(`/admin/orders/${order.id}`)).body).not.toContain('Settle now')
    for (const action of ['settle', 'terminate']) {
      expect((await reader.visitor.post(`/admin/orders/${order.id}/${action}`)).status).toBe(403)
      expect((await visitor.post(`/admin/orders/${order.id}/${action}`)).status).toBe(404)
      expect((await new Visitor(app).post(`/admin/orders/${order.id}/${action}`)).location).toContain('/login')
    }
    expect((await reader.visitor.get(`/admin/orders/${order.id}/terminate`)).status).toBe(403)
    expect(await audited(order.id, 'order.settle-asked')).toHaveLength(0)
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'active' })
  })
})

describe('ending an open order', () => {
  test('needs the administrator at the keyboard; then it is closed once, however often the button is pressed', async () => {
    const { order, visitor } = await customer()
    const tired = await adminOf(app, 'admin', false)
    const path = `/admin/orders/${order.id}/terminate`
    const page = await tired.visitor.get(path)
    expect(text(page)).toContain('It can no longer be paid')
    const key = keyOn(page)
    const refused = await tired.visitor.post(path, { key, your_password: 'wrong' })
    expect(refused.status).toBe(422)
    expect(keyOn(refused)).toBe(key)
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'active' })

    const confirmed = await tired.visitor.post(path, {
      key,
      your_password: tired.form.password!,
      your_code: tired.code(),
    })
    expect(confirmed.location).toBe(`/admin/orders/${order.id}`)
    const again = await Promise.all([1, 2, 3].map(() => tired.visitor.post(path, { key })))
    expect(again.map(({ status }) => status)).toEqual([303, 303, 303])
    expect(text(await tired.visitor.get(`/admin/orders/${order.id}`))).toContain('It can no longer be paid.')
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'terminated' })
    const asks = await audited(order.id, 'order.termination-asked')
    expect(asks).toMatchObject([{ actor: `user:${tired.id}`, origin: { userAgent: expect.any(String) } }])
    expect(await audited(order.id, 'order.terminated')).toHaveLength(1)
    await visitor.post('/checkout/monthly')
    expect(
      (await newestOrder(app, (await app.sql`select email from users where id = ${order.userId}`)[0]!.email as string))
        .id,
    ).not.toBe(order.id)
  })

  test('pressed three times at once it is one act', async () => {
    const { order } = await customer()
    const path = `/admin/orders/${order.id}/terminate`
    const key = keyOn(await admin.visitor.get(path))
    const answers = await Promise.all([1, 2, 3].map(() => admin.visitor.post(path, { key })))
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303])
    expect(await audited(order.id, 'order.termination-asked')).toHaveLength(1)
    expect(await audited(order.id, 'order.terminated')).toHaveLength(1)
  })

  test('a payment that slips in is settled, never lost', async () => {
    const { order, email } = await customer()
    const page = await admin.visitor.get(`/admin/orders/${order.id}/terminate`)
    app.sandbox.control.webhooks({ paused: true })
    app.sandbox.control.pay(order.id)
    await admin.visitor.post(`/admin/orders/${order.id}/terminate`, { key: keyOn(page) })
    expect(text(await admin.visitor.get(`/admin/orders/${order.id}`))).toContain('A payment came first')
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active' })
    expect((await checkInvariants(app.sql)).broken).toBe(0)
  })

  test('of two administrators the later one is told that it is not open any more', async () => {
    const { order } = await customer()
    const other = await adminOf(app)
    const path = `/admin/orders/${order.id}/terminate`
    const [mine, theirs] = [keyOn(await admin.visitor.get(path)), keyOn(await other.visitor.get(path))]
    expect((await admin.visitor.post(path, { key: mine })).status).toBe(303)
    const late = await other.visitor.post(path, { key: theirs })
    expect(late.status).toBe(409)
    expect(text(late)).toContain('This order is no longer open; nothing was done.')
    expect(await audited(order.id, 'order.termination-asked')).toHaveLength(1)
  })

  test('a paid order cannot be ended, and while Cashfree is away an open one stays open', async () => {
    const paid = await payer()
    expect((await admin.visitor.post(`/admin/orders/${paid.order.id}/terminate`, { key: 'k1' })).status).toBe(409)
    expect((await admin.visitor.post('/admin/orders/ds_nothing/terminate', { key: 'k2' })).status).toBe(404)
    const open = await customer()
    app.sandbox.control.faults({ serverError: true })
    expect((await admin.visitor.post(`/admin/orders/${open.order.id}/terminate`, { key: 'k3' })).status).toBe(303)
    expect(text(await admin.visitor.get(`/admin/orders/${open.order.id}`))).toContain('Cashfree does not answer now')
    expect(await tracesOf(app, open.order.id)).toMatchObject({ status: 'active' })
  })
})
