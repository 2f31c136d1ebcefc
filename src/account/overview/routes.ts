import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type MoneyUnderWay, moneyUnderWay } from '../../billing/checkout/money-under-way.ts'
import { isOnSale } from '../../billing/checkout/on-sale.ts'
import { type LostMoney, listLostDisputesOf } from '../../billing/disputes/queries.ts'
import type { NextDebit } from '../../billing/mandates/next-debit-queries.ts'
import { autopayOf } from '../../billing/mandates/offer.ts'
import { methodTitle, refundDays } from '../../billing/payments/payments.ts'
import { listPaymentsOf, type PaymentRow } from '../../billing/payments/queries.ts'
import type { Plan } from '../../billing/plans/queries.ts'
import { listPlansFor } from '../../billing/pricing/queries.ts'
import { listPapersOf } from '../../billing/receipts/queries.ts'
import { listRefundsOf } from '../../billing/refunds/queries.ts'
import { findPlanToCome } from '../../billing/subscriptions/next-plan-queries.ts'
import type { Subscription } from '../../billing/subscriptions/queries.ts'
import { subscriptionOf } from '../../billing/subscriptions/subscriptions.ts'
import { findSuppression, type Suppression } from '../../records/suppressions/queries.ts'
import type { Account } from '../account.ts'
import { type PeriodBar, periodBar } from './period-bar.ts'
import { listOrdersOf, listPeriodsOf, listStatusChangesOf, type PeriodRow } from './queries.ts'
import { type TimelineEntry, timelineOf } from './timeline.ts'

declare module '../../web/views.ts' {
  interface Views {
    'account/overview': {
      unconfirmed: string | null
      suppression: Suppression | null
      subscription: Subscription
      underWay: MoneyUnderWay[]
      plans: Plan[]
      opensSoon: boolean
      /** Null where Autopay has no pages. */
      autopay: { isOn: boolean; nextDebit: NextDebit | null } | null
      /** The plan chosen for when what runs has ended. */
      nextTitle: string | null
      periods: PeriodRow[]
      bar: PeriodBar | null
      payments: (Omit<PaymentRow, 'method'> & { method: string; refundedPaise: number; lostPaise: number })[]
      /** Payments that are given back in full to who asks until then. */
      refundable: Refundable[]
      receipts: Awaited<ReturnType<typeof listPapersOf>>
      lost: LostMoney[]
      refunds: Awaited<ReturnType<typeof listRefundsOf>>
      timeline: TimelineEntry[]
    }
  }
}

type Refundable = { amountPaise: number; at: Date; until: Date; isGift: boolean }

const shown = 50

/** Where a person's subscription stands, why, and every payment, receipt and refund. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services }) => {
  app.get('/', async (request, reply) => {
    const { sql } = services
    const userId = request.user!.id
    const [
      subscription,
      underWay,
      plans,
      isOpen,
      periods,
      orders,
      payments,
      receipts,
      refunds,
      lost,
      changes,
      { nextTitle },
      suppression,
      autopay,
    ] = await Promise.all([
      subscriptionOf(sql, userId),
      moneyUnderWay(sql, userId),
      listPlansFor(sql, userId),
      isOnSale(services),
      listPeriodsOf(sql, userId),
      listOrdersOf(sql, userId, shown),
      listPaymentsOf(sql, userId, shown),
      listPapersOf(sql, userId, shown),
      listRefundsOf(sql, userId, shown),
      listLostDisputesOf(sql, userId, shown),
      listStatusChangesOf(sql, userId, shown),
      findPlanToCome(sql, userId),
      findSuppression(sql, request.user!.email),
      autopayOf(services, userId),
    ])
    return reply.page('account/overview', {
      unconfirmed: request.signedIn!.unconfirmedEmail,
      suppression: suppression ?? null,
      subscription,
      underWay,
      plans,
      opensSoon: !isOpen,
      autopay,
      nextTitle,
      periods,
      bar: periodBar(periods, subscription.graceEndsAt, new Date()),
      payments: payments.map((payment) => ({
        ...payment,
        method: methodTitle(payment.method),
        refundedPaise: refunds
          .filter(({ cfPaymentId, status }) => cfPaymentId === payment.cfPaymentId && status === 'succeeded')
          .reduce((total, refund) => total + refund.amountPaise, 0),
        lostPaise: lost
          .filter(({ cfPaymentId }) => cfPaymentId === payment.cfPaymentId)
          .reduce((total, { amountPaise }) => total + amountPaise, 0),
      })),
      refundable: refundableOf(payments, [...refunds, ...lost], new Date()),
      receipts,
      refunds,
      lost,
      timeline: timelineOf({ orders, payments, periods, refunds, lost, changes }),
    })
  })
}
export default routes

/** The payments younger than `refundDays` of which nothing went back or was asked for. */
function refundableOf(payments: PaymentRow[], returned: { cfPaymentId: string }[], now: Date): Refundable[] {
  const touched = new Set(returned.map(({ cfPaymentId }) => cfPaymentId))
  return payments
    .filter(({ status, cfPaymentId }) => status === 'SUCCESS' && !touched.has(cfPaymentId))
    .map(({ amountPaise, at, isGift }) => ({
      isGift,
      amountPaise: amountPaise ?? 0,
      at,
      until: new Date(at.getTime() + refundDays * 86_400_000),
    }))
    .filter(({ until }) => until > now)
}
