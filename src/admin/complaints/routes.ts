import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { Type } from '../../platform/schema.ts'
import { answer, complaintAt } from '../../records/complaints/complaints.ts'
import type { Complaint } from '../../records/complaints/queries.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { sendCsv } from '../csv-routes.ts'
import { allOf, type List, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { listComplaints } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/complaints/list': { list: ListPage<Complaint> }
    'admin/complaints/show': { complaint: Complaint; form: FormState; mayAct: boolean }
  }
}

const Filter = Type.Object({ state: Type.Optional(Type.String({ maxLength: 20 })) })
const Listed = Type.Object({ ...Filter.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })
const ByNumber = Type.Object({ number: Type.String({ maxLength: 20 }) })

/** /admin/complaints: what people wrote to the grievance officer, with the clock of each, and the answer by mail. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const listFor =
    (state: string): List<Complaint> =>
    (after, limit) =>
      listComplaints(services.sql, state === 'answered' ? 'answered' : 'open', after, limit)

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const { after, state = '' } = request.query
    const list = await listPage(listFor(state), keyOf, { path: '/admin/complaints', filter: { state }, after })
    return reply.page('admin/complaints/list', { list })
  })

  app.get('.csv', { schema: { querystring: Filter } }, async (request, reply) =>
    sendCsv(reply, 'complaints', columns, allOf(listFor(request.query.state ?? ''), keyOf)),
  )

  app.get('/:number', { schema: { params: ByNumber } }, async (request, reply) =>
    reply.page('admin/complaints/show', {
      complaint: await complaintAt(services.sql, request.params.number),
      form: formState(),
      mayAct: request.mayAct,
    }),
  )

  app.post(
    '/:number/answer',
    { preHandler: requireWriteAccess, schema: { params: ByNumber, body: PostedForm } },
    async (request, reply) => {
      const { number } = await complaintAt(services.sql, request.params.number)
      const typed = readForm(request.body, ['answer'], 6_000)
      return formAction(
        reply,
        typed,
        async () => {
          await answer(services.sql, number, typed.answer, actorOf(request))
          services.wake('deliver-mails')
          request.session.set('notice', {
            kind: 'good',
            text: `${number} is answered. The answer is on its way by mail.`,
          })
          return reply.leaveFor('/admin/complaints')
        },
        async (form) =>
          reply.page('admin/complaints/show', {
            complaint: await complaintAt(services.sql, number),
            form,
            mayAct: true,
          }),
      )
    },
  )
}
export default routes

const keyOf = (row: Complaint) => ({ at: row.receivedAt, id: String(row.id) })

const columns = [
  { title: 'Number', text: (row: Complaint) => row.number },
  { title: 'Received', time: (row: Complaint) => row.receivedAt },
  { title: 'Acknowledged', time: (row: Complaint) => row.acknowledgedAt },
  { title: 'Answer by', time: (row: Complaint) => row.answerBy },
  { title: 'Answered', time: (row: Complaint) => row.answeredAt },
  { title: 'Name', text: (row: Complaint) => row.name },
  { title: 'E-mail', text: (row: Complaint) => row.email },
  { title: 'Reference', text: (row: Complaint) => row.reference },
  { title: 'Complaint', text: (row: Complaint) => row.text },
  { title: 'Answer', text: (row: Complaint) => row.answer },
]
