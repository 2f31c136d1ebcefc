import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { findOrCreateOrder } from '../billing/checkout/create-order.ts'
import { PaymentUnderWay } from '../billing/checkout/money-under-way.ts'
import { isOnSale, OpensSoon } from '../billing/checkout/on-sale.ts'
import { offerLabel, writtenCode } from '../billing/coupons/coupons.ts'
import { findCoupon } from '../billing/coupons/queries.ts'
import type { BillingServices } from '../billing/payments/gateway.ts'
import { listPlansOnSale, type Plan } from '../billing/plans/queries.ts'
import { tryPassword } from '../identity/login-throttle/login-throttle.ts'
import {
  optionalFields,
  type RegistrationForm,
  register,
  shownRegistration,
} from '../identity/registration/registration.ts'
import { loginAttemptOf, signIn } from '../identity/sessions/guards.ts'
import { suggestedEmail } from '../identity/users/email-suggestions.ts'
import { indianStates } from '../identity/users/indian-states.ts'
import type { User } from '../identity/users/queries.ts'
import { authenticate } from '../identity/users/users.ts'
import { quadrantLabels } from '../market/charts/rotation-map.ts'
import { type OpenWeek, openWeekOf } from '../market/dashboard/open-week.ts'
import { describeExample, type Legends, legendsFor } from '../market/engine/meanings.ts'
import { numberFormats, sourceOf, stampOf } from '../market/engine/summary.ts'
import { AppError } from '../platform/errors.ts'
import { firstOf, QueryText } from '../platform/query-text.ts'
import { Type } from '../platform/schema.ts'
import { insertRegistrationSource } from '../records/visits/queries.ts'
import { cleanSource, direct } from '../records/visits/sources.ts'
import { type FormState, formState, PostedForm, readForm, sentFields, withNext } from '../web/forms.ts'
import { pageCache } from '../web/page-cache.ts'
import { type ApiFields, apiFields, apiLimits } from './api-fields.ts'
import { policyPages, policyTerms } from './policies.ts'

declare module '../web/views.ts' {
  interface Views {
    'site/landing': Landing
    'identity/register': Landing
    'identity/_register-form': Landing
    'identity/_email-advice': { suggestion: string | null }
    'site/terms': Policy
    'site/privacy': Policy
    'site/refunds': Policy
    'site/contact': Policy
    'site/disclaimer': Policy
    'site/methodology': Methodology
    'site/open-week': OpenWeekPage
    'site/developers': typeof apiLimits & { fields: ApiFields }
  }
}
type Policy = { terms: typeof policyTerms & { graceDays: number }; plans: Plan[] }
type Methodology = { legends: Legends; quadrants: typeof quadrantLabels }
type Offer = { isGood: boolean; text: string }
type OpenWeekPage = {
  week: OpenWeek
  visitSource: string
  terms: Policy['terms']
  /** Null while nothing is on sale. */
  cheapest: Plan | null
  source: string
  stamp: string
  formats: typeof numberFormats
  legends: Legends
  /** A sector whose rank and quadrant differ; '' where there is none. */
  example: string
}
type Landing = Policy & {
  /** Of the code that a link carries. */
  offer: Offer | null
  /** Nothing is sold at the moment. */
  opensSoon: boolean
  states: typeof indianStates
  form: FormState
  /** What was probably meant by the address of a refused form. */
  suggestion: string | null
  week: OpenWeek
  /** Where the visitor came from; the form carries it on. */
  visitSource: string
  source: string
  formats: typeof numberFormats
  legends: Legends
  /** A sector whose rank and quadrant differ; '' where there is none. */
  example: string
}

const fields = ['name', 'email', 'phone', 'password', 'plan', 'coupon', 'source'] as const
const ByPlan = Type.Object({ plan: QueryText, coupon: QueryText })

/** The public pages, and the one form that makes the account, the order and Cashfree's session in one go. */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices; limit: object }> = async (
  app,
  { services, limit },
) => {
  const sendOnce = pageCache(5_000)
  const { graceDays } = services.config
  const terms = { ...policyTerms, graceDays }

  app.get('/', { schema: { querystring: ByPlan } }, async (request, reply) => {
    const plan = firstOf(request.query.plan)
    const chosen = plan === 'monthly' || plan === 'annual' ? plan : ''
    const coupon = writtenCode(firstOf(request.query.coupon))
    const form = formState({ ...(chosen ? { plan: chosen } : {}), ...(coupon ? { coupon } : {}) })
    const html = async () => reply.render('site/landing', await landing(form, request.visitSource))
    return show(request, reply, coupon ? null : `/${chosen}`, html, request.visitSource)
  })

  // Where a refused form was shown; somebody who reloads or types it wants the form.
  app.get('/register', async (_request, reply) => reply.leaveFor('/#register'))

  app.post(
    '/register',
    { schema: { body: PostedForm }, attachValidation: true, config: limit },
    async (request, reply) => {
      const { instead, ...typed } = readForm(request.body, [...fields, 'instead'])
      if (instead) {
        request.session.set('login', typed.email.slice(0, 100))
        const code = typed.coupon ? `?coupon=${encodeURIComponent(typed.coupon)}` : ''
        return reply.leaveFor(withNext('/login', typed.plan ? `/checkout/${typed.plan}${code}` : ''))
      }
      const form = { ...typed, ...sentFields(request.body, optionalFields) }
      try {
        const offered = (await listPlansOnSale(services.sql)).some((plan) => plan.name === form.plan)
        const user = await register(services.sql, form, offered ? {} : { plan: 'Please choose one of the plans.' })
        services.wake('deliver-mails')
        await noteSource(user, cleanSource(form.source || direct))
        await signIn(services, request, reply, user)
        // An account is worth keeping even when the payment cannot be started: the checkout page says so and tries again.
        return reply.leaveFor(await checkoutAfter(request, user, form))
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'invalid') throw error
        const own = await theirOwn(request, form, error)
        if (own) {
          await signIn(services, request, reply, own)
          return reply.leaveFor(await checkoutAfter(request, own, form))
        }
        const refused = formState(shownRegistration(form), error.fields, error.message)
        return showForm(request, reply.code(422), { ...refused, act: error.act })
      }
    },
  )

  // Asked when an address was typed, and answered without a look at any account. By POST: addresses stay out of access logs.
  app.post(
    '/register/email-advice',
    { schema: { body: PostedForm }, attachValidation: true },
    async (request, reply) => {
      const { email } = readForm(request.body, ['email'], 200)
      return reply.page('identity/_email-advice', { suggestion: suggestedEmail(email.trim()) })
    },
  )

  app.get('/open-week', async (request, reply) => {
    const html = async () => {
      const [week, plans] = await Promise.all([openWeekOf(services.sql), listPlansOnSale(services.sql)])
      return reply.render('site/open-week', {
        week,
        visitSource: request.visitSource,
        terms,
        cheapest: plans.toSorted((a, b) => a.pricePaise - b.pricePaise)[0] ?? null,
        source: sourceOf(week),
        stamp: stampOf(week.analysis),
        formats: numberFormats,
        legends: legendsFor('week'),
        example: describeExample(week.analysis),
      })
    }
    return show(request, reply, 'open-week', html, request.visitSource)
  })

  app.get('/methodology', async (request, reply) => {
    const html = () => reply.render('site/methodology', { legends: legendsFor('week'), quadrants: quadrantLabels })
    return show(request, reply, 'methodology', html)
  })

  app.get('/developers', async (request, reply) => {
    const html = () => reply.render('site/developers', { ...apiLimits, fields: apiFields })
    return show(request, reply, 'developers', html)
  })

  for (const page of policyPages)
    app.get(`/${page}`, async (request, reply) => {
      const html = async () =>
        reply.render(`site/${page}`, {
          terms,
          plans: await listPlansOnSale(services.sql),
        })
      return show(request, reply, page, html)
    })

  /**
   * Opens the order and answers the address of its checkout. Where there can be none, the checkout says why: money is under way,
   * nothing is sold, or the code that a link carried is refused, which is said there and blocks nothing.
   */
  async function checkoutAfter(
    request: FastifyRequest,
    user: User,
    { plan, coupon }: { plan: string; coupon: string },
  ) {
    const code = writtenCode(coupon)
    try {
      await findOrCreateOrder(services, user, plan, code ? { coupon: code } : {})
    } catch (failure) {
      if (failure instanceof AppError && failure.fields.coupon) {
        request.session.set('notice', { kind: 'warn', text: `The code ${code} was not used. ${failure.fields.coupon}` })
      } else if (!(failure instanceof PaymentUnderWay || failure instanceof OpensSoon)) throw failure
    }
    return `/checkout/${plan}`
  }

  /** A statistic: a registration does not fail for want of it. */
  async function noteSource(user: User, source: string) {
    await insertRegistrationSource(services.sql, user.id, source).catch((error: unknown) =>
      services.log.warn({ err: error }, 'the source of a registration was not kept'),
    )
  }

  /** One page for all visitors from a source; somebody with a cookie gets their own, with their name on it. */
  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    page: string | null,
    html: () => Promise<string>,
    source = direct,
  ) {
    if (page !== null && request.headers.cookie === undefined)
      return sendOnce(request, reply, `${page} ${source}`, html, `${page} ${direct}`)
    return reply
      .header('cache-control', 'no-store')
      .header('vary', 'HX-Request')
      .type('text/html; charset=utf-8')
      .send(await html())
  }

  /**
   * The second half of a double click finds the name taken, by its own first half. Whoever sends the e-mail and password of one
   * subscriber's account, and its username if any, owns it: they are signed in and go on to pay.
   */
  async function theirOwn(request: FastifyRequest, form: RegistrationForm, error: AppError) {
    if (!Object.keys(error.fields).every((field) => field === 'username' || field === 'email')) return undefined
    const login = form.username ?? form.email
    return tryPassword(services, { account: login, ...loginAttemptOf(services, request) }, async () => {
      const user = await authenticate(services.sql, login, form.password)
      const isTheirs = user?.email.toLowerCase() === form.email.trim().toLowerCase()
      return user && isTheirs && user.role === 'subscriber' && !user.isSuspended ? user : undefined
    })
  }

  async function landing(form: FormState, visitSource: string): Promise<Landing> {
    const [plans, week, isOpen, offer] = await Promise.all([
      listPlansOnSale(services.sql),
      openWeekOf(services.sql),
      isOnSale(services),
      form.values.coupon ? offerOf(form.values.coupon) : null,
    ])
    return {
      offer,
      plans,
      opensSoon: !isOpen,
      states: indianStates,
      form,
      suggestion: suggestedEmail(form.values.email ?? ''),
      week,
      visitSource,
      source: sourceOf(week),
      formats: numberFormats,
      legends: legendsFor('week'),
      example: describeExample(week.analysis),
      terms,
    }
  }

  /** What a code promises, or gently that it does not. */
  async function offerOf(code: string): Promise<Offer> {
    const coupon = await findCoupon(services.sql, writtenCode(code))
    return coupon?.state === 'running'
      ? { isGood: true, text: offerLabel(coupon) }
      : { isGood: false, text: `The code ${writtenCode(code)} is not valid now. You can subscribe without it.` }
  }

  async function showForm(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    return reply.page(
      request.wantsFragment ? 'identity/_register-form' : 'identity/register',
      await landing(form, cleanSource(form.values.source || direct)),
    )
  }
}
export default routes
