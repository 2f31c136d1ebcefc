import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertCoupon } from '../../src/billing/coupons/queries.ts'
import { insertUser } from '../../src/identity/registration/queries.ts'
import { checkInvariants } from '../../src/operations/integrity/integrity.ts'
import { connect, type Sql } from '../../src/platform/db.ts'
import { freshDatabase } from '../support/database.ts'
import { somebody } from './fixture.ts'
import { by, type Life, type LifeCoupon, newCode } from './life.ts'
import { claims } from './life-orders.ts'
import { creditOf, discountOf, monthsLater, nextPeriod } from './life-rules.ts'
import { type Act, live, lives } from './lives.ts'

const runs = Number(process.env.SEQUENCES ?? 200)
const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
/** The suite stops after half a minute whatever the machine; SEQUENCES asks for a number and gets it. */
const limitMs = process.env.SEQUENCES ? Number.POSITIVE_INFINITY : 30_000
const seller = {
  name: 'D',
  address: '',
  email: 'help@example.in',
  phone: '',
  stateCode: '27',
  gstin: '27AAPFU0939F1ZV',
  sac: '997331',
}

let sql: Sql
let drop: () => Promise<void>
beforeAll(async () => {
  const database = await freshDatabase()
  sql = connect(database.url, { max: 2 })
  await sql.unsafe(`alter database ${new URL(database.url).pathname.slice(1)} set synchronous_commit = off`)
  drop = async () => {
    await sql.end({ timeout: 2 })
    await database.drop()
  }
})
afterAll(() => drop())

const at = (text: string) => new Date(text).getTime()

describe('the rules, by hand', () => {
  test('a month from 31 January ends on 28 February, and the next on 31 March', () => {
    const first = monthsLater(at('2027-01-31T09:00:00+05:30'), 1, 31)
    expect(new Date(first).toISOString()).toBe('2027-02-28T03:30:00.000Z')
    const renewed = nextPeriod({ now: first - 1, end: first, hasAccess: true, anchorDay: 31 }, 1)
    expect(new Date(renewed.until).toISOString()).toBe('2027-03-31T03:30:00.000Z')
  })

  test('fifteen of thirty days of ₹499 are ₹249.50; a percent is rounded half up', () => {
    const period = { start: at('2026-11-14T18:00:00+05:30'), end: at('2026-12-14T18:00:00+05:30'), leftPaise: 49_900 }
    expect(creditOf(period, at('2026-11-29T10:00:00+05:30'))).toBe(24_950)
    expect(creditOf(period, at('2026-12-14T18:00:00+05:30'))).toBe(0)
    expect([discountOf({ percent: 33 }, 49_900), discountOf({ amountPaise: 60_000 }, 49_900)]).toEqual([16_467, 49_800])
  })
})

test('whatever a subscription goes through, its end, its money and its papers are what the rules say', {
  timeout: Number.isFinite(limitMs) ? 120_000 : 24 * 3600_000,
}, async () => {
  console.log(`SEED=${seed} SEQUENCES=${runs}`)
  let played = 0
  const started = Date.now()
  const outcome = await fc.check(
    fc.asyncProperty(lives, async (acts) => {
      if (played++ % 25 === 0) await empty()
      if (played % 1_000 === 0) console.log(`${played} lives, ${Math.round((Date.now() - started) / 1000)} s`)
      const wrong = await lived(acts)
      if (wrong.length > 0) {
        await empty()
        throw new Error(wrong.join('\n'))
      }
    }),
    {
      numRuns: runs,
      seed,
      ...(process.env.PATH_ ? { path: process.env.PATH_ } : {}),
      ...(Number.isFinite(limitMs) ? { interruptAfterTimeLimit: limitMs, markInterruptAsFailure: false } : {}),
    },
  )
  console.log(`${played} lives in ${Math.round((Date.now() - started) / 1000)} s`)
  if (outcome.failed)
    expect.fail(
      `SEED=${outcome.seed} after ${outcome.numRuns} lives, shrunk ${outcome.numShrinks} times:\n${JSON.stringify(outcome.counterexample?.[0])}\n${String((outcome.errorInstance as Error)?.message)}`,
    )
  expect(played).toBeGreaterThanOrEqual(Math.min(runs, 25))
})

async function lived(acts: Act[]): Promise<string[]> {
  const life = await born()
  for (const act of acts) {
    await live(life, act)
    if (life.wrong.length > 0) return life.wrong.map((what) => `${JSON.stringify(act)}: ${what}`)
  }
  const { checks } = await checkInvariants(sql)
  const broken = checks.filter(({ wrong }) => wrong > 0).map(({ broken, ids }) => `${broken}: ${JSON.stringify(ids)}`)
  return [...broken, ...(await differingClaims(life))]
}

/** Two people without a subscription, and coupons by percent with a cap in rupees, by amount for one use, and by amount without one. */
async function born(): Promise<Life> {
  const newPerson = async () => (await insertUser(sql, somebody(`u${randomBytes(6).toString('hex')}`, 'x'))).id
  const coupons: LifeCoupon[] = [
    { code: newCode(), percent: 15, maxDiscountPaise: 80_000 },
    { code: newCode(), amountPaise: 10_000, maxUses: 1, only: 'monthly' },
    { code: newCode(), amountPaise: 60_000 },
  ]
  const none = { percent: null, amountPaise: null, startsAt: null, endsAt: null, maxUses: null, maxDiscountPaise: null }
  for (const { only, ...coupon } of coupons)
    await insertCoupon(sql, { ...none, planNames: only ? [only] : null, ...coupon }, by)
  return { sql, seller, people: [await newPerson(), await newPerson()], coupons, orders: [], gifts: [], wrong: [] }
}

/** Orders whose coupon counts as used although it should not, or the other way round. */
async function differingClaims({ orders }: Life): Promise<string[]> {
  const rows = await sql<{ orderId: string }[]>`select order_id from coupon_claims where released_at is null`
  const live = new Set(rows.map(({ orderId }) => orderId))
  return orders.filter((order) => live.has(order.id) !== claims(order)).map(({ id }) => `the claim of ${id} differs`)
}

/** The tables, so that checking the books stays quick. The audit refuses to be emptied, unless its triggers sleep. */
async function empty() {
  await sql.unsafe(`set local session_replication_role = replica;
    truncate users, sessions, orders, payments, subscriptions, subscription_periods, receipts, receipts_due, receipt_series, mails, incidents,
      audit, audit_seals, refunds, credit_notes, credit_note_series, coupons, coupon_claims, gifts, order_credits, price_changes,
      reminders cascade;
    delete from plans where replaces is not null;
    update plans set on_sale = true, withdrawn_at = null;
    update audit_head set position = 0, hash = '', low_water = 0`)
}
