import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dailyMetrics, recordDailyMetrics } from '../../../src/admin/metrics/daily-metrics.ts'
import type { Day, Snapshot } from '../../../src/admin/metrics/queries.ts'
import { seedFixture } from '../../../src/dev/bench/seed/seed.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { connect, type Sql } from '../../../src/platform/db.ts'
import { freshDatabase } from '../../support/database.ts'
import { boughtPeriods, countByDay, monthlyOf, movementByDay } from './expected-metrics.ts'

const first = Number(process.env.METRICS_SEED ?? Date.now() % 100_000)

/** METRICS_SEED=… makes the same two databases again. */
describe.for([first, first + 1])('the metrics of the database seeded with %i', (random) => {
  let sql: Sql
  let drop: () => Promise<void>
  let kept: Snapshot & { days: Day[] }
  beforeAll(async () => {
    const database = await freshDatabase()
    drop = database.drop
    sql = connect(database.url, { max: 2 })
    await seedFixture(database.url, { subscribers: 160, orders: 460, days: 100, random })
    await disturb(sql, random)
    while ((await recordDailyMetrics(sql, 200)) > 2);
    kept = await dailyMetrics(sql, 200)
  })
  afterAll(async () => {
    await sql.end({ timeout: 2 })
    await drop()
  })

  test('are those of the ledger, day for day, with borders at midnight in India', async () => {
    const plain = await countByDay(sql)
    const zero = {
      registered: 0,
      opened: 0,
      paid: 0,
      grossPaise: 0,
      refunds: 0,
      refundedPaise: 0,
      ordersTried: 0,
      ordersSucceeded: 0,
      attemptsPaid: 0,
      attemptsFailed: 0,
      rescued: 0,
      rescuedPaise: 0,
    }
    const ours = kept.days.map((day) =>
      Object.fromEntries(['day', ...Object.keys(zero)].map((name) => [name, day[name as keyof Day]])),
    )
    expect(ours).toEqual(kept.days.map(({ day }) => ({ ...zero, ...plain[day], day })))
    expect(Object.keys(plain).filter((day) => !kept.days.some((known) => known.day === day))).toEqual([])
    expect(kept.days.some(({ refundedPaise }) => refundedPaise > 0)).toBe(true)
    expect(kept.days.some((day) => day.ordersTried > day.ordersSucceeded && day.ordersSucceeded > 0)).toBe(true)
  })

  test('group every failed attempt once', () => {
    for (const { attemptsFailed, failures } of kept.days)
      expect(Object.values(failures).reduce((sum, n) => sum + n, 0)).toBe(attemptsFailed)
  })

  test('count who joined, returned and left, as their periods say', async () => {
    const expected = movementByDay(await boughtPeriods(sql), kept.takenAt.getTime())
    const nobody = { joined: 0, returned: 0, churned: 0 }
    const ours = kept.days.map(({ day, joined, returned, churned }) => ({ day, joined, returned, churned }))
    expect(ours).toEqual(kept.days.map(({ day }) => ({ day, ...(expected.get(day) ?? nobody) })))
    const balance = ours.reduce((sum, { joined, returned, churned }) => sum + joined + returned - churned, 0)
    expect(balance).toBe(kept.counts.payers)
  })

  test('count what everybody pays a month, and every rupee by which that moved', async () => {
    const periods = await boughtPeriods(sql)
    const now = monthlyOf(periods, kept.takenAt.getTime())
    const before = monthlyOf(periods, kept.takenAt.getTime() - 30 * 86_400_000)
    const sum = (people: Iterable<number>) => Math.round([...people].reduce((total, monthly) => total + monthly, 0))
    const { counts } = kept
    expect(counts.payers).toBe(now.size)
    expect(counts.mrrPaise).toBe(sum(now.values()))
    expect(counts.mrrBeforePaise).toBe(sum(before.values()))
    expect(counts.churnedPaise).toBe(sum([...before].filter(([id]) => !now.has(id)).map(([, monthly]) => monthly)))
    const moved = counts.newPaise + counts.returnedPaise + counts.changedPaise - counts.churnedPaise
    // Each of the four is rounded to a paisa.
    expect(Math.abs(counts.mrrPaise - counts.mrrBeforePaise - moved)).toBeLessThanOrEqual(3)
  })

  test('count who cancelled of late, by the reason they gave', async () => {
    const [plain] = await sql<
      { count: number }[]
    >`select count(*)::int from subscriptions where cancel_reason = 'price'`
    expect(plain!.count).toBeGreaterThan(0)
    expect(kept.counts.leaving).toEqual({ price: plain!.count })
  })

  test('follow the people of the last thirty days from account to payment', async () => {
    const [plain] = await sql`
      select count(*)::int as registered,
             (count(*) filter (where id in (select user_id from orders)))::int as opened,
             (count(*) filter (where id in (select o.user_id from orders o join payments p on p.order_id = o.id)))::int as tried,
             (count(*) filter (where id in (select user_id from receipts)))::int as paid,
             (count(*) filter (where id not in (select user_id from receipts)))::int as waiting
      from users
      where role = 'subscriber' and (created_at at time zone 'Asia/Kolkata')::date > (now() at time zone 'Asia/Kolkata')::date - 30
    `
    expect(kept.counts.funnel).toEqual(plain)
    expect(plain!.registered).toBeGreaterThan(0)
  })
})

/** What seeding does not make: facts on the very border of a day, periods ended by hand, days given, plans changed. */
async function disturb(sql: Sql, random: number): Promise<void> {
  await sql.unsafe(`
    set session_replication_role = replica;
    create temp table odd as
      select id, (row_number() over (order by md5(id || ${random})))::int % 4 as kind,
             date_trunc('day', paid_at at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata' as midnight
      from orders where paid_at < now() - interval '2 days' and paid_at > (select min(created_at) + interval '2 days' from users)
      order by md5(id || ${random}) limit 60;
    update orders o set paid_at = midnight - (kind % 2) * interval '1 microsecond' from odd where odd.id = o.id;
    update receipts r set issued_at = o.paid_at from orders o where o.id = r.order_id;
    update subscription_periods p set created_at = o.paid_at from orders o where o.id = p.order_id;
    insert into credit_notes (number, refund_id, receipt_number, user_id, financial_year, serial, issued_at, amount_paise,
                              taxable_paise, seller, buyer)
      select 'CX' || r.number, 'rx_' || r.number, r.number, r.user_id, 'x', row_number() over (),
             r.issued_at + (now() - r.issued_at) * random(), 12345, 12345, '{}', '{}'
      from receipts r join odd on odd.id = r.order_id where kind = 0;
    update credit_notes set issued_at = date_trunc('day', issued_at at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata';
    update users u set created_at = date_trunc('day', created_at at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata'
      where right(username, 1) = '7' and created_at > (select min(created_at) + interval '1 day' from users);
    update subscription_periods p
      set voided_at = created_at + (now() - created_at) * 0.4, voided_by = 'user:x', void_reason = 'asked to'
      from odd where odd.id = p.order_id and kind = 2 and voided_at is null;
    insert into subscription_periods (user_id, starts_at, ends_at, granted_by, grant_reason, grant_key, created_at)
      select user_id, ends_at + interval '7 minutes', ends_at + interval '20 days', 'user:x', 'a gift', 'gift-' || p.id, p.created_at
      from subscription_periods p join odd on odd.id = p.order_id where kind = 3;
    update subscription_periods p set plan_key = 'annual_v1'
      from odd where odd.id = p.order_id and kind = 1;
    update subscriptions set cancel_requested_at = now() - interval '10 days', cancel_reason = 'price'
      where user_id in (select user_id from orders join odd using (id) where kind = 2);
    insert into gifts (order_id, buyer_id, plan_key, recipient_name, recipient_email, deliver_on, paid_at, redeemed_by, redeemed_at)
      select o.id, o.user_id, o.plan_key, 'Ravi', 'ravi@example.in', current_date, o.paid_at, o.user_id, o.paid_at
      from orders o join odd using (id) where kind = 0 and exists (select from subscription_periods p where p.order_id = o.id);
    update subscription_periods p set gift_id = g.id, order_id = null from gifts g where g.order_id = p.order_id`)
}

test('a seeded business keeps every book in order, and is never put among real orders', {
  timeout: 180_000,
}, async () => {
  const { url, drop } = await freshDatabase()
  const sql = connect(url, { max: 2 })
  const size = { subscribers: 10_000, orders: 30_000, days: 730, random: first }
  await seedFixture(url, size)
  const report = await checkInvariants(sql)
  expect(report.checks.filter(({ wrong }) => wrong > 0)).toEqual([])
  expect(report.money[0]).toMatchObject({ currency: 'INR', missing: 0 })
  const [found] =
    await sql`select (select count(*)::int from users) as people, (select count(*)::int from orders) as orders`
  expect(found).toEqual({ people: size.subscribers, orders: size.orders })
  await expect(seedFixture(url, size)).rejects.toThrow('has orders already')
  await sql.end({ timeout: 2 })
  await drop()
})
