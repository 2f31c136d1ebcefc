import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { changeEmail, maskedEmail, newEmailOf } from '../../identity/email-tokens/email-tokens.ts'
import {
  findAskedEmail,
  findUnconfirmedEmail,
  insertVerification,
} from '../../identity/email-tokens/request-queries.ts'
import { tryPassword } from '../../identity/login-throttle/login-throttle.ts'
import { actorOf, loginAttemptOf } from '../../identity/sessions/guards.ts'
import type { User } from '../../identity/users/queries.ts'
import { authenticate } from '../../identity/users/users.ts'
import { highlighted } from '../../platform/errors.ts'
import { anyRefusal, formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm, safeNext } from '../../web/forms.ts'
import type { Account } from '../account.ts'
import { type ShownSession, sessionsOf } from '../sessions/sessions.ts'
import { changePassword } from './security.ts'

declare module '../../web/views.ts' {
  interface Views {
    'account/security/show': Security
  }
}
type Forms = { password: FormState; email: FormState }
type Security = {
  forms: Forms
  user: User
  unconfirmed: string | null
  /** The address that was asked for and is not confirmed yet, masked. */
  asked: string | null
  sessions: ShownSession[]
}

const untouched: Forms = { password: formState(), email: formState() }
const posted = { schema: { body: PostedForm }, attachValidation: true }

/** How somebody gets into their account: password and e-mail address. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/security', async (request, reply) => show(request, reply, untouched))

  app.post('/security/password', { ...posted, config: limit }, async (request, reply) => {
    const { current_password: current, password } = readForm(request.body, ['current_password', 'password'])
    const isTheirs = (typed: string) => isPasswordOf(request, typed)
    return formAction(
      reply,
      {},
      async () => {
        await changePassword(services.sql, actorOf(request), request.signedIn!, { current, password, isTheirs })
        services.wake('deliver-mails')
        return leave(request, reply, 'Your password is changed. You are logged out everywhere else.')
      },
      (form) => show(request, reply, { ...untouched, password: form }),
      anyRefusal,
    )
  })

  app.post('/security/email', { ...posted, config: limit }, async (request, reply) => {
    const { current_password: current, email } = readForm(request.body, ['current_password', 'email'])
    const user = request.user!
    return formAction(
      reply,
      { email },
      async () => {
        newEmailOf(user, email)
        if (!(await isPasswordOf(request, current)))
          throw highlighted({ current_password: 'That is not your current password.' })
        const outcome = await changeEmail(services.sql, actorOf(request), user, email)
        services.wake('deliver-mails')
        const now =
          outcome === 'corrected'
            ? 'It is your address now; the link confirms it.'
            : 'Your address changes when you use it.'
        return leave(request, reply, `We sent a link to ${email.trim()}. ${now}`)
      },
      (form) => show(request, reply, { ...untouched, email: form }),
      anyRefusal,
    )
  })

  app.post('/security/verification', { ...posted, config: limit }, async (request, reply) => {
    const { next } = readForm(request.body, ['next'])
    const sent = await insertVerification(services.sql, actorOf(request), request.user!.id)
    services.wake('deliver-mails')
    request.session.set(
      'notice',
      sent
        ? { kind: 'good', text: 'A new link is on its way to you.' }
        : {
            kind: 'info',
            text: 'Nothing to send: your address is confirmed, or three mails went out in the last hour.',
          },
    )
    return reply.leaveFor(safeNext(next, '/account/security'))
  })

  async function isPasswordOf(request: FastifyRequest, typed: string): Promise<boolean> {
    const { username } = request.user!
    const check = () => authenticate(services.sql, username, typed)
    return (
      (await tryPassword(services, { account: username, ...loginAttemptOf(services, request) }, check)) !== undefined
    )
  }

  async function show(request: FastifyRequest, reply: FastifyReply, forms: Forms) {
    const { user, handle } = request.signedIn!
    const [unconfirmed, asked, sessions] = await Promise.all([
      findUnconfirmedEmail(services.sql, user.id),
      findAskedEmail(services.sql, user.id),
      sessionsOf(services.sql, user.id, handle),
    ])
    return reply.page('account/security/show', {
      forms,
      user,
      unconfirmed,
      asked: asked && maskedEmail(asked),
      sessions,
    })
  }
}
export default routes

function leave(request: FastifyRequest, reply: FastifyReply, text: string) {
  request.session.set('notice', { kind: 'good', text })
  return reply.leaveFor('/account/security')
}
