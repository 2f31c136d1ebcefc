import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dailyMetrics, recordDailyMetrics } from '../../../src/admin/metrics/daily-metrics.ts'
import { businessMetrics } from '../../../src/operations/observability/business-metrics.ts'
import { disputesOf, payer, quiet, remoteDispute, sound, write } from '../../billing/disputes/fixture.ts'
import { admin, app, reader, usePanel } from '../panel.ts'

usePanel()
afterEach(() => app.sandbox.control.clearFaults())

describe('in the panel', () => {
  beforeEach(async () => {
    await app.sql`delete from incidents where kind like 'dispute-%'`
    await app.sql`delete from disputes`
  })

  test('what waits is listed by its deadline, what is over by its end, and both as files', async () => {
    const people = [await payer(app), await payer(app), await payer(app), await payer(app)]
    const deadlines = ['2026-12-09T18:29:59.000Z', '2026-12-03T18:29:59.000Z', null, '2026-12-01T18:29:59.000Z']
    for (const [i, { order, cfPaymentId }] of people.entries())
      await write(
        app,
        order.id,
        remoteDispute(order, cfPaymentId, { respondBy: deadlines[i]!, reason: `=cmd|reason ${i}` }),
      )
    const last = people[3]!
    const won = { status: 'CHARGEBACK_MERCHANT_WON', updatedAt: '2026-12-02T10:00:00.000Z' }
    await write(app, last.order.id, remoteDispute(last.order, last.cfPaymentId, won))

    const page = (await reader.visitor.get('/admin/disputes')).body
    const places = [people[2]!, people[1]!, people[0]!].map(({ order }) => page.indexOf(order.id))
    expect(places.every((place) => place > 0)).toBe(true)
    expect([...places].sort((a, b) => a - b)).toEqual(places)
    expect(page).not.toContain(last.order.id)
    const closed = (await reader.visitor.get('/admin/disputes?state=closed')).body
    expect(closed).toContain(last.order.id)
    expect(closed).not.toContain(people[0]!.order.id)
    const csv = (await reader.visitor.get('/admin/disputes.csv')).body
    expect(csv).toContain(people[0]!.order.id)
    expect(csv).toContain(`"'=cmd|reason 0"`)
    expect((await reader.visitor.get('/admin/disputes.csv?state=closed&status=won')).body).toContain(last.order.id)
  })

  test('a page of fifty goes on with the next deadline, and none comes twice', async () => {
    const { order, cfPaymentId } = await payer(app)
    await write(app, order.id, remoteDispute(order, cfPaymentId, { amountPaise: 100 }))
    await app.sql`
      insert into disputes (id, order_id, cf_payment_id, user_id, type, gateway_status, status, amount_paise, respond_by, opened_at, next_look_at)
      select 'paging' || n, order_id, cf_payment_id, user_id, type, gateway_status, status, 100, respond_by + make_interval(mins => n / 3), opened_at, next_look_at
      from disputes, generate_series(1, 60) n`
    const idsOn = (body: string) => [...body.matchAll(/>(paging\d+)</g)].map((match) => match[1]!)
    const first = (await reader.visitor.get('/admin/disputes')).body
    const next = /href="(\/admin\/disputes\?[^"]*after=[^"]*)"/.exec(first)![1]!.replaceAll('&amp;', '&')
    const ids = [...idsOn(first), ...idsOn((await reader.visitor.get(next)).body)]
    expect(new Set(ids).size).toBe(60)
    expect(ids).toHaveLength(60)
  })

  test('the first page names the nearest deadline once, and not its incident as well', async () => {
    const { order } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id, { respondInDays: 3.5 })
    await quiet(app)
    const home = (await reader.visitor.get('/admin')).body
    expect(home).toContain('Disputes to answer')
    expect(home).toMatch(/The next answer is due \w{3}, \d+ \w{3} \d{4}, .* IST, in 3 days\./)
    expect(home).not.toContain('A payment is disputed')
    // Answered, and nobody wrote down what was done: the incident says so.
    app.sandbox.control.updateDispute(dispute_id)
    await quiet(app)
    const later = (await reader.visitor.get('/admin')).body
    expect(later).not.toContain('Disputes to answer')
    expect(later).toContain('A payment is disputed')
  })

  test('a deadline that passed and one that nobody told are said as such', async () => {
    const { order, cfPaymentId } = await payer(app)
    await write(app, order.id, remoteDispute(order, cfPaymentId, { respondBy: null }))
    expect((await reader.visitor.get('/admin')).body).toContain('Cashfree gave no deadline.')
    const passed = { respondBy: '2020-01-01T18:29:59.000Z', updatedAt: '2026-12-02T10:00:00.000Z' }
    await write(app, order.id, remoteDispute(order, cfPaymentId, passed))
    expect((await reader.visitor.get('/admin')).body).toContain('has passed.')
    expect((await reader.visitor.get('/admin/disputes')).body).toContain('>passed<')
  })

  test('the order shows it and offers no refund; the refund’s page says why; a form made by hand is refused', async () => {
    const { order, cfPaymentId } = await payer(app)
    const refund = `/admin/refunds/of/${cfPaymentId}`
    const before = await admin.visitor.get(refund)
    const hidden = Object.fromEntries(
      [...before.body.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map((m) => [m[1]!, m[2]!]),
    )
    app.sandbox.control.dispute(order.id, { amount: 100, reason: 'Duplicate Processing' })
    await quiet(app)
    const page = (await admin.visitor.get(`/admin/orders/${order.id}`)).body
    expect(page).toContain('Duplicate Processing')
    expect(page).toContain('Answer by')
    expect(page).toContain('<a href="#disputes-title">disputed</a>')
    expect(page).not.toContain(`href="${refund}"`)
    expect((await admin.visitor.get(refund)).body).toContain('could be lost twice')
    const posted = await admin.visitor.post(refund, { reason: 'asked for', ...hidden })
    expect(posted.status).toBeGreaterThanOrEqual(400)
    expect(posted.body).toContain('could be lost twice')
    expect(await app.sql`select from refunds where cf_payment_id = ${cfPaymentId}`).toHaveLength(0)
    const compared = await admin.visitor.get(`/admin/orders/${order.id}?ask=cashfree`)
    expect(compared.body).toContain('Dispute ')
    expect(compared.body).not.toContain('class="chip bad">differs')
  })

  test('“Settle now” hears of a dispute whose webhook was lost', async () => {
    const { order } = await payer(app)
    app.sandbox.control.faults({ webhooksMuted: true })
    app.sandbox.control.dispute(order.id)
    await admin.visitor.post(`/admin/orders/${order.id}/settle`)
    expect(await disputesOf(app, order.id)).toMatchObject([{ status: 'open' }])
    expect((await admin.visitor.get(`/admin/orders/${order.id}`)).body).toContain('A dispute was updated.')
  })

  test('the person’s timeline tells each step in a sentence', async () => {
    const { order } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id, { type: 'PRE_ARBITRATION' })
    await quiet(app)
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    const page = (await admin.visitor.get(`/admin/subscribers/${order.userId}`)).body
    expect(page).toContain('The payer asked their bank for ₹499 back (pre arbitration). An answer is due.')
    expect(page).toContain('The dispute was lost: the bank took ₹499 back.')
  })
})

describe('the payer', () => {
  test('reads nothing of a dispute that is open or won, and in plain words what a lost one ended', async () => {
    const { visitor, order } = await payer(app)
    const { dispute_id } = app.sandbox.control.dispute(order.id, { reason: 'Suspected friendly fraud' })
    await quiet(app)
    const open = (await visitor.get('/account')).body
    expect(open).not.toMatch(/dispute|your bank took|fraud/i)
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    const lost = (await visitor.get('/account')).body
    expect(lost).toContain('₹499 taken back by your bank')
    expect(lost).toContain('Your bank took the payment back, so the time it paid for ended.')
    expect(lost).toContain('Paid, taken back by your bank')
    expect(lost).not.toMatch(/fraud|its whole price was refunded/i)
    const exported = JSON.parse((await visitor.get('/account/data.json')).body) as { disputes: unknown[] }
    expect(exported.disputes).toMatchObject([
      { dispute: dispute_id, order: order.id, status: 'lost', amountPaise: 49_900 },
    ])
    await sound(app)
  })
})

describe('the figures', () => {
  test('count what is disputed and what was lost, and leave receipts and credit notes as they are', async () => {
    await app.sql`delete from incidents where kind like 'dispute-%'`
    await app.sql`delete from disputes`
    const today = async () => {
      await recordDailyMetrics(app.sql)
      return (await dailyMetrics(app.sql, 2)).days.at(-1)!
    }
    const before = await today()
    const [one, other] = [await payer(app), await payer(app)]
    const { dispute_id } = app.sandbox.control.dispute(one.order.id, { amount: 100.5 })
    app.sandbox.control.dispute(other.order.id, { respondInDays: 1 })
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    const day = await today()
    expect(day).toMatchObject({
      disputed: 2,
      disputedPaise: 59_950,
      lost: 1,
      lostPaise: 10_050,
      grossPaise: before.grossPaise + 2 * 49_900,
      refundedPaise: before.refundedPaise,
      churned: before.churned,
    })
    expect((await reader.visitor.get('/admin')).body).toContain('Lost in disputes')
    const registry = new Registry()
    await businessMetrics(app.sql, registry).refresh()
    const text = await registry.metrics()
    for (const line of [
      'etf_disputes{status="open"} 1',
      'etf_disputes{status="lost"} 1',
      'etf_disputed_rupees{status="lost"} 100.5',
      'etf_disputed_rupees{status="open"} 499',
      'etf_disputes_due 1',
    ])
      expect(text).toContain(line)
  })

  test('a period that a lost dispute ends leaves the monthly revenue, as after a full refund', async () => {
    const before = await mrr()
    const { order } = await payer(app)
    expect(await mrr()).toBe(before + 49_900)
    const { dispute_id } = app.sandbox.control.dispute(order.id)
    expect(await mrr()).toBe(before + 49_900)
    app.sandbox.control.closeDispute(dispute_id, 'lost')
    await quiet(app)
    expect(await mrr()).toBe(before)
  })

  async function mrr(): Promise<number> {
    await quiet(app)
    await recordDailyMetrics(app.sql)
    return (await dailyMetrics(app.sql, 1)).counts.mrrPaise
  }
})
