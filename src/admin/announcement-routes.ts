import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../identity/sessions/guards.ts'
import { Type } from '../platform/schema.ts'
import { announcementFields, createAnnouncement } from '../records/announcements/announcements.ts'
import { type AnnouncementLine, listAnnouncements, switchAnnouncement } from '../records/announcements/queries.ts'
import { formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'
import type { Panel } from './panel.ts'

declare module '../web/views.ts' {
  interface Views {
    'admin/announcements/list': { announcements: AnnouncementLine[]; form: FormState; key: string; mayAct: boolean }
  }
}

const ById = Type.Object({ id: Type.String({ pattern: '^[1-9]\\d{0,14}$' }) })
const shown = 100

/** /admin/announcements: the one line above the site's pages, written for everyone or for subscribers, for some days. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql } = services
  const list = async (mayAct: boolean, form = formState()) => ({
    announcements: await listAnnouncements(sql, shown),
    form,
    key: randomUUID(),
    mayAct,
  })

  app.get('', async (request, reply) => reply.page('admin/announcements/list', await list(request.mayAct)))

  app.post('', { preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const typed = readForm(request.body, announcementFields)
    const { key: _ours, ...shownAgain } = typed
    const create = async () => {
      await createAnnouncement(sql, typed, actorOf(request))
      request.session.set('notice', { kind: 'good', text: 'Saved. Pages show it within ten seconds of its first day.' })
      return reply.leaveFor('/admin/announcements')
    }
    return formAction(reply, shownAgain, create, async (form) =>
      reply.page('admin/announcements/list', await list(true, form)),
    )
  })

  for (const [word, on] of [
    ['on', true],
    ['off', false],
  ] as const)
    app.post(`/:id/${word}`, { preHandler: requireWriteAccess, schema: { params: ById } }, async (request, reply) => {
      const id = Number(request.params.id)
      await switchAnnouncement(sql, id, on, actorOf(request))
      request.session.set('notice', { kind: 'good', text: `Switched ${word}. Pages follow within ten seconds.` })
      return reply.leaveFor('/admin/announcements')
    })
}
export default routes
