import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { callChargeOff } from '../../billing/mandates/charge-queries.ts'
import { isAutopayInUse } from '../../billing/mandates/in-use.ts'
import { endMandate, lookAtMandate } from '../../billing/mandates/mandates.ts'
import { findCurrentMandate, offerMandate } from '../../billing/mandates/offer.ts'
import { findMandate } from '../../billing/mandates/queries.ts'
import { checkoutPathOf } from '../../billing/payments/payments.ts'
import { findOrder } from '../../billing/payments/queries.ts'
import { actorOf } from '../../identity/sessions/guards.ts'
import { dateInIndia } from '../../platform/dates.ts'
import { AppError } from '../../platform/errors.ts'
import { rupees } from '../../platform/money.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Account } from '../account.ts'
import { type AutopayPage, autopayPage } from './page.ts'

declare module '../../web/views.ts' {
  interface Views {
    'account/autopay/show': AutopayPage & { form: FormState }
  }
}

type Notice = { kind: 'good' | 'info'; text: string }

/** /account/autopay: whether there is a mandate and what it does next; set one up, stop it, call one debit off. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  const { sql } = services
  const posted = { schema: { body: PostedForm }, config: limit }
  app.addHook('preValidation', async () => {
    if (!(await isAutopayInUse(services))) throw new AppError('not-found', 'There is nothing at this address.')
  })

  app.get('/autopay', async (request, reply) => show(request, reply, formState()))

  // Sets one up that debits from the next period on, or goes on with the one that waits.
  app.post('/autopay', posted, async (request, reply) => {
    const { consent } = readForm(request.body, ['consent'], 100)
    return formAction(
      reply,
      {},
      async () => {
        const user = request.user!
        if (!services.config.cashfree.autopay && !(await findCurrentMandate(services, user.id)))
          throw new AppError('invalid', 'Autopay is not offered at the moment. Nothing was charged.')
        const wish = { plan: '', start: 'later' } as const
        const offered = await offerMandate(services, user, wish, consent, actorOf(request))
        return reply.leaveFor(offered.refusal === null ? offered.path : '/account/autopay')
      },
      (form) => show(request, reply, form),
      ['invalid', 'conflict', 'unavailable'],
    )
  })

  // One button, at once; pressed again it changes nothing. Whoever did not approve it may go on to pay by hand.
  app.post('/autopay/cancel', posted, async (request, reply) => {
    const { instead } = readForm(request.body, ['instead'], 10)
    const mandate = await findCurrentMandate(services, request.user!.id)
    if (mandate) await endMandate(services, mandate.subscriptionId, 'customer', actorOf(request))
    const order = instead === 'pay' && mandate?.firstOrderId ? await findOrder(sql, mandate.firstOrderId) : undefined
    const notice: Notice = !mandate
      ? { kind: 'info', text: 'Autopay is off already. Nothing more is debited.' }
      : mandate.authorisedAt
        ? { kind: 'good', text: 'Autopay is stopped. Nothing more is debited, and you keep what you paid for.' }
        : { kind: 'info', text: 'Autopay was not set up. Nothing was charged.' }
    return leave(request, reply, notice, order && !order.paidAt ? checkoutPathOf(order) : '/account/autopay')
  })

  app.post('/autopay/charge/cancel', posted, async (request, reply) => {
    const { charge: paymentId } = readForm(request.body, ['charge'], 60)
    const order = await findOrder(sql, paymentId)
    if (order?.userId !== request.user!.id || order.mandateId === null)
      throw new AppError('not-found', 'There is nothing at this address.')
    const by = actorOf(request)
    if ((await callChargeOff(sql, paymentId, 'customer', by)) === 'to-cancel') {
      const mandate = (await findMandate(sql, { id: order.mandateId }))!
      await lookAtMandate(services, mandate.subscriptionId, by.actor)
    }
    const { debits } = await autopayPage(services, order.userId)
    const debit = debits.find((one) => one.paymentId === paymentId)
    if (debit?.what === 'Called off') {
      const text = `Called off: ${rupees(debit.paise)} is not debited on ${dateInIndia(debit.day)}. You can pay manually here.`
      return leave(request, reply, { kind: 'good', text }, checkoutPathOf(order))
    }
    const text =
      debit?.what === 'Being called off'
        ? 'Cashfree has been asked to call it off, and has not confirmed it yet. If it is debited all the same, it pays for your next period.'
        : 'This debit is over already, so there is nothing to call off.'
    return leave(request, reply, { kind: 'info', text }, '/account/autopay')
  })

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    return reply.page('account/autopay/show', { ...(await autopayPage(services, request.user!.id)), form })
  }
}
export default routes

function leave(request: FastifyRequest, reply: FastifyReply, notice: Notice, path: string): FastifyReply {
  request.session.set('notice', notice)
  return reply.leaveFor(path)
}
