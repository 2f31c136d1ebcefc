import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '../platform/schema.ts'
import { mostRunning } from '../records/announcements/queries.ts'
import { PostedForm, readForm, safeNext } from '../web/forms.ts'

declare module '@fastify/secure-session' {
  interface SessionData {
    /** Announcements that were closed in this browser, the newest last. */
    closedAnnouncements: number[]
  }
}

/** POST /announcements/:id/closed: this browser does not show the announcement again. Nothing is stored on the server. */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  const ById = Type.Object({ id: Type.String({ pattern: '^[1-9]\\d{0,14}$' }) })
  app.post('/announcements/:id/closed', { schema: { params: ById, body: PostedForm } }, async (request, reply) => {
    const before = request.session.get('closedAnnouncements') ?? []
    const id = Number(request.params.id)
    request.session.set('closedAnnouncements', [...before.filter((one) => one !== id), id].slice(-mostRunning))
    if (request.wantsFragment) return reply.header('cache-control', 'no-store').type('text/html').send('')
    return reply.leaveFor(safeNext(readForm(request.body, ['back']).back, '/'))
  })
}
export default routes
