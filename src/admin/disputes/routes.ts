import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '../../platform/schema.ts'
import type { Column } from '../csv.ts'
import { sendCsv } from '../csv-routes.ts'
import { allOf, type List, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { disputeKind, disputeStatuses } from './labels.ts'
import { type DisputeLine, listDisputes } from './queries.ts'

const labels = { disputeStatuses, disputeKind }

declare module '../../web/views.ts' {
  interface Views {
    'admin/disputes/list': { list: ListPage<DisputeLine>; labels: typeof labels }
  }
}

const Word = Type.Optional(Type.String({ maxLength: 30 }))
const Filter = Type.Object({ state: Word, status: Word })
const Listed = Type.Object({ ...Filter.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })

/** /admin/disputes: payers who asked their bank for the money. They are answered in Cashfree's dashboard, never here. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const listFor = ({ state, status }: Record<'state' | 'status', string>): List<DisputeLine> => {
    const asked = { state: state === 'closed' ? 'closed' : 'waiting', status } as const
    return (after, limit) => listDisputes(services.sql, asked, after, limit)
  }

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterIn(request.query)
    const { after } = request.query
    const list = await listPage(listFor(filter), keyOf, { path: '/admin/disputes', filter, after })
    return reply.page('admin/disputes/list', { list, labels })
  })

  app.get('.csv', { schema: { querystring: Filter } }, async (request, reply) =>
    sendCsv(reply, 'disputes', columns, allOf(listFor(filterIn(request.query)), keyOf)),
  )
}
export default routes

/** What an export holds; the accountant's list of what was lost is this, filtered. */
const columns: Column<DisputeLine>[] = [
  { title: 'Dispute', text: (row) => row.id },
  { title: 'Kind', text: (row) => row.type },
  { title: 'Status', text: (row) => row.status },
  { title: 'Amount', paise: (row) => row.amountPaise },
  { title: 'Reason', text: (row) => row.reason },
  { title: 'Order', text: (row) => row.orderId },
  { title: 'Person', text: (row) => row.personName },
  { title: 'Opened', time: (row) => row.openedAt },
  { title: 'Answer by', time: (row) => row.respondBy },
  { title: 'Closed', time: (row) => row.closedAt },
]

const keyOf = ({ at, id }: DisputeLine) => ({ at, id })

function filterIn({ state = '', status = '' }: { state?: string; status?: string }) {
  return { state: state === 'closed' ? state : '', status: status in disputeStatuses ? status : '' }
}
