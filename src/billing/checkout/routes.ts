import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireUser } from '../../identity/sessions/guards.ts'
import { checkState } from '../../identity/users/field-checks.ts'
import { indianStates } from '../../identity/users/indian-states.ts'
import { changePerson } from '../../identity/users/queries.ts'
import { Type } from '../../platform/schema.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm, sentFields } from '../../web/forms.ts'
import { type CompanyForm, checkCompany, companyFields, companyForm } from '../company-details/company.ts'
import { keepCompany } from '../company-details/queries.ts'
import { writtenCode } from '../coupons/coupons.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { checkoutPathOf, isOrderId, orderOf } from '../payments/payments.ts'
import { findOrder } from '../payments/queries.ts'
import type { PlanOnSale } from '../plans/queries.ts'
import { listPlansFor } from '../pricing/queries.ts'
import type { AutopayChoice, AutopayOffer } from './autopay.ts'
import { type Checkout, checkoutOf, currentCheckout } from './checkout.ts'
import { findOrCreateOrder, startOver } from './create-order.ts'
import { moneyUnderWay, PaymentUnderWay } from './money-under-way.ts'
import { OpensSoon } from './on-sale.ts'
import polls from './poll-routes.ts'
import type { OrderWish } from './queries.ts'
import { refreshForReturn, refreshUnlessFresh } from './refresh-order.ts'
import { type CheckoutEntry, type CheckoutView, checkoutView } from './view.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/checkout/show': {
      checkout: CheckoutView
      plans: PlanOnSale[]
      form: FormState
      /** Null where UPI Autopay is not offered. */
      autopay: AutopayChoice | null
    }
    'billing/checkout/confirm': { checkout: CheckoutView }
    'billing/checkout/state': { order: string; states: typeof indianStates; form: FormState }
    'billing/checkout/return': object
  }
}

const ByPlan = Type.Object({ plan: Type.String({ maxLength: 40 }) })
/** Which of several open orders of the plan is meant, and a code that a link carries. */
const Meant = Type.Object({
  order: Type.Optional(Type.String({ maxLength: 100 })),
  coupon: Type.Optional(Type.String({ maxLength: 40 })),
})
/** `autopay` is given where UPI Autopay is offered. */
type CheckoutOptions = { services: BillingServices; limit: object; autopay?: AutopayOffer }

/** The checkout of a plan: show it, create its order or its mandate, ask for the state, start over, skip it; the return from Cashfree. */
const routes: FastifyPluginAsyncTypebox<CheckoutOptions> = async (app, { services, limit, autopay }) => {
  const owner = { preHandler: requireUser }

  app.get('/checkout/:plan', { ...owner, schema: { params: ByPlan, querystring: Meant } }, async (request, reply) => {
    const { order, coupon } = request.query
    const current = () => currentCheckout(services, request.user!.id, request.params.plan, { orderId: order, coupon })
    let checkout = await current()
    // Another attempt may have followed the known one: Cashfree tells of a new one only when it is asked.
    if (checkout.stage === 'session-created' && checkout.lastAttempt && checkout.underWay.length === 0) {
      await refreshUnlessFresh(services, checkout.order!, 'checkout', 3_000)
      checkout = await current()
    }
    return show(request, reply, checkout, 'checkout')
  })

  const paying = { ...owner, schema: { params: ByPlan, body: PostedForm }, config: limit }
  app.post('/checkout/:plan', paying, async (request, reply) => {
    const { plan } = request.params
    const { purpose, coupon, ...company } = readForm(request.body, ['purpose', 'coupon', ...companyFields], 1_000)
    const { autopay: chosen, consent } = readForm(request.body, ['autopay', 'consent'], 100)
    const byAutopay = chosen === 'yes' && purpose !== 'switch' ? autopay : undefined
    const sent = sentFields(request.body, ['state'])
    const typed = {
      ...company,
      ...sent,
      ...('coupon' in (request.body ?? {}) ? { coupon } : {}),
      ...(byAutopay ? { autopay: 'yes' } : {}),
    }
    return formAction(
      reply,
      typed,
      async () => {
        // Before Cashfree's page of a mandate there is no other step that asks for it.
        const lacksState = byAutopay !== undefined && request.user!.stateCode === null
        if (typed.state !== undefined || lacksState) await keepState(request, typed.state ?? '')
        const wish = await wishIn(request, typed)
        if (byAutopay) {
          const opening = byAutopay.open(request.user!, plan, wish, consent, actorOf(request))
          return leaveForCheckout(reply, plan, opening)
        }
        const creation = findOrCreateOrder(
          services,
          request.user!,
          plan,
          purpose === 'switch' ? { ...wish, purpose } : wish,
        )
        // What was typed changes what is paid, or to whom the receipt is made out: it is read once more before paying.
        if ((wish.coupon || wish.company) && (await creation.catch(() => null))?.status === 'active')
          request.session.set('notice', { kind: 'good', text: 'Saved. Please check the details below, then pay.' })
        return leaveForCheckout(reply, plan, creation.then(checkoutPathOf))
      },
      (form) => showRefusal(request, reply, plan, form, { purpose: purpose === 'switch' ? 'switch' : 'period' }),
      ['invalid', 'unavailable'],
    )
  })

  // Of which order is in the form; pages of earlier releases name the plan alone.
  app.post('/checkout/:plan/restart', paying, async (request, reply) => {
    const { order: id } = readForm(request.body, ['order'], 100)
    const order = id ? await orderOf(services.sql, request.user!.id, id) : undefined
    const plan = order?.planName ?? request.params.plan
    return formAction(
      reply,
      {},
      () => leaveForCheckout(reply, plan, startOver(services, request.user!, plan, order).then(checkoutPathOf)),
      (form) => showRefusal(request, reply, plan, form, { orderId: id }),
      ['invalid'],
    )
  })

  // Whoever registered without a state gives it before they see the way to Cashfree.
  app.post('/checkout/state', { ...owner, schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = readForm(request.body, ['state', 'order'], 100)
    const order = await orderOf(services.sql, request.user!.id, typed.order)
    return formAction(
      reply,
      typed,
      async () => {
        await keepState(request, typed.state)
        return reply.leaveFor(checkoutPathOf(order))
      },
      (form) => reply.page('billing/checkout/state', { order: order.id, states: indianStates, form }),
    )
  })

  app.post('/checkout/skip', owner, async (request, reply) => {
    // Where money is under way, the dashboard says so itself.
    if ((await moneyUnderWay(services.sql, request.user!.id)).length === 0)
      request.session.set('notice', {
        kind: 'info',
        text: 'Nothing was charged. Your account is ready, and you can pay whenever you like.',
      })
    return reply.leaveFor('/dashboard')
  })

  // This request proves nothing and authenticates nobody: it only makes us ask Cashfree.
  app.get('/payment/return', async (request, reply) => {
    const orderId = orderIdIn(request.query as Record<string, unknown>)
    if (!request.user) {
      // Not awaited, so that neither the answer nor its time reveals whether the order exists.
      if (orderId)
        askIfOurs(services, orderId).catch((error) =>
          request.log.warn({ err: error }, 'the order of a return without a session could not be refreshed'),
        )
      return reply.page('billing/checkout/return', {})
    }
    if (!orderId) return reply.page('billing/checkout/return', {})
    const order = await orderOf(services.sql, request.user.id, orderId)
    const refreshed = order.status === 'paid' ? order : await refreshForReturn(services, order)
    return show(request, reply, await checkoutOf(services, refreshed), 'return')
  })

  await app.register(postedReturn)
  await app.register(polls, { services })

  /** Redirects to the page of what was opened, or to the checkout, which says why nothing was: money is under way, or nothing is sold. */
  async function leaveForCheckout(reply: FastifyReply, plan: string, opening: Promise<string>) {
    const path = await opening.catch((error: unknown) => {
      if (!(error instanceof PaymentUnderWay || error instanceof OpensSoon)) throw error
      return `/checkout/${plan}`
    })
    return reply.leaveFor(path)
  }

  /** Keeps the payer's state. Throws AppError `invalid` where there is no such state. */
  async function keepState(request: FastifyRequest, typed: string): Promise<void> {
    await changePerson(services.sql, request.user!.id, { stateCode: checkState(typed) }, actorOf(request))
  }

  /** What the form says beside the plan: of a form without these fields, what is open stays as it is. The company is kept. */
  async function wishIn(request: FastifyRequest, typed: CompanyForm & { coupon?: string }): Promise<OrderWish> {
    const sent = (request.body ?? {}) as Record<string, unknown>
    const wish: OrderWish = typed.coupon === undefined ? {} : { coupon: writtenCode(typed.coupon) }
    if (!companyFields.some((field) => field in sent)) return wish
    const company = checkCompany(typed)
    await keepCompany(services.sql, request.user!.id, company, actorOf(request))
    return { ...wish, company }
  }

  /** The checkout as it is now, with what was typed and why it was refused. */
  async function showRefusal(
    request: FastifyRequest,
    reply: FastifyReply,
    plan: string,
    form: FormState,
    meant: { orderId?: string; purpose?: 'period' | 'switch' },
  ) {
    const { coupon } = form.values
    const checkout = await currentCheckout(services, request.user!.id, plan, { ...meant, coupon })
    return show(request, reply, checkout, 'checkout', form)
  }

  /** The region that polls, within its page. Cashfree's script and forms are allowed on /checkout/* alone. */
  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    checkout: Checkout,
    entry: CheckoutEntry,
    typed?: FormState,
  ) {
    const view = checkoutView(services, checkout, { entry, stateCode: request.user!.stateCode })
    if (entry === 'return') return reply.page('billing/checkout/confirm', { checkout: view })
    // While nothing is decided, the other plans are one click away.
    const plans = view.takesWishes && !view.isSwitch ? await listPlansFor(services.sql, request.user!.id) : []
    const form = formState(
      {
        coupon: codeToApply(checkout),
        ...(request.user!.stateCode === null ? {} : { state: request.user!.stateCode }),
        ...companyForm(checkout.company),
        ...typed?.values,
      },
      typed?.errors,
      typed?.formError ?? undefined,
    )
    const choice = view.takesWishes && !view.isSwitch ? await autopay?.choiceFor(request.user!.id) : null
    return reply.allowCheckout().page('billing/checkout/show', { checkout: view, plans, form, autopay: choice ?? null })
  }
}
export default routes

/** The code that the form holds: the wished one unless it is refused, else that of the open order. */
function codeToApply({ code, stage, unavailable, order }: Checkout): string {
  if (code && code.notice?.kind !== 'warn') return code.code
  return stage === 'none' && !unavailable ? '' : (order?.couponCode ?? '')
}

/**
 * Cashfree, or a bank's page behind it, may post its visitor back to us, with whatever body or none. The browser is redirected
 * to the page: only the order's id is read, and the cookie, which such a post does not carry, comes with the next request.
 */
const postedReturn: FastifyPluginAsync = async (app) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  const redirect = (request: FastifyRequest, reply: FastifyReply) => {
    const posted = fieldsIn(typeof request.body === 'string' ? request.body : '')
    const orderId = orderIdIn(posted) ?? orderIdIn(request.query as Record<string, unknown>)
    return reply.leaveFor(`/payment/return${orderId ? `?order_id=${orderId}` : ''}`)
  }
  app.post('/payment/return', { config: { fromAnySite: true } }, async (request, reply) => redirect(request, reply))
  // A body that is unreadable or too large is treated as none.
  app.setErrorHandler(async (_error, request, reply) => redirect(request, reply))
}

/** A body as JSON or as a form, by what it looks like: the content type is whatever the sender says. */
function fieldsIn(body: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body)
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return Object.fromEntries(new URLSearchParams(body))
  }
}

/** A stranger's id makes us ask Cashfree only when it is an order of ours that waits for its payment. */
async function askIfOurs(services: BillingServices, orderId: string): Promise<void> {
  const order = await findOrder(services.sql, orderId)
  if (order && order.status !== 'paid') await refreshForReturn(services, order)
}

/** Old and new spellings, repeats and junk are tolerated; anything that cannot be one of our ids is no id. */
function orderIdIn(query: Record<string, unknown>): string | undefined {
  const values = [query.order_id, query.orderid, query.orderId].flat()
  return values.find((value): value is string => typeof value === 'string' && isOrderId(value))
}
