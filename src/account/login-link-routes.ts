import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { askForLoginLink, logInByLink } from '../identity/email-tokens/email-tokens.ts'
import { auditContext, signIn } from '../identity/sessions/guards.ts'
import { Type } from '../platform/schema.ts'
import type { Services } from '../platform/services.ts'
import { formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'

declare module '../web/views.ts' {
  interface Views {
    'account/links/log-in-request': { form: FormState }
    'account/links/log-in': { token: string; problem: string | null }
  }
}

const Opened = Type.Object({ token: Type.Optional(Type.String({ maxLength: 100 })) })

/**
 * Logging in by a link in a mail: asked for with an address, the same answer for every one; the link shows a button, so that no
 * mail scanner uses it up, and works once. Administrators still give their second factor.
 */
const routes: FastifyPluginAsyncTypebox<{ services: Services; limit: object }> = async (app, { services, limit }) => {
  app.get('/login/link', { schema: { querystring: Opened } }, async (request, reply) => {
    const { token } = request.query
    reply.header('cache-control', 'no-store')
    return token === undefined
      ? reply.page('account/links/log-in-request', { form: formState({ email: request.session.get('login') ?? '' }) })
      : reply.page('account/links/log-in', { token, problem: null })
  })

  app.post(
    '/login/link',
    { schema: { body: PostedForm }, attachValidation: true, config: limit },
    async (request, reply) => {
      const typed = readForm(request.body, ['email'], 200)
      return formAction(
        reply,
        typed,
        async () => {
          await askForLoginLink(services.sql, typed.email, auditContext(request), services.config.rateLimitScale)
          services.wake('deliver-mails')
          request.session.set('notice', {
            kind: 'info',
            text: 'If an account has this address, a mail with a link is on its way. The link works once, for 15 minutes.',
          })
          return reply.leaveFor('/login')
        },
        (form) => reply.page('account/links/log-in-request', { form }),
      )
    },
  )

  app.post(
    '/login/link/use',
    { schema: { body: PostedForm }, attachValidation: true, config: limit },
    async (request, reply) => {
      const { token } = readForm(request.body, ['token'], 100)
      return formAction(
        reply,
        {},
        async () => {
          const user = await logInByLink(services.sql, token, auditContext(request))
          await signIn(services, request, reply, user)
          // Which goes on to the second factor, where one is asked for.
          return reply.leaveFor('/login')
        },
        (_form, refusal) => reply.code(422).page('account/links/log-in', { token: '', problem: refusal.message }),
      )
    },
  )
}
export default routes
