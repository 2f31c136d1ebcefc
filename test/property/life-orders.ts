import { randomBytes } from 'node:crypto'
import { type OrderWish, openOrder, settleOrder } from '../../src/billing/checkout/queries.ts'
import { hashOfGiftCode, newGiftCode } from '../../src/billing/gifts/gift-code.ts'
import { redeemGift } from '../../src/billing/gifts/queries.ts'
import { remoteAttempt, remoteOrder } from '../billing/payments/remote-orders.ts'
import {
  amounts,
  at,
  by,
  type Life,
  type LifeOrder,
  type PlanName,
  pick,
  read,
  readPrices,
  same,
  type Who,
} from './life.ts'
import { versionFor } from './life-prices.ts'
import { creditOf, discountOf, endAfterSwitch, nextPeriod } from './life-rules.ts'

/** Opens an order as somebody wishes and compares the answer, the price, the discount and the credit with the rules. */
export async function buy(life: Life, who: Who, plan: PlanName, purpose: LifeOrder['purpose'], coupon: number | null) {
  const code = coupon === null ? null : pick(life.coupons, coupon)!.code
  const credit = purpose === 'switch' ? await creditDue(life, who) : 0
  const newId = `life_${randomBytes(9).toString('hex')}`
  const opened = await openOrder(life.sql, {
    userId: life.people[who],
    planName: plan,
    newId,
    wish: wishOf(purpose, code),
  })
  const { versions, changes } = await readPrices(life)
  const version = versionFor(plan, await read(life, who), versions, changes)
  const open = life.orders.find(
    (one) => one.state === 'open' && one.who === who && one.plan === plan && one.purpose === purpose,
  )
  const refusal = refusalDue(life, { who, plan, purpose, code, credit, open, pricePaise: version.pricePaise - credit })
  if (open && refusal === null && credit !== (await amounts(life, open.id)).creditPaise) {
    if (opened.refusal !== 'differs') life.wrong.push(`another credit, and it came to ${opened.refusal}`)
    return
  }
  if (opened.refusal !== refusal) life.wrong.push(`opening came to ${opened.refusal}, should be ${refusal}`)
  if (opened.refusal !== null) return
  if ((opened.orderId === newId) !== (open === undefined))
    life.wrong.push('a second order was opened beside one, or none')
  if (opened.orderId !== newId) return
  const asked = await amounts(life, newId)
  const discount = code ? discountOf(life.coupons.find((one) => one.code === code)!, version.pricePaise - credit) : 0
  life.orders.push({
    id: newId,
    who,
    plan,
    purpose,
    state: 'open',
    code,
    discountPaise: discount,
  })
  if (asked.planKey !== version.key) life.wrong.push(`sold ${asked.planKey}, should be ${version.key}`)
  if (asked.creditPaise !== credit || asked.discountPaise !== discount)
    life.wrong.push(`credit ${asked.creditPaise} of ${credit}, discount ${asked.discountPaise} of ${discount}`)
  if (asked.amountPaise !== version.pricePaise - credit - discount) life.wrong.push(`asks for ${asked.amountPaise}`)
}

function wishOf(purpose: LifeOrder['purpose'], code: string | null): OrderWish {
  const gift = { recipientName: 'Ravi', recipientEmail: 'ravi@example.in', message: '', deliverOn: '2026-11-30' }
  return { purpose, ...(code === null ? {} : { coupon: code }), ...(purpose === 'gift' ? { gift } : {}) }
}

type Asked = {
  who: Who
  plan: PlanName
  purpose: LifeOrder['purpose']
  code: string | null
  credit: number
  open: LifeOrder | undefined
  pricePaise: number
}

function refusalDue(life: Life, { who, plan, purpose, code, credit, open, pricePaise }: Asked): string | null {
  if (purpose === 'gift' && code !== null) return 'coupon-purpose'
  if (purpose === 'switch' && credit === 0) return 'nothing-to-credit'
  if (code === null) return null
  if (open && code === open.code) return null
  return couponRefusal(life, who, plan, code, pricePaise) ?? (open ? 'differs' : null)
}

function couponRefusal(life: Life, who: Who, plan: PlanName, code: string, pricePaise: number): string | null {
  const coupon = life.coupons.find((one) => one.code === code)!
  const uses = life.orders.filter((one) => one.code === code && claims(one))
  const given = uses.reduce((total, one) => total + one.discountPaise, 0)
  if (coupon.only && coupon.only !== plan) return 'coupon-plan'
  const theirs = uses.filter((one) => one.who === who)
  if (theirs.length > 0) return theirs.some((one) => one.state === 'paid') ? 'coupon-used' : 'coupon-open'
  if (uses.length >= (coupon.maxUses ?? Number.POSITIVE_INFINITY)) return 'coupon-used-up'
  return given + discountOf(coupon, pricePaise) > (coupon.maxDiscountPaise ?? Number.POSITIVE_INFINITY)
    ? 'coupon-used-up'
    : null
}

/** What a switch to a year has to credit to somebody now. */
async function creditDue(life: Life, who: Who): Promise<number> {
  const [clock] = await life.sql<{ now: number }[]>`select (extract(epoch from now()) * 1000)::float8 as now`
  const bought = await life.sql<{ start: number; end: number; leftPaise: number; months: number }[]>`
    select (extract(epoch from p.starts_at) * 1000)::float8 as start, (extract(epoch from p.ends_at) * 1000)::float8 as end, plan.months,
           greatest(0, o.amount_paise - gone_or_going(pay.cf_payment_id) - credited_paise(o.id))::float8 as left_paise
    from subscription_periods p join orders o on o.id = p.order_id join plans plan on plan.key = p.plan_key
    join payments pay on pay.order_id = o.id and pay.applied_at is not null
    where p.user_id = ${life.people[who]} and p.voided_at is null and p.ends_at > now()`
  if (bought.some(({ months }) => months >= 12)) return 0
  return bought.reduce((total, one) => total + creditOf(one, clock!.now), 0)
}

async function remote(life: Life, orderId: string, status: string) {
  const { amountPaise } = await amounts(life, orderId)
  const attempts = status === 'PAID' ? [remoteAttempt(orderId, { amountPaise })] : []
  return remoteOrder(orderId, { status, amountPaise, attempts } as never)
}

/** Cashfree says that an order is over, or about to be: unpaid, it dies and lets go of its coupon. */
export async function die(life: Life, n: number, status: 'EXPIRED' | 'TERMINATION_REQUESTED') {
  const order = pick(life.orders, n)
  if (!order) return
  const { outcome } = await settle(life, order, status)
  if (outcome !== (order.state === 'paid' ? 'already-paid' : 'closed')) life.wrong.push(`${status} came to ${outcome}`)
  if (order.state !== 'open') return
  order.state = 'dead'
}

/** Whether an order uses its coupon: while it is open or paid, however late, and whatever else its buyer used the coupon for. */
export function claims({ code, state }: LifeOrder): boolean {
  return code !== null && state !== 'dead'
}

async function settle(life: Life, order: LifeOrder, status: string) {
  const answer = { orderId: order.id, remote: await remote(life, order.id, status), actor: 'poll' }
  return settleOrder(life.sql, answer, life.seller)
}

/** Cashfree says that an order is paid, however late. */
export async function pay(life: Life, n: number) {
  const order = pick(life.orders, n)
  if (!order) return
  const before = await read(life, order.who)
  const replaced = await life.sql<
    { periodId: string }[]
  >`select period_id from order_credits where order_id = ${order.id}`
  const { outcome } = await settle(life, order, 'PAID')
  if (outcome !== (order.state === 'paid' ? 'already-paid' : 'paid')) life.wrong.push(`paying came to ${outcome}`)
  if (outcome !== 'paid') return
  order.state = 'paid'
  const after = await read(life, order.who)
  if (order.purpose === 'gift') return giftPaid(life, order, before.end, after.end)
  if (!after.hasAccess || !after.isPaid || after.left || after.nextPlan !== null)
    life.wrong.push(`paid, and ${JSON.stringify({ ...after, periods: [] })}`)
  const { months } = await amounts(life, order.id)
  const credited = replaced.map(({ periodId }) => periodId)
  const due = order.purpose === 'period' ? nextPeriod(before, months) : endAfterSwitch(before, credited)
  if (!same(after.end, due.until)) life.wrong.push(`ends ${at(after.end)}, should be ${at(due.until)}`)
  if (after.anchorDay !== due.anchorDay) life.wrong.push(`anchor ${after.anchorDay}, should be ${due.anchorDay}`)
}

async function giftPaid(life: Life, order: LifeOrder, before: number | null, after: number | null) {
  const hash = hashOfGiftCode(newGiftCode())
  await life.sql`update gifts set code_hash = ${hash} where order_id = ${order.id}`
  life.gifts.push({ hash, orderId: order.id })
  if (!same(before, after)) life.wrong.push('a gift changed its buyer’s access')
}

/** Somebody enters the code of a gift. */
export async function redeem(life: Life, who: Who, n: number) {
  const gift = pick(life.gifts, n)
  if (!gift) return
  const [known] = await life.sql<{ redeemedBy: string | null; isVoid: boolean; months: number }[]>`
    select g.redeemed_by, g.voided_at is not null as is_void, p.months
    from gifts g join plans p on p.key = g.plan_key where g.code_hash = ${gift.hash}`
  const before = await read(life, who)
  const { outcome } = await redeemGift(life.sql, life.people[who], gift.hash, by)
  const isOpen = !known!.isVoid && known!.redeemedBy === null
  const isTheirs = !known!.isVoid && known!.redeemedBy === life.people[who]
  const due = isOpen ? 'redeemed' : isTheirs ? 'yours' : 'unknown'
  if (outcome !== due) life.wrong.push(`redeeming came to ${outcome}, should be ${due}`)
  const after = await read(life, who)
  const next = nextPeriod(before, known!.months)
  if (!same(after.end, outcome === 'redeemed' ? next.until : before.end))
    life.wrong.push(`redeemed: ends ${at(after.end)}`)
  if (outcome === 'redeemed' && (after.anchorDay !== next.anchorDay || after.left))
    life.wrong.push('redeemed, and not staying')
}
