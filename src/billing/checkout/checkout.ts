import { dateInIndia } from '../../platform/dates.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { findCurrentOrder, findLastAttempt, findOrder, type Order } from '../payments/queries.ts'
import { findPlan } from '../plans/plans.ts'
import { findReceiptNumber } from '../receipts/queries.ts'
import type { Subscription } from '../subscriptions/queries.ts'
import { subscriptionOf } from '../subscriptions/subscriptions.ts'
import { type MoneyUnderWay, moneyUnderWay } from './money-under-way.ts'
import { findPeriod } from './queries.ts'

export type Stage = 'none' | 'session-created' | 'paid'
export type CheckoutNotice = { kind: 'info' | 'good' | 'warn' | 'bad'; text: string }

/** Where a person stands with one plan, computed from rows at every request. Stage names are also the fragments' names. */
export type Checkout = {
  stage: Stage
  plan: { name: string; title: string; pricePaise: number; months: number }
  order: Order | null
  lastAttempt: { status: string; reason: string | null } | null
  notice: CheckoutNotice | null
  /** The payment could not be started at Cashfree; nothing was charged and trying again uses the same order. */
  unavailable: boolean
  /** Orders of this person, of whatever plan, whose money may be moving: nothing more is asked of the payer. */
  underWay: MoneyUnderWay[]
  /** What paying buys, or bought. */
  period: { from: Date; to: Date }
  receiptNumber: string | null
  validUntil: Date | null
}

/**
 * The checkout of a plan for a user: of one order of theirs where a page is about that order, else of the open or newest
 * one. Throws AppError `not-found` for a plan that is not offered.
 */
export async function currentCheckout(
  deps: Services,
  userId: string,
  planName: string,
  orderId?: string,
): Promise<Checkout> {
  const plan = await findPlan(deps.sql, planName)
  const order = (await (orderId ? findOrder(deps.sql, orderId) : findCurrentOrder(deps.sql, userId, planName))) ?? null
  if (!plan && !order) throw new AppError('not-found', 'That plan is not offered.')
  const [subscription, underWay] = await Promise.all([
    subscriptionOf(deps.sql, userId),
    moneyUnderWay(deps.sql, userId),
  ])
  const isUnderWay = underWay.some((money) => money.orderId === order?.id)
  const stage = stageOf(order, isUnderWay, subscription.hasAccess, orderId ? Number.POSITIVE_INFINITY : dayMs)
  if (stage === 'none' && !plan) throw new AppError('not-found', 'That plan is not offered any more.')

  const shown = stage === 'none' ? plan! : planOf(order!)
  const lastAttempt = (order && (await findLastAttempt(deps.sql, order.id))) ?? null
  const period = await findPeriod(deps.sql, { id: stage === 'paid' ? order!.id : null, userId, months: shown.months })
  return {
    stage,
    plan: shown,
    order,
    lastAttempt,
    notice: underWay.length > 0 ? null : (noticeOf(stage, order, lastAttempt) ?? renewalNotice(stage, subscription)),
    unavailable: order?.status === 'created',
    underWay: stage === 'paid' ? [] : underWay,
    period,
    receiptNumber: stage === 'paid' ? ((await findReceiptNumber(deps.sql, order!.id)) ?? null) : null,
    validUntil: subscription.currentPeriodEnd,
  }
}

const dayMs = 24 * 3600_000

/**
 * none: nothing open to pay · session-created: Cashfree has the order and waits, or its money is under way · paid: settled within `recentMs`.
 * Older purchases are history: a subscriber who comes back to renew starts from `none`. A page about one order (a tab
 * left open after paying) is about that purchase however old it is.
 */
function stageOf(order: Order | null, isUnderWay: boolean, hasAccess: boolean, recentMs: number): Stage {
  if (isUnderWay && order?.status !== 'created') return 'session-created'
  if (order?.status === 'active') return cannotBePaid(order) ? 'none' : 'session-created'
  if (order?.status === 'paid' && hasAccess && Date.now() - order.paidAt!.getTime() < recentMs) return 'paid'
  return 'none'
}

/** Held or paid at Cashfree, and no longer waited for: an administrator has dealt with it, or its money went back. */
export function cannotBePaid(order: Order): boolean {
  return order.heldAt !== null || order.gatewayStatus === 'PAID'
}

function noticeOf(stage: Stage, order: Order | null, attempt: Checkout['lastAttempt']): CheckoutNotice | null {
  if (!order || stage === 'paid') return null
  if (stage === 'session-created') {
    if (attempt?.status === 'USER_DROPPED' || attempt?.status === 'CANCELLED')
      return { kind: 'info', text: 'The last attempt was not finished. You can try again here.' }
    return null
  }
  if (cannotBePaid(order) && order.status !== 'paid')
    return { kind: 'info', text: 'The last payment was looked into and is settled. You can start again.' }
  if (order.status === 'expired' || order.status === 'terminated' || order.status === 'terminating')
    return {
      kind: 'info',
      text: 'The last payment was closed before it was completed. If money left your account, it is matched by itself or returned by your bank. You can start again.',
    }
  return null
}

/** Somebody who has access already is told that paying comes on top, before they pay. */
function renewalNotice(stage: Stage, { hasAccess, currentPeriodEnd }: Subscription): CheckoutNotice | null {
  if (stage === 'paid' || !hasAccess || !currentPeriodEnd) return null
  return {
    kind: 'info',
    text: `Your plan runs until ${dateInIndia(currentPeriodEnd)}. What you buy here is added after it.`,
  }
}

function planOf(order: Order): Checkout['plan'] {
  return { name: order.planName, title: order.planTitle, pricePaise: order.amountPaise, months: order.months }
}
