import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { openOrder, settleOrder } from '../../src/billing/checkout/queries.ts'
import { hashOfGiftCode, newGiftCode } from '../../src/billing/gifts/gift-code.ts'
import { redeemGift } from '../../src/billing/gifts/queries.ts'
import { findPlan } from '../../src/billing/plans/plans.ts'
import { planPriceChange } from '../../src/billing/plans/queries.ts'
import { correctBuyer, findReceiptNumber } from '../../src/billing/receipts/queries.ts'
import { requestRefund, settleRefundRows } from '../../src/billing/refunds/queries.ts'
import { addDays, findEnd, leaveAtEnd, resumeLeft, updateStatuses } from '../../src/billing/subscriptions/queries.ts'
import type { Sql } from '../../src/platform/db.ts'
import { remoteAttempt, remoteOrder } from '../billing/payments/remote-orders.ts'
import { type BeforeAct, creditOf, discountOf, monthsLater, nextPeriod } from './life-rules.ts'

/** What happens in the life of two people’s subscriptions, in numbers small enough to shrink. */
export type Act =
  | { do: 'buy'; who: 0 | 1; plan: 'monthly' | 'annual'; coupon: boolean }
  | { do: 'switch' | 'gift'; who: 0 | 1 }
  | { do: 'pay' | 'expire' | 'correct'; order: number }
  | { do: 'refund' | 'half refund'; order: number }
  | { do: 'redeem'; who: 0 | 1; gift: number }
  | { do: 'leave' | 'resume' | 'grant'; who: 0 | 1 }
  | { do: 'price'; paise: number }
  | { do: 'time'; who: 0 | 1; days: number }

const who = fc.constantFrom(0 as const, 0 as const, 1 as const)
const order = fc.nat(5)
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('buy' as const),
      who,
      plan: fc.constantFrom('monthly' as const, 'monthly' as const, 'annual' as const),
      coupon: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('switch' as const, 'gift' as const), who }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('pay' as const), order }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('expire' as const, 'refund' as const, 'half refund' as const, 'correct' as const),
      order,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redeem' as const), who, gift: fc.nat(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'resume' as const, 'grant' as const), who }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('price' as const), paise: fc.constantFrom(49_900, 59_900, 44_900) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('time' as const), who, days: fc.constantFrom(1, 2, 13, 28, 31, 366) }),
  },
)
/** A life of up to 20 acts. */
export const lives: fc.Arbitrary<Act[]> = fc.array(act, { minLength: 3, maxLength: 20, size: 'max' })

/** Two people of one life, their orders and gifts as they were opened, and what was seen to be wrong. */
export type Life = {
  sql: Sql
  seller: object
  people: [string, string]
  coupon: string
  orders: { id: string; who: 0 | 1; purpose: string }[]
  gifts: { hash: Buffer; orderId: string }[]
  wrong: string[]
}

const by = { actor: 'command', origin: null }
const toleranceMs = 5_000

type Read = BeforeAct & { status: string; left: boolean; isPaid: boolean }

async function read({ sql, people }: Life, who: 0 | 1): Promise<Read> {
  const [row] = await sql<Read[]>`
    select (extract(epoch from now()) * 1000)::float8 as now, (extract(epoch from current_period_end) * 1000)::float8 as end,
           has_access(s) is true as has_access, anchor_day, status_by_now(s) as status, cancel_requested_at is not null as left, is_paid
    from subscriptions s where user_id = ${people[who]}`
  return row!
}

/** Does one act and compares what came of it with the rules. */
export async function live(life: Life, act: Act): Promise<void> {
  switch (act.do) {
    case 'buy':
      return buy(life, act)
    case 'switch':
      return openSwitch(life, act.who)
    case 'gift':
      return buyGift(life, act.who)
    case 'pay':
      return pay(life, act.order)
    case 'expire': {
      const open = pick(life.orders, act.order)
      if (open)
        await settleOrder(life.sql, open.id, await remote(life, open.id, 'EXPIRED'), {
          actor: 'poll',
          seller: life.seller,
        })
      return
    }
    case 'refund':
    case 'half refund':
      return refund(life, act)
    case 'correct':
      return correct(life, act.order)
    case 'redeem':
      return redeem(life, act)
    case 'leave':
    case 'resume':
      return leaveOrResume(life, act)
    case 'grant':
      return grant(life, act.who)
    case 'price': {
      const plan = (await findPlan(life.sql, 'monthly'))!
      await planPriceChange(life.sql, { replaces: plan.key, pricePaise: act.paise, by } as never)
      return
    }
    case 'time':
      return letTimePass(life, act)
  }
}

const pick = <T>(all: readonly T[], n: number): T | undefined => all[n % Math.max(1, all.length)]

async function open(life: Life, who: 0 | 1, plan: string, wish: Parameters<typeof openOrder>[1]['wish']) {
  const newId = `life_${randomBytes(9).toString('hex')}`
  const opened = await openOrder(life.sql, {
    userId: life.people[who],
    planName: plan,
    newId,
    ...(wish ? { wish } : {}),
  })
  const isNew = opened.refusal === null && opened.orderId === newId
  if (isNew) life.orders.push({ id: newId, who, purpose: wish?.purpose ?? 'period' })
  return { ...opened, isNew }
}

async function amounts({ sql }: Life, orderId: string) {
  const [row] = await sql<
    {
      amountPaise: number
      discountPaise: number
      creditPaise: number
      pricePaise: number
      months: number
      isPaid: boolean
      userId: string
      purpose: string
    }[]
  >`
    select o.amount_paise, o.discount_paise, o.credit_paise, p.price_paise, p.months, o.paid_at is not null as is_paid, o.user_id, o.purpose
    from orders o join plans p on p.key = o.plan_key where o.id = ${orderId}`
  return row!
}

async function buy(life: Life, { who, plan, coupon }: Extract<Act, { do: 'buy' }>) {
  const [used] = await life.sql`
    select from coupon_claims where coupon_code = ${life.coupon} and user_id = ${life.people[who]} and released_at is null`
  const opened = await open(life, who, plan, coupon ? { coupon: life.coupon } : {})
  if (opened.refusal === null) {
    const { amountPaise, discountPaise, pricePaise } = await amounts(life, opened.orderId)
    if (opened.isNew) {
      const due = coupon ? discountOf({ percent: 15 }, pricePaise) : 0
      if (discountPaise !== due || amountPaise !== pricePaise - due)
        life.wrong.push(`${amountPaise} asked of ${pricePaise} less ${due}`)
      if (coupon && used) life.wrong.push('a coupon was used twice by one person')
    }
  } else if (!['differs', 'coupon-used'].includes(opened.refusal)) life.wrong.push(`refused: ${opened.refusal}`)
}

async function openSwitch(life: Life, who: 0 | 1) {
  const before = await read(life, who)
  const bought = await life.sql<{ start: number; end: number; leftPaise: number; months: number }[]>`
    select (extract(epoch from p.starts_at) * 1000)::float8 as start, (extract(epoch from p.ends_at) * 1000)::float8 as end, plan.months,
           (o.amount_paise - gone_or_going(pay.cf_payment_id) - credited_paise(o.id))::float8 as left_paise
    from subscription_periods p join orders o on o.id = p.order_id join plans plan on plan.key = p.plan_key
    join payments pay on pay.order_id = o.id and pay.applied_at is not null
    where p.user_id = ${life.people[who]} and p.voided_at is null and p.ends_at > now()`
  const isLonger = bought.every(({ months }) => months < 12)
  const due = isLonger
    ? bought.reduce((sum, one) => sum + creditOf({ ...one, leftPaise: Math.max(0, one.leftPaise) }, before.now), 0)
    : 0
  const opened = await open(life, who, 'annual', { purpose: 'switch' })
  if (opened.refusal === 'differs') return
  if ((opened.refusal === 'nothing-to-credit') !== (due === 0))
    life.wrong.push(`switch with ${due} to credit: ${opened.refusal}`)
  if (opened.refusal === null && opened.isNew) {
    const { creditPaise } = await amounts(life, opened.orderId)
    if (creditPaise !== due) life.wrong.push(`credited ${creditPaise}, should be ${due}`)
  }
}

async function buyGift(life: Life, who: 0 | 1) {
  const gift = {
    recipientName: 'Ravi',
    recipientEmail: 'ravi@example.in',
    message: '',
    deliverOn: new Date().toISOString().slice(0, 10),
  }
  const opened = await open(life, who, 'monthly', { purpose: 'gift', gift })
  if (opened.refusal !== null) life.wrong.push(`a gift was refused: ${opened.refusal}`)
}

async function remote(life: Life, orderId: string, status: string) {
  const { amountPaise } = await amounts(life, orderId)
  const attempts = status === 'PAID' ? [remoteAttempt(orderId, { amountPaise })] : []
  return remoteOrder(orderId, { status, amountPaise, attempts } as never)
}

async function pay(life: Life, n: number) {
  const order = pick(life.orders, n)
  if (!order) return
  const before = await read(life, order.who)
  const { months, isPaid, purpose } = await amounts(life, order.id)
  const { outcome } = await settleOrder(life.sql, order.id, await remote(life, order.id, 'PAID'), {
    actor: 'poll',
    seller: life.seller,
  })
  if (outcome !== (isPaid ? 'already-paid' : 'paid') && outcome !== 'given-back')
    life.wrong.push(`paying came to ${outcome}`)
  if (outcome !== 'paid') return
  const after = await read(life, order.who)
  if (purpose === 'gift') {
    await codeFor(life, order.id)
    if (!same(before.end, after.end) || before.hasAccess !== after.hasAccess)
      life.wrong.push('a gift changed its buyer’s access')
    return
  }
  if (!after.hasAccess || !after.isPaid || after.left) life.wrong.push(`paid, and ${JSON.stringify(after)}`)
  if (purpose === 'period') {
    const due = nextPeriod(before, months)
    if (!same(after.end, due.until)) life.wrong.push(`ends ${at(after.end)}, should be ${at(due.until)}`)
    if (after.anchorDay !== due.anchorDay) life.wrong.push(`anchor ${after.anchorDay}, should be ${due.anchorDay}`)
  } else if (after.end! < monthsLater(after.now, 12, 28) - 4 * 86_400_000)
    life.wrong.push(`a switch to a year ends ${at(after.end)}`)
}

async function codeFor(life: Life, orderId: string) {
  const hash = hashOfGiftCode(newGiftCode())
  await life.sql`update gifts set code_hash = ${hash} where order_id = ${orderId}`
  life.gifts.push({ hash, orderId })
}

async function redeem(life: Life, { who, gift: n }: Extract<Act, { do: 'redeem' }>) {
  const gift = pick(life.gifts, n)
  if (!gift) return
  const [known] = await life.sql<{ redeemedBy: string | null; isVoid: boolean; months: number }[]>`
    select g.redeemed_by, g.voided_at is not null as is_void, p.months from gifts g join plans p on p.key = g.plan_key where g.code_hash = ${gift.hash}`
  const before = await read(life, who)
  const { outcome } = await redeemGift(life.sql, life.people[who], gift.hash, by)
  const due = known!.isVoid
    ? 'unknown'
    : known!.redeemedBy === null
      ? 'redeemed'
      : known!.redeemedBy === life.people[who]
        ? 'yours'
        : 'unknown'
  if (outcome !== due) life.wrong.push(`redeeming came to ${outcome}, should be ${due}`)
  const after = await read(life, who)
  const end = outcome === 'redeemed' ? nextPeriod(before, known!.months).until : before.end
  if (!same(after.end, end)) life.wrong.push(`redeemed: ends ${at(after.end)}, should be ${at(end)}`)
}

async function refund(life: Life, { order: n, do: part }: Extract<Act, { do: 'refund' | 'half refund' }>) {
  const order = pick(life.orders, n)
  if (!order) return
  const cfPaymentId = `pay_${order.id}`
  const [row] = await life.sql<{ ordinal: number; left: number; paid: number; credited: number }[]>`
    select (select 1 + count(*)::int from refunds where cf_payment_id = p.cf_payment_id) as ordinal,
           (p.amount_paise - gone_or_going(p.cf_payment_id))::float8 as left, p.amount_paise::float8 as paid,
           credited_paise(p.order_id)::float8 as credited
    from payments p where cf_payment_id = ${cfPaymentId} and applied_at is not null`
  if (!row || row.left <= 0) return
  const amountPaise = part === 'refund' ? row.left : Math.max(1, Math.floor(row.left / 2))
  const asked = await requestRefund(life.sql, {
    cfPaymentId,
    ordinal: row.ordinal,
    amountPaise,
    reason: 'a property',
    ...by,
  })
  const may = amountPaise + row.credited <= row.left
  if ((asked === 'requested') !== may)
    life.wrong.push(`a refund of ${amountPaise} of ${row.left}, ${row.credited} credited: ${asked}`)
  if (asked !== 'requested') return
  const before = await read(life, order.who)
  const done = {
    refundId: `rf_${cfPaymentId}_${row.ordinal}`,
    cfRefundId: randomBytes(9).toString('hex'),
    cfPaymentId,
    status: 'SUCCESS',
    amountPaise,
    bankReference: null,
    note: null,
  }
  await settleRefundRows(life.sql, order.id, [done], { actor: 'refunds', seller: life.seller })
  const after = await read(life, order.who)
  if (amountPaise < row.left && !same(before.end, after.end)) life.wrong.push('a part of a price back moved the end')
  if (after.end !== null && before.end !== null && order.purpose === 'period' && after.end > before.end + toleranceMs)
    life.wrong.push('a refund gave more access')
}

async function correct(life: Life, n: number) {
  const order = pick(life.orders, n)
  const number = order && (await findReceiptNumber(life.sql, order.id))
  if (!order || !number) return
  const before = await read(life, order.who)
  await correctBuyer(life.sql, number, { legalName: 'Rao Traders', address: '', gstin: '29AAGCB7383J1Z4' }, by)
  const after = await read(life, order.who)
  if (!same(before.end, after.end)) life.wrong.push('a corrected paper moved the end')
}

async function leaveOrResume(life: Life, { who, do: act }: Extract<Act, { do: 'leave' | 'resume' | 'grant' }>) {
  const before = await read(life, who)
  const outcome =
    act === 'leave'
      ? await leaveAtEnd(life.sql, life.people[who], { reason: '', comment: '' }, by)
      : await resumeLeft(life.sql, life.people[who], by)
  const runs = before.status === 'active' || before.status === 'grace'
  const due =
    act === 'leave'
      ? runs
        ? before.left
          ? 'repeated'
          : 'cancelled'
        : 'nothing-runs'
      : before.hasAccess
        ? before.left
          ? 'resumed'
          : 'repeated'
        : 'over'
  if (outcome !== due) life.wrong.push(`${act} came to ${outcome}, should be ${due}`)
  const after = await read(life, who)
  if (!same(before.end, after.end)) life.wrong.push(`${act} moved the end`)
  const access = act === 'leave' && runs ? before.now < before.end! : before.hasAccess
  if (after.hasAccess !== access) life.wrong.push(`${act}: access ${after.hasAccess}`)
}

async function grant(life: Life, who: 0 | 1) {
  const before = await read(life, who)
  const { seenEnd } = (await findEnd(life.sql, life.people[who], 0))!
  const grant = {
    userId: life.people[who],
    days: 10,
    reason: 'a property',
    key: randomBytes(9).toString('hex'),
    seenEnd,
  }
  const outcome = await addDays(life.sql, grant, by)
  const after = await read(life, who)
  if (outcome !== 'granted' || !same(after.end, (before.hasAccess ? before.end! : before.now) + 10 * 86_400_000))
    life.wrong.push(`granted: ${outcome}, ends ${at(after.end)}`)
}

/** So many days and some hours go by for one person. */
async function letTimePass(life: Life, { who, days }: Extract<Act, { do: 'time' }>) {
  const before = await read(life, who)
  const passing = `make_interval(hours => ${24 * days + 7})`
  await life.sql.unsafe(`
    with periods as (
      update subscription_periods set starts_at = starts_at - ${passing}, ends_at = ends_at - ${passing}, voided_at = voided_at - ${passing}
      where user_id = '${life.people[who]}'
    )
    update subscriptions set current_period_start = current_period_start - ${passing}, current_period_end = current_period_end - ${passing}
    where user_id = '${life.people[who]}'`)
  await updateStatuses(life.sql)
  const after = await read(life, who)
  const end = before.end === null ? null : before.end - (24 * days + 7) * 3_600_000
  const graceMs = before.left ? 0 : 3 * 86_400_000
  const runs = before.status === 'active' || before.status === 'grace'
  const access = runs && end !== null && after.now < end + graceMs
  if (after.hasAccess !== access) life.wrong.push(`after ${days} days access is ${after.hasAccess}, ends ${at(end)}`)
  const status = !runs
    ? before.status
    : after.now < end!
      ? 'active'
      : access
        ? 'grace'
        : before.left
          ? 'cancelled'
          : 'expired'
  if (after.status !== status) life.wrong.push(`after ${days} days ${after.status}, should be ${status}`)
}

function same(one: number | null, other: number | null): boolean {
  return one === null || other === null ? one === other : Math.abs(one - other) < toleranceMs
}

function at(instant: number | null): string {
  return instant === null ? 'never' : new Date(instant).toISOString()
}
