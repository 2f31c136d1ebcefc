import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { changeApp, renewRecoveryCodes, secretForAnotherApp, uriOf } from '../identity/second-factor/changing.ts'
import { inGroups, qrCodeOf } from '../identity/second-factor/qr-code.ts'
import { findSecondFactorStatus, type SecondFactorStatus } from '../identity/second-factor/queries.ts'
import { confirmIdentity, identityFields } from '../identity/second-factor/reauthentication.ts'
import { actorOf, requireAdmin } from '../identity/sessions/guards.ts'
import { AppError } from '../platform/errors.ts'
import { anyRefusal, formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm, withNext } from '../web/forms.ts'
import type { Account } from './account.ts'

declare module '../web/views.ts' {
  interface Views {
    'account/second-factor/show': { status: SecondFactorStatus }
    'account/second-factor/codes': Asked
    'account/second-factor/app': Asked
    'account/second-factor/code': { form: FormState; seen: string; secret: string; uri: string; qr: string }
  }
}
/** An act that asks who is there. `seen`: the version of the second factor that the form was made for. */
type Asked = { form: FormState; seen: string; fresh: boolean }

const home = '/account/security/second-factor'

/** An administrator's own authenticator app and recovery codes: new codes, and another app for a new phone. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.addHook('preHandler', requireAdmin)
  const posted = { schema: { body: PostedForm }, attachValidation: true, config: limit }

  app.get('/security/second-factor', async (request, reply) =>
    reply.page('account/second-factor/show', { status: await statusOf(request) }),
  )

  app.get('/security/second-factor/recovery-codes', async (request, reply) =>
    ask(request, reply, 'account/second-factor/codes'),
  )

  app.post('/security/second-factor/recovery-codes', posted, async (request, reply) => {
    const { seen, ...typed } = readForm(request.body, [...identityFields, 'seen'])
    return formAction(
      reply,
      {},
      async () => {
        await confirmIdentity(services, request.signedIn!, typed)
        const codes = await renewRecoveryCodes(services.sql, actorOf(request), changeIn(request, seen))
        request.session.set('recoveryCodes', codes.join(' '))
        services.wake('deliver-mails')
        return reply.leaveFor(withNext('/login/recovery-codes', home))
      },
      (form) => ask(request, reply, 'account/second-factor/codes', form),
      anyRefusal,
    )
  })

  app.get('/security/second-factor/app', async (request, reply) => ask(request, reply, 'account/second-factor/app'))

  app.post('/security/second-factor/app', posted, async (request, reply) =>
    formAction(
      reply,
      {},
      async () => {
        await confirmIdentity(services, request.signedIn!, readForm(request.body, identityFields))
        request.session.set('nextSecret', secretForAnotherApp())
        return reply.leaveFor(`${home}/app/code`)
      },
      (form) => ask(request, reply, 'account/second-factor/app', form),
      anyRefusal,
    ),
  )

  app.get('/security/second-factor/app/code', async (request, reply) => {
    const secret = secretIn(request)
    if (!secret) return startAgain(request, reply)
    return showSecret(request, reply, secret, formState())
  })

  app.post('/security/second-factor/app/code', posted, async (request, reply) => {
    const { code, seen } = readForm(request.body, ['code', 'seen'])
    const secret = secretIn(request)
    if (!secret) return startAgain(request, reply)
    return formAction(
      reply,
      {},
      async () => {
        const change = changeIn(request, seen)
        await changeApp(services.sql, services.config.totpKeys, actorOf(request), change, { secret, code })
        services.wake('deliver-mails')
        request.session.set('nextSecret', undefined)
        const text = 'Codes come from your new app from now on. You are logged out everywhere else.'
        request.session.set('notice', { kind: 'good', text })
        return reply.leaveFor(home)
      },
      (form) => showSecret(request, reply, secret, form),
      anyRefusal,
    )
  })

  async function statusOf(request: FastifyRequest): Promise<SecondFactorStatus> {
    const status = await findSecondFactorStatus(services.sql, request.user!.id)
    if (!status) throw new AppError('not-found', 'No authenticator app is set up for this account.')
    return status
  }

  async function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    page: 'account/second-factor/codes' | 'account/second-factor/app',
    form = formState(),
  ) {
    const { version } = await statusOf(request)
    return reply.page(page, { form, seen: String(version), fresh: request.signedIn!.isFresh })
  }

  /** The secret as a picture for the app's camera and as text for typing, until a first code proves it. */
  async function showSecret(request: FastifyRequest, reply: FastifyReply, secret: string, form: FormState) {
    const { version } = await statusOf(request)
    const uri = uriOf(secret, request.user!)
    const shown = { secret: inGroups(secret), uri, qr: await qrCodeOf(uri) }
    return reply.page('account/second-factor/code', { form, seen: String(version), ...shown })
  }
}
export default routes

/** The secret that waits for its first code; only for those who proved who they are in the last ten minutes. */
function secretIn(request: FastifyRequest): string | undefined {
  return request.signedIn!.isFresh ? request.session.get('nextSecret') : undefined
}

function startAgain(request: FastifyRequest, reply: FastifyReply) {
  request.session.set('nextSecret', undefined)
  const text = 'Please start again. The app you have stays in use until the new one is proved.'
  request.session.set('notice', { kind: 'info', text })
  return reply.leaveFor(`${home}/app`)
}

function changeIn(request: FastifyRequest, seen: string) {
  const { user, handle } = request.signedIn!
  return { userId: user.id, handle, seen: /^\d{1,9}$/.test(seen) ? Number(seen) : -1 }
}
