import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { subscriptionOf } from '../billing/subscriptions/subscriptions.ts'
import { makeApiKey, mostKeys } from '../identity/api-keys/api-keys.ts'
import { type ApiKeyRow, deleteApiKey, listApiKeysOf } from '../identity/api-keys/queries.ts'
import { actorOf } from '../identity/sessions/guards.ts'
import { Type } from '../platform/schema.ts'
import { formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'
import type { Account } from './account.ts'

declare module '../web/views.ts' {
  interface Views {
    'account/api-keys': {
      keys: ApiKeyRow[]
      most: number
      /** The key that was just made, in full: it is shown this once. */
      made: string | null
      hasAccess: boolean
      isAdministrator: boolean
      form: FormState
    }
  }
}

const ByHandle = Type.Object({ handle: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }) })

/** Read-only keys for the JSON of ranks and series: made, listed and revoked by the person they belong to. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/api-keys', async (request, reply) => {
    const made = request.session.get('newApiKey') ?? null
    // HEAD is answered by the same handler and shows nothing.
    if (made !== null && request.method === 'GET') request.session.set('newApiKey', undefined)
    return show(request, reply, formState(), made)
  })

  app.post('/api-keys', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = readForm(request.body, ['name'])
    return formAction(
      reply,
      typed,
      async () => {
        const key = await makeApiKey(services.sql, request.signedIn!, typed.name, actorOf(request))
        request.session.set('newApiKey', key)
        return reply.leaveFor('/account/api-keys')
      },
      (form) => show(request, reply, form),
    )
  })

  app.post('/api-keys/:handle/revocation', { schema: { params: ByHandle } }, async (request, reply) => {
    const revoked = await deleteApiKey(services.sql, request.user!.id, request.params.handle, actorOf(request))
    const text = revoked
      ? 'The key is revoked. Requests with it are refused from now on.'
      : 'That key was revoked already.'
    request.session.set('notice', { kind: 'good', text })
    return reply.leaveFor('/account/api-keys')
  })

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState, made: string | null = null) {
    const { id, role } = request.user!
    const [keys, subscription] = await Promise.all([listApiKeysOf(services.sql, id), subscriptionOf(services.sql, id)])
    return reply.page('account/api-keys', {
      keys,
      most: mostKeys,
      made,
      hasAccess: subscription.hasAccess,
      isAdministrator: role !== 'subscriber',
      form,
    })
  }
}
export default routes
