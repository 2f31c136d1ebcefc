import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../platform/services.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, NextInQuery, nextIn, PostedForm, readForm, withNext } from '../../web/forms.ts'
import { afterSignInPath, completeSignIn, requireUser } from '../sessions/guards.ts'
import { inGroups, qrCodeOf } from './qr-code.ts'
import { countRecoveryCodes } from './queries.ts'
import {
  canCheckCodes,
  cannotCheckCodes,
  finishEnrolment,
  isEnrolled,
  secretToEnrol,
  useCode,
} from './second-factor.ts'

declare module '../../web/views.ts' {
  interface Views {
    'identity/second-factor/authenticator': Step & { secret: string; uri: string; qr: string }
    'identity/second-factor/code': Step
    'identity/second-factor/recovery-codes': { codes: string[]; file: string; next: string }
  }
}
type Step = { form: FormState; next: string }

/** After an administrator's password: the first time an authenticator app is set up, from then on its code is asked for. */
const routes: FastifyPluginAsyncTypebox<{ services: Services; limit: object }> = async (app, { services, limit }) => {
  const keys = services.config.totpKeys
  const show = { preHandler: requirePassword, schema: { querystring: NextInQuery } }
  const post = { preHandler: requirePassword, schema: { body: PostedForm }, attachValidation: true, config: limit }

  app.get('/login/authenticator', show, async (request, reply) => {
    const next = nextIn(request.query)
    if (await isEnrolled(services.sql, request.signedIn!.user.id)) return reply.leaveFor(withNext('/login/code', next))
    return showSecret(request, reply, next)
  })

  app.post('/login/authenticator', post, async (request, reply) => {
    const { user } = request.signedIn!
    const { code, next } = readForm(request.body, ['code', 'next'])
    return formAction(
      reply,
      {},
      async () => {
        const codes = await finishEnrolment(services.sql, keys, user, code)
        await completeSignIn(services, request, reply, user)
        request.session.set('recoveryCodes', codes.join(' '))
        return reply.leaveFor(withNext('/login/recovery-codes', next))
      },
      (_form, { code, fields }) =>
        code === 'conflict' ? reply.leaveFor(withNext('/login', next)) : showSecret(request, reply, next, fields),
    )
  })

  app.get('/login/code', show, async (request, reply) => {
    const next = nextIn(request.query)
    const { id } = request.signedIn!.user
    if (!(await isEnrolled(services.sql, id))) return reply.leaveFor(withNext('/login/authenticator', next))
    const trouble = (await canCheckCodes(services.sql, keys, id)) ? null : cannotCheckCodes
    return reply.page('identity/second-factor/code', { form: formState({}, {}, trouble), next })
  })

  app.post('/login/code', post, async (request, reply) => {
    const { user } = request.signedIn!
    const { code, next } = readForm(request.body, ['code', 'next'])
    return formAction(
      reply,
      {},
      async () => {
        const kind = await useCode(services.sql, keys, user.id, code)
        await completeSignIn(services, request, reply, user)
        if (kind === 'recovery')
          request.session.set('notice', {
            kind: 'warn',
            text: codesLeft(await countRecoveryCodes(services.sql, user.id)),
          })
        return reply.leaveFor(afterSignInPath(user, next))
      },
      (_form, refusal) => {
        request.log.warn(
          { event: 'second factor refused', userId: user.id, why: refusal.code },
          'second factor refused',
        )
        const form = formState({}, refusal.fields, refusal.code === 'busy' ? refusal.message : null)
        return reply.page('identity/second-factor/code', { form, next })
      },
      ['invalid', 'busy'],
    )
  })

  app.get('/login/recovery-codes', { ...show, preHandler: requireUser }, async (request, reply) => {
    const next = nextIn(request.query)
    const codes = request.session.get('recoveryCodes')?.split(' ')
    if (!codes) return reply.leaveFor(afterSignInPath(request.user!, next))
    const file = `${services.config.baseUrl}, ${request.user!.username}: recovery codes, each works once\n\n${codes.join('\n')}\n`
    return reply.page('identity/second-factor/recovery-codes', { codes, file: asFile(file), next })
  })

  app.post('/login/recovery-codes', { ...post, preHandler: requireUser }, async (request, reply) => {
    request.session.set('recoveryCodes', undefined)
    return reply.leaveFor(afterSignInPath(request.user!, readForm(request.body, ['next']).next))
  })

  /** The secret as a picture for the app's camera and as text for typing, until a first code proves it. */
  async function showSecret(request: FastifyRequest, reply: FastifyReply, next: string, errors = {}) {
    const { secret, uri } = await secretToEnrol(services.sql, keys, request.signedIn!.user)
    const shown = { secret: inGroups(secret), uri, qr: await qrCodeOf(uri) }
    return reply.page('identity/second-factor/authenticator', { form: formState({}, errors), ...shown, next })
  }
}
export default routes

/** These pages are for somebody whose password was right and whose second factor is missing. */
async function requirePassword(request: FastifyRequest, reply: FastifyReply) {
  const next = nextIn({ ...(request.query as object), ...(request.body as object | null) })
  if (request.user) return reply.leaveFor(afterSignInPath(request.user, next))
  if (!request.signedIn) return reply.leaveFor(withNext('/login', next))
}

function codesLeft(left: number): string {
  if (left === 0) return 'That was your last recovery code. Make new ones soon under Account → Security.'
  return `You used a recovery code; it no longer works. ${left} ${left === 1 ? 'is' : 'are'} left.`
}

function asFile(text: string): string {
  return `data:text/plain;base64,${Buffer.from(text).toString('base64')}`
}
