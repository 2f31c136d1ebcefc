import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { Type } from '../../platform/schema.ts'
import { liftSuppression } from '../../records/suppressions/queries.ts'
import { PostedForm, readForm, safeNext } from '../../web/forms.ts'
import { filterOf, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { rowNumber } from '../row-numbers.ts'
import { suppressionLabels } from './labels.ts'
import { findSuppressedEmail, type ListedSuppression, listSuppressions } from './suppression-queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/mails/suppressions': {
      list: ListPage<ListedSuppression>
      mayAct: boolean
      isConnected: boolean
      suppressionLabels: typeof suppressionLabels
    }
  }
}

const Text = Type.Optional(Type.String({ maxLength: 200 }))
const Listed = Type.Object({ to: Text, after: Type.Optional(Type.String({ maxLength: 300 })) })
const ById = Type.Object({ id: Type.String({ maxLength: 20 }) })
const path = '/admin/mails/suppressions'

/** /admin/mails/suppressions: addresses that get no mail, why, and the way to send to one again. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  app.get('/suppressions', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterOf(['to'], request.query)
    const list = await listPage(
      (after, limit) => listSuppressions(services.sql, filter.to, after, limit),
      (row: ListedSuppression) => ({ at: row.since, id: String(row.id) }),
      { path, filter, after: request.query.after },
    )
    return reply.page('admin/mails/suppressions', {
      list,
      mayAct: request.mayAct,
      isConnected: services.config.mail.webhookSecrets.length > 0,
      suppressionLabels,
    })
  })

  app.post(
    '/suppressions/:id/lift',
    { preHandler: requireWriteAccess, schema: { params: ById, body: PostedForm } },
    async (request, reply) => {
      const { next } = readForm(request.body, ['next'], 300)
      const email = await findSuppressedEmail(services.sql, rowNumber(request.params.id))
      const isLifted = email !== null && (await liftSuppression(services.sql, email, actorOf(request)))
      request.session.set(
        'notice',
        isLifted
          ? { kind: 'good', text: `Mails go to ${email} again. What was not sent can be sent as a copy.` }
          : { kind: 'info', text: 'This address is not suppressed any more.' },
      )
      return reply.leaveFor(safeNext(next, path))
    },
  )
}
export default routes
