import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { hashOfGiftCode, looksLikeGiftCode } from '../../billing/gifts/gift-code.ts'
import { redeemGift } from '../../billing/gifts/queries.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { optionalFields, register, shownRegistration } from '../../identity/registration/registration.ts'
import { actorOf, requireUser, signIn } from '../../identity/sessions/guards.ts'
import { suggestedEmail } from '../../identity/users/email-suggestions.ts'
import { indianStates } from '../../identity/users/indian-states.ts'
import { dateInIndia } from '../../platform/dates.ts'
import { AppError } from '../../platform/errors.ts'
import { firstOf, QueryText } from '../../platform/query-text.ts'
import { Type } from '../../platform/schema.ts'
import { anyRefusal, formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm, sentFields, withNext } from '../../web/forms.ts'
import { limitOf } from '../../web/rate-limits.ts'

declare module '../../web/views.ts' {
  interface Views {
    'billing/gifts/redeem': { form: FormState; logInPath: string; registerPath: string }
    'billing/gifts/register': {
      form: FormState
      suggestion: string | null
      states: typeof indianStates
      gift: { code: string; logInPath: string }
    }
  }
}

const WithCode = Type.Object({ code: QueryText })
const registration = ['name', 'email', 'phone', 'password', 'code'] as const

/** /redeem: a code's way in, with or without an account. An account that is made for a gift opens no order. */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices; limit: object }> = async (
  app,
  { services, limit },
) => {
  const fewTries = limitOf(services.config.rateLimitScale, 10)

  app.get('/redeem', { schema: { querystring: WithCode } }, async (request, reply) => {
    return reply.page('billing/gifts/redeem', pageWith(formState({ code: codeIn(request.query.code) })))
  })

  app.post(
    '/redeem',
    { preHandler: requireUser, schema: { body: PostedForm }, config: fewTries },
    async (request, reply) => {
      const typed = readForm(request.body, ['code'], 100)
      return formAction(
        reply,
        typed,
        async () => {
          const by = actorOf(request)
          const { outcome, endsAt } = await redeemGift(services.sql, request.user!.id, hashOfGiftCode(typed.code), by)
          const refusal = refusals[outcome]
          if (refusal) throw new AppError('invalid', 'The gift was not redeemed.', { fields: { code: refusal } })
          services.wake('deliver-mails')
          const until = `until ${dateInIndia(endsAt!)}`
          request.session.set(
            'notice',
            outcome === 'yours'
              ? { kind: 'info', text: `You have already redeemed this gift; you have access ${until}.` }
              : { kind: 'good', text: `Your gift is redeemed. You have access ${until}; there is nothing to pay.` },
          )
          return reply.leaveFor('/dashboard')
        },
        (form) => reply.page('billing/gifts/redeem', pageWith(form)),
        anyRefusal,
      )
    },
  )

  app.get('/redeem/register', { schema: { querystring: WithCode } }, async (request, reply) => {
    const code = codeIn(request.query.code)
    if (request.user) return reply.leaveFor(redeemPath(code))
    return reply.page('billing/gifts/register', registerPage(formState(), code))
  })

  app.post('/redeem/register', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = { ...readForm(request.body, registration), ...sentFields(request.body, optionalFields) }
    const code = codeIn(typed.code)
    return formAction(
      reply,
      shownRegistration(typed),
      async () => {
        const user = await register(services.sql, typed)
        services.wake('deliver-mails')
        await signIn(services, request, reply, user)
        return reply.leaveFor(redeemPath(code))
      },
      (form) => reply.page('billing/gifts/register', registerPage(form, code)),
    )
  })
}
export default routes

/** Why nothing was redeemed. Of a code that does not work nobody learns whether it ever did. */
const refusals: Record<string, string> = {
  unknown:
    'This code does not work. Please compare it with the mail; if another mail came later, only the code in that one works.',
  over: 'This code has expired: a gift can be redeemed for 12 months.',
  refused: 'This account cannot redeem a gift. Please write to us.',
}

/** A code in an address; '' for what could be none. */
function codeIn(given: string | string[] | undefined): string {
  const code = firstOf(given).trim()
  return looksLikeGiftCode(code)
    ? code
        .toUpperCase()
        .replace(/[\s-]/g, '')
        .replace(/.{4}(?=.)/g, '$&-')
    : ''
}

function redeemPath(code: string): string {
  return `/redeem${code ? `?code=${code}` : ''}`
}

function pageWith(form: FormState) {
  const code = codeIn(form.values.code)
  return {
    form,
    logInPath: withNext('/login', redeemPath(code)),
    registerPath: `/redeem/register${code ? `?code=${code}` : ''}`,
  }
}

function registerPage(form: FormState, code: string) {
  const suggestion = suggestedEmail(form.values.email ?? '')
  return { form, suggestion, states: indianStates, gift: { code, logInPath: withNext('/login', redeemPath(code)) } }
}
