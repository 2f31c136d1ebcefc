import { randomBytes } from 'node:crypto'
import { planPriceChange } from '../../src/billing/plans/queries.ts'
import { announcePrices } from '../../src/billing/pricing/queries.ts'
import { correctBuyer, findReceiptNumber } from '../../src/billing/receipts/queries.ts'
import { requestRefund, settleRefundRows } from '../../src/billing/refunds/queries.ts'
import { chooseNextPlan } from '../../src/billing/subscriptions/next-plan-queries.ts'
import { addDays, findEnd, leaveAtEnd, resumeLeft, updateStatuses } from '../../src/billing/subscriptions/queries.ts'
import {
  at,
  by,
  type Life,
  type LifeOrder,
  type Person,
  type PlanName,
  pick,
  read,
  readPrices,
  same,
  type Who,
} from './life.ts'
import { dayOf, endAfterRefund, graceMs } from './life-rules.ts'

/** All or half of what is left of an order's price goes back. */
export async function refund(life: Life, n: number, part: 'all' | 'half') {
  const order = pick(life.orders, n)
  if (order?.state !== 'paid') return
  const cfPaymentId = `pay_${order.id}`
  const [row] = await life.sql<{ ordinal: number; left: number; credited: number }[]>`
    select (select 1 + count(*)::int from refunds where cf_payment_id = p.cf_payment_id) as ordinal,
           (p.amount_paise - gone_or_going(p.cf_payment_id))::float8 as left, credited_paise(p.order_id)::float8 as credited
    from payments p where cf_payment_id = ${cfPaymentId} and applied_at is not null`
  if (!row || row.left <= 0) return
  const amountPaise = part === 'all' ? row.left : Math.max(1, Math.floor(row.left / 2))
  const asked = await requestRefund(life.sql, {
    cfPaymentId,
    ordinal: row.ordinal,
    amountPaise,
    reason: 'a property',
    ...by,
  })
  const due = amountPaise + row.credited <= row.left ? 'requested' : 'too-much'
  if (asked !== due) life.wrong.push(`a refund of ${amountPaise} of ${row.left}, ${row.credited} credited: ${asked}`)
  if (asked !== 'requested') return
  const holder = await holderOf(life, order)
  const before = await read(life, holder)
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
  compareEnds(life, before, await read(life, holder), amountPaise === row.left ? order : null)
}

/** Whose access an order gave: its buyer's, or that of whoever redeemed the gift. */
async function holderOf(life: Life, order: LifeOrder): Promise<Who> {
  const [gift] = await life.sql<{ redeemedBy: string }[]>`
    select redeemed_by from gifts where order_id = ${order.id} and redeemed_by is not null`
  return gift ? (life.people.indexOf(gift.redeemedBy) as Who) : order.who
}

function compareEnds(life: Life, before: Person, after: Person, refunded: LifeOrder | null) {
  const added = new Set(after.periods.filter(({ voided }) => voided !== null).map(({ id }) => id))
  const gone =
    refunded &&
    before.periods.find(
      ({ id, orderId, voided }) =>
        orderId === refunded.id ||
        (refunded.purpose === 'gift' && orderId === null && voided === null && added.has(id)),
    )
  if (!gone || gone.voided !== null) {
    if (!same(before.end, after.end)) life.wrong.push('money back for nothing that ran moved the end')
    return
  }
  const due = endAfterRefund(before, gone, refunded!.purpose === 'switch')
  const end = due ?? Math.min(before.end!, before.now)
  if (!same(after.end, end)) life.wrong.push(`refunded: ends ${at(after.end)}, should be ${at(end)}`)
  if (after.status !== (due === null ? 'cancelled' : 'active')) life.wrong.push(`refunded, and ${after.status}`)
}

const companies = [
  { legalName: 'Rao Traders', address: '', gstin: '29AAGCB7383J1Z4' },
  { legalName: 'Patil & Sons', address: 'Pune', gstin: '27AAPFU0939F1ZV' },
  null,
]

/** The buyer that a receipt names is corrected: one paper back, another in its place, and nothing else. */
export async function correct(life: Life, n: number, company: number) {
  const order = pick(life.orders, n)
  const number = order && (await findReceiptNumber(life.sql, order.id))
  if (!order || !number) return
  const before = await read(life, order.who)
  const [paper] = await life.sql<{ gstin: string | null; notes: number }[]>`
    select buyer ->> 'gstin' as gstin, (select count(*)::int from credit_notes n where n.receipt_number = r.number) as notes
    from receipts r where number = ${number}`
  const to = pick(companies, company)!
  const due = paper!.gstin === (to?.gstin ?? null) ? 'repeated' : paper!.notes > 0 ? 'credited' : 'corrected'
  const { outcome } = await correctBuyer(life.sql, number, to, by)
  if (outcome !== due) life.wrong.push(`correcting came to ${outcome}, should be ${due}`)
  const after = await read(life, order.who)
  if (!same(before.end, after.end)) life.wrong.push('a corrected paper moved the end')
}

const isRunning = ({ status }: Person) => status === 'active' || status === 'grace'

/** Somebody leaves at the end of what runs; within grace that is now. */
export async function leave(life: Life, who: Who) {
  const before = await read(life, who)
  const outcome = await leaveAtEnd(life.sql, life.people[who], { reason: '', comment: '' }, by)
  const due = !isRunning(before) ? 'nothing-runs' : before.left ? 'repeated' : 'cancelled'
  if (outcome !== due) life.wrong.push(`leaving came to ${outcome}, should be ${due}`)
  const after = await read(life, who)
  if (!same(before.end, after.end)) life.wrong.push('leaving moved the end')
  if (after.hasAccess !== (isRunning(before) && before.now < before.end!))
    life.wrong.push(`left: access ${after.hasAccess}`)
}

/** Somebody stays after all, which they can say while access runs. */
export async function resume(life: Life, who: Who) {
  const before = await read(life, who)
  const outcome = await resumeLeft(life.sql, life.people[who], by)
  const due = !before.hasAccess ? 'over' : before.left ? 'resumed' : 'repeated'
  if (outcome !== due) life.wrong.push(`resuming came to ${outcome}, should be ${due}`)
  const after = await read(life, who)
  if (!same(before.end, after.end) || after.hasAccess !== before.hasAccess) life.wrong.push('resuming moved the access')
}

/** Ten days of 24 hours each are given. */
export async function grant(life: Life, who: Who) {
  const before = await read(life, who)
  const { seenEnd } = (await findEnd(life.sql, life.people[who], 0))!
  const key = randomBytes(9).toString('hex')
  const outcome = await addDays(
    life.sql,
    { userId: life.people[who], days: 10, reason: 'a property', key, seenEnd },
    by,
  )
  const after = await read(life, who)
  if (outcome !== 'granted' || !same(after.end, (before.hasAccess ? before.end! : before.now) + 10 * 86_400_000))
    life.wrong.push(`granted: ${outcome}, ends ${at(after.end)}`)
}

/** Somebody chooses the plan that follows; null takes it back. */
export async function choose(life: Life, who: Who, plan: PlanName | null) {
  const before = await read(life, who)
  const outcome = await chooseNextPlan(life.sql, life.people[who], plan, by)
  const due = before.nextPlan === plan ? 'unchanged' : plan !== null && !before.hasAccess ? 'nothing-runs' : 'chosen'
  if (outcome !== due) life.wrong.push(`choosing ${plan} came to ${outcome}, should be ${due}`)
  const { nextPlan } = await read(life, who)
  if (nextPlan !== (due === 'chosen' ? plan : before.nextPlan)) life.wrong.push(`chosen ${plan}, and it is ${nextPlan}`)
}

/** The monthly price changes: at once or in so many days; subscribers keep theirs, or pay it so many days from now. */
export async function changePrice(life: Life, paise: number, inDays: number, subscribersInDays: number | null) {
  const { versions } = await readPrices(life)
  const { key, pricePaise } = versions.find((version) => version.name === 'monthly' && version.isOnSale)!
  const isPlanned =
    (
      await life.sql`
    select from price_changes where replaces = ${key} and applied_at is null and withdrawn_at is null`
    ).length > 0
  const day = (days: number) => new Date(Date.now() + 5.5 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10)
  const outcome = await planPriceChange(life.sql, {
    replaces: key,
    pricePaise: paise,
    from: inDays === 0 ? null : day(inDays),
    subscribersFrom: subscribersInDays === null ? null : day(subscribersInDays),
    by,
  })
  const early = subscribersInDays !== null && (subscribersInDays < inDays || subscribersInDays <= 7)
  const due = pricePaise === paise ? 'same-price' : isPlanned ? 'planned-already' : early ? 'too-soon' : 'planned'
  if (outcome !== due && !(isPlanned && outcome === 'planned'))
    life.wrong.push(`a price came to ${outcome}, should be ${due}`)
  await announcePrices(life.sql)
}

/**
 * So many hours and a second go by for everybody: what is in the database moves into the past. (The second keeps two periods
 * apart: a month later, one would be where the other still is.)
 */
export async function letTimePass(life: Life, hours: number) {
  const before = await Promise.all([read(life, 0), read(life, 1)])
  await life.sql.unsafe(`do $$ declare gone interval := make_interval(hours => ${hours}, secs => 1); begin
    update subscription_periods set starts_at = starts_at - gone, ends_at = ends_at - gone, voided_at = voided_at - gone,
                                    created_at = created_at - gone;
    update subscriptions set current_period_start = current_period_start - gone, current_period_end = current_period_end - gone;
    update price_changes set effective_at = effective_at - gone, subscribers_from = subscribers_from - gone,
                             announced_at = announced_at - gone, applied_at = applied_at - gone;
  end $$`)
  await updateStatuses(life.sql)
  await announcePrices(life.sql)
  for (const who of [0, 1] as const)
    compareWithClock(life, before[who], await read(life, who), hours * 3_600_000 + 1_000)
}

function compareWithClock(life: Life, before: Person, after: Person, passedMs: number) {
  const end = before.end === null ? null : before.end - passedMs
  const hasAccess = isRunning(before) && end !== null && after.now < end + (before.left ? 0 : graceMs)
  if (after.hasAccess !== hasAccess) life.wrong.push(`later, access is ${after.hasAccess}, ends ${at(end)}`)
  const over = before.left ? 'cancelled' : 'expired'
  const running = end !== null && after.now < end ? 'active' : hasAccess ? 'grace' : over
  const status = isRunning(before) ? running : before.status
  if (after.status !== status) life.wrong.push(`later it is ${after.status}, should be ${status}`)
}

/** Days go by until somebody’s end falls on the last day of a month, where calendars go wrong. */
export async function letEndBeMonthEnd(life: Life, who: Who) {
  const { end } = await read(life, who)
  const days = end === null ? 0 : [...Array(31).keys()].find((n) => dayOf(end - (n - 1) * 86_400_000) === 1)!
  await letTimePass(life, 24 * days)
}
