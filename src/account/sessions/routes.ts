import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import type { Account } from '../account.ts'
import { deleteSessionsOf, type Which } from './queries.ts'
import { type ShownSession, sessionsOf } from './sessions.ts'

declare module '../../web/views.ts' {
  interface Views {
    'account/sessions': { sessions: ShownSession[] }
  }
}

const ByHandle = Type.Object({ handle: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }) })

/** Where a person is signed in, and signing out there: one, all others, everywhere. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services }) => {
  app.get('/sessions', async (request, reply) => {
    const { user, handle } = request.signedIn!
    return reply.page('account/sessions', { sessions: await sessionsOf(services.sql, user.id, handle) })
  })

  app.post('/sessions/:handle/end', { schema: { params: ByHandle } }, async (request, reply) => {
    const { user, handle } = request.signedIn!
    const only = request.params.handle
    if (only === handle) return leave(request, reply, { only })
    const ended = await deleteSessionsOf(services.sql, user.id, { only }, actorOf(request))
    return stay(request, reply, ended === 0 ? 'That session had ended already.' : 'Signed out there.')
  })

  app.post('/sessions/others/end', async (request, reply) => {
    const { user, handle } = request.signedIn!
    const ended = await deleteSessionsOf(services.sql, user.id, { allBut: handle }, actorOf(request))
    return stay(
      request,
      reply,
      ended === 0 ? 'There was no other session.' : `Signed out of ${ended} other session${ended === 1 ? '' : 's'}.`,
    )
  })

  app.post('/sessions/end', async (request, reply) => leave(request, reply, 'all'))

  function stay(request: FastifyRequest, reply: FastifyReply, text: string) {
    request.session.set('notice', { kind: 'good', text })
    return reply.leaveFor('/account/sessions')
  }

  /** Signs out here: this session is among those that end, so its cookie goes as well. */
  async function leave(request: FastifyRequest, reply: FastifyReply, which: Which) {
    if (!request.user) throw new AppError('unauthenticated', 'Please log in to continue.')
    await deleteSessionsOf(services.sql, request.user.id, which, actorOf(request))
    request.session.delete()
    return reply.header('clear-site-data', '"cache", "storage"').leaveFor('/login')
  }
}
export default routes
