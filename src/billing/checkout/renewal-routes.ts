import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hashOfSecret, maskedEmail } from '../../identity/email-tokens/email-tokens.ts'
import { findRenewalToken, type RenewalToken } from '../../identity/email-tokens/queries.ts'
import { auditContext } from '../../identity/sessions/guards.ts'
import { checkState } from '../../identity/users/field-checks.ts'
import { findUser, giveMissingState } from '../../identity/users/queries.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import type { Services } from '../../platform/services.ts'
import { failureOf } from '../../web/errors.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { answerOneClick } from '../../web/one-click.ts'
import { writtenCode } from '../coupons/coupons.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { checkoutPathOf } from '../payments/payments.ts'
import { areRemindersStopped, noteOpened, setReminders } from '../reminders/queries.ts'
import type { AutopayChoice, AutopayOffer } from './autopay.ts'
import { renewalCheckout } from './checkout.ts'
import { findOrCreateOrder } from './create-order.ts'
import { PaymentUnderWay } from './money-under-way.ts'
import { OpensSoon } from './on-sale.ts'
import { type CheckoutView, checkoutView } from './view.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/renewal/show': {
      checkout: CheckoutView
      email: string
      action: string
      form: FormState
      /** They have UPI Autopay. */
      autopay: AutopayChoice['standing']
    }
    'billing/renewal/stop': { email: string; isStopped: boolean; action: string }
    'billing/renewal/ended': object
  }
}

const ByToken = Type.Object({ token: Type.String({ maxLength: 100 }) })
const WithCode = Type.Object({ coupon: Type.Optional(Type.String({ maxLength: 40 })) })

/**
 * /renew/:token: what the link in a reminder opens, without signing in and without a session. It shows a plan, a price and a
 * masked address, opens the order and leads to Cashfree; nothing else of the account is seen. A GET changes nothing, because
 * mail scanners open every link.
 */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices; limit: object; autopay?: AutopayOffer }> = async (
  app,
  { services, limit, autopay },
) => {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-robots-tag', 'noindex')
  })

  app.get('/renew/:token', { schema: { params: ByToken, querystring: WithCode } }, async (request, reply) =>
    show(request, reply, { coupon: request.query.coupon }),
  )

  const paying = { schema: { params: ByToken, body: PostedForm }, config: limit }
  app.post('/renew/:token', paying, async (request, reply) => {
    const token = await tokenBehind(request)
    const user = token?.isOpen ? await findUser(services.sql, token.userId) : undefined
    if (!token || !user) return reply.code(404).page('billing/renewal/ended', {})
    await noteOpened(services.sql, token.reminderId)
    const typed = readForm(request.body, ['coupon', 'state'], 100)
    const coupon = writtenCode(typed.coupon)
    try {
      // Whoever has the link may give a state where there is none, and change no other.
      if (user.stateCode === null && 'state' in (request.body ?? {})) {
        const by = { actor: 'link', origin: auditContext(request) }
        await giveMissingState(services.sql, user.id, checkState(typed.state), by)
      }
      const order = await findOrCreateOrder(services, user, token.planName, coupon ? { coupon } : {})
      // Another order turned out to be paid, and this link shows none but its own.
      if (order.purpose !== 'period' || order.planName !== token.planName) return reply.leaveFor(checkoutPathOf(order))
    } catch (error) {
      // The page says why there is no order, or none with this code.
      if (error instanceof AppError && (error.fields.coupon || error.fields.state)) {
        const { status, retryAfterS } = failureOf(error)
        if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
        return show(request, reply.code(status), { coupon, form: formState(typed, error.fields, error.fields.coupon) })
      }
      if (!(error instanceof PaymentUnderWay || error instanceof OpensSoon)) throw error
    }
    return reply.leaveFor(pathOf(request.params.token))
  })

  app.get('/renew/:token/stop', { schema: { params: ByToken } }, async (request, reply) => showStop(request, reply))

  app.post(
    '/renew/:token/reminders',
    { schema: { params: ByToken, body: PostedForm }, config: limit },
    async (request, reply) => {
      const token = await tokenBehind(request)
      if (!token) return reply.code(404).page('billing/renewal/ended', {})
      const { reminders } = readForm(request.body, ['reminders'], 10)
      const by = { actor: 'link', origin: auditContext(request) }
      await setReminders(services.sql, token.userId, reminders !== 'on', by)
      return reply.leaveFor(`${pathOf(request.params.token)}/stop`)
    },
  )

  async function show(
    request: FastifyRequest<{ Params: { token: string } }>,
    reply: FastifyReply,
    { coupon, form = formState() }: { coupon?: string | undefined; form?: FormState } = {},
  ) {
    const token = await tokenBehind(request)
    const user = token?.isOpen ? await findUser(services.sql, token.userId) : undefined
    if (!token || !user) return reply.code(404).page('billing/renewal/ended', {})
    const checkout = await renewalCheckout(services, token.userId, token.planName, coupon).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'not-found') return undefined
      throw error
    })
    if (!checkout) return reply.code(404).page('billing/renewal/ended', {})
    return reply.allowCheckout().page('billing/renewal/show', {
      checkout: checkoutView(services, checkout, { entry: 'checkout', stateCode: user.stateCode }),
      email: maskedEmail(token.email),
      action: pathOf(request.params.token),
      form,
      autopay: (await autopay?.choiceFor(token.userId))?.standing ?? null,
    })
  }

  async function showStop(request: FastifyRequest<{ Params: { token: string } }>, reply: FastifyReply) {
    const token = await tokenBehind(request)
    if (!token) return reply.code(404).page('billing/renewal/ended', {})
    return reply.page('billing/renewal/stop', {
      email: maskedEmail(token.email),
      isStopped: await areRemindersStopped(services.sql, token.userId),
      action: `${pathOf(request.params.token)}/reminders`,
    })
  }

  function tokenBehind(request: FastifyRequest<{ Params: { token: string } }>): Promise<RenewalToken | undefined> {
    return findRenewalToken(services.sql, hashOfSecret(request.params.token))
  }
}
export default routes

function pathOf(token: string): string {
  return `/renew/${encodeURIComponent(token)}`
}

/** POST /renew/…/stop: the one-click unsubscribe of reminders, outside the scope of the pages. Receipts and messages about payments go on. */
export async function stopReminders(app: FastifyInstance, { services }: { services: Services }): Promise<void> {
  answerOneClick<{ token: string }>(app, '/renew/:token/stop', {
    stop: async ({ token }, request) => {
      const known = await findRenewalToken(services.sql, hashOfSecret(token))
      if (known)
        await setReminders(services.sql, known.userId, true, { actor: 'one-click', origin: auditContext(request) })
      return known !== undefined
    },
    done: 'Stopped: you get no more reminders. Receipts still come.',
  })
}
