import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { giftStates } from '../../billing/gifts/labels.ts'
import type { GiftState } from '../../billing/gifts/queries.ts'
import { Type } from '../../platform/schema.ts'
import type { Column } from '../csv.ts'
import { sendCsv } from '../csv-routes.ts'
import { allOf, type List, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { type GiftLine, listGifts } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/gifts/list': { list: ListPage<GiftLine>; states: typeof giftStates }
  }
}

const Filter = Type.Object({ state: Type.Optional(Type.String({ maxLength: 30 })) })
const Listed = Type.Object({ ...Filter.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })

/** /admin/gifts: who gave what to whom, and where each gift stands. Refunding its order in full makes one void. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const gifts =
    (state: GiftState | ''): List<GiftLine> =>
    (after, limit) =>
      listGifts(services.sql, state, after, limit)

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const state = stateIn(request.query.state)
    const { after } = request.query
    const list = await listPage(gifts(state), keyOf, { path: '/admin/gifts', filter: { state }, after })
    return reply.page('admin/gifts/list', { list, states: giftStates })
  })

  app.get('.csv', { schema: { querystring: Filter } }, async (request, reply) =>
    sendCsv(reply, 'gifts', columns, allOf(gifts(stateIn(request.query.state)), keyOf)),
  )
}
export default routes

const columns: Column<GiftLine>[] = [
  { title: 'Order', text: (row) => row.orderId },
  { title: 'Paid', time: (row) => row.paidAt },
  { title: 'Amount', paise: (row) => row.amountPaise },
  { title: 'Plan', text: (row) => row.planTitle },
  { title: 'Buyer', text: (row) => row.buyerName },
  { title: 'For', text: (row) => row.recipientName },
  { title: 'E-mail', text: (row) => row.recipientEmail },
  { title: 'Day of delivery', text: (row) => row.deliverOn },
  { title: 'State', text: (row) => giftStates[row.state].label },
  { title: 'Redeemed', time: (row) => row.redeemedAt },
  { title: 'Redeemed by', text: (row) => row.redeemerName },
]

const keyOf = ({ paidAt, id }: GiftLine) => ({ at: paidAt, id })

function stateIn(word = ''): GiftState | '' {
  return Object.hasOwn(giftStates, word) ? (word as GiftState) : ''
}
