import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase } from '../../support/database.ts'

let sql: postgres.Sql
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  drop = database.drop
  sql = postgres(database.url, { max: 1, onnotice: () => {} })
})
afterAll(async () => {
  await sql.end()
  await drop()
})

/** The usual value first, so that what is drawn is often all usual. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 24, arbitrary: fc.constant(usual) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  )
const hour = 3_600_000
const inHours = (hours: number) => new Date(Date.now() + hours * hour).toISOString()

const attempt = fc.record({
  cfPaymentId: mostly('pay_1', 'pay_2'),
  orderId: mostly<string | null>('mine', null, 'other'),
  orderAmountPaise: mostly<number | null>(49_900, null, 1),
  orderCurrency: mostly<string | null>('INR', null, 'USD'),
  status: mostly('SUCCESS', 'FAILED', 'PENDING', 'USER_DROPPED'),
  amountPaise: mostly<number | null>(49_900, 50_900, 49_899, null),
  currency: mostly<string | null>('INR', null, 'USD'),
  method: fc.constantFrom('upi', null),
  bankReference: fc.constantFrom('628', null),
  failureReason: mostly<string | null>(null, 'declined'),
  startedAt: fc.constantFrom(inHours(-1), null),
  completedAt: fc.constantFrom(inHours(0), null),
})
const remote = fc.record({
  orderId: mostly('mine', 'other'),
  status: mostly('PAID', 'ACTIVE', 'EXPIRED', 'TERMINATED', 'ABSENT'),
  amountPaise: mostly<number | null>(49_900, 49_899, null),
  currency: mostly<string | null>('INR', 'USD', null),
  customerId: mostly<string | null>('buyer', null, 'somebody'),
  cfOrderId: mostly<string | null>('cf_mine', null, 'cf_other'),
  sessionId: mostly<string | null>(null, 'session_2'),
  expiresAt: fc.constantFrom(null, inHours(1), inHours(-3), inHours(-48)),
  attempts: fc.oneof(
    { weight: 12, arbitrary: fc.array(attempt, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.array(attempt, { minLength: 2, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.constantFrom(null, []) },
  ),
})
/** What stands in the database before, by the statements that write it. `$1` is the order, `$2` its buyer. */
const running =
  "status = 'active', is_paid = true, plan_key = 'monthly_v1', current_period_start = now() - interval '20 days'"
const circumstances: Record<string, string> = {
  'access runs': `update subscriptions set ${running}, current_period_end = now() + interval '10 days', anchor_day = 31 where user_id = $2`,
  'another plan runs': `update subscriptions set ${running.replace('monthly', 'annual')}, current_period_end = now() + interval '10 days' where user_id = $2`,
  'access is in grace': `update subscriptions set ${running.replace("'active'", "'grace'")}, current_period_end = now() - interval '1 day', anchor_day = 5 where user_id = $2`,
  'access is over': `update subscriptions set ${running.replace("'active', is_paid = true", "'expired'")}, current_period_end = now() - interval '9 days' where user_id = $2`,
  'the buyer leaves': `update subscriptions set ${running}, current_period_end = now() + interval '3 days', cancel_requested_at = now(), cancel_reason = 'price' where user_id = $2`,
  'another plan is chosen for later': `update subscriptions set next_plan = 'annual' where user_id = $2`,
  'the buyer is suspended': `update users set suspended_at = now(), suspended_reason = 'x' where id = $2`,
  'the account is deleted': `update users set deleted_at = now() where id = $2`,
  'consent is withdrawn': `update users set consent_withdrawn_at = now() where id = $2`,
  'no state is known': `update users set state_code = null where id = $2`,
  'another state': `update users set state_code = '29' where id = $2`,
  'a company is on the account': `insert into billing_details (user_id, legal_name, gstin) values ($2, 'Acme', '29AAPFU0939F1ZR')`,
  'a company is on the order': `update orders set company = '{"legalName": "Beta", "address": "Pune"}' where id = $1`,
  'the order is not known to be open': `update orders set status = 'created' where id = $1 and paid_at is null`,
  'the order expired': `update orders set status = 'expired', closed_at = now() where id = $1 and paid_at is null`,
  'the order was terminated': `update orders set status = 'terminated', closed_at = now() where id = $1 and paid_at is null`,
  'the order is held': `update orders set held_at = now(), money_seen_at = now() where id = $1`,
  'it is paid already': `update orders set status = 'paid', paid_at = now() where id = $1`,
  'Cashfree’s id is not known': `update orders set cf_order_id = null where id = $1`,
  'a coupon is used': `insert into coupons (code, percent, created_by) values ('SAVE20', 20, 'test'); insert into coupon_claims (order_id, coupon_code, user_id, discount_paise) values ($1, 'SAVE20', $2, 9980) on conflict do nothing; update orders set discount_paise = 9980 where id = $1`,
  'a coupon was released': `insert into coupons (code, percent, created_by) values ('SAVE30', 20, 'test'); insert into coupon_claims (order_id, coupon_code, user_id, discount_paise, released_at) values ($1, 'SAVE30', $2, 9980, now()) on conflict do nothing; update orders set status = 'expired', closed_at = now() where id = $1 and paid_at is null`,
  'a reminder was sent': `insert into reminders (user_id, ladder, about, step, plan_name) values ($2, 'renewal', 'x', 'week', 'monthly'); insert into mails (kind, subject_key, user_id, to_email, status, sent_at) values ('renewal', $2 || ':x:week', $2, 'a@example.in', 'sent', now())`,
  'a reminder’s link is open': `insert into account_links (user_id, purpose, email) values ($2, 'renew', 'a@example.in')`,
  'another order was paid meanwhile': `insert into orders (id, user_id, plan_key, amount_paise, status, paid_at, expires_at) values ('late', $2, 'annual_v1', 499000, 'paid', now() + interval '1 second', now())`,
  'another order has the id of Cashfree': `insert into orders (id, user_id, plan_key, amount_paise, status, cf_order_id, expires_at) values ('twin', $2, 'annual_v1', 499000, 'expired', 'cf_mine', now())`,
  'the attempt was pending': `insert into payments (cf_payment_id, order_id, status, amount_paise, currency) values ('pay_1', $1, 'PENDING', 49900, 'INR') on conflict do nothing`,
  'another attempt failed': `insert into payments (cf_payment_id, order_id, status, amount_paise, currency) values ('pay_0', $1, 'FAILED', 49900, 'INR') on conflict do nothing`,
  'another attempt succeeded': `insert into payments (cf_payment_id, order_id, status, amount_paise, currency) values ('pay_9', $1, 'SUCCESS', 49900, 'INR') on conflict do nothing`,
  'the attempt is another order’s': `insert into payments (cf_payment_id, order_id, status, amount_paise, currency) values ('pay_1', 'other', 'SUCCESS', 49900, 'INR') on conflict do nothing`,
  'the attempt was refunded': `insert into payments (cf_payment_id, order_id, status, amount_paise, currency) values ('pay_1', $1, 'SUCCESS', 49900, 'INR') on conflict do nothing; insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, status, finished_at) values ('rf_1', $1, 'pay_1', $2, 20000, 'x', 'cashfree', 'succeeded', now())`,
}
const tables = ['orders', 'payments', 'subscriptions', 'subscription_periods', 'receipts_due', 'receipts', 'credit_notes', 'audit',
  'mails', 'incidents', 'coupon_claims', 'reminders', 'account_links', 'refunds'] // biome-ignore format: as one list

const buyer = '11111111-1111-4111-8111-111111111111'
const another = '22222222-2222-4222-8222-222222222222'

/** A success of another person's, which nothing speaks against. */
const usualAnswer = (orderId: string) => ({
  orderId,
  status: 'PAID',
  amountPaise: 499_000,
  currency: 'INR',
  customerId: null,
  cfOrderId: `cf_${orderId}`,
  sessionId: null,
  expiresAt: null,
  attempts: [
    { cfPaymentId: `pay_${orderId}`, status: 'SUCCESS', amountPaise: 499_000, currency: 'INR', method: 'upi' },
  ],
})
const sellers = [
  { name: 'Seller', stateCode: '27', gstin: '27AAPFU0939F1ZV' },
  { name: 'Seller', stateCode: '27', gstin: '' },
]

type Rows = Record<string, unknown[]>
type Answer = { orderId: string; remote: object; actor: string }

/** Each by the rules. */
async function alone(answers: Answer[], seller: object): Promise<string[]> {
  const outcomes = []
  for (const { orderId, remote, actor } of answers) {
    const values = [orderId, remote as never, actor, seller as never]
    outcomes.push((await sql.unsafe('select settle_any_order($1, $2, $3, $4) as outcome', values))[0]!.outcome)
  }
  return outcomes
}

/** Those that are usual in one statement, and the others after it. */
async function together(answers: Answer[], seller: object): Promise<string[]> {
  const settled = await sql.unsafe('select id from settle_usual_orders($1, $2)', [answers as never, seller as never])
  const outcomes = []
  for (const answer of answers)
    outcomes.push(settled.some(({ id }) => id === answer.orderId) ? 'paid' : (await alone([answer], seller))[0]!)
  return outcomes
}

/** What one way comes to, undone again: every row of every table, without what counts or is drawn anew. */
async function settledBy(
  settle: typeof alone,
  answers: Answer[],
  seller: object,
): Promise<{ outcomes: string[]; rows: Rows }> {
  await sql.unsafe('savepoint before')
  const outcomes = await settle(answers, seller)
  const rows: Rows = {}
  for (const table of tables) {
    const [found] = await sql.unsafe(
      String.raw`select coalesce(jsonb_agg(r order by regexp_replace(r::text, '\d+-\d\d-\d\dT[\d:.+]+', '', 'g')), '[]') as rows
       from (select to_jsonb(t) - 'id' || jsonb_build_object('order', to_jsonb(t) ->> 'order_id') as r from ${table} t) listed`,
    )
    rows[table] = found!.rows
  }
  await sql.unsafe('rollback to before')
  return { outcomes, rows }
}

/** The first with the second's instants wherever both are of the same minute: the clock went on between the two. */
function aligned(one: unknown, other: unknown): unknown {
  if (Array.isArray(one)) return one.map((inner, i) => aligned(inner, (other as unknown[] | undefined)?.[i]))
  if (one !== null && typeof one === 'object')
    return Object.fromEntries(
      Object.entries(one).map(([key, inner]) => [
        key,
        aligned(inner, (other as Record<string, unknown> | undefined)?.[key]),
      ]),
    )
  const isInstant = (value: unknown): value is string =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:/.test(value)
  return isInstant(one) && isInstant(other) && Math.abs(Date.parse(one) - Date.parse(other)) < 60_000 ? other : one
}

test('usual payments in one statement, alone or several at once, write what the rules write, whatever Cashfree answers', {
  timeout: 240_000,
}, async () => {
  let usual = 0
  let runs = 0
  await sql.unsafe('begin')
  const scenario = fc.record({
    answer: remote,
    before: fc.subarray(Object.keys(circumstances), { maxLength: 2 }),
    isPlain: fc.boolean(),
    isAlone: fc.boolean(),
    seller: fc.constantFrom(...sellers),
  })
  await sql`insert into users (id, username, email, name, phone, state_code, password_hash)
            values (${buyer}, 'asha', 'asha@example.in', 'Asha', '+919800000001', '27', 'x')`
  await sql`insert into subscriptions (user_id) values (${buyer})`
  await sql`insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, cf_order_id, payment_session_id)
            values ('mine', ${buyer}, 'monthly_v1', 49900, 'active', now() + interval '30 minutes', 'cf_mine', 'session_1')`
  await sql`insert into users (id, username, email, name, phone, state_code, password_hash)
            values (${another}, 'ravi', 'ravi@example.in', 'Ravi', '+919800000002', '29', 'x')`
  await sql`insert into subscriptions (user_id) values (${another})`
  await sql`insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, cf_order_id)
            values ('yours', ${another}, 'annual_v1', 499000, 'active', now() + interval '30 minutes', 'cf_yours')`
  await sql`insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, cf_order_id)
            values ('other', ${buyer}, 'annual_v1', 499000, 'expired', now(), 'cf_other')`
  await fc.assert(
    fc.asyncProperty(scenario, async ({ answer, before, isPlain, isAlone, seller }) => {
      await sql.unsafe('savepoint scene')
      try {
        for (const name of isPlain ? [] : before)
          await sql.unsafe(circumstances[name]!.replaceAll('$1', `'mine'`).replaceAll('$2', `'${buyer}'::uuid`))
        const said = {
          ...answer,
          customerId: answer.customerId === 'buyer' ? buyer.replaceAll('-', '') : answer.customerId,
        }
        const mine = { orderId: 'mine', remote: said, actor: 'webhook' }
        const answers = isAlone ? [mine] : [mine, { orderId: 'yours', remote: usualAnswer('yours'), actor: 'return' }]
        const [fast, slow] = [await settledBy(together, answers, seller), await settledBy(alone, answers, seller)]
        expect(fast.outcomes).toEqual(slow.outcomes)
        for (const table of tables) expect(aligned(fast.rows[table], slow.rows[table]), table).toEqual(slow.rows[table])
        const [took] = await sql.unsafe('select exists (select from settle_usual_orders($1, $2)) as usual', [
          [mine] as never,
          seller as never,
        ])
        runs++
        if (took!.usual) usual++
      } finally {
        await sql.unsafe('rollback to scene')
      }
    }),
    { seed: Number(process.env.SEED ?? randomInt(2 ** 31)), numRuns: 250 },
  )
  await sql.unsafe('rollback')
  // Both are walked often enough for the comparison to mean something.
  expect(usual / runs).toBeGreaterThan(0.1)
  expect(usual / runs).toBeLessThan(0.9)
})
