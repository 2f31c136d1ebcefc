import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Deps } from '../deps.ts'
import { type FormState, formState, PostedForm, readForm, safeNext } from '../web/forms.ts'
import { signIn } from './guards.ts'
import { authenticate, endSession } from './users.ts'

declare module '../web/views.ts' {
  interface Views {
    'users/login': LoginView
    'users/_login-form': LoginView
  }
}
type LoginView = { form: FormState; next: string }

const Next = Type.Object({ next: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())])) })

/** GET and POST /login, POST /logout. Registration is in `site`, for it opens an order as well. */
const routes: FastifyPluginAsyncTypebox<{ deps: Deps; limit: object }> = async (app, { deps, limit }) => {
  app.get('/login', { schema: { querystring: Next } }, async (request, reply) => {
    const next = safeNext([request.query.next].flat()[0] ?? '')
    if (request.user) return reply.leaveFor(next)
    return reply.page('users/login', { form: formState({ next }), next })
  })

  app.post(
    '/login',
    { schema: { body: PostedForm }, attachValidation: true, config: limit },
    async (request, reply) => {
      const { login, password, next } = readForm(request.body, ['login', 'password', 'next'])
      const user = await authenticate(deps.sql, login, password)
      if (!user) return showLogin(request, reply.code(422), login, next)
      await signIn(deps, request, user.id)
      return reply.leaveFor(safeNext(next))
    },
  )

  app.post('/logout', async (request, reply) => {
    const sid = request.session.get('sid')
    if (sid !== undefined) await endSession(deps.sql, sid)
    request.session.delete()
    return reply.header('clear-site-data', '"cache", "storage"').leaveFor('/')
  })
}
export default routes

/** The same words whether the account or the password was wrong. */
function showLogin(request: FastifyRequest, reply: FastifyReply, login: string, next: string) {
  const form = formState(
    { login, next },
    {},
    'That username or e-mail and password do not go together. Please try again.',
  )
  return reply.page(request.wantsFragment ? 'users/_login-form' : 'users/login', { form, next })
}
