import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { settleWith } from '../../../src/billing/checkout/settle.ts'
import { numberSoon } from '../../../src/billing/receipts/numbering.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { remoteAttempt, remoteOrder } from '../payments/remote-orders.ts'

let app: TestApp
let buyer: Visitor
let userId: string
beforeAll(async () => {
  app = await startApp({ DB_POOL_MAX: '10' })
  buyer = new Visitor(app)
  userId = (await subscriberOf(app, (await buyer.register()).email!)).userId
  await app.sql`update orders set status = 'expired', closed_at = now()`
})
afterAll(() => app.close())
afterEach(async () => {
  await app.run('number-receipts')
  expect((await checkInvariants(app.sql)).checks.filter(({ id, wrong }) => wrong > 0 && id !== 'I7')).toEqual([])
})

let made = 0
/** An order that Cashfree calls paid, and what it says. Open ones differ by their plan, so this one expired. */
async function payable() {
  const id = `later_${made++}`
  await app.sql`insert into orders (id, user_id, plan_key, amount_paise, status, closed_at, expires_at)
                values (${id}, ${userId}, 'monthly_v1', 49900, 'expired', now(), now())`
  return { id, answer: remoteOrder(id, { attempts: [remoteAttempt(id)] }) }
}

/** Settles as a process does that dies, or knows nothing of numbers, right after the commit. */
async function settledOnly() {
  const { id, answer } = await payable()
  const [row] = await app.sql<{ outcome: string }[]>`
    select settle_order(${id}, ${app.sql.json(answer as never)}, 'webhook', ${app.sql.json(app.services.config.seller)}) as outcome`
  expect(row!.outcome).toBe('paid')
  return id
}

const numberOf = async (orderId: string) =>
  (await app.sql<{ number: string }[]>`select number from receipts where order_id = ${orderId}`)[0]?.number
const dueCount = async () => (await app.sql`select from receipts_due`).length
const other = () => postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
/** Does `work` while no number can be given, because somebody holds the end of the series. */
async function whileSeriesIsHeld(work: () => Promise<void>) {
  const holding = other()
  await holding.unsafe('begin')
  await holding`select from receipt_series for update`
  await work()
  await holding.unsafe('rollback')
  await holding.end()
}

describe('a receipt is numbered right after the commit', () => {
  test('so whoever settles sees it at once, with its mail', async () => {
    const { id, answer } = await payable()
    expect((await settleWith(app.services, id, answer, 'webhook')).outcome).toBe('paid')
    const number = await numberOf(id)
    expect(number).toMatch(/^R\d{4}-\d{6}$/)
    expect(await app.sql`select from mails where kind = 'receipt' and subject_key = ${number!}`).toHaveLength(1)
    expect(await dueCount()).toBe(0)
  })

  test('by the job where the process that settled died, or is of an earlier release', async () => {
    const id = await settledOnly()
    expect(await numberOf(id)).toBeUndefined()
    expect(await dueCount()).toBe(1)
    await app.run('number-receipts')
    expect(await numberOf(id)).toMatch(/^R/)
  })

  test('in the statement itself for processes of the release before', async () => {
    const { id, answer } = await payable()
    await app.sql`select settle_order_and_read(${id}, ${app.sql.json(answer as never)}, 'return', ${app.sql.json(app.services.config.seller)})`
    expect(await numberOf(id)).toMatch(/^R/)
  })

  test('by the financial year of its own instant, whatever year it is by then, several years in one batch', async () => {
    const [old, first, second, present] = [
      await settledOnly(),
      await settledOnly(),
      await settledOnly(),
      await settledOnly(),
    ]
    const at = (id: string, instant: string) =>
      app.sql`update receipts_due set issued_at = ${instant} where order_id = ${id}`
    await at(first, '2031-03-31T23:59:59+05:30')
    await at(second, '2031-04-01T00:00:00+05:30')
    await at(old, '2031-03-31T12:00:00+05:30')
    const [row] = await app.sql<{ many: number }[]>`select number_receipts(100) as many`
    expect(row!.many).toBe(4)
    expect([await numberOf(old), await numberOf(first), await numberOf(second)]).toEqual([
      'R3031-000001',
      'R3031-000002',
      'R3132-000001',
    ])
    expect(await numberOf(present)).toMatch(/^R2[67]/)
  })

  test('without gaps, doubles and deadlocks by several processes at once, while payments go on', {
    timeout: 60_000,
  }, async () => {
    const processes = [other(), other(), other()]
    let settling = true
    const numbering = processes.map(async (process) => {
      while (settling) await process`select number_receipts(3)`
    })
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 6 }, settledOnly))
    settling = false
    await Promise.all(numbering)
    await app.run('number-receipts')
    const serials = await app.sql<{ many: number; last: number; series: number }[]>`
      select count(*)::int as many, max(serial) as last,
             (select last_serial from receipt_series where financial_year = financial_year_of(now())) as series
      from receipts where financial_year = financial_year_of(now())`
    expect(serials[0]!.many).toBe(serials[0]!.last)
    expect(serials[0]!.many).toBe(serials[0]!.series)
    await Promise.all(processes.map((process) => process.end()))
  })

  test('without a gap where the connection that numbers is killed', async () => {
    const id = await settledOnly()
    const [before] =
      await app.sql`select last_serial from receipt_series where financial_year = financial_year_of(now())`
    const dying = other()
    await dying.unsafe('begin')
    const [{ pid } = { pid: 0 }] = await dying.unsafe('select number_receipts(10), pg_backend_pid() as pid')
    await app.sql`select pg_terminate_backend(${pid})`
    await dying.end({ timeout: 1 }).catch(() => {})
    expect(await dueCount()).toBe(1)
    await numberSoon(app.services)
    expect(await numberOf(id)).toMatch(new RegExp(`${String(before!.lastSerial + 1).padStart(6, '0')}$`))
  })

  test('and an order is paid although numbers cannot be given now', { timeout: 30_000 }, async () => {
    const { id, answer } = await payable()
    await whileSeriesIsHeld(async () => {
      const settlement = await settleWith(app.services, id, answer, 'webhook')
      expect(settlement.outcome).toBe('paid')
      expect(await numberOf(id)).toBeUndefined()
    })
    await app.run('number-receipts')
    expect(await numberOf(id)).toMatch(/^R/)
  })
})

describe('while a number is awaited', () => {
  test('a refund gives it first, for its credit note names it', async () => {
    const id = await settledOnly()
    const [known] = await app.sql`select cf_payment_id from payments where order_id = ${id}`
    const refund = {
      refundId: `rf_${id}`,
      cfRefundId: '77',
      cfPaymentId: known!.cfPaymentId,
      amountPaise: 49_900,
      status: 'SUCCESS',
    }
    await app.sql`select settle_refunds(${id}, ${app.sql.json([refund])}, 'webhook', ${app.sql.json(app.services.config.seller)})`
    const number = await numberOf(id)
    expect(number).toMatch(/^R/)
    const notes = await app.sql`select amount_paise from credit_notes where receipt_number = ${number!}`
    expect(notes).toMatchObject([{ amountPaise: 49_900 }])
  })

  test('the mail goes to the address of then, and the receipt keeps the buyer of the payment', async () => {
    const id = await settledOnly()
    const [was] = await app.sql`select email, name from users where id = ${userId}`
    await app.sql`update users set email = 'moved@example.in' where id = ${userId}`
    await app.run('number-receipts')
    const number = await numberOf(id)
    const [receipt] = await app.sql`select buyer ->> 'email' as email from receipts where number = ${number!}`
    const [mail] = await app.sql`select to_email from mails where kind = 'receipt' and subject_key = ${number!}`
    expect([receipt!.email, mail!.toEmail]).toEqual([was!.email, 'moved@example.in'])
    await app.sql`update users set email = ${was!.email} where id = ${userId}`
  })

  test('the page of the payment says so, and no page leads to what is not there yet', async () => {
    const id = await settledOnly()
    await whileSeriesIsHeld(async () => {
      const paid = await buyer.get(`/payment/return?order_id=${id}`)
      expect(paid.status).toBe(200)
      expect(paid.body).toContain('gets its number in a moment')
      const account = await buyer.get('/account')
      expect(account.status).toBe(200)
      expect(account.body).toContain('number follows')
      expect(account.body).toContain('gets its number in a moment, and comes by e-mail')
      for (const { body } of [paid, account]) expect(body).not.toMatch(/receipts\/(null|undefined|"|\.)/)
    })
    expect(await numberOf(id)).toBeUndefined()
  })

  test('the page of the payment gives it where it can be given, and so does a repeated settlement', async () => {
    const id = await settledOnly()
    expect((await buyer.get(`/payment/return?order_id=${id}`)).body).toMatch(/\/receipts\/R\d{4}-\d{6}\.pdf/)
    const { id: another, answer } = await payable()
    await app.sql`
      select settle_order(${another}, ${app.sql.json(answer as never)}, 'webhook', ${app.sql.json(app.services.config.seller)})`
    expect((await settleWith(app.services, another, answer, 'webhook')).outcome).toBe('already-paid')
    expect(await numberOf(another)).toMatch(/^R/)
  })
})
