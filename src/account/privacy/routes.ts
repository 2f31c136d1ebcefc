import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { consentVersion } from '../../identity/registration/consent.ts'
import { actorOf } from '../../identity/sessions/guards.ts'
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

  app.post('/privacy/withdraw', { config: limit }, async (request, reply) => {
    await withdrawConsent(services.sql, request.user!.id, consentVersion, actorOf(request))
    return leave(request, reply, 'Your consent is withdrawn. Your account and what you paid for stay.')
  })

  app.post('/privacy/consent', { config: limit }, async (request, reply) => {
    await giveConsent(services.sql, request.user!.id, consentVersion, actorOf(request))
    return leave(request, reply, 'Thank you. Your choices of before count again.')
  })
}
export default routes

function leave(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  request.session.set('notice', { kind: 'good', text })
  return reply.leaveFor('/account/privacy')
}
