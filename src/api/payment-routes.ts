import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { cannotBePaid } from '../billing/checkout/checkout.ts'
import { findOrCreateOrder, findPaidMeanwhile, refuseWithoutConsent } from '../billing/checkout/create-order.ts'
import { refuseWhileUnderWay } from '../billing/checkout/money-under-way.ts'
import { refuseUnlessOnSale } from '../billing/checkout/on-sale.ts'
import type { OrderWish } from '../billing/checkout/queries.ts'
import { refreshUnlessFresh } from '../billing/checkout/refresh-order.ts'
import { writtenCode } from '../billing/coupons/coupons.ts'
import type { BillingServices } from '../billing/payments/gateway.ts'
import { checkoutPathOf, isOpen, orderOf } from '../billing/payments/payments.ts'
import { findCurrentOrder, listAttemptsOf, type Order } from '../billing/payments/queries.ts'
import { findPlanFor } from '../billing/pricing/queries.ts'
import { subscriptionOf } from '../billing/subscriptions/subscriptions.ts'
import { requireUser } from '../identity/sessions/guards.ts'
import { AppError } from '../platform/errors.ts'
import { paiseFromRupees, rupees } from '../platform/money.ts'
import { type Static, Type } from '../platform/schema.ts'

const CreateOrder = Type.Object({
  plan: Type.String({ maxLength: 40 }),
  orderAmount: Type.Optional(Type.Union([Type.Number(), Type.String({ maxLength: 20 })])),
  orderId: Type.Optional(Type.String({ maxLength: 45 })),
  coupon: Type.Optional(Type.String({ maxLength: 40 })),
  customerDetails: Type.Optional(Type.Object({}, { additionalProperties: true })),
})
const CreateToken = Type.Object({ orderId: Type.String({ maxLength: 100 }) })
const ByOrder = Type.Object({ orderId: Type.String({ maxLength: 100 }) })

/** The JSON API of the checkout: the session cookie as on pages, and the plan's own price whatever was sent. */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices; limit: object; reads: object }> = async (
  app,
  { services, limit, reads },
) => {
  // Before the body is validated, so that a visitor learns that they must log in, whatever was sent.
  app.addHook('preValidation', requireUser)

  app.post('/create-cashfree-order', { schema: { body: CreateOrder }, config: limit }, async (request, reply) => {
    const order = await orderFor(request.user!.id, request.body)
    const { coupon } = request.body
    const wish: OrderWish = coupon === undefined ? order.wish : { ...order.wish, coupon: writtenCode(coupon) }
    const opened = await findOrCreateOrder(services, request.user!, order.planName, wish)
    // Cashfree took its time; money that was heard of meanwhile counts.
    await refuseWhileUnderWay(services.sql, request.user!.id)
    if (opened.status === 'paid') throw new AppError('conflict', conflictOf(opened))
    if (opened.status !== 'active' || !opened.paymentSessionId)
      throw new AppError(
        'unavailable',
        'Cashfree could not be reached. Nothing was charged; the same order is used when you try again.',
      )
    return reply.send({
      order_id: opened.id,
      payment_session_id: opened.paymentSessionId,
      cf_order_id: opened.cfOrderId,
    })
  })

  app.post('/create-payment-token', { schema: { body: CreateToken }, config: limit }, async (request, reply) => {
    const known = await orderOf(services.sql, request.user!.id, request.body.orderId)
    if (known.status !== 'active') await refreshUnlessFresh(services, known, 'checkout', 10_000)
    const paid = await findPaidMeanwhile(services, known.userId)
    if (paid && paid.id !== known.id) throw new AppError('conflict', `Another order is paid already: ${paid.id}.`)
    await refuseWhileUnderWay(services.sql, request.user!.id)
    await refuseUnlessOnSale(services)
    const order = await orderOf(services.sql, request.user!.id, known.id)
    if (order.status !== 'active' || !order.paymentSessionId || cannotBePaid(order))
      throw new AppError('conflict', conflictOf(order))
    await refuseWithoutConsent(services.sql, request.user!.id)
    return reply.send({
      payment_link: services.config.baseUrl + checkoutPathOf(order),
      payment_token: order.paymentSessionId,
    })
  })

  app.get('/payment-status/:orderId', { schema: { params: ByOrder }, config: reads }, async (request, reply) => {
    const known = await orderOf(services.sql, request.user!.id, request.params.orderId)
    const order = await refreshUnlessFresh(services, known, 'api', 2_000)
    const [attempts, subscription] = await Promise.all([
      listAttemptsOf(services.sql, known.id),
      subscriptionOf(services.sql, known.userId),
    ])
    return reply.send({
      order_id: known.id,
      order_status: statusOf(order),
      payments: attempts,
      is_paid: order.status === 'paid',
      subscription: {
        status: subscription.status,
        current_period_end: subscription.currentPeriodEnd?.toISOString() ?? null,
      },
    })
  })

  /** Checks what the caller claims about the order against ours; nothing of it is used. */
  async function orderFor(userId: string, claim: Static<typeof CreateOrder>) {
    const plan = await findPlanFor(services.sql, userId, claim.plan)
    if (!plan)
      throw new AppError('invalid', 'That plan is not offered.', { fields: { plan: 'Use "monthly" or "annual".' } })
    const current = await findCurrentOrder(services.sql, userId, plan.name, claim.orderId)
    const open = current && isOpen(current) ? current : undefined
    if (claim.orderId !== undefined && open?.id !== claim.orderId)
      throw new AppError('not-found', 'There is no such open order in your account. Leave orderId out to open one.')
    // An open order keeps the price that it was opened with, unless another code ends it.
    const answered = claim.orderId !== undefined || open?.purpose === 'period' ? open : undefined
    const stays = claim.coupon === undefined || writtenCode(claim.coupon) === (answered?.couponCode ?? '')
    const pricePaise =
      answered && stays ? answered.amountPaise + answered.discountPaise + answered.creditPaise : plan.pricePaise
    if (claim.orderAmount !== undefined && paiseFromRupees(claim.orderAmount) !== pricePaise)
      throw new AppError('invalid', `The ${plan.name} plan costs ${rupees(pricePaise)}.`, {
        fields: { orderAmount: `Leave it out, or send ${pricePaise / 100}.` },
      })
    return { planName: plan.name, wish: answered ? { purpose: answered.purpose } : {} }
  }
}
export default routes

/** The order's status in Cashfree's words; CREATED while Cashfree has none. */
function statusOf({ status, gatewayStatus }: Order): string {
  if (status === 'paid') return 'PAID'
  return gatewayStatus === null || gatewayStatus === 'ABSENT' ? 'CREATED' : gatewayStatus
}

/** Why an order cannot be paid, now or any more. */
function conflictOf(order: Order): string {
  if (order.status === 'paid') return 'This order is paid already.'
  return 'This order cannot be paid any more. Please open a new one.'
}
