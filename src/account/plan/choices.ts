import { type MoneyUnderWay, moneyUnderWay } from '../../billing/checkout/money-under-way.ts'
import { isOnSale } from '../../billing/checkout/on-sale.ts'
import type { NextDebit } from '../../billing/mandates/next-debit-queries.ts'
import { autopayOf } from '../../billing/mandates/offer.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import type { PlanOnSale } from '../../billing/plans/queries.ts'
import { listPlansFor } from '../../billing/pricing/queries.ts'
import { findPlanToCome, type PlanToCome } from '../../billing/subscriptions/next-plan-queries.ts'
import type { Subscription } from '../../billing/subscriptions/queries.ts'
import { subscriptionOf } from '../../billing/subscriptions/subscriptions.ts'
import { findSwitch, type SwitchPreview } from '../../billing/switching/queries.ts'

/** A plan that somebody may change to at once, and what it costs them; `payPaise` below ₹1 cannot be paid. */
export type SwitchChoice = { plan: PlanOnSale; preview: SwitchPreview; payPaise: number }

/** What somebody has, and every change of plan that there is for them now. */
export type PlanChoices = {
  subscription: Subscription
  toCome: PlanToCome
  plans: PlanOnSale[]
  switches: SwitchChoice[]
  /** Shorter plans than the one bought last, which may follow when that has ended. */
  later: PlanOnSale[]
  underWay: MoneyUnderWay[]
  /** What UPI Autopay debits when the period ends. */
  nextDebit: NextDebit | null
  opensSoon: boolean
}

/** Computed from rows at every request; what is posted is decided again by the database. */
export async function planChoices(services: BillingServices, userId: string): Promise<PlanChoices> {
  const { sql } = services
  const [subscription, toCome, plans, underWay, isOpen, autopay] = await Promise.all([
    subscriptionOf(sql, userId),
    findPlanToCome(sql, userId),
    listPlansFor(sql, userId),
    moneyUnderWay(sql, userId),
    isOnSale(services),
    autopayOf(services, userId),
  ])
  const previews = await Promise.all(plans.map(({ key }) => findSwitch(sql, userId, key)))
  const switches = plans.flatMap((plan, i) => {
    const preview = previews[i]
    return preview ? [{ plan, preview, payPaise: plan.pricePaise - preview.creditPaise }] : []
  })
  const { hasAccess } = subscription
  const later = hasAccess ? plans.filter(({ months }) => toCome.lastMonths !== null && months < toCome.lastMonths) : []
  return {
    subscription,
    toCome,
    plans,
    switches,
    later,
    underWay,
    nextDebit: autopay?.nextDebit ?? null,
    opensSoon: !isOpen,
  }
}
