import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { resolveIncident } from '../../records/incidents/incidents.ts'
import { type IncidentKind, meaningOf, meanings } from '../../records/incidents/kinds.ts'
import { findIncident, type Incident } from '../../records/incidents/queries.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { sendCsv } from '../csv-routes.ts'
import { allOf, type List, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { rowNumber } from '../row-numbers.ts'
import { type Diff, diffOf } from './diff.ts'
import { incidentTitle, whatToDo } from './labels.ts'
import { type IncidentFilter, listIncidents, listOccurrences, namesOf } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/incidents/list': {
      titleOf: typeof incidentTitle
      list: ListPage<Incident>
      meanings: Record<string, string>
      names: Record<string, string>
    }
    'admin/incidents/show': {
      titleOf: typeof incidentTitle
      incident: Incident
      means: string
      whatToDo: string
      diff: Diff
      resolvedBy: string | null
      others: { id: number; occurrence: number; openedAt: Date; resolvedAt: Date | null }[]
      form: FormState
      mayAct: boolean
    }
  }
}

const Text = Type.Optional(Type.String({ maxLength: 100 }))
const Filter = Type.Object({ state: Text, kind: Text, order: Text })
const Listed = Type.Object({ ...Filter.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })
const ById = Type.Object({ id: Type.String({ maxLength: 20 }) })

/** /admin/incidents: what did not agree, ours beside theirs, until a person says what was done about it. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const listFor = ({ state, kind, order }: Record<'state' | 'kind' | 'order', string>): List<Incident> => {
    const asked: IncidentFilter = { state: state === 'resolved' ? 'resolved' : 'open', kind, order }
    return (after, limit) => listIncidents(services.sql, asked, after, limit)
  }
  const incidentAt = async (id: string) => {
    const incident = await findIncident(services.sql, rowNumber(id))
    if (!incident) throw new AppError('not-found', 'There is no such incident.')
    return incident
  }
  const shown = async (incident: Incident, mayAct: boolean, form = formState()) => ({
    titleOf: incidentTitle,
    incident,
    means: meaningOf(incident.kind),
    whatToDo: whatToDo[incident.kind as IncidentKind] ?? 'Check the log, and write here what you found.',
    diff: diffOf(incident.details),
    resolvedBy:
      incident.resolvedBy &&
      ((await namesOf(services.sql, [incident.resolvedBy]))[incident.resolvedBy] ?? incident.resolvedBy),
    others: [...(await listOccurrences(services.sql, incident))],
    form,
    mayAct,
  })

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterIn(request.query)
    const { after } = request.query
    const list = await listPage(listFor(filter), keyOf, { path: '/admin/incidents', filter, after })
    const names = await namesOf(
      services.sql,
      list.rows.map((row) => row.resolvedBy ?? ''),
    )
    return reply.page('admin/incidents/list', { titleOf: incidentTitle, list, meanings, names })
  })

  app.get('.csv', { schema: { querystring: Filter } }, async (request, reply) =>
    sendCsv(reply, 'incidents', columns, allOf(listFor(filterIn(request.query)), keyOf)),
  )

  app.get('/:id', { schema: { params: ById } }, async (request, reply) =>
    reply.page('admin/incidents/show', await shown(await incidentAt(request.params.id), request.mayAct)),
  )

  app.post(
    '/:id/resolution',
    { preHandler: requireWriteAccess, schema: { params: ById, body: PostedForm } },
    async (request, reply) => {
      const incident = await incidentAt(request.params.id)
      const typed = readForm(request.body, ['resolution'])
      const resolve = async () => {
        await resolveIncident(services.sql, incident.id, { ...actorOf(request), ...typed })
        request.session.set('notice', { kind: 'good', text: 'Resolved. Your note is kept with it.' })
        return reply.leaveFor('/admin/incidents')
      }
      return formAction(reply, typed, resolve, async (form) =>
        reply.page('admin/incidents/show', await shown(await incidentAt(request.params.id), true, form)),
      )
    },
  )
}
export default routes

const columns = [
  { title: 'Number', number: (row: Incident) => row.id },
  { title: 'Kind', text: (row: Incident) => row.kind },
  { title: 'Title', text: (row: Incident) => incidentTitle(row.kind) },
  { title: 'About', text: (row: Incident) => row.subjectKey },
  { title: 'Occurrence', number: (row: Incident) => row.occurrence },
  { title: 'Order', text: (row: Incident) => row.orderId },
  { title: 'Opened', time: (row: Incident) => row.openedAt },
  { title: 'Resolved', time: (row: Incident) => row.resolvedAt },
  { title: 'Resolved by', text: (row: Incident) => row.resolvedBy },
  { title: 'Note', text: (row: Incident) => row.resolution },
]

const keyOf = (row: Incident) => ({ at: row.openedAt, id: String(row.id) })

function filterIn({ state, kind, order }: { state?: string; kind?: string; order?: string }) {
  return { state: state === 'resolved' ? state : '', kind: kind?.trim() ?? '', order: order?.trim() ?? '' }
}
