import { tenDigits } from '../../identity/users/phones.ts'
import type { User } from '../../identity/users/queries.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import { ulid } from '../../platform/ids.ts'
import { paise } from '../../platform/money.ts'
import { paymentLog } from '../../platform/payment-log.ts'
import { couponSentence } from '../coupons/coupons.ts'
import { findDeliveryDays, findGiftOfOrder } from '../gifts/queries.ts'
import { type BillingServices, GatewayRefused, isGatewayFailure } from '../payments/gateway.ts'
import { checkoutPathOf, isOpen } from '../payments/payments.ts'
import {
  findCurrentOrder,
  findOrder,
  listPayableOrders,
  type Order,
  refreshUnsentOrder,
  renewIdempotencyKey,
} from '../payments/queries.ts'
import { type MoneyUnderWay, moneyUnderWay, refuseWhileUnderWay } from './money-under-way.ts'
import { refuseUnlessOnSale } from './on-sale.ts'
import {
  closeResolvedOrders,
  closeUnsentOrder,
  findPurchaseRefusal,
  type OrderWish,
  openOrder,
  refusalToReplace,
  setAsidePending,
} from './queries.ts'
import { refreshUnlessFresh } from './refresh-order.ts'
import { settle, settleWith } from './settle.ts'

/**
 * The user's order for a plan, ready to be paid: the open one (double click, second tab, lost reply) or a new one.
 * Our row is committed before Cashfree is called, under an id and a key that make every repeat the same call.
 * When Cashfree cannot be reached the order comes back without a session, still `created`; calling again continues it.
 * Where another order turns out to be paid, that one is the answer. Throws AppError `not-found` for a plan that is not on
 * sale, `conflict` while money of this person is under way, and `unavailable` (OpensSoon) while nothing is sold.
 */
export async function findOrCreateOrder(
  services: BillingServices,
  user: User,
  planName: string,
  wish: OrderWish = {},
): Promise<Order> {
  const paid = await findPaidMeanwhile(services, user.id)
  if (paid) return paid
  await refuseWhileUnderWay(services.sql, user.id)
  await refuseUnlessOnSale(services)
  await closeResolvedOrders(services.sql, user.id)
  let wished = wish
  for (let attempt = 1; attempt <= 4; attempt++) {
    const opened = await openOrder(services.sql, { userId: user.id, planName, newId: `ds_${ulid()}`, wish: wished })
    if (opened.refusal === 'differs') {
      const open = (await findOrder(services.sql, opened.orderId!))!
      await refuseUnlessReplaceable(services, open, { ...keptOf(open), ...wished })
      const stays = await endAtCashfree(services, open)
      if (stays && stays.status !== 'paid') refuseAnotherCode(stays, wished)
      if (stays) return stays
      await refuseWhileUnderWay(services.sql, user.id) // ending it may have shown that a payment of it is pending
      wished = { ...keptOf(open), ...wished }
      continue
    }
    if (opened.refusal !== null) throw refusalOf(opened.refusal)
    // Another statement: one that began before the price changed does not see the version that the order was opened with.
    const order = await makePayable(services, user, (await findOrder(services.sql, opened.orderId))!)
    if (isOpen(order) || order.status === 'paid') return order
    // An old order turned out to be over at Cashfree: the next round opens its successor.
    wished = { ...keptOf(order), ...wished }
  }
  throw new AppError(
    'conflict',
    'The last order is still being closed. Nothing was charged; please try again in a minute.',
  )
}

/** What the successor of an order that died takes over: its code, which may be refused by now, and its company. */
export function keptOf({ couponCode, company }: Order): OrderWish {
  return { ...(couponCode === null ? {} : { coupon: couponCode }), ...(company === null ? {} : { company }) }
}

/** Throws the refusal that opening the successor of an order would meet: then the order stays, and can still be paid. */
export async function refuseUnlessReplaceable({ sql }: BillingServices, order: Order, wish: OrderWish): Promise<void> {
  const refusal = await refusalToReplace(sql, order, wish)
  if (refusal !== null) throw refusalOf(refusal, order)
}

/** Whom an order's gift is for, and when: not before today. */
async function giftOf({ sql }: BillingServices, { id, purpose }: Order): Promise<OrderWish> {
  if (purpose !== 'gift') return {}
  const gift = await findGiftOfOrder(sql, id)
  if (!gift?.recipientEmail)
    throw new AppError('not-found', 'We no longer know who this gift was for. Nothing was done.', {
      act: { href: '/gift', label: 'Give a subscription' },
    })
  const { recipientName, recipientEmail, message, deliverOn } = gift
  const { first: today } = await findDeliveryDays(sql, 0)
  return { gift: { recipientName, recipientEmail, message, deliverOn: [today, deliverOn].sort()[1]! } }
}

/** The order that is open could not be ended, so it keeps its price: whoever asked for another code must not pay it unawares. */
function refuseAnotherCode({ couponCode }: Order, { coupon }: OrderWish): void {
  if (coupon === undefined || coupon === (couponCode ?? '')) return
  throw new AppError('unavailable', 'The code was not changed.', {
    fields: {
      coupon:
        'Cashfree did not end the open order, so it keeps its price. Nothing was charged; please try again in a minute.',
    },
  })
}

/**
 * A new order in the place of `order`, else of the plan's open one: that one is ended at Cashfree first, and so is whatever has
 * been pending at the bank so long that the payer may say it failed. When Cashfree says that one was paid meanwhile, or cannot be
 * asked, it stays and is returned. The new one takes over its purpose, code, company and gift. Throws as `findOrCreateOrder`
 * does; an order that could still be paid is not ended then.
 */
export async function startOver(
  services: BillingServices,
  user: User,
  planName: string,
  order?: Order,
): Promise<Order> {
  if (order?.status === 'paid') return order
  const paid = await findPaidMeanwhile(services, user.id)
  if (paid) return paid
  const underWay = await moneyUnderWay(services.sql, user.id)
  if (underWay.some(({ mayPayAgain }) => !mayPayAgain)) await refuseWhileUnderWay(services.sql, user.id)
  await refuseUnlessOnSale(services)
  const current = order ?? (await orderToReplace(services, user.id, planName, underWay))
  const isAnew = current === undefined || current.status === 'paid'
  const wish: OrderWish = isAnew
    ? {}
    : { ...keptOf(current), ...(await giftOf(services, current)), purpose: current.purpose }
  if (!isAnew && underWay.length === 0) await refuseUnlessReplaceable(services, current, wish)
  // Of a plan one gift is open at a time: another one is not given this one's recipient.
  const gift = wish.gift && (await findCurrentOrder(services.sql, user.id, current!.planName, '', 'gift'))
  const toEnd = new Set([...underWay.map(({ orderId }) => orderId), ...[current, gift].flatMap((one) => one?.id ?? [])])
  for (const id of toEnd) {
    const stays = await endAtCashfree(services, (await findOrder(services.sql, id))!)
    if (stays) return stays
  }
  await setAsidePending(services.sql, user.id)
  return findOrCreateOrder(services, user, current?.planName ?? planName, wish)
}

/** The open order of the plan; else the one, maybe a gift's, of which the page says that it is under way; else the last. */
async function orderToReplace({ sql }: BillingServices, userId: string, planName: string, underWay: MoneyUnderWay[]) {
  const current = await findCurrentOrder(sql, userId, planName)
  const moving = underWay.find((money) => money.planName === planName)
  return current && isOpen(current) ? current : ((moving && (await findOrder(sql, moving.orderId))) ?? current)
}

/** Ends an open order, at Cashfree where it may be known. Answers the order where it stays: it was paid meanwhile, or Cashfree cannot be asked. */
export async function endAtCashfree(services: BillingServices, order: Order): Promise<Order | undefined> {
  if (order.status === 'paid' || order.mandateId !== null) return order
  if (!isOpen(order)) return undefined
  if (order.status === 'created' && (await closeUnsentOrder(services.sql, order))) return undefined
  try {
    const ended = (await settleWith(services, order.id, await services.gateway.terminateOrder(order.id), 'checkout'))
      .order!
    return ended.status === 'paid' || ended.status === 'active' ? ended : undefined
  } catch (error) {
    if (!isGatewayFailure(error)) throw error
    services.log.warn({ orderId: order.id, err: error }, 'the old order could not be ended')
    return order
  }
}

/**
 * Where a payer never came back to us, Cashfree alone knows how their attempt ended: it is asked before another payment is
 * asked for. Answers the order that turns out to be paid, if one does.
 */
export async function findPaidMeanwhile(services: BillingServices, userId: string): Promise<Order | undefined> {
  for (const order of await listPayableOrders(services.sql, userId)) {
    await refreshUnlessFresh(services, order, 'checkout', 10_000, { isCounted: false })
    // Read anew: it may have been paid while another order of the list was asked about.
    const now = (await findOrder(services.sql, order.id))!
    if (now.status === 'paid') return now
  }
  return undefined
}

async function makePayable(services: BillingServices, user: User, order: Order): Promise<Order> {
  try {
    if (order.status === 'created') return await oneCallAtATime(order.id, () => createAtCashfree(services, user, order))
    return order.isEnding ? (await settle(services, order.id, 'checkout')).order! : order
  } catch (error) {
    if (!isGatewayFailure(error)) throw error
    services.log.error({ event: 'payment not started', orderId: order.id, err: error }, 'payment not started')
    // Cashfree may keep an error under the key it was sent with. After silence the key stays: the order may exist.
    if (error instanceof GatewayRefused || error.answered) await renewIdempotencyKey(services.sql, order.id)
    return (await findOrder(services.sql, order.id))!
  }
}

async function createAtCashfree(services: BillingServices, user: User, found: Order): Promise<Order> {
  const order = (await refreshUnsentOrder(services.sql, found.id)) ?? (await findOrder(services.sql, found.id))!
  // Another click may have made it payable since this one read it.
  if (order.status !== 'created') return order
  const remote = await services.gateway.createOrder({
    orderId: order.id,
    idempotencyKey: order.idempotencyKey,
    amountPaise: paise(order.amountPaise),
    currency: order.currency,
    expiresAt: order.expiresAt,
    customer: {
      id: user.id.replaceAll('-', ''),
      name: gatewayName(user.name),
      email: user.email,
      phone: tenDigits(user.phone),
    },
    planKey: order.planKey,
    returnUrl: `${services.config.baseUrl}/payment/return?order_id={order_id}`,
    notifyUrl: services.config.https ? `${services.config.baseUrl}/webhooks/cashfree` : null,
  })
  const { id: orderId, amountPaise, planKey: plan } = order
  const settlement = await settleWith(services, orderId, remote, 'checkout')
  if (settlement.outcome === 'waiting')
    paymentLog(services.log, { event: 'payment initiated', orderId, amountPaise, plan, actor: 'checkout' })
  return settlement.order!
}

/** A name as Cashfree takes it, in 3 to 100 characters: a shorter name is a real name all the same. */
export function gatewayName(name: string): string {
  return name.length >= 3 ? name : name.padEnd(3, '.')
}

/** Throws AppError `conflict` where the person withdrew their consent: then nothing that could be paid is handed out either. */
export async function refuseWithoutConsent(sql: Sql, userId: string): Promise<void> {
  if ((await findPurchaseRefusal(sql, userId)) === 'consent') throw refusalOf('consent')
}

/** Why there is no order: `refusal` in open-order.sql. `open` is one that was to be replaced, and stays. */
export function refusalOf(refusal: string, open?: Order): AppError {
  const act = open && isOpen(open) ? { href: checkoutPathOf(open), label: 'To the open order' } : undefined
  if (refusal === 'entitlement' || refusal === 'plan')
    return new AppError('not-found', 'That plan is not offered.', { act })
  if (refusal === 'consent')
    return new AppError(
      'conflict',
      'You withdrew your consent, so nothing can be bought. Nothing was charged. Give it again under Account, Privacy.',
      { act: { href: '/account/privacy', label: 'Go to Privacy' } },
    )
  if (refusal === 'autopay')
    return new AppError(
      'conflict',
      'Autopay is about to pay for this plan. Nothing else was charged; please wait until it has.',
    )
  if (refusal === 'nothing-to-credit')
    return new AppError('conflict', 'There are no unused days to credit towards this plan now.', {
      act: act ?? { href: '/account/plan', label: 'Go to your plan' },
    })
  if (refusal === 'too-little')
    return new AppError(
      'conflict',
      'After what is taken off, less than ₹1 would be left to pay: Cashfree takes no less.',
    )
  return new AppError('invalid', 'Please check the highlighted fields.', {
    fields: { coupon: couponSentence(refusal) },
    act,
  })
}

const calls = new Map<string, Promise<Order>>()

/** Twenty clicks at once in one process make one call. (Twenty processes would make twenty, under one key.) */
function oneCallAtATime(orderId: string, call: () => Promise<Order>): Promise<Order> {
  const running = calls.get(orderId)
  if (running) return running
  const fresh = call().finally(() => calls.delete(orderId))
  calls.set(orderId, fresh)
  return fresh
}
