import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { checkRecipient } from '../../billing/gifts/gift.ts'
import { giftStates } from '../../billing/gifts/labels.ts'
import { type Gift, listGiftsOf, readdressGift } from '../../billing/gifts/queries.ts'
import { actorOf } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { anyRefusal, formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Account } from '../account.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/gifts/list': { gifts: Gift[]; states: typeof giftStates; form: FormState; formOf: string | null }
  }
}

const ById = Type.Object({ id: Type.String({ format: 'uuid' }) })

/** /account/gifts: what somebody gave, where each gift stands, and where its code goes. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  const page = async (userId: string, form = formState(), formOf: string | null = null) => ({
    gifts: await listGiftsOf(services.sql, userId),
    states: giftStates,
    form,
    formOf,
  })

  app.get('/gifts', async (request, reply) => reply.page('billing/gifts/list', await page(request.user!.id)))

  app.post('/gifts/:id', { schema: { params: ById, body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = readForm(request.body, ['recipient', 'email'])
    const { id } = request.params
    return formAction(
      reply,
      typed,
      async () => {
        const to = checkRecipient(typed)
        const outcome = await readdressGift(services.sql, request.user!.id, id, to, actorOf(request))
        if (outcome === 'unknown') throw new AppError('not-found', 'There is no such gift.')
        if (outcome === 'over') throw new AppError('conflict', 'This gift cannot be sent any more: its code has ended.')
        if (outcome === 'busy')
          throw new AppError('busy', 'Five mails were sent today. Please try again tomorrow.', { retryAfterS: 86_400 })
        services.wake('deliver-mails')
        const text =
          outcome === 'sent'
            ? `A new code is on its way to ${to.email}. The old one has ended.`
            : `Saved: the code goes to ${to.email} on its day.`
        request.session.set('notice', { kind: 'good', text })
        return reply.leaveFor('/account/gifts')
      },
      async (form) => reply.page('billing/gifts/list', await page(request.user!.id, form, id)),
      anyRefusal,
    )
  })
}
export default routes
