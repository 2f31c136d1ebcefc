import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  confirmEmail,
  forgotPassword,
  maskedEmail,
  openToken,
  resetPassword,
  usedToken,
} from '../identity/email-tokens/email-tokens.ts'
import type { OpenToken, UsedToken } from '../identity/email-tokens/queries.ts'
import { auditContext } from '../identity/sessions/guards.ts'
import { AppError } from '../platform/errors.ts'
import { firstOf, QueryText } from '../platform/query-text.ts'
import { Type } from '../platform/schema.ts'
import type { Services } from '../platform/services.ts'
import { formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'

declare module '../web/views.ts' {
  interface Views {
    'account/links/forgot': { form: FormState }
    'account/links/reset': { link: ShownLink; form: FormState }
    'account/links/_reset-form': { link: ShownLink; form: FormState }
    'account/links/verify': { link: ShownLink }
    'account/links/dead': EndedLink
    'account/links/_dead-link': EndedLink
  }
}
type LinkPage = 'verify-email' | 'reset-password'
/** `isDone`: there is nothing left to do, so that no new link is offered. */
type EndedLink = { purpose: LinkPage; sentence: string; isDone: boolean }
/** Whose link it is, as far as somebody who is not signed in may know. */
type ShownLink = Pick<OpenToken, 'purpose' | 'email' | 'presentEmail'>

const Opened = Type.Object({ token: QueryText })

/** As long as the link itself may work, so that a page left open is no way to keep it longer. */
const keptMs = 30 * 60_000

/**
 * What the links in mails lead to, for people who need not be signed in. Opening one moves its secret from
 * the address into the encrypted cookie; it is used by a POST, so that no mail scanner uses it up.
 */
const routes: FastifyPluginAsyncTypebox<{ services: Services; limit: object }> = async (app, { services, limit }) => {
  app.get('/forgot-password', async (_request, reply) => reply.page('account/links/forgot', { form: formState() }))

  app.post(
    '/forgot-password',
    { schema: { body: PostedForm }, attachValidation: true, config: limit },
    async (request, reply) => {
      const { email } = readForm(request.body, ['email'])
      return formAction(
        reply,
        { email },
        async () => {
          await forgotPassword(services.sql, email, auditContext(request), services.config.rateLimitScale)
          services.wake('deliver-mails')
          request.session.set('notice', {
            kind: 'info',
            text: 'If an account has this address, a mail with a link is on its way. The link works for 30 minutes.',
          })
          return reply.leaveFor('/login')
        },
        (form) => reply.page('account/links/forgot', { form }),
      )
    },
  )

  app.get('/reset-password', { schema: { querystring: Opened } }, async (request, reply) => {
    if (request.query.token !== undefined) return keepSecret(request, reply, 'reset-password', request.query.token)
    const link = await linkBehind(request, 'reset-password')
    if (link?.purpose !== 'reset-password') return showEnded(request, reply, 'reset-password')
    return reply.page('account/links/reset', { link: shown(link), form: formState() })
  })

  app.post(
    '/reset-password',
    { schema: { body: PostedForm }, attachValidation: true, config: limit },
    async (request, reply) => {
      const { password } = readForm(request.body, ['password'])
      const secret = secretOf(request, 'reset-password')
      try {
        const link = await resetPassword(services.sql, secret, password, auditContext(request))
        services.wake('deliver-mails')
        return leave(request, reply, {
          to: '/login',
          text: `The password for ${maskedEmail(link.presentEmail)} is changed. Please log in with it.`,
        })
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        if (error.code === 'conflict') return showEnded(request, reply.code(422), 'reset-password')
        const link = error.code === 'invalid' ? await openToken(services.sql, secret) : undefined
        if (!link) throw error
        const form = formState({}, error.fields, error.message)
        const name = request.wantsFragment ? 'account/links/_reset-form' : 'account/links/reset'
        return reply.code(422).page(name, { link: shown(link), form })
      }
    },
  )

  app.get('/verify-email', { schema: { querystring: Opened } }, async (request, reply) => {
    if (request.query.token !== undefined) return keepSecret(request, reply, 'verify-email', request.query.token)
    const link = await linkBehind(request, 'verify-email')
    if (!link || link.purpose === 'reset-password') return showEnded(request, reply, 'verify-email')
    return reply.page('account/links/verify', { link: shown(link) })
  })

  app.post('/verify-email', { config: limit }, async (request, reply) => {
    try {
      const link = await confirmEmail(services.sql, secretOf(request, 'verify-email'), auditContext(request))
      services.wake('deliver-mails')
      return leave(request, reply, {
        to: request.user ? '/dashboard' : '/login',
        text:
          link.purpose === 'verify-email'
            ? `Thank you, ${maskedEmail(link.email)} is confirmed.`
            : `Done: mails for this account go to ${maskedEmail(link.email)} from now on.`,
      })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'conflict') throw error
      return showEnded(request, reply.code(422), 'verify-email', error.message)
    }
  })

  /** A link that does not work any more: why, and whether what it was for has happened already. */
  async function showEnded(
    request: FastifyRequest,
    reply: FastifyReply,
    page: LinkPage,
    otherwise = 'This link no longer works.',
  ) {
    const secret = secretOf(request, page)
    const used = secret === '' ? undefined : await usedToken(services.sql, secret)
    const isDone = used?.isDone === true && used.purpose !== 'reset-password'
    const view = { purpose: page, isDone, sentence: used?.isDone ? doneSentence(used) : otherwise }
    if (isDone) reply.code(200)
    return reply.page(request.wantsFragment ? 'account/links/_dead-link' : 'account/links/dead', view)
  }

  async function linkBehind(request: FastifyRequest, page: LinkPage): Promise<OpenToken | undefined> {
    const secret = secretOf(request, page)
    return secret === '' ? undefined : openToken(services.sql, secret)
  }
}
export default routes

function keepSecret(request: FastifyRequest, reply: FastifyReply, page: LinkPage, typed: string | string[]) {
  const secret = firstOf(typed)
  const kept = /^[\w-]{43}$/.test(secret) ? { secret, until: Date.now() + keptMs } : undefined
  request.session.set('links', { ...request.session.get('links'), [page]: kept })
  return reply.leaveFor(`/${page}`)
}

/** The secret of the link that was opened in this browser; empty without one. */
function secretOf(request: FastifyRequest, page: LinkPage): string {
  const kept = request.session.get('links')?.[page]
  return kept && kept.until > Date.now() ? kept.secret : ''
}

/** The used secret stays in the cookie for its minutes, so that a second press of the button says what was done. */
function leave(request: FastifyRequest, reply: FastifyReply, next: { to: string; text: string }) {
  request.session.set('notice', { kind: 'good', text: next.text })
  return reply.leaveFor(next.to)
}

function doneSentence({ purpose, email }: UsedToken): string {
  if (purpose === 'verify-email') return `${maskedEmail(email)} is already confirmed.`
  if (purpose === 'change-email') return `Your address is already changed to ${maskedEmail(email)}.`
  return 'This link no longer works. You already chose a new password with it.'
}

function shown({ purpose, email, presentEmail }: OpenToken): ShownLink {
  return { purpose, email: maskedEmail(email), presentEmail: maskedEmail(presentEmail) }
}
