import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { changeEmail, maskedEmail, newEmailOf } from '../../identity/email-tokens/email-tokens.ts'
import { findAskedEmail, insertVerification } from '../../identity/email-tokens/request-queries.ts'
import { tryPassword } from '../../identity/login-throttle/login-throttle.ts'
import { actorOf, loginAttemptOf } from '../../identity/sessions/guards.ts'
import { suggestedEmail } from '../../identity/users/email-suggestions.ts'
import type { User } from '../../identity/users/queries.ts'
import { authenticate } from '../../identity/users/users.ts'
import { highlighted } from '../../platform/errors.ts'
import { findSuppression, liftSuppression, type Suppression } from '../../records/suppressions/queries.ts'
import { anyRefusal, formAction } from '../../web/form-action.ts'
import { type FormState, formState, NextInQuery, nextIn, PostedForm, readForm, safeNext } from '../../web/forms.ts'
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
  suppression: Suppression | null
  /** The address that was asked for and is not confirmed yet, masked. */
  asked: string | null
  /** What was probably meant by a new address that was refused. */
  suggestion: string | null
  sessions: ShownSession[]
}

const untouched: Forms = { password: formState(), email: formState() }
const posted = { schema: { body: PostedForm }, attachValidation: true }

/** How somebody gets into their account: password and e-mail address. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/security', { schema: { querystring: NextInQuery } }, async (request, reply) =>
    show(request, reply, { ...untouched, email: formState({ next: nextIn(request.query) }) }),
  )

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
    const { current_password: current, email, next } = readForm(request.body, ['current_password', 'email', 'next'])
    const user = request.user!
    return formAction(
      reply,
      { email, next },
      async () => {
        newEmailOf(user, email)
        if (!(await isPasswordOf(request, current)))
          throw highlighted({ current_password: 'That is not your current password.' })
        const outcome = await changeEmail(services.sql, actorOf(request), user, email)
        services.wake('deliver-mails')
        const address = email.trim()
        const text =
          outcome === 'corrected'
            ? `Your address is now ${address}. Open the link we mailed to confirm it.`
            : `We sent a link to ${address}. Your address changes when you open it.`
        return leave(request, reply, text, next)
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

  app.post('/security/reachable', { ...posted, config: limit }, async (request, reply) => {
    const { next } = readForm(request.body, ['next'])
    const isLifted = await liftSuppression(services.sql, request.user!.email, actorOf(request))
    request.session.set('notice', {
      kind: isLifted ? 'good' : 'info',
      text: isLifted ? `We send mails to ${request.user!.email} again.` : 'We send you mails as usual.',
    })
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
    const { user, handle, unconfirmedEmail } = request.signedIn!
    const [asked, sessions, suppression] = await Promise.all([
      findAskedEmail(services.sql, user.id),
      sessionsOf(services.sql, user.id, handle),
      findSuppression(services.sql, user.email),
    ])
    return reply.page('account/security/show', {
      forms,
      user,
      unconfirmed: unconfirmedEmail,
      suppression: suppression ?? null,
      asked: asked && maskedEmail(asked),
      suggestion: suggestedEmail(forms.email.values.email ?? ''),
      sessions,
    })
  }
}
export default routes

/** Back to the page that led here, where it named itself. */
function leave(request: FastifyRequest, reply: FastifyReply, text: string, next = '') {
  request.session.set('notice', { kind: 'good', text })
  return reply.leaveFor(safeNext(next, '/account/security'))
}
