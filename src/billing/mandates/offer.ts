import type { User } from '../../identity/users/queries.ts'
import type { Actor } from '../../platform/audit-context.ts'
import { AppError } from '../../platform/errors.ts'
import { ulid } from '../../platform/ids.ts'
import type { AutopayOffer } from '../checkout/autopay.ts'
import {
  endAtCashfree,
  findPaidMeanwhile,
  keptOf,
  refusalOf,
  refuseUnlessReplaceable,
} from '../checkout/create-order.ts'
import { refuseWhileUnderWay } from '../checkout/money-under-way.ts'
import { refuseUnlessOnSale } from '../checkout/on-sale.ts'
import { closeResolvedOrders, type OrderWish } from '../checkout/queries.ts'
import { type BillingServices, GatewayRefused, GatewayUnavailable } from '../payments/gateway.ts'
import { checkoutPathOf } from '../payments/payments.ts'
import { findOrder } from '../payments/queries.ts'
import { type Consent, consentFor, mandateYears } from './consent.ts'
import { isAutopayInUse } from './in-use.ts'
import { openMandate } from './mandates.ts'
import { findNextDebit, type NextDebit } from './next-debit-queries.ts'
import { findMandateCeiling, listMandatesOf, type Mandate, type MandateWish } from './queries.ts'

/** UPI Autopay as the checkout offers it. */
export function autopayOffer(services: BillingServices): AutopayOffer {
  return {
    async choiceFor(userId) {
      const [consent, autopay] = await Promise.all([consentOf(services, userId), autopayOf(services, userId)])
      return (
        consent && {
          consent,
          standing: autopay?.isOn ? { nextDebit: autopay.nextDebit?.isAboveCeiling ? null : autopay.nextDebit } : null,
        }
      )
    },
    open: (user, planName, wish, agreed, by) => openForPlan(services, user, planName, wish, agreed, by),
  }
}

/** What this person would agree to today; null where no plan is on sale. */
export async function consentOf({ sql, config }: BillingServices, userId: string): Promise<Consent | null> {
  const maxPaise = await findMandateCeiling(sql, userId)
  return maxPaise === null ? null : consentFor(config.seller.name, maxPaise)
}

/** The mandate of a person that waits for them or is active; one whose end was asked for is none. */
export async function findCurrentMandate({ sql }: BillingServices, userId: string): Promise<Mandate | undefined> {
  const [newest] = await listMandatesOf(sql, userId, 1)
  return newest && isCurrent(newest) ? newest : undefined
}

/** Whether somebody's plan is renewed by Autopay, and by what debit; null where Autopay has no pages, and nothing is asked. */
export async function autopayOf(
  services: BillingServices,
  userId: string,
): Promise<{ isOn: boolean; nextDebit: NextDebit | null } | null> {
  if (!(await isAutopayInUse(services))) return null
  const [standing, nextDebit] = await Promise.all([
    findCurrentMandate(services, userId),
    findNextDebit(services.sql, userId),
  ])
  return { isOn: standing?.authorisedAt != null, nextDebit: nextDebit ?? null }
}

/** Whether a mandate is neither over nor asked to end. */
export function isCurrent({ endedAt, cancelAskedAt }: Mandate): boolean {
  return endedAt === null && cancelAskedAt === null
}

/** The page that leads to Cashfree's, to which Cashfree sends its visitor back, and that says how the mandate stands. */
export function mandatePath({ id }: Pick<Mandate, 'id'>): string {
  return `/autopay/return/${id}`
}

async function openForPlan(
  services: BillingServices,
  user: User,
  plan: string,
  wish: OrderWish,
  agreed: string,
  by: Actor,
): Promise<string> {
  const { sql } = services
  const paid = await findPaidMeanwhile(services, user.id)
  if (paid) return checkoutPathOf(paid)
  await refuseUnlessOnSale(services)
  await closeResolvedOrders(sql, user.id)
  let wished = wish
  for (let attempt = 1; attempt <= 3; attempt++) {
    const { coupon, company } = wished
    const more = { ...(coupon === undefined ? {} : { coupon }), ...(company === undefined ? {} : { company }) }
    const opened = await offerMandate(services, user, { plan, start: 'now', ...more }, agreed, by)
    if (opened.refusal !== 'differs') return opened.path
    const order = (await findOrder(sql, opened.orderId))!
    wished = { ...keptOf(order), ...wished }
    await refuseUnlessReplaceable(services, order, wished)
    const stays = await endAtCashfree(services, order)
    if (stays?.status === 'paid') return checkoutPathOf(stays)
    if (stays)
      throw new AppError(
        'unavailable',
        'Autopay was not set up: Cashfree did not end your open order. Nothing was charged. You can pay manually here, or try again in a minute.',
      )
  }
  throw new AppError(
    'unavailable',
    'Your last order is still being closed. Nothing was charged; try again in a minute.',
  )
}

type Offered = { refusal: null; path: string } | { refusal: 'differs'; orderId: string }

/**
 * Opens a mandate, or goes on with the one that waits, and answers the page that leads to Cashfree. `differs`: an order is open there that
 * has to end first. `agreed` is the key of the consent that was shown. Throws AppError with the sentence why there is none.
 */
export async function offerMandate(
  services: BillingServices,
  user: User,
  wish: Pick<MandateWish, 'plan' | 'start' | 'coupon' | 'company'>,
  agreed: string,
  by: Actor,
): Promise<Offered> {
  const consent = await consentOf(services, user.id)
  if (!consent) throw refusedFor('plan')
  const waiting = await findCurrentMandate(services, user.id)
  if (!waiting) {
    await refuseWhileUnderWay(services.sql, user.id)
    if (agreed !== consent.key) throw refusedFor('terms')
  }
  try {
    const { version, text, maxPaise } = consent
    const { refusal, mandate, orderId } = await openMandate(
      services,
      user,
      { ...wish, maxPaise, consent: { version, text }, years: mandateYears, newOrderId: `ds_${ulid()}` },
      { by, returnUrl: (opened) => services.config.baseUrl + mandatePath(opened) },
    )
    if (refusal === 'differs') return { refusal, orderId: orderId! }
    if (refusal === 'under-way') await refuseWhileUnderWay(services.sql, user.id)
    if (mandate && (refusal === null || mandate.authorisedAt === null))
      return { refusal: null, path: mandatePath(mandate) }
    throw refusedFor(refusal!)
  } catch (error) {
    if (error instanceof GatewayRefused) {
      services.log.error({ event: 'mandate refused', userId: user.id, err: error }, 'mandate refused')
      throw new AppError(
        'unavailable',
        'Autopay could not be set up: Cashfree does not accept it at the moment. Nothing was charged, and you can pay manually.',
        { cause: error },
      )
    }
    // The page of the mandate says so, and how to go on: it is ours, whether Cashfree has it or not.
    const stored = error instanceof GatewayUnavailable ? await findCurrentMandate(services, user.id) : undefined
    if (!stored) throw error
    services.log.warn({ event: 'mandate not opened', userId: user.id, err: error }, 'mandate not opened')
    return { refusal: null, path: mandatePath(stored) }
  }
}

const account = { href: '/account/autopay', label: 'See Autopay' }
const sentences: Record<string, string> = {
  terms: 'The terms of Autopay are not those that this page showed. Nothing was charged; please read them again.',
  mandate:
    'Autopay is set up already, and renews your plan automatically. Nothing was charged. You can also pay manually.',
  'nothing-runs': 'You have no active plan, so choose one first: you can set up Autopay while you pay for it.',
  'under-way': 'A payment of yours is under way. Nothing else was charged; please wait until it has ended.',
}

function refusedFor(refusal: string): AppError {
  const sentence = sentences[refusal]
  return sentence
    ? new AppError('invalid', sentence, refusal === 'mandate' ? { act: account } : {})
    : refusalOf(refusal)
}
