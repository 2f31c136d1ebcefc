import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refundPayment } from '../../../src/billing/refunds/refunds.ts'
import { checkInvariants, recordIntegrityCheck } from '../../../src/operations/integrity/integrity.ts'
import { auditChain, invariants as statements } from '../../../src/operations/integrity/invariants.ts'
import { printReport } from '../../../src/operations/integrity/print.ts'
import { listBroken } from '../../../src/operations/integrity/queries.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

const invariants = [...statements, auditChain]

let app: TestApp
/** A connection that may begin and roll back by hand. */
let hand: postgres.Sql
/** A buyer whose order is paid, and one whose money went back. */
let paid: string
let refunded: string
beforeAll(async () => {
  app = await startApp()
  hand = postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
  paid = await buy()
  refunded = await buy()
  const [payment] = await app.sql<
    { cfPaymentId: string }[]
  >`select cf_payment_id from payments where order_id = ${refunded}`
  const cfPaymentId = payment!.cfPaymentId
  await refundPayment(app.services, {
    cfPaymentId,
    ordinal: 1,
    amountPaise: 49_900,
    reason: 'test',
    actor: 'user:admin',
  })
  await app.run('send-refunds')
  await app.sandbox.control.settled()
  await app.sql`update refunds set next_look_at = now() where finished_at is null`
  await app.run('send-refunds')
  // And one whose bank took it back.
  const { dispute_id } = app.sandbox.control.dispute(await buy())
  app.sandbox.control.closeDispute(dispute_id, 'lost')
  await app.sandbox.control.settled()
  await until(async () => (await app.sql`select from disputes where status = 'lost'`).count === 1)
  await until(async () => (await app.sql`select from webhook_events where settled_at is null`).count === 0)
  // Damage that constraints refuse is done without them: the checks are there for the day a constraint is gone.
  await app.sql.unsafe(`
    alter table orders drop constraint paid_has_its_time; drop index one_open_order; drop index one_applied_payment_per_order;
    drop index periods_do_not_start_together; drop index one_receipt_per_order;
    alter table subscriptions drop constraint paid_has_a_period; alter table refunds drop constraint finished_has_its_time`)
})
afterAll(async () => {
  await hand.end()
  await app.close()
})

async function buy(): Promise<string> {
  const visitor = new Visitor(app)
  const { id } = await newestOrder(app, (await visitor.register()).email!)
  app.sandbox.control.pay(id)
  await visitor.get(`/payment/return?order_id=${id}`)
  await app.sandbox.control.settled()
  return id
}

const nowhereElse = { inIncidents: 0, settling: 0, missing: 0 }

describe('books that are in order', () => {
  test('break nothing, are counted, and every paisa has its place', async () => {
    const report = await checkInvariants(app.sql)
    expect(report.checks.filter(({ wrong }) => wrong > 0)).toEqual([])
    expect(report.broken).toBe(0)
    expect(report.checks.find(({ id }) => id === 'I2')).toMatchObject({ looked: 3, wrong: 0, of: 'paid orders' })
    expect(report.money).toEqual([
      { currency: 'INR', captured: 149_700, applied: 49_900, back: 49_900, lost: 49_900, ...nowhereElse },
    ])
    const text = printReport(report)
    expect(text).toContain(
      'one period for every paid order, as long as its plan, and none for any other: 3 paid orders, 0 wrong',
    )
    expect(text).toContain('captured ₹1,497 = applied ₹499 + going or gone back ₹499 + lost in disputes ₹499')
    expect(text).toContain('The records are in order')
  })

  test('the nightly job keeps its result, thirty of them at most', async () => {
    for (let i = 0; i < 32; i++) await app.run('check-books')
    const [last] = await app.sql`select report from book_checks order by id desc limit 1`
    expect(last?.report.broken).toBe(0)
    expect(await app.sql`select from book_checks`).toHaveLength(30)
    expect(await app.sql`select from incidents where kind = 'books-broken'`).toHaveLength(0)
  })
})

/** For every check, damage that it must notice. */
const damage: Record<string, string> = {
  broken_i1_paid_not_granted: `update orders set status = 'active', paid_at = null, gateway_status = 'PAID', created_at = now() - interval '1 hour', asked_at = now() - interval '1 hour', attempts_asked_at = now() - interval '1 hour' where id = $paid`,
  broken_i2_periods: `delete from subscription_periods where order_id = $paid`,
  broken_i2_voided: `update subscription_periods set voided_at = now() where order_id = $paid`,
  broken_i2_gifts: `update orders set purpose = 'gift' where id = $paid`,
  broken_i2_by_hand: `insert into subscription_periods (user_id, starts_at, ends_at, granted_by, grant_reason, grant_key) select user_id, now() + interval '1 year', now() + interval '2 years', 'user:x', 'no record', 'k' from orders where id = $paid`,
  broken_i2_false_grants: `update subscription_periods set voided_at = now() where order_id = $paid`,
  broken_i3_overlaps: `update subscription_periods p set user_id = (select user_id from orders where id = $paid), voided_at = null where order_id = $refunded`,
  broken_i3_subscriptions: `update subscriptions set current_period_end = current_period_end + interval '1 year' where user_id = (select user_id from orders where id = $paid)`,
  broken_i4_missing_money: `insert into payments (cf_payment_id, order_id, status, amount_paise, currency) values ('77', $paid, 'SUCCESS', 49900, 'INR')`,
  broken_i5_applied_payment: `update payments set applied_at = null where order_id = $paid`,
  broken_i9_disputes: `update disputes set cf_payment_id = (select cf_payment_id from payments where order_id = $paid)`,
  broken_i24_untold_disputes: `delete from incidents where kind like 'dispute-%'`,
  broken_i6_receipts: `delete from receipts where order_id = $paid`,
  broken_i6_due: `insert into receipts_due select order_id, user_id, cf_payment_id, now() - interval '2 minutes', amount_paise, taxable_paise, cgst_paise, sgst_paise, igst_paise, round_off_paise, seller, buyer, plan_title, sold_from, sold_until, discount_paise, credit_paise, replaces from receipts where order_id = $paid`,
  broken_i6_numbering: `update receipt_series set last_serial = last_serial + 1`,
  broken_i6_mails: `delete from mails where kind = 'refund'`,
  broken_i6_credit_notes: `update credit_notes set amount_paise = amount_paise + 1, taxable_paise = taxable_paise + 1`,
  broken_i6_credit_note_parts: `update credit_notes set taxable_paise = taxable_paise - 1, round_off_paise = round_off_paise + 1`,
  broken_i6_as_sold: `update receipts set discount_paise = 1 where order_id = $paid`,
  broken_i6_tax: `update receipts set igst_paise = 7612, taxable_paise = taxable_paise - 7612 where order_id = $paid`,
  broken_i6_credit_note_parties: `update credit_notes set buyer = buyer || '{"gstin": "29AAPFU0939F1ZR"}'`,
  broken_i7_audit: `insert into audit (actor, action, order_id) values ('test', 'order.paid', $paid)`,
  broken_i8_amounts: `update payments set amount_paise = 49899 where order_id = $paid`,
  broken_i8_credits: `update orders set credit_paise = 1, amount_paise = amount_paise - 1 where id = $paid`,
  broken_i8_coupons: `insert into coupons (code, percent, created_by) values ('SAVE20', 20, 'test'); insert into coupon_claims (order_id, coupon_code, user_id, discount_paise) select id, 'SAVE20', user_id, 1 from orders where id = $paid`,
  broken_i9_refunds: `update refunds set amount_paise = 49901 where order_id = $refunded`,
  broken_i10_webhooks: `update webhook_events set body = '' where id = (select min(id) from webhook_events)`,
  broken_i11_forgotten: `update webhook_events set settled_at = null, next_settle_at = null where id = (select min(id) from webhook_events)`,
  broken_i12_strangers: `insert into webhook_events (accepted, verdict, type, order_id, headers, body, settled_at) values (true, 'unknown-order', 'PAYMENT_SUCCESS_WEBHOOK', 'ds_nobody', '{}', 'x', now())`,
  broken_i25_mandate_orders: 'update orders set mandate_id = gen_random_uuid() where id = $paid',
  broken_i26_debits: `insert into mandates (user_id, subscription_id, plan_id, max_paise, authorisation_paise, refund_authorisation, consent_version, consent_text, expires_at, next_look_at) select user_id, 'sub_' || repeat('0', 32), 'p', 100, 100, true, '1', '', now(), null from orders where id = $paid`,
  broken_i13_open_orders: `insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, next_look_at) select 'ds_open_' || n, user_id, plan_key, amount_paise, 'active', now(), now() from orders, generate_series(1, 2) n where id = $paid`,
  broken_i20_watched: `update orders set status = 'active', paid_at = null, next_look_at = null where id = $paid`,
  broken_i20_overdue: `update mails set next_attempt_at = now() - interval '2 hours', status = 'queued' where kind = 'receipt'`,
  broken_i23_audit_chain: `select sealed from seal_audit(1000); alter table audit disable trigger user; update audit set actor = 'somebody' where order_id = $paid`,
}

describe('every check notices the damage it is there for', () => {
  test('and none is without its damage', () => {
    expect(Object.keys(damage).sort()).toEqual(invariants.map(({ broken }) => broken).sort())
  })

  test.each(invariants.map(({ id, broken, says }) => [id, says, broken] as const))(
    '%s %s',
    async (_id, _says, broken) => {
      // Damage, look and undo in one message, which is one transaction.
      const sql = damage[broken]!.replaceAll('$paid', `'${paid}'`).replaceAll('$refunded', `'${refunded}'`)
      expect((await listBroken(app.sql, broken)).wrong).toBe(0)
      const results = (await hand.unsafe(
        `begin; ${sql}; select count(*)::int as n, jsonb_agg(id) as ids from ${broken}() as id; rollback`,
      )) as unknown as { n: number; ids: string[] }[][]
      const found = results.find((rows) => rows[0]?.n !== undefined)![0]!
      expect(found.n).toBeGreaterThan(0)
      expect(JSON.stringify(found.ids)).not.toContain('@')
      expect((await listBroken(app.sql, broken)).wrong).toBe(0)
    },
  )

  test('broken books are printed with ids, kept, and told to the administrators once a day', async () => {
    await app.sql`insert into payments (cf_payment_id, order_id, status, amount_paise, currency, created_at)
                  values ('4711', ${paid}, 'SUCCESS', 49900, 'INR', now() - interval '1 hour')`
    const report = await recordIntegrityCheck(app.sql)
    await recordIntegrityCheck(app.sql)
    expect(report.broken).toBe(1)
    expect(printReport(report)).toContain('✗ I4')
    expect(printReport(report)).toContain('4711')
    expect(report.money[0]).toMatchObject({ missing: 49_900 })
    expect(await app.sql`select from incidents where kind = 'books-broken'`).toHaveLength(1)
    await app.sql`delete from payments where cf_payment_id = '4711'`
  })
})
