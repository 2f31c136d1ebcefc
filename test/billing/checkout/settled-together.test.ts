import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { settleTogether } from '../../../src/billing/checkout/settle-together.ts'
import type { RemoteOrder } from '../../../src/billing/payments/gateway.ts'
import { connect, type Sql } from '../../../src/platform/db.ts'
import { freshDatabase } from '../../support/database.ts'
import { startProxy, through } from '../../support/proxy.ts'
import { until } from '../../support/until.ts'

let url: string
let sql: Sql
let elsewhere: Sql
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  url = database.url
  sql = connect(url, { max: 6, name: 'etf-test' })
  elsewhere = connect(url, { max: 1, name: 'etf-test' })
  drop = async () => {
    await Promise.all([sql.end({ timeout: 1 }), elsewhere.end({ timeout: 1 })])
    await database.drop()
  }
})
afterAll(() => drop())

let round = 0
beforeEach(() => {
  round++
})

/** Open orders of so many people, or all of one. */
async function openOrders(count: number, whose = (n: number) => `${round}-${n}`): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => `order-${round}-${n}`)
  for (const [n, id] of ids.entries()) {
    const name = whose(n)
    await sql`insert into users (id, username, email, name, phone, state_code, password_hash)
              values (md5(${name})::uuid, ${`u${name}`}, ${`${name}@example.in`}, 'Asha',
                      ${`+9198${String(round).padStart(4, '0')}${String(n).padStart(4, '0')}`}, '27', 'x') on conflict do nothing`
    await sql`insert into subscriptions (user_id) values (md5(${name})::uuid) on conflict do nothing`
    await sql`insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, cf_order_id)
              values (${id}, md5(${name})::uuid, ${n % 2 ? 'annual_v1' : 'monthly_v1'}, ${n % 2 ? 499_000 : 49_900}, 'active',
                      now() + interval '30 minutes', ${`cf-${id}`})`
  }
  return ids
}

function answerAbout(orderId: string, attempt: object = {}): RemoteOrder {
  const amountPaise = Number(orderId.split('-').at(-1)) % 2 ? 499_000 : 49_900
  return {
    orderId, status: 'PAID', amountPaise, currency: 'INR', customerId: null, cfOrderId: `cf-${orderId}`, sessionId: null, expiresAt: null,
    attempts: [{ cfPaymentId: `pay-${orderId}`, orderId, orderAmountPaise: amountPaise, orderCurrency: 'INR', status: 'SUCCESS', amountPaise,
      currency: 'INR', method: 'upi', bankReference: '628', failureReason: null, startedAt: null, completedAt: null, ...attempt }],
  } as RemoteOrder // biome-ignore format: an answer at a glance
}

const settle = (orderId: string, remote = answerAbout(orderId), actor = 'webhook', pool = sql) =>
  settleTogether(pool, { orderId, remote, actor }, { name: 'Seller', stateCode: '27', gstin: '' })
const outcomes = async (settlements: ReturnType<typeof settle>[]) =>
  (await Promise.all(settlements)).map(({ outcome }) => outcome)
const periodsOf = (ids: string[]) => sql<{ orderId: string; startsAt: Date; endsAt: Date }[]>`
  select order_id, starts_at, ends_at from subscription_periods where order_id in ${sql(ids)} order by starts_at`

describe('payments that are confirmed at the same time', () => {
  test('are settled by a few commits, each once, with its period, its receipt and who asked', async () => {
    const ids = await openOrders(60)
    const settlements = await Promise.all(ids.map((id, n) => settle(id, answerAbout(id), n % 3 ? 'webhook' : 'return')))
    expect(new Set(settlements.map(({ outcome }) => outcome))).toEqual(new Set(['paid']))
    for (const [n, { order, receiptDue }] of settlements.entries())
      expect({ id: order!.id, status: order!.status, receiptDue }).toEqual({
        id: ids[n],
        status: 'paid',
        receiptDue: true,
      })
    const [written] = await sql<{ commits: number; attempts: number; due: number }[]>`
      select count(distinct p.xmin::text)::int as commits, count(*)::int as attempts,
             (select count(*) from receipts_due where order_id in ${sql(ids)})::int as due
      from payments p where order_id in ${sql(ids)}`
    expect(written).toMatchObject({ attempts: 60, due: 60 })
    expect(written!.commits).toBeLessThanOrEqual(12)
    expect(await periodsOf(ids)).toHaveLength(60)
    const audited = await sql`
      select order_id, actor from audit where action = 'order.paid' and order_id in ${sql(ids)}`
    expect(new Map(audited.map(({ orderId, actor }) => [orderId, actor]))).toEqual(
      new Map(ids.map((id, n) => [id, n % 3 ? 'webhook' : 'return'])),
    )
    expect(audited).toHaveLength(60)
    expect(await outcomes(ids.map((id) => settle(id)))).toEqual(ids.map(() => 'already-paid'))
  })

  test('one that cannot be written fails alone', async () => {
    const ids = await openOrders(5)
    const bad = answerAbout(ids[2]!, { startedAt: 'no instant' })
    const settled = await Promise.allSettled(ids.map((id, n) => settle(id, n === 2 ? bad : answerAbout(id))))
    expect(settled.map((one) => (one.status === 'fulfilled' ? one.value.outcome : one.reason.code))).toEqual([
      'paid', 'paid', '22007', 'paid', 'paid',
    ]) // biome-ignore format: one line for five people
    expect(await outcomes([settle(ids[2]!)])).toEqual(['paid'])
  })

  test('go before pages that wait for a connection, whoever brought the first of them', async () => {
    const [id = ''] = await openOrders(1)
    const one = connect(url, { max: 1, name: 'etf-test' })
    const done: string[] = []
    const page = () => one`select pg_sleep(0.2)`.then(() => done.push('page'))
    const paid = async () => done.push((await settle(id, answerAbout(id), 'poll', one)).outcome)
    await Promise.all([page(), page(), page(), paid()])
    await one.end({ timeout: 1 })
    expect(done).toEqual(['page', 'paid', 'page', 'page'])
  })

  test('wait for a silent database once, not each once more', async () => {
    const ids = await openOrders(5)
    const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(url).port) })
    const silent = connect(through(proxy, url), { max: 2, name: 'etf-test', deadline: 2_000 })
    await silent`select 1`
    await proxy.setMode('hold')
    const began = performance.now()
    const settled = await Promise.allSettled(ids.map((id) => settle(id, answerAbout(id), 'webhook', silent)))
    expect(performance.now() - began).toBeLessThan(3_500)
    for (const one of settled)
      expect(one).toMatchObject({ status: 'rejected', reason: { name: 'DatabaseUnavailable' } })
    await silent.end({ timeout: 1 })
    await proxy.close()
    expect(await outcomes(ids.map((id) => settle(id)))).toEqual(ids.map(() => 'paid'))
  })

  test('two of one person give one period after the other', async () => {
    const ids = await openOrders(2, () => `${round}-same`)
    expect(await outcomes(ids.map((id) => settle(id)))).toEqual(['paid', 'paid'])
    const [first, second] = await periodsOf(ids)
    expect(second!.startsAt).toEqual(first!.endsAt)
    const [{ ends } = { ends: null }] = await sql`
      select current_period_end as ends from subscriptions s join orders o using (user_id) where o.id = ${ids[0]!}`
    expect(ends).toEqual(second!.endsAt)
  })

  test('of one order, one pays', async () => {
    const [id, other] = await openOrders(2)
    const found = await outcomes([settle(id!), settle(other!), settle(id!, answerAbout(id!), 'return'), settle(id!)])
    expect(found.toSorted()).toEqual(['already-paid', 'already-paid', 'paid', 'paid'])
    expect(await periodsOf([id!])).toHaveLength(1)
  })

  test('one payment that two orders name counts for one of them, and a person looks at the other', async () => {
    const [one = '', , two = ''] = await openOrders(3)
    const same = { cfPaymentId: `pay-shared-${round}` }
    const found = await outcomes([settle(one, answerAbout(one, same)), settle(two, answerAbout(two, same))])
    expect(found.filter((outcome) => outcome === 'paid')).toHaveLength(1)
    expect(await sql`select from payments where cf_payment_id = ${same.cfPaymentId}`).toHaveLength(1)
    expect(
      await sql`select from incidents where order_id in ${sql([one, two])} and resolved_at is null`,
    ).not.toHaveLength(0)
  })

  test('a payment that another order brings this very moment counts for that one, and this is told so', async () => {
    const [mine = '', , other = ''] = await openOrders(3)
    const same = { cfPaymentId: `pay-same-${round}` }
    await elsewhere.unsafe('begin')
    await elsewhere.unsafe(
      `insert into payments (cf_payment_id, order_id, status, amount_paise, currency) values ($1, $2, 'SUCCESS', 49900, 'INR')`,
      [same.cfPaymentId, other],
    )
    const settled = settle(mine, answerAbout(mine, same))
    try {
      await until(async () => (await sql`select from pg_locks where not granted`).length > 0)
    } finally {
      await elsewhere.unsafe('commit')
    }
    expect((await settled).outcome).not.toBe('paid')
    expect(await periodsOf([mine])).toEqual([])
  })

  test.each(['orders', 'subscriptions', 'users'])(
    'nobody waits for one whose row of %s somebody holds',
    async (table) => {
      const ids = await openOrders(4)
      const key = { orders: 'id = $1', subscriptions: 'user_id = (select user_id from orders where id = $1)', users: 'id = (select user_id from orders where id = $1)' }[table] // biome-ignore format: three keys
      await elsewhere.unsafe('begin')
      await elsewhere.unsafe(`select 1 from ${table} where ${key} for update`, [ids[1]!])
      const held = settle(ids[1]!)
      try {
        expect(await outcomes([settle(ids[0]!), settle(ids[2]!), settle(ids[3]!)])).toEqual(['paid', 'paid', 'paid'])
        expect(await periodsOf([ids[1]!])).toEqual([])
      } finally {
        await elsewhere.unsafe('commit')
      }
      expect((await held).outcome).toBe('paid')
      await until(async () => (await periodsOf(ids)).length === 4)
    },
  )

  test('while the database does not answer, nobody waits behind more than one statement', async () => {
    const ids = await openOrders(100)
    const slow = connect(url, { max: 6, name: 'etf-test', deadline: 1_500 })
    await elsewhere.unsafe('begin')
    await elsewhere.unsafe('lock table payments in access exclusive mode')
    try {
      const began = performance.now()
      const settled = await Promise.allSettled(ids.map((id) => settle(id, answerAbout(id), 'webhook', slow)))
      expect(new Set(settled.map(({ status }) => status))).toEqual(new Set(['rejected']))
      expect(performance.now() - began).toBeLessThan(4_500)
    } finally {
      await elsewhere.unsafe('rollback')
      await slow.end({ timeout: 1 })
    }
    await Promise.all(ids.map((id) => settle(id)))
    expect(await periodsOf(ids)).toHaveLength(100)
  })
})
