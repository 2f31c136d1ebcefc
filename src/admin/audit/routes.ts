import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { browserName } from '../../identity/known-browsers/browser-name.ts'
import { Type } from '../../platform/schema.ts'
import { sendCsv } from '../csv-routes.ts'
import { spanOfDays } from '../days.ts'
import { allOf, filterOf, type List, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { changesIn } from './changes.ts'
import { actionLabel, machineLabels } from './labels.ts'
import { type Entry, findPerson, listActions, listAdmins, listAudit } from './queries.ts'
import { type Chain, chainNow, verifyNow } from './verifying.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/audit/list': {
      list: ListPage<Entry>
      unknownPerson: boolean
      actions: { value: string; label: string }[]
      actionLabel: typeof actionLabel
      machineLabels: typeof machineLabels
      actors: string[]
      changesIn: typeof changesIn
      browserName: typeof browserName
    }
    'admin/audit/verify': Chain
  }
}

const names = ['actor', 'action', 'person', 'order', 'day'] as const
type Filter = Record<(typeof names)[number], string>
const Text = Type.Optional(Type.String({ maxLength: 200 }))
const Filtered = Type.Object({ actor: Text, action: Text, person: Text, order: Text, day: Text })
const Listed = Type.Object({ ...Filtered.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })

/** /admin/audit: who did what, on what, from where; and whether nobody changed it since. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  /** The list for a filter; undefined when it names a person we do not know. */
  const listFor = async ({ actor, action, person, order, day }: Filter): Promise<List<Entry> | undefined> => {
    const userId = person === '' ? null : await findPerson(services.sql, person)
    if (userId === undefined) return undefined
    const given = { actor: await actorNamed(actor), action, userId, order, span: spanOfDays(day, day) }
    return (after, limit) => listAudit(services.sql, given, after, limit)
  }
  const none = async () => []

  /** An actor as the audit has it: a person by name, e-mail or id becomes 'user:<id>', anything else is a machine. */
  async function actorNamed(typed: string): Promise<string> {
    if (typed === '' || Object.hasOwn(machineLabels, typed)) return typed
    const id = await findPerson(services.sql, typed.replace(/^user:/, ''))
    return id === undefined ? typed : `user:${id}`
  }

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterOf(names, request.query)
    const entries = await listFor(filter)
    const list = await listPage(entries ?? none, keyOf, { path: '/admin/audit', filter, after: request.query.after })
    const admins = await listAdmins(services.sql)
    return reply.page('admin/audit/list', {
      list,
      unknownPerson: entries === undefined,
      actions: (await listActions(services.sql)).map((value) => ({ value, label: actionLabel(value).title })),
      actionLabel,
      actors: [...admins.map(({ username }) => username), ...Object.keys(machineLabels)],
      machineLabels,
      changesIn,
      browserName,
    })
  })

  app.get('.csv', { schema: { querystring: Filtered } }, async (request, reply) => {
    const list = await listFor(filterOf(names, request.query))
    return sendCsv(reply, 'audit', columns, allOf(list ?? none, keyOf))
  })

  app.get('/verify', async (_request, reply) => reply.page('admin/audit/verify', await chainNow(services)))
  app.post('/verify', async (_request, reply) => reply.page('admin/audit/verify', await verifyNow(services)))
}
export default routes

const columns = [
  { title: 'Number', number: (row: Entry) => row.id },
  { title: 'When', time: (row: Entry) => row.at },
  { title: 'Who', text: (row: Entry) => row.actorName ?? machineLabels[row.actor] ?? row.actor },
  { title: 'Actor', text: (row: Entry) => row.actor },
  { title: 'What', text: (row: Entry) => actionLabel(row.action).title },
  { title: 'Action', text: (row: Entry) => row.action },
  { title: 'Order', text: (row: Entry) => row.orderId },
  { title: 'Person', text: (row: Entry) => row.userId },
  { title: 'Details', text: (row: Entry) => changesIn(row.details).join('; ') },
  { title: 'Address', text: (row: Entry) => row.origin?.address ?? null },
  { title: 'Browser', text: (row: Entry) => row.origin?.userAgent ?? null },
]

const keyOf = (row: Entry) => ({ at: row.at, id: String(row.id) })
