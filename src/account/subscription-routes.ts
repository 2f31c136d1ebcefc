import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isAutopayInUse } from '../billing/mandates/in-use.ts'
import { endMandate } from '../billing/mandates/mandates.ts'
import { autopayOf, findCurrentMandate } from '../billing/mandates/offer.ts'
import { refundDays } from '../billing/payments/payments.ts'
import type { Subscription } from '../billing/subscriptions/queries.ts'
import { leave, leavingReasons, resume, subscriptionOf } from '../billing/subscriptions/subscriptions.ts'
import { actorOf } from '../identity/sessions/guards.ts'
import { dateInIndia } from '../platform/dates.ts'
import { formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'
import type { Account } from './account.ts'

declare module '../web/views.ts' {
  interface Views {
    'account/cancel': {
      subscription: Subscription
      reasons: typeof leavingReasons
      refundDays: number
      /** Their plan is renewed by Autopay, which cancelling stops. */
      hasAutopay: boolean
      form: FormState
    }
  }
}

/** /account/subscription: leave at the end of what is paid for, and come back until then. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/subscription/cancel', async (request, reply) => show(request, reply, formState()))

  app.post('/subscription/cancel', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = readForm(request.body, ['reason', 'comment'], 1_000)
    return formAction(
      reply,
      typed,
      async () => {
        const userId = request.user!.id
        await leave(services.sql, userId, typed, actorOf(request))
        const mandate = (await isAutopayInUse(services)) ? await findCurrentMandate(services, userId) : undefined
        if (mandate) await endMandate(services, mandate.subscriptionId, 'customer', actorOf(request))
        services.wake('deliver-mails')
        const { currentPeriodEnd, hasAccess } = await subscriptionOf(services.sql, userId)
        const access = hasAccess
          ? `You have access until ${dateInIndia(currentPeriodEnd!)}.`
          : 'Your paid period has ended, so your access has stopped.' // who cancels within grace has none from now on
        return done(request, reply, `Cancelled. ${mandate ? 'Autopay is stopped. ' : ''}${access}`)
      },
      (form) => show(request, reply, form),
      ['invalid'],
    )
  })

  app.post('/subscription/resume', { config: limit }, async (request, reply) => {
    await resume(services.sql, request.user!.id, actorOf(request))
    return done(request, reply, 'Welcome back. Everything is as it was.')
  })

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    const subscription = await subscriptionOf(services.sql, request.user!.id)
    if (!subscription.hasAccess || subscription.cancelRequestedAt) return reply.leaveFor('/account')
    const hasAutopay = (await autopayOf(services, request.user!.id))?.isOn ?? false
    return reply.page('account/cancel', { subscription, reasons: leavingReasons, refundDays, hasAutopay, form })
  }
}
export default routes

function done(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  request.session.set('notice', { kind: 'good', text })
  return reply.leaveFor('/account')
}
