import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { replayEvent } from '../../billing/webhooks/inbox.ts'
import { actorOf, requireMoney } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { csvOf } from '../csv.ts'
import { dayInIndia, spanOfDays } from '../days.ts'
import { allOf, type Page, pageOf, queryOf } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { below, rowNumber } from '../row-numbers.ts'
import { masked, readable } from './body.ts'
import { outcomeLabel, verdicts, type WebhookLabel, webhookLabel } from './labels.ts'
import { type Delivery, findDelivery, listDeliveries, listRefusals, listTypes, type WholeDelivery } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/webhooks/list': Page<Delivery> & {
      filter: Record<string, string>
      first: boolean
      csv: string
      types: string[]
      verdicts: Record<string, WebhookLabel>
      refusals: { verdict: string; count: number; lastAt: Date }[]
      wordsFor: typeof webhookLabel
      outcomeInWords: typeof outcomeLabel
    }
    'admin/webhooks/show': {
      delivery: WholeDelivery
      words: WebhookLabel
      outcome: string
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

/** /admin/webhooks: every delivery with its verdict, its bytes, and the way to settle it again. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { deps }) => {
  const listing = (filter: Record<(typeof names)[number], string>) => {
    const { accepted, verdict, type, order, day } = filter
    const given = { accepted, verdict, type, order, span: spanOfDays(day, day) }
    return (after: Parameters<typeof below>[0], limit: number) => listDeliveries(deps.sql, given, below(after), limit)
  }

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterIn(request.query)
    const page = await pageOf(listing(filter), keyOf, { after: request.query.after, filter })
    return reply.page('admin/webhooks/list', {
      ...page,
      filter,
      first: !request.query.after,
      csv: `/admin/webhooks.csv${queryOf(filter)}`,
      types: await listTypes(deps.sql),
      verdicts,
      refusals: await listRefusals(deps.sql),
      wordsFor: webhookLabel,
      outcomeInWords: outcomeLabel,
    })
  })

  app.get('.csv', { schema: { querystring: Filter } }, async (request, reply) =>
    reply
      .header('content-disposition', `attachment; filename="webhooks-${dayInIndia(new Date())}.csv"`)
      .type('text/csv; charset=utf-8')
      .send(csvOf(columns, allOf(listing(filterIn(request.query)), keyOf))),
  )

  app.get('/:id', { schema: { params: ById } }, async (request, reply) => {
    const delivery = await findDelivery(deps.sql, rowNumber(request.params.id))
    if (!delivery) throw new AppError('not-found', 'There is no such delivery.')
    return reply.page('admin/webhooks/show', {
      delivery,
      words: webhookLabel(delivery.verdict),
      outcome: outcomeLabel(delivery.outcome),
      headers: masked(delivery.headers),
      content: readable(delivery.body),
      mayAct: request.mayAct,
    })
  })

  app.post('/:id/replay', { preHandler: requireMoney, schema: { params: ById } }, async (request, reply) => {
    const id = rowNumber(request.params.id)
    await replayEvent(deps, id, actorOf(request))
    const outcome = (await findDelivery(deps.sql, id))?.outcome ?? null
    request.session.set('notice', { kind: 'good', text: `Settled again. ${outcomeLabel(outcome)}` })
    return reply.leaveFor(`/admin/webhooks/${id}`)
  })
}
export default routes

const columns = [
  { title: 'Number', number: (row: Delivery) => row.id },
  { title: 'Received', time: (row: Delivery) => row.receivedAt },
  { title: 'Taken', text: (row: Delivery) => (row.accepted ? 'yes' : 'no') },
  { title: 'Verdict', text: (row: Delivery) => row.verdict },
  { title: 'Type', text: (row: Delivery) => row.type },
  { title: 'Order', text: (row: Delivery) => row.orderId },
  { title: 'Outcome', text: (row: Delivery) => row.outcome },
  { title: 'Tries', number: (row: Delivery) => row.settleAttempts },
  { title: 'Settled', time: (row: Delivery) => row.settledAt },
]

const keyOf = (row: Delivery) => ({ at: row.receivedAt, id: String(row.id) })

function filterIn(query: Partial<Record<(typeof names)[number], string>>) {
  return Object.fromEntries(names.map((name) => [name, query[name]?.trim() ?? ''])) as Record<
    (typeof names)[number],
    string
  >
}
