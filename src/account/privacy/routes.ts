import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { consentVersion } from '../../identity/registration/consent.ts'
import { actorOf } from '../../identity/sessions/guards.ts'
import { PostedForm, readForm } from '../../web/forms.ts'
import type { Account } from '../account.ts'
import { type Consent, findConsent, giveConsent, withdrawConsent } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'account/privacy/show': { consent: Consent; version: string }
  }
}

/** /account/privacy: what is done with a person's data by their consent; withdrawing it is as easy as giving it. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/privacy', async (request, reply) =>
    reply.page('account/privacy/show', {
      consent: (await findConsent(services.sql, request.user!.id))!,
      version: consentVersion,
    }),
  )

  app.post('/privacy/consent', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const { consent } = readForm(request.body, ['consent'], 20)
    const change = consent === 'withdrawn' ? withdrawConsent : giveConsent
    await change(services.sql, request.user!.id, consentVersion, actorOf(request))
    if (consent === 'withdrawn') services.wake('reconcile')
    request.session.set('notice', { kind: 'good', text: notices[consent === 'withdrawn' ? 'withdrawn' : 'given'] })
    return reply.leaveFor('/account/privacy')
  })
}
export default routes

const notices = {
  withdrawn: 'Your consent is withdrawn. Your account and what you paid for stay.',
  given: 'Thank you. Your earlier choices apply again.',
}
