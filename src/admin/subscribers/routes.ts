import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { confirmIdentity, identityFields } from '../../identity/second-factor/reauthentication.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { type Static, Type } from '../../platform/schema.ts'
import { anyRefusal, formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { sendCsv } from '../csv-routes.ts'
import { allOf, filterOf, type List, type ListPage, listPage, queryOf } from '../listing.ts'
import { kindLabel } from '../mails/labels.ts'
import type { Panel } from '../panel.ts'
import { previewFields, requirePreviewed } from '../preview-guard.ts'
import { type ActionPreview, type AdminAction, actionFields, type Typed } from './actions/action.ts'
import { actionNamed } from './actions/actions.ts'
import { daysError, daysIn } from './actions/grant.ts'
import { columns } from './columns.ts'
import { roleLabels, statuses, statusLabel } from './labels.ts'
import { longestNote, noteFields, removeNote, writeNote } from './notes/notes.ts'
import { type PersonPage, personAt, personPage } from './person/person.ts'
import type { PersonFile } from './person/queries.ts'
import { listPlanNames, type Person } from './queries.ts'
import { findExact, listPeople } from './search.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/subscribers/list': {
      list: ListPage<Person>
      exact: Person[]
      plans: string[]
      statuses: typeof statuses
      roleLabels: typeof roleLabels
      statusLabel: typeof statusLabel
    }
    'admin/subscribers/show': PersonPage & {
      mayAct: boolean
      isSelf: boolean
      statusLabel: typeof statusLabel
      roleLabels: typeof roleLabels
      kindLabel: typeof kindLabel
      note: FormState
      noteKey: string
    }
    'admin/subscribers/action': {
      person: PersonFile
      name: string
      action: AdminAction
      preview: ActionPreview
      form: FormState
      fresh: boolean
      roleLabels: typeof roleLabels
    }
  }
}

const Word = Type.Optional(Type.String({ maxLength: 40 }))
const names = ['q', 'status', 'plan', 'role', 'verified'] as const
type Filter = Record<(typeof names)[number], string>
const Text = Type.Optional(Type.String({ maxLength: 200 }))
const After = Type.Optional(Type.String({ maxLength: 300 }))
const Listed = Type.Object({ q: Text, status: Word, plan: Word, role: Word, verified: Word, after: After })
const ById = Type.Object({ id: Type.String({ maxLength: 60 }) })
const ByNote = Type.Object({ ...ById.properties, note: Type.String({ maxLength: 60 }) })
const ByAction = Type.Object({ ...ById.properties, act: Type.String({ maxLength: 20 }) })
const Asked = Type.Object({ days: Word, number: Word })

/** /admin/subscribers: the people, one of them with their whole story, and what an administrator may do to an account. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql } = services

  app.get('/', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterIn(request.query)
    const { after } = request.query
    const exact = after ? [] : await findExact(sql, filter.q)
    const list = await listPage(listFor(filter), keyOf, { path: '/admin/subscribers', filter, after })
    return reply.page('admin/subscribers/list', {
      list: { ...list, rows: without(list.rows, exact) },
      exact,
      plans: await listPlanNames(sql),
      statuses,
      roleLabels,
      statusLabel,
    })
  })

  app.get('.csv', { schema: { querystring: Listed } }, async (request, reply) =>
    sendCsv(reply, 'subscribers', columns, everybody(filterIn(request.query))),
  )

  app.get('/:id', { schema: { params: ById, querystring: Type.Object({ after: After }) } }, async (request, reply) =>
    showPerson(request, reply, { after: request.query.after }),
  )

  app.post(
    '/:id/notes',
    { preHandler: requireWriteAccess, schema: { params: ById, body: PostedForm } },
    async (request, reply) => {
      const person = await personAt(sql, request.params.id)
      const typed = readForm(request.body, noteFields, 2 * longestNote)
      const save = async () => {
        await writeNote(sql, person.id, typed, actorOf(request))
        return reply.leaveFor(`/admin/subscribers/${person.id}#notes`)
      }
      return formAction(reply, { text: typed.text }, save, (note) => showPerson(request, reply, { note }))
    },
  )

  app.post(
    '/:id/notes/:note/removal',
    { preHandler: requireWriteAccess, schema: { params: ByNote } },
    async (request, reply) => {
      const person = await personAt(sql, request.params.id)
      await removeNote(sql, person.id, request.params.note, actorOf(request))
      return reply.leaveFor(`/admin/subscribers/${person.id}#notes`)
    },
  )

  app.get(
    '/:id/:act',
    { preHandler: requireWriteAccess, schema: { params: ByAction, querystring: Asked } },
    async (request, reply) => {
      const { days = '', number = '' } = request.query
      const typed = { ...readForm(null, actionFields), days, number }
      const errors = days === '' ? {} : daysError(typed)
      reply.code(Object.keys(errors).length > 0 ? 422 : 200)
      return showAction(request, reply, { typed, form: formState({ days }, errors), fresh: request.signedIn!.isFresh })
    },
  )

  app.post(
    '/:id/:act',
    { preHandler: requireWriteAccess, schema: { params: ByAction, body: PostedForm } },
    async (request, reply) => {
      const action = actionNamed(request.params.act)
      const person = await personAt(sql, request.params.id)
      const typed = readForm(request.body, [...actionFields, ...identityFields, ...previewFields])
      if (typed.look)
        return reply.leaveFor(
          `/admin/subscribers/${person.id}/${encodeURIComponent(request.params.act)}${queryOf({ days: typed.wanted })}`,
        )
      let fresh = request.signedIn!.isFresh
      const perform = async () => {
        requirePreviewed(typed, typed.days, (days) => daysIn({ days }))
        if (action.needsIdentity) await confirmIdentity(services, request.signedIn!, typed)
        fresh = true
        const text = await action.perform(sql, person, typed, actorOf(request))
        services.wake('deliver-mails')
        services.wake('reconcile')
        request.session.set('notice', { kind: 'good', text })
        return reply.leaveFor(`/admin/subscribers/${person.id}`)
      }
      const { reason, role, email } = typed
      const days = typed.wanted || typed.days
      return formAction(
        reply,
        { days, reason, role, email },
        perform,
        (form) => showAction(request, reply, { typed: { ...typed, days }, form, fresh }),
        anyRefusal,
      )
    },
  )

  async function showPerson(
    request: FastifyRequest<{ Params: Static<typeof ById> }>,
    reply: FastifyReply,
    { after, note = formState() }: { after?: string | undefined; note?: FormState },
  ) {
    return reply.page('admin/subscribers/show', {
      ...(await personPage(services, request.params.id, after)),
      mayAct: request.mayAct,
      isSelf: request.user!.id === request.params.id,
      statusLabel,
      roleLabels,
      kindLabel,
      note,
      noteKey: randomUUID(),
    })
  }

  type Asking = FastifyRequest<{ Params: Static<typeof ByAction> }>
  async function showAction(
    request: Asking,
    reply: FastifyReply,
    { typed, form, fresh }: { typed: Typed; form: FormState; fresh: boolean },
  ) {
    const { id, act: name } = request.params
    const action = actionNamed(name)
    const person = await personAt(sql, id)
    const preview = await action.preview(sql, person, typed, actorOf(request))
    return reply.page('admin/subscribers/action', {
      person,
      name,
      action,
      preview,
      form,
      fresh: fresh || !action.needsIdentity,
      roleLabels,
    })
  }

  function listFor({ q, ...filter }: Filter): List<Person> {
    return (after, limit) => listPeople(sql, { typed: q, ...filter }, after, limit)
  }

  /** The list for an export: exact matches first, then everybody else. */
  async function* everybody(filter: Filter) {
    const exact = await findExact(sql, filter.q)
    if (exact.length > 0) yield exact
    for await (const rows of allOf(listFor(filter), keyOf)) yield without(rows, exact)
  }
}
export default routes

const keyOf = ({ at, id }: Person) => ({ at, id })

function without(rows: readonly Person[], exact: readonly Person[]): Person[] {
  return rows.filter(({ id }) => !exact.some((one) => one.id === id))
}

function filterIn(query: Static<typeof Listed>): Filter {
  const filter = filterOf(names, query)
  return { ...filter, q: filter.q.replaceAll('\0', '') }
}
