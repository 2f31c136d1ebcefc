import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { type InstrumentRow, listInstruments } from '../../market/instruments/queries.ts'
import {
  deleteOwnMove,
  deleteSplit,
  listOwnMoves,
  listSplits,
  type OwnMove,
  type SplitRow,
} from '../../market/prices/splits/queries.ts'
import { addSplit } from '../../market/prices/splits/splits.ts'
import { Type } from '../../platform/schema.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { namesOf } from '../incidents/queries.ts'
import type { Panel } from '../panel.ts'
import { rowNumber } from '../row-numbers.ts'
import { labels, type MarketLabels, machineNames } from './labels.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/market/splits': {
      splits: SplitRow[]
      ownMoves: OwnMove[]
      instruments: InstrumentRow[]
      names: Record<string, string>
      form: FormState
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

const ById = Type.Object({ id: Type.String({ maxLength: 20 }) })

/** /admin/market/splits: splits, by which older prices are restated, and jumps that were the market's own. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql } = services
  app.get('', async (request, reply) => show(request, reply, formState()))

  app.post('', { preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const typed = readForm(request.body, ['symbol', 'day', 'ratio'], 40)
    const add = async () => {
      await addSplit(sql, typed, actorOf(request))
      request.session.set('notice', { kind: 'good', text: `The split of ${typed.symbol} applies from now on.` })
      return reply.leaveFor('/admin/market/splits')
    }
    return formAction(reply, typed, add, (form) => show(request, reply, form))
  })

  app.post(
    '/:id/removal',
    { preHandler: requireWriteAccess, schema: { params: ById, body: PostedForm } },
    async (request, reply) => {
      if (await deleteSplit(sql, rowNumber(request.params.id), actorOf(request)))
        request.session.set('notice', {
          kind: 'good',
          text: 'The split is removed: older prices are used as imported again.',
        })
      return reply.leaveFor('/admin/market/splits')
    },
  )

  app.post(
    '/own-moves/:id/removal',
    { preHandler: requireWriteAccess, schema: { params: ById, body: PostedForm } },
    async (request, reply) => {
      const symbol = await deleteOwnMove(sql, rowNumber(request.params.id), actorOf(request))
      if (symbol !== null)
        request.session.set('notice', {
          kind: 'good',
          text: `Removed: the next import of ${symbol} around that day will ask again. If it was a split, enter it here.`,
        })
      return reply.leaveFor('/admin/market/splits')
    },
  )

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    const [splits, ownMoves, instruments] = await Promise.all([
      listSplits(sql),
      listOwnMoves(sql),
      listInstruments(sql),
    ])
    const names = await namesOf(
      sql,
      [...splits, ...ownMoves].map((one) => one.confirmedBy),
    )
    return reply.page('admin/market/splits', {
      splits,
      ownMoves,
      instruments,
      names: { ...machineNames, ...names },
      form,
      mayAct: request.mayAct,
      labels,
    })
  }
}
export default routes
