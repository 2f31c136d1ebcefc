import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { findOrCreateOrder } from '../../billing/checkout/create-order.ts'
import { checkoutPathOf } from '../../billing/payments/payments.ts'
import { findPlanFor } from '../../billing/pricing/queries.ts'
import { chooseNextPlan } from '../../billing/subscriptions/next-plan-queries.ts'
import { actorOf } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Account } from '../account.ts'
import { type PlanChoices, planChoices } from './choices.ts'

declare module '../../web/views.ts' {
  interface Views {
    'account/plan': PlanChoices & { form: FormState }
  }
}

/** /account/plan: what runs, another plan at once with the unused days credited, or a shorter one from the period's end. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/plan', async (request, reply) =>
    reply.page('account/plan', { ...(await planChoices(services, request.user!.id)), form: formState() }),
  )

  app.post('/plan/switch', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const { plan } = readForm(request.body, ['plan'], 40)
    const open = async () => {
      if (!(await findPlanFor(services.sql, request.user!.id, plan)))
        throw new AppError('invalid', 'That plan is not offered. Nothing was done.')
      const order = await findOrCreateOrder(services, request.user!, plan, { purpose: 'switch' })
      return reply.leaveFor(checkoutPathOf(order))
    }
    return formAction(reply, {}, open, (form) => {
      request.session.set('notice', undefined) // what an earlier step did is contradicted
      return showAgain(request.user!.id, form)
    })
    async function showAgain(userId: string, form: FormState) {
      return reply.page('account/plan', { ...(await planChoices(services, userId)), form })
    }
  })

  for (const [path, isChoice] of [
    ['/plan/next', true],
    ['/plan/next/withdrawal', false],
  ] as const)
    app.post(path, { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
      const { plan } = readForm(request.body, ['plan'], 40)
      const outcome = await chooseNextPlan(services.sql, request.user!.id, isChoice ? plan : null, actorOf(request))
      if (outcome === 'plan') throw new AppError('not-found', 'That plan is not offered.')
      request.session.set('notice', noticeOf(outcome, isChoice))
      return reply.leaveFor('/account/plan')
    })
}
export default routes

function noticeOf(outcome: string, isChoice: boolean): { kind: 'good' | 'info'; text: string } {
  if (outcome === 'nothing-runs')
    return { kind: 'info', text: 'You have no running plan, so you can simply choose one.' }
  return {
    kind: 'good',
    text: isChoice
      ? 'Saved. We’ll offer you that plan when your period ends.'
      : 'Saved. When your period ends, we offer you the plan you have now.',
  }
}
