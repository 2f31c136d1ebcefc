import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkoutOf } from '../../billing/checkout/checkout.ts'
import { findOrCreateOrder } from '../../billing/checkout/create-order.ts'
import { type MoneyUnderWay, moneyUnderWay, PaymentUnderWay } from '../../billing/checkout/money-under-way.ts'
import { isOnSale, OpensSoon } from '../../billing/checkout/on-sale.ts'
import { type CheckoutView, checkoutView } from '../../billing/checkout/view.ts'
import { type CompanyForm, companyFields, companyForm, readCompany } from '../../billing/company-details/company.ts'
import { findCompany, keepCompany } from '../../billing/company-details/queries.ts'
import { checkGift, type GiftForm, type GiftWish, giftFields, giftTerms } from '../../billing/gifts/gift.ts'
import { type DeliveryDays, findDeliveryDays } from '../../billing/gifts/queries.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { checkoutPathOf, orderOf } from '../../billing/payments/payments.ts'
import { listPlansOnSale, type PlanOnSale } from '../../billing/plans/queries.ts'
import { actorOf, requireUser } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { findOpenGift, type GiftPlan, listGiftPlans } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/gifts/about': { plans: PlanOnSale[]; terms: typeof giftTerms; opensSoon: boolean }
    'billing/gifts/buy': GiftPage
    'billing/gifts/checkout': { checkout: CheckoutView }
  }
}
type GiftPage = {
  plans: GiftPlan[]
  days: DeliveryDays
  form: FormState
  terms: typeof giftTerms
  /** The gift as its mail will say it, once it was checked. */
  preview: (GiftWish & { plan: GiftPlan }) | null
  opensSoon: boolean
  underWay: MoneyUnderWay[]
}

const ByOrder = Type.Object({ orderId: Type.String({ maxLength: 100 }) })
const fields = [...giftFields, ...companyFields] as const

/**
 * /gift: to visitors what a gift is; to others the form that pays for somebody else's access. The order has a checkout of its own,
 * which looks like any other.
 */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices; limit: object }> = async (
  app,
  { services, limit },
) => {
  const owner = { preHandler: requireUser }

  app.get('/gift', async (request, reply) => {
    if (!request.signedIn && !request.sessionUnread) {
      const [plans, isOpen] = await Promise.all([listPlansOnSale(services.sql), isOnSale(services)])
      return reply.page('billing/gifts/about', { plans, terms: giftTerms, opensSoon: !isOpen })
    }
    await requireUser(request)
    const open = await findOpenGift(services.sql, request.user!.id)
    const company = companyForm(await findCompany(services.sql, request.user!.id))
    const { orderId: _id, ...gift } = open ?? { orderId: '', plan: '', recipient: '', email: '', message: '', day: '' }
    return show(request, reply, formState({ ...gift, ...company }))
  })

  app.post('/gift', { ...owner, schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const { preview, ...typed } = readForm(request.body, [...fields, 'preview'])
    return formAction(
      reply,
      typed,
      async () => {
        const wish = await wishIn(request, typed)
        if (preview) return show(request, reply, formState(typed), wish.gift)
        return reply.leaveFor(await openGiftOrder(request, typed.plan, wish))
      },
      (form) => show(request, reply, form),
    )
  })

  app.get('/checkout/gift/:orderId', { ...owner, schema: { params: ByOrder } }, async (request, reply) => {
    const order = await orderOf(services.sql, request.user!.id, request.params.orderId)
    if (order.purpose !== 'gift') throw new AppError('not-found', 'There is no such gift.')
    const { stateCode } = request.user!
    const checkout = checkoutView(services, await checkoutOf(services, order), { entry: 'checkout', stateCode })
    return reply.allowCheckout().page('billing/gifts/checkout', { checkout })
  })

  /** Gift and company in the form. Throws AppError `invalid` with the problems of both. */
  async function wishIn(request: FastifyRequest, typed: GiftForm & CompanyForm) {
    const { company, problems } = readCompany(typed)
    const isOffered = (await listGiftPlans(services.sql, request.user!.id)).some(({ name }) => name === typed.plan)
    const others = { ...(isOffered ? {} : { plan: 'Please choose how long the gift is.' }), ...problems }
    const gift = checkGift(typed, await findDeliveryDays(services.sql, giftTerms.daysAhead), others)
    return { gift, company }
  }

  /** Opens the order; answers where to pay it, or where it is said why there is none: money is under way, or nothing is sold. */
  async function openGiftOrder(
    request: FastifyRequest,
    plan: string,
    { gift, company }: Awaited<ReturnType<typeof wishIn>>,
  ): Promise<string> {
    if (company) await keepCompany(services.sql, request.user!.id, company, actorOf(request))
    const opening = findOrCreateOrder(services, request.user!, plan, { purpose: 'gift', gift, company })
    const order = await opening.catch((error: unknown) => {
      if (!(error instanceof PaymentUnderWay || error instanceof OpensSoon)) throw error
      return null
    })
    return order ? checkoutPathOf(order) : '/gift'
  }

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState, gift?: GiftWish) {
    const [plans, days, isOpen, underWay] = await Promise.all([
      listGiftPlans(services.sql, request.user!.id),
      findDeliveryDays(services.sql, giftTerms.daysAhead),
      isOnSale(services),
      moneyUnderWay(services.sql, request.user!.id),
    ])
    const plan = plans.find(({ name }) => name === form.values.plan)
    const preview = gift && plan ? { ...gift, plan } : null
    return reply.page('billing/gifts/buy', {
      plans,
      days,
      form,
      terms: giftTerms,
      preview,
      opensSoon: !isOpen,
      underWay,
    })
  }
}
export default routes
