import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { replayEvent } from '../../billing/webhooks/inbox.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { actionLabel } from '../audit/labels.ts'
import { sendCsv } from '../csv-routes.ts'
import { spanOfDays } from '../days.ts'
import { allOf, filterOf, type List, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { rowNumber } from '../row-numbers.ts'
import { masked, readable } from './body.ts'
import { outcomeLabel, type VerdictLabel, verdictLabel, verdicts } from './labels.ts'
import {
  type Delivery,
  findDelivery,
  listChanges,
  listDeliveries,
  listRefusals,
  listTypes,
  type WholeDelivery,
} from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/webhooks/list': {
      list: ListPage<Delivery>
      types: string[]
      verdicts: Record<string, VerdictLabel>
      refusals: { verdict: string; count: number; lastAt: Date }[]
      verdictLabel: typeof verdictLabel
      outcomeLabel: typeof outcomeLabel
    }
    'admin/webhooks/show': {
      delivery: WholeDelivery
      verdict: VerdictLabel
      outcome: string
      changes: { title: string; amountPaise: number | null; refund: string | null }[]
      headers: [string, string][]
      content: { raw: string; pretty: string | null }
      mayAct: boolean
    }
  }
}

const names = ['accepted', 'verdict', 'type', 'order', 'day'] as const
const Text = Type.Optional(Type.String({ maxLength: 100 }))
const Filter = Type.Object({ accepted: Text, verdict: Text, type: Text, order: Text, day: Text })
const Listed = Type.Object({ ...Filter.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })
const ById = Type.Object({ id: Type.String({ maxLength: 20 }) })

/** /admin/webhooks: every delivery with its verdict, its bytes, and a button to settle it again. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const listFor = ({ day, ...filter }: Record<(typeof names)[number], string>): List<Delivery> => {
    const asked = { ...filter, span: spanOfDays(day, day) }
    return (after, limit) => listDeliveries(services.sql, asked, after, limit)
  }

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterOf(names, request.query)
    const { after } = request.query
    const list = await listPage(listFor(filter), keyOf, { path: '/admin/webhooks', filter, after })
    return reply.page('admin/webhooks/list', {
      list,
      types: await listTypes(services.sql),
      verdicts,
      refusals: await listRefusals(services.sql),
      verdictLabel,
      outcomeLabel,
    })
  })

  app.get('.csv', { schema: { querystring: Filter } }, async (request, reply) =>
    sendCsv(reply, 'webhooks', columns, allOf(listFor(filterOf(names, request.query)), keyOf)),
  )

  app.get('/:id', { schema: { params: ById } }, async (request, reply) => {
    const delivery = await findDelivery(services.sql, rowNumber(request.params.id))
    if (!delivery) throw new AppError('not-found', 'There is no such delivery.')
    return reply.page('admin/webhooks/show', {
      delivery,
      verdict: verdictLabel(delivery.verdict),
      outcome: outcomeLabel(delivery.outcome, delivery.type),
      changes: (await listChanges(services.sql, delivery)).map(({ action, ...change }) => ({
        ...change,
        title: actionLabel(action).title,
      })),
      headers: masked(delivery.headers),
      content: readable(delivery.body),
      mayAct: request.mayAct,
    })
  })

  app.post('/:id/replay', { preHandler: requireWriteAccess, schema: { params: ById } }, async (request, reply) => {
    const id = rowNumber(request.params.id)
    await replayEvent(services, id, actorOf(request))
    const delivery = await findDelivery(services.sql, id)
    const outcome = outcomeLabel(delivery?.outcome ?? null, delivery?.type ?? null)
    request.session.set('notice', { kind: 'good', text: `Settled again. ${outcome}` })
    return reply.leaveFor(`/admin/webhooks/${id}`)
  })
}
export default routes

const columns = [
  { title: 'Number', number: (row: Delivery) => row.id },
  { title: 'Received', time: (row: Delivery) => row.receivedAt },
  { title: 'Accepted', text: (row: Delivery) => (row.accepted ? 'yes' : 'no') },
  { title: 'Verdict', text: (row: Delivery) => row.verdict },
  { title: 'Type', text: (row: Delivery) => row.type },
  { title: 'Order', text: (row: Delivery) => row.orderId },
  { title: 'Outcome', text: (row: Delivery) => row.outcome },
  { title: 'Tries', number: (row: Delivery) => row.settleAttempts },
  { title: 'Settled', time: (row: Delivery) => row.settledAt },
]

const keyOf = (row: Delivery) => ({ at: row.receivedAt, id: String(row.id) })
