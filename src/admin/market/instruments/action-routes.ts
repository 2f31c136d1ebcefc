import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireWriteAccess } from '../../../identity/sessions/guards.ts'
import { measureAgainst, removeInstrument, verifyToday } from '../../../market/instruments/instruments.ts'
import { type InstrumentRow, listInstruments, type Revised } from '../../../market/instruments/queries.ts'
import { AppError } from '../../../platform/errors.ts'
import type { Services } from '../../../platform/services.ts'
import { formAction } from '../../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../../web/forms.ts'
import { labels, type MarketLabels } from '../labels.ts'
import { listCoverage } from '../queries.ts'
import { BySymbol, backToList, instrumentAt, revisionIn, showInstrument, valuesOf } from './detail-routes.ts'

declare module '../../../web/views.ts' {
  interface Views {
    'admin/market/benchmark': {
      instrument: Revised
      benchmark: InstrumentRow | null
      days: { now: number; after: number }
      form: FormState
      labels: MarketLabels
    }
  }
}

const acted = { preHandler: requireWriteAccess, schema: { params: BySymbol, body: PostedForm } }

/** /admin/market/instruments/:symbol/…: verifying and removing an instrument, and making it the benchmark. */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  const { sql } = services

  app.post('/:symbol/verified', acted, async (request, reply) => {
    const { symbol } = await instrumentAt(sql, request)
    const seen = revisionIn(readForm(request.body, ['seen']))
    return act(request, reply, async () => {
      await verifyToday(sql, { symbol, seen }, actorOf(request))
      return `Noted: ${symbol} was checked today.`
    })
  })

  app.post('/:symbol/removal', acted, async (request, reply) => {
    const { symbol } = request.params
    return act(request, reply, async () => {
      await removeInstrument(sql, symbol, actorOf(request))
      return `${symbol} is not followed any more.`
    })
  })

  app.get(
    '/:symbol/benchmark',
    { preHandler: requireWriteAccess, schema: { params: BySymbol } },
    async (request, reply) => showBenchmark(request, reply, formState()),
  )

  app.post('/:symbol/benchmark', acted, async (request, reply) => {
    const { seen, again } = readForm(request.body, ['seen', 'again'], 40)
    const { symbol } = request.params
    const change = async () => {
      if (again.trim().toUpperCase() !== symbol)
        throw new AppError('invalid', 'Nothing was changed.', { fields: { again: `Type ${symbol} here, to be sure.` } })
      await measureAgainst(sql, { symbol, seen }, actorOf(request))
      return backToList(request, reply, `Everything is measured against ${symbol} from now on.`)
    }
    return formAction(reply, { again }, change, (form) => showBenchmark(request, reply, form))
  })

  /** Does something with an instrument; a refusal shows its page, with what is stored. */
  async function act(request: FastifyRequest, reply: FastifyReply, change: () => Promise<string>) {
    const done = async () => backToList(request, reply, await change())
    return formAction(reply, {}, done, async (form) => {
      const found = await instrumentAt(sql, request)
      return showInstrument(sql, request, reply, found, { ...form, values: valuesOf(found) })
    })
  }

  async function showBenchmark(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    const instrument = await instrumentAt(sql, request)
    const coverage = await listCoverage(sql)
    const benchmark = (await listInstruments(sql)).find((one) => one.kind === 'benchmark') ?? null
    const daysOf = (symbol?: string) => coverage.find((one) => one.symbol === symbol)?.prices ?? 0
    return reply.page('admin/market/benchmark', {
      instrument,
      benchmark,
      days: { now: daysOf(benchmark?.symbol), after: daysOf(instrument.symbol) },
      form,
      labels,
    })
  }
}
export default routes
