import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { requireUser } from '../../identity/sessions/guards.ts'
import { Type } from '../../platform/schema.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { orderOf } from '../payments/payments.ts'
import { findOrder, type Order } from '../payments/queries.ts'
import { checkoutOf, progressOf } from './checkout.ts'
import { fingerprintOf, moneyUnderWay } from './money-under-way.ts'
import { refreshUnlessFresh } from './refresh-order.ts'
import {
  type CheckoutEntry,
  type CheckoutView,
  checkoutView,
  isClosed,
  shownOf,
  tellsOfAttempt,
  withoutForm,
} from './view.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/checkout/_stage': { checkout: CheckoutView }
    'billing/checkout/_now-paid': { checkout: CheckoutView }
  }
}

const ByOrder = Type.Object({ orderId: Type.String({ maxLength: 100 }) })
/** `door` is the CheckoutEntry of the page that polls; open pages of earlier releases send it under this name. */
const Poll = Type.Object({
  seen: Type.Optional(Type.String({ maxLength: 200 })),
  door: Type.Optional(Type.String({ maxLength: 20 })),
  since: Type.Optional(Type.String({ maxLength: 20 })),
})
const Shown = Type.Object({ seen: Type.Optional(Type.String({ maxLength: 4_000 })) })

/** What open pages ask every few seconds while a payment may come. */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices }> = async (app, { services }) => {
  const owner = { preHandler: requireUser }

  app.get(
    '/payment/status/:orderId',
    { ...owner, schema: { params: ByOrder, querystring: Poll } },
    async (request, reply) => {
      const underWay = await moneyUnderWay(services.sql, request.user!.id)
      const order = await orderOf(services.sql, request.user!.id, request.params.orderId)
      const isUnderWay = underWay.some(({ orderId }) => orderId === order.id)
      const { seen = '' } = request.query
      // How often about its attempts: they have a limit of their own at Cashfree, a narrower one.
      const attemptsFreshMs = isUnderWay ? 3_000 : tellsOfAttempt(seen) ? 10_000 : null
      const asked = attemptsFreshMs === null ? order : await refreshWithAttempts(services, order, attemptsFreshMs)
      const refreshed = isUnderWay ? asked : await refreshUnlessFresh(services, asked, 'poll', 3_000)
      const entry: CheckoutEntry = request.query.door === 'return' ? 'return' : 'checkout'
      const viewer = { entry, stateCode: request.user!.stateCode, since: Number(request.query.since) }
      const unchanged = () => reply.code(204).header('cache-control', 'no-store').send()
      // Most polls end here, before company, period and receipt are read. Whose order is ending may have withdrawn consent.
      const isOrdinary = refreshed.status === 'active' && !refreshed.isEnding && !seen.includes(isClosed)
      if (shownOf(await progressOf(services, refreshed, isOrdinary), viewer).seen === seen) return unchanged()
      const view = checkoutView(services, await checkoutOf(services, refreshed), viewer)
      if (view.seen === seen) return unchanged()
      if (view.stage === 'paid') return reply.page('billing/checkout/_now-paid', { checkout: view })
      // The form for code and company, around the region, appears when nothing is under way any more: then the whole page is asked
      // for again.
      if (request.wantsFragment && view.takesWishes && seen.includes(withoutForm)) reply.header('hx-refresh', 'true')
      return reply.page('billing/checkout/_stage', { checkout: view })
    },
  )

  // Polled by a page that says that a payment is under way: 204 while that is so, then the page reloads itself.
  app.get('/payment/under-way', { ...owner, schema: { querystring: Shown } }, async (request, reply) => {
    const userId = request.user!.id
    for (const { orderId } of await moneyUnderWay(services.sql, userId)) {
      const order = await findOrder(services.sql, orderId)
      if (order) await refreshWithAttempts(services, order, 3_000)
    }
    const isTheSame = fingerprintOf(await moneyUnderWay(services.sql, userId)) === (request.query.seen ?? '')
    reply.header('cache-control', 'no-store')
    return isTheSame ? reply.code(204).send() : reply.header('HX-Refresh', 'true').send()
  })
}
export default routes

/** Asks for the attempts too, where one is known: how it ends, or that another follows it, may not show at the order itself. */
function refreshWithAttempts(services: BillingServices, order: Order, freshMs: number): Promise<Order> {
  return refreshUnlessFresh(services, order, 'checkout', freshMs)
}
