import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../../platform/errors.ts'
import { networkOf } from '../../platform/networks.ts'
import type { Services } from '../../platform/services.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, NextInQuery, nextIn, PostedForm, readForm, withNext } from '../../web/forms.ts'
import { tryPassword } from '../login-throttle/login-throttle.ts'
import secondFactor from '../second-factor/routes.ts'
import { isEnrolled } from '../second-factor/second-factor.ts'
import { afterSignInPath, loginAttemptOf, signIn } from '../sessions/guards.ts'
import { endSession } from '../sessions/sessions.ts'
import type { User } from './queries.ts'
import { authenticate } from './users.ts'

declare module '../../web/views.ts' {
  interface Views {
    'identity/login': LoginView
    'identity/_login-form': LoginView
  }
}
type LoginView = { form: FormState; next: string }

/** GET and POST /login, POST /logout, and what follows for administrators. Registration is in site/: it opens an order. */
const routes: FastifyPluginAsyncTypebox<{ services: Services; limit: object }> = async (app, { services, limit }) => {
  app.get('/login', { schema: { querystring: NextInQuery } }, async (request, reply) => {
    const next = nextIn(request.query)
    if (request.signedIn) return reply.leaveFor(await landing(request.signedIn.user, next, request.user !== undefined))
    const login = request.session.get('login') ?? ''
    if (login) request.session.set('login', undefined)
    return reply.page('identity/login', { form: formState({ next, login }), next })
  })

  app.post(
    '/login',
    { schema: { body: PostedForm }, attachValidation: true, config: limit },
    async (request, reply) => {
      const typed = readForm(request.body, ['login', 'password', 'next'])
      const { login, password, next } = typed
      const attempt = { account: login, ...loginAttemptOf(services, request) }
      return formAction(
        reply,
        typed,
        async () => {
          const account = await tryPassword(services, attempt, () => authenticate(services.sql, login, password))
          if (!account) throw new AppError('invalid', doNotMatch)
          if (account.isSuspended) throw new AppError('forbidden', suspended(services))
          await signIn(services, request, reply, account)
          return reply.leaveFor(await landing(account, next, account.role === 'subscriber'))
        },
        (form, refusal) => {
          logRefusal(request, refusal)
          if (refusal.code === 'invalid' && login.includes('@')) request.session.set('login', login.slice(0, 100))
          return reply.page(request.wantsFragment ? 'identity/_login-form' : 'identity/login', { form, next })
        },
        ['invalid', 'forbidden', 'busy'],
      )
    },
  )

  app.post('/logout', async (request, reply) => {
    const sid = request.session.get('sid')
    if (sid !== undefined) await endSession(services.sql, sid)
    request.session.delete()
    return reply.header('clear-site-data', '"cache", "storage"').leaveFor('/')
  })

  await app.register(secondFactor, { services, limit })

  /** Where somebody goes whose password was right: to the page they asked for, or first to their second factor. */
  async function landing(user: User, next: string, isDone: boolean): Promise<string> {
    if (isDone) return afterSignInPath(user, next)
    return withNext((await isEnrolled(services.sql, user.id)) ? '/login/code' : '/login/authenticator', next)
  }
}
export default routes

/** The same sentence whether the account or the password was wrong. */
const doNotMatch = 'Incorrect username, e-mail or password.'

function suspended({ config }: Services): string {
  return `This account is suspended, so it cannot log in. Please write to ${config.seller.email}; we will sort it out.`
}

/** A suspended account is no event: its password was right. */
function logRefusal(request: FastifyRequest, { code, retryAfterS }: AppError): void {
  const network = networkOf(request.ip)
  if (code === 'invalid') request.log.info({ event: 'log-in refused', network }, 'log-in refused')
  if (code === 'busy') request.log.warn({ event: 'log-in put off', network, waitS: retryAfterS }, 'log-in put off')
}
