import { tenDigits } from '../../identity/users/phones.ts'
import type { User } from '../../identity/users/queries.ts'
import { AppError } from '../../platform/errors.ts'
import { ulid } from '../../platform/ids.ts'
import { paise } from '../../platform/money.ts'
import { paymentLog } from '../../platform/payment-log.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { GatewayRefused, GatewayUnavailable } from '../payments/gateway.ts'
import {
  findCurrentOrder,
  findOrder,
  listPayableOrders,
  type Order,
  openOrder,
  refreshUnsentOrder,
  renewIdempotencyKey,
} from '../payments/queries.ts'
import { moneyUnderWay, refuseWhileUnderWay } from './money-under-way.ts'
import { closeResolvedOrders, setAsidePending } from './queries.ts'
import { refreshUnlessFresh } from './refresh-order.ts'
import { settle, settleWith } from './settle.ts'

/**
 * The user's order for a plan, ready to be paid: the open one (double click, second tab, lost reply) or a new one.
 * Our row is committed before Cashfree is called, under an id and a key that make every repeat the same call.
 * When Cashfree cannot be reached the order comes back without a session, still `created`; calling again continues it.
 * Where another order turns out to be paid, that one is the answer. Throws AppError `not-found` for a plan that is not on
 * sale, and `conflict` while money of this person is under way.
 */
export async function findOrCreateOrder(deps: BillingServices, user: User, planName: string): Promise<Order> {
  const paid = await findPaidMeanwhile(deps, user.id)
  if (paid) return paid
  await refuseWhileUnderWay(deps.sql, user.id)
  await closeResolvedOrders(deps.sql, user.id)
  for (let attempt = 1; ; attempt++) {
    const opened = await openOrder(deps.sql, { userId: user.id, planName, newId: `ds_${ulid()}` })
    if (!opened) throw new AppError('not-found', 'That plan is not offered.')
    const order = await makePayable(deps, user, opened)
    // An old order may turn out to be over at Cashfree; then the next round opens its successor.
    if (order.status === 'created' || order.status === 'active' || order.status === 'paid' || attempt === 2)
      return order
  }
}

/**
 * A new order in the place of the plan's open one: that one is ended at Cashfree first, and so is whatever has been pending at
 * the bank so long that the payer may say it failed. When Cashfree says that one was paid meanwhile, or cannot be asked, it
 * stays and is returned. Throws as `findOrCreateOrder` does.
 */
export async function startOver(deps: BillingServices, user: User, planName: string): Promise<Order> {
  const paid = await findPaidMeanwhile(deps, user.id)
  if (paid) return paid
  const underWay = await moneyUnderWay(deps.sql, user.id)
  if (underWay.some(({ mayPayAgain }) => !mayPayAgain)) await refuseWhileUnderWay(deps.sql, user.id)
  const current = await findCurrentOrder(deps.sql, user.id, planName)
  const toEnd = new Set([...underWay.map(({ orderId }) => orderId), ...(current ? [current.id] : [])])
  for (const id of toEnd) {
    const order = (await findOrder(deps.sql, id))!
    if (order.status !== 'active') continue
    try {
      const ended = (await settleWith(deps, id, await deps.gateway.terminateOrder(id), 'checkout')).order!
      if (ended.status === 'paid' || ended.status === 'active') return ended
    } catch (error) {
      if (!(error instanceof GatewayUnavailable || error instanceof GatewayRefused)) throw error
      deps.log.warn({ orderId: id, err: error }, 'the old order could not be ended')
      return order
    }
  }
  await setAsidePending(deps.sql, user.id)
  return findOrCreateOrder(deps, user, planName)
}

/**
 * Where a payer never came back to us, Cashfree alone knows how their attempt ended: it is asked before another payment is
 * asked for. Answers the order that turns out to be paid, if one does.
 */
async function findPaidMeanwhile(deps: BillingServices, userId: string): Promise<Order | undefined> {
  for (const order of await listPayableOrders(deps.sql, userId)) {
    const now = await refreshUnlessFresh(deps, order, 'checkout', 10_000)
    if (now.status === 'paid') return now
  }
  return undefined
}

async function makePayable(deps: BillingServices, user: User, order: Order): Promise<Order> {
  try {
    if (order.status === 'created') return await oneCallAtATime(order.id, () => createAtCashfree(deps, user, order))
    return order.isEnding ? (await settle(deps, order.id, 'checkout')).order! : order
  } catch (error) {
    if (!(error instanceof GatewayUnavailable || error instanceof GatewayRefused)) throw error
    deps.log.error({ event: 'payment not started', orderId: order.id, err: error }, 'payment not started')
    // Cashfree may keep an error under the key it was sent with. After silence the key stays: the order may exist.
    if (error instanceof GatewayRefused || error.answered) await renewIdempotencyKey(deps.sql, order.id)
    return (await findOrder(deps.sql, order.id))!
  }
}

async function createAtCashfree(deps: BillingServices, user: User, found: Order): Promise<Order> {
  const order = (await refreshUnsentOrder(deps.sql, found.id)) ?? found
  const remote = await deps.gateway.createOrder({
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
    returnUrl: `${deps.config.baseUrl}/payment/return?order_id={order_id}`,
    notifyUrl: deps.config.https ? `${deps.config.baseUrl}/webhooks/cashfree` : null,
  })
  const { id: orderId, amountPaise, planKey: plan } = order
  const settlement = await settleWith(deps, orderId, remote, 'checkout')
  if (settlement.outcome === 'waiting')
    paymentLog(deps.log, { event: 'payment initiated', orderId, amountPaise, plan, actor: 'checkout' })
  return settlement.order!
}

/** Cashfree wants 3 to 100 characters; a shorter name is a real name all the same. */
function gatewayName(name: string): string {
  return name.length >= 3 ? name : name.padEnd(3, '.')
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
