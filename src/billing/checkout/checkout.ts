import { dateInIndia } from '../../platform/dates.ts'
import { AppError } from '../../platform/errors.ts'
import { rupees } from '../../platform/money.ts'
import { type Company, findCompany } from '../company-details/queries.ts'
import { couponSentence, writtenCode } from '../coupons/coupons.ts'
import { tryCoupon } from '../coupons/queries.ts'
import { findGiftOfOrder, type Gift } from '../gifts/queries.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { findCurrentOrder, findLastAttempt, type LastAttempt, type Order } from '../payments/queries.ts'
import type { PlanOnSale } from '../plans/queries.ts'
import { findPlanFor } from '../pricing/queries.ts'
import { receiptNumberOf } from '../receipts/numbering.ts'
import type { Subscription } from '../subscriptions/queries.ts'
import { subscriptionOf } from '../subscriptions/subscriptions.ts'
import { findSwitch, findSwitchPeriod, type SwitchPreview } from '../switching/queries.ts'
import { type MoneyUnderWay, moneyUnderWay } from './money-under-way.ts'
import { isOnSale } from './on-sale.ts'
import { findPeriod, findPurchaseRefusal, hadAccessBefore, isTakenBack } from './queries.ts'

export type Stage = 'none' | 'session-created' | 'paid'
type CheckoutNotice = {
  kind: 'info' | 'good' | 'warn' | 'bad'
  text: string
  act?: { href: string; label: string }
}

/** What a code would take off the next order; 0 where it is refused or an order is open, and then the notice says so. */
export type WishedCode = { code: string; discountPaise: number; notice: CheckoutNotice | null }

/** How far a person is with buying one plan, computed from rows at every request. A stage's template is `_stage-<stage>`. */
export type Checkout = {
  stage: Stage
  plan: Pick<PlanOnSale, 'name' | 'title' | 'pricePaise' | 'months'> &
    Partial<Pick<PlanOnSale, 'nextPricePaise' | 'nextPriceFrom'>>
  order: Order | null
  /** Whom the receipt is made out to beside the person, as it is now: the order's company, or the account's. */
  company: Company | null
  /** The code that is wished for and that the order, if one is open, was not opened with. */
  code: WishedCode | null
  lastAttempt: LastAttempt | null
  notice: CheckoutNotice | null
  /** The order could not be created at Cashfree: nothing was charged, and trying again uses the same order. */
  unavailable: boolean
  /** Why no payment is offered, of an open order neither: nothing is sold at the moment, or this person withdrew their consent. */
  closed: 'prices' | 'consent' | null
  /** Orders of this person, of whatever plan, whose money may be moving: while there are any, no payment is offered. */
  underWay: MoneyUnderWay[]
  /** Whom the order is a present for; null where its buyer keeps what it buys. */
  gift: Gift | null
  /** The plan begins at once, with unused days credited: an order of this kind is shown, or would be opened. */
  isSwitch: boolean
  /** What such an order would credit now that there is none any more; 'over' where the change is not offered any more. */
  again: SwitchPreview | 'over' | null
  /** What paying buys, or bought. */
  period: { from: Date; to: Date }
  /** It is not the first period of its owner. */
  isRenewal: boolean
  receiptNumber: string | null
  /** The end of all that its owner paid for or was given, this period included. */
  validUntil: Date | null
}

type Meant = { orderId?: string | undefined; purpose?: 'period' | 'switch' | undefined; coupon?: string | undefined }

/**
 * The checkout of a plan for a user: of this order of theirs if it is open, else the newest open one, else the newest. `coupon` is a
 * code that a link carries or that was typed. Throws AppError `not-found` where there is nothing to buy.
 */
export async function currentCheckout(
  services: BillingServices,
  userId: string,
  planName: string,
  { orderId, purpose, coupon }: Meant = {},
): Promise<Checkout> {
  const plan = await findPlanFor(services.sql, userId, planName)
  const order = (await findCurrentOrder(services.sql, userId, planName, orderId, purpose)) ?? null
  const isMeant = orderId !== undefined && order?.id === orderId
  return compose(services, userId, { plan, order, recentMs: dayMs, coupon, wantsSwitch: purpose === 'switch', isMeant })
}

/** The checkout behind a reminder's link: as `currentCheckout`, but what was bought before is past, however lately. */
export async function renewalCheckout(
  services: BillingServices,
  userId: string,
  planName: string,
  coupon?: string,
): Promise<Checkout> {
  const plan = await findPlanFor(services.sql, userId, planName)
  const order = (await findCurrentOrder(services.sql, userId, planName, undefined, 'period')) ?? null
  return compose(services, userId, { plan, order, recentMs: 0, coupon })
}

/** The checkout of one order, however old it is. Throws AppError `not-found` where nothing came of it and its plan is off sale. */
export async function checkoutOf(services: BillingServices, order: Order): Promise<Checkout> {
  const plan = await findPlanFor(services.sql, order.userId, order.planName)
  return compose(services, order.userId, { plan, order, recentMs: Number.POSITIVE_INFINITY, isMeant: true })
}

const dayMs = 24 * 3600_000

type Asked = {
  plan: PlanOnSale | undefined
  order: Order | null
  recentMs: number
  coupon?: string | undefined
  /** A change of plan is asked for, whether an order of one is there or not. */
  wantsSwitch?: boolean
  /** This very order is asked about, not its plan. */
  isMeant?: boolean
  /** Consent is not asked about: a withdrawal ends the order, and that shows by itself. */
  takesConsentAsGiven?: boolean
}

/** What decides which stage is shown, and in what form: all that a poll has to read to see that nothing changed. */
export type Progress = Pick<Checkout, 'stage' | 'order' | 'lastAttempt' | 'closed' | 'underWay' | 'gift' | 'again'>

/** The progress of one order, for a poll; see `takesConsentAsGiven`. Throws as `checkoutOf` does. */
export async function progressOf(
  services: BillingServices,
  order: Order,
  takesConsentAsGiven: boolean,
): Promise<Progress> {
  const plan = await findPlanFor(services.sql, order.userId, order.planName)
  const asked = { plan, order, recentMs: Number.POSITIVE_INFINITY, isMeant: true, takesConsentAsGiven }
  return await reach(services, order.userId, asked)
}

async function reach(services: BillingServices, userId: string, asked: Asked) {
  const { plan, order, recentMs } = asked
  if (!plan && !order) throw new AppError('not-found', 'That plan is not offered.')
  const [subscription, underWay] = await Promise.all([
    subscriptionOf(services.sql, userId),
    moneyUnderWay(services.sql, userId),
  ])
  const isUnderWay = underWay.some((money) => money.orderId === order?.id)
  const gift = order?.purpose === 'gift' ? ((await findGiftOfOrder(services.sql, order.id)) ?? null) : null
  const isKept =
    gift !== null || (subscription.hasAccess && !(order?.paidAt && (await isTakenBack(services.sql, order.id))))
  const reached = stageOf(order, isUnderWay, isKept, recentMs)
  if (reached === 'none' && !plan) throw new AppError('not-found', 'That plan is not offered any more.')

  const closed = reached === 'paid' || underWay.length > 0 ? null : await closedBy(services, userId, asked)
  const stage = closed ? 'none' : reached
  const lastAttempt = (order && (await findLastAttempt(services.sql, order.id))) ?? null
  const isOffered = !closed && underWay.length === 0
  const unavailable = order?.status === 'created' && !closed
  const again = stage === 'none' && isOffered && !unavailable ? await switchAgain(services, userId, asked) : null
  return {
    ...{ stage, order, lastAttempt, closed, gift, again, reached, isOffered, unavailable, subscription },
    underWay: stage === 'paid' ? [] : underWay,
  }
}

async function compose(services: BillingServices, userId: string, asked: Asked): Promise<Checkout> {
  const { plan, order } = asked
  const { reached, isOffered, subscription, ...progress } = await reach(services, userId, asked)
  const { stage, gift, again, unavailable, lastAttempt } = progress
  const shown = reached === 'none' ? plan! : planOf(order!)
  const preview = again === 'over' ? null : again
  const isSwitch = preview !== null || ((stage !== 'none' || unavailable) && order?.purpose === 'switch')
  const period =
    isSwitch && stage !== 'paid'
      ? await switchPeriod(services, userId, preview ? plan!.key : order!.planKey)
      : await findPeriod(services.sql, { id: stage === 'paid' ? order!.id : null, userId, months: shown.months })
  return {
    ...progress,
    plan: shown,
    company: order?.company ?? (gift ? null : await findCompany(services.sql, userId)),
    code:
      !isOffered || gift || stage === 'paid' || again === 'over'
        ? null
        : await wishedCode(services, userId, asked, stage, preview?.creditPaise),
    notice:
      !isOffered || again === 'over'
        ? null
        : (noticeOf(stage, order, lastAttempt, isSwitch) ??
          (isSwitch || gift ? null : renewalNotice(stage, subscription))),
    isSwitch,
    period,
    isRenewal: gift === null && (await hadAccessBefore(services.sql, userId, period.from)),
    receiptNumber: stage === 'paid' ? ((await receiptNumberOf(services, order!.id)) ?? null) : null,
    validUntil: subscription.currentPeriodEnd,
  }
}

async function closedBy(
  services: BillingServices,
  userId: string,
  { takesConsentAsGiven }: Asked,
): Promise<Checkout['closed']> {
  if (!takesConsentAsGiven && (await findPurchaseRefusal(services.sql, userId)) === 'consent') return 'consent'
  return (await isOnSale(services)) ? null : 'prices'
}

/**
 * What a change of plan would credit now, where one is asked for, or ended unpaid: nobody who started one buys something else
 * unawares. A day later the plan's page sells the plan again.
 */
async function switchAgain({ sql }: BillingServices, userId: string, asked: Asked): Promise<Checkout['again']> {
  const { plan, order, wantsSwitch, isMeant } = asked
  const died = order?.purpose === 'switch' && order.paidAt === null
  const isAbout = wantsSwitch || (died && isMeant)
  if (!isAbout && !(died && Date.now() - order.createdAt.getTime() < dayMs)) return null
  const preview = await findSwitch(sql, userId, plan!.key)
  if (preview && plan!.pricePaise - preview.creditPaise >= 100) return preview
  return isAbout ? 'over' : null
}

/** Of an order that died unpaid in the last day its code is still wished for, unless another is, or none. */
async function wishedCode(
  { sql }: BillingServices,
  userId: string,
  { plan, order, coupon }: Asked,
  stage: Stage,
  creditPaise = 0,
): Promise<WishedCode | null> {
  const open = stage === 'session-created' || order?.status === 'created' ? order : null
  const isRecent = Date.now() - (order?.createdAt.getTime() ?? 0) < dayMs
  const died = open === null && order?.paidAt === null && isRecent ? order : null
  const code = writtenCode(coupon ?? died?.couponCode ?? '')
  if (!plan || code === '' || code === open?.couponCode) return null
  const pricePaise = plan.pricePaise - (open?.creditPaise ?? creditPaise)
  const { refusal, discountPaise } = await tryCoupon(sql, { code, userId, planName: plan.name, pricePaise })
  if (refusal !== null)
    return {
      code,
      discountPaise: 0,
      notice: { kind: 'warn', text: `The code ${code} is not used. ${couponSentence(refusal)}` },
    }
  if (!open) return { code, discountPaise, notice: null }
  const text = `The code ${code} is not applied yet. Choose “Apply”, and ${rupees(pricePaise - discountPaise)} is left to pay.`
  return { code, discountPaise: 0, notice: { kind: 'info', text } }
}

/**
 * none: no order waits to be paid · session-created: Cashfree has the order and waits, or its money is under way · paid:
 * paid within `recentMs`, and still there (`isKept`). Earlier purchases are past: a subscriber who comes back to renew starts
 * from `none`. A page about one order (a tab left open after paying) shows that purchase however old it is.
 */
function stageOf(order: Order | null, isUnderWay: boolean, isKept: boolean, recentMs: number): Stage {
  if (isUnderWay && order?.status !== 'created') return 'session-created'
  if (order?.status === 'active') return cannotBePaid(order) ? 'none' : 'session-created'
  if (order?.status === 'paid' && isKept && Date.now() - order.paidAt!.getTime() < recentMs) return 'paid'
  return 'none'
}

/** Held here or PAID at Cashfree. Such an order can no longer be paid, even once an administrator has dealt with it. */
export function cannotBePaid(order: Order): boolean {
  return order.heldAt !== null || order.gatewayStatus === 'PAID'
}

function noticeOf(
  stage: Stage,
  order: Order | null,
  attempt: Checkout['lastAttempt'],
  isSwitch: boolean,
): CheckoutNotice | null {
  // Of what Autopay did not pay, its own page tells.
  if (!order || stage === 'paid' || order.mandateId !== null) return null
  if (stage === 'session-created') {
    if (attempt?.status === 'USER_DROPPED' || attempt?.status === 'CANCELLED')
      return { kind: 'info', text: 'You left your last payment unfinished. You can try again here.' }
    return null
  }
  if (order.purpose === 'switch' && order.paidAt === null && !isSwitch)
    return {
      kind: 'info',
      text: 'Your change of plan was not paid and has ended. What you buy here costs its full price and is added after what you have.',
      act: { href: '/account/plan', label: 'Change the plan instead' },
    }
  if (cannotBePaid(order) && order.status !== 'paid')
    return { kind: 'info', text: 'We have looked into your last payment and settled it. You can start again.' }
  if (order.status === 'expired' || order.status === 'terminated' || order.status === 'terminating')
    return {
      kind: 'info',
      text: 'Your last payment was closed before it was completed. If money left your account, we match it or your bank returns it. You can start again.',
    }
  return null
}

/** Before they pay, somebody who has access already reads that what they buy is added after it. */
function renewalNotice(stage: Stage, { hasAccess, currentPeriodEnd }: Subscription): CheckoutNotice | null {
  if (stage === 'paid' || !hasAccess || !currentPeriodEnd) return null
  return {
    kind: 'info',
    text: `Your plan runs until ${dateInIndia(currentPeriodEnd)}. What you buy here is added after it.`,
  }
}

async function switchPeriod({ sql }: BillingServices, userId: string, planKey: string): Promise<Checkout['period']> {
  const { from, until } = await findSwitchPeriod(sql, userId, planKey)
  return { from, to: until }
}

function planOf(order: Order): Checkout['plan'] {
  return { name: order.planName, title: order.planTitle, pricePaise: order.amountPaise, months: order.months }
}
