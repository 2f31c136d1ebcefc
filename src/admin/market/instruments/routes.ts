import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  addInstrument,
  changeInstrument,
  detailFields,
  detailsTyped,
  measureAgainst,
  removeInstrument,
  verifyToday,
} from '../../../market/instruments/instruments.ts'
import { findInstrument, type Revised } from '../../../market/instruments/queries.ts'
import { type InstrumentRow, listInstruments } from '../../../market/queries.ts'
import { AppError } from '../../../platform/errors.ts'
import { actingAs, requireMoney } from '../../../users/guards.ts'
import { statuses } from '../../../web/errors.ts'
import { type FormState, formState, PostedForm, readForm } from '../../../web/forms.ts'
import type { Panel } from '../../panel.ts'
import { listCoverage } from '../queries.ts'
import { type Words, words } from '../words.ts'

declare module '../../../web/views.ts' {
  interface Views {
    'admin/market/instruments': { instruments: InstrumentRow[]; mayAct: boolean; words: Words }
    'admin/market/instrument': { instrument: Revised | null; form: FormState; mayAct: boolean; words: Words }
    'admin/market/benchmark': {
      instrument: Revised
      benchmark: InstrumentRow | null
      days: { now: number; after: number }
      form: FormState
      words: Words
    }
  }
}

const BySymbol = Type.Object({ symbol: Type.String({ maxLength: 20 }) })
const acted = { preHandler: requireMoney, schema: { params: BySymbol, body: PostedForm } }
const list = '/admin/market/instruments'

/** /admin/market/instruments: what is followed, and against what it is measured. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { deps }) => {
  const { sql } = deps

  app.get('', async (request, reply) =>
    reply.page('admin/market/instruments', { instruments: await listInstruments(sql), mayAct: mayAct(request), words }),
  )

  app.get('/new', { preHandler: requireMoney }, async (request, reply) =>
    showOne(request, reply, null, formState({ kind: 'sector', shown: 'yes' })),
  )

  app.post('/new', { preHandler: requireMoney, schema: { body: PostedForm } }, async (request, reply) => {
    const typed = readForm(request.body, ['symbol', ...detailFields], 200)
    try {
      const symbol = await addInstrument(sql, typed.symbol, detailsTyped(typed), actingAs(request))
      request.session.set('notice', {
        kind: 'good',
        text: `${symbol} is followed from now on. Import its prices next.`,
      })
      return reply.leaveFor(list)
    } catch (error) {
      return refused(request, reply, null, typed, error)
    }
  })

  app.get('/:symbol', { schema: { params: BySymbol } }, async (request, reply) => {
    const found = await instrumentAt(request)
    return showOne(request, reply, found, formState(valuesOf(found)))
  })

  app.post('/:symbol', acted, async (request, reply) => {
    const found = await instrumentAt(request)
    const typed = readForm(request.body, ['seen', ...detailFields], 200)
    try {
      const given = { ...detailsTyped(typed), symbol: found.symbol, seen: revisionIn(typed) }
      await changeInstrument(sql, given, actingAs(request))
    } catch (error) {
      return refused(request, reply, found, typed, error)
    }
    return leave(request, reply, `${found.symbol} is changed.`)
  })

  app.post('/:symbol/verified', acted, async (request, reply) => {
    const found = await instrumentAt(request)
    const seen = revisionIn(readForm(request.body, ['seen']))
    try {
      await verifyToday(sql, { symbol: found.symbol, seen }, actingAs(request))
    } catch (error) {
      return refused(request, reply, found, valuesOf(found), error)
    }
    return leave(request, reply, `Noted: ${found.symbol} was checked today.`)
  })

  app.post('/:symbol/removal', acted, async (request, reply) => {
    const { symbol } = request.params
    try {
      await removeInstrument(sql, symbol, actingAs(request))
    } catch (error) {
      const found = await instrumentAt(request)
      return refused(request, reply, found, valuesOf(found), error)
    }
    return leave(request, reply, `${symbol} is not followed any more.`)
  })

  app.get('/:symbol/benchmark', { preHandler: requireMoney, schema: { params: BySymbol } }, async (request, reply) =>
    showBenchmark(request, reply),
  )

  app.post('/:symbol/benchmark', acted, async (request, reply) => {
    const { seen, again } = readForm(request.body, ['seen', 'again'], 40)
    const { symbol } = request.params
    try {
      if (again.trim().toUpperCase() !== symbol) {
        const fields = { again: `Type ${symbol} here, to be sure.` }
        throw new AppError('invalid', 'Nothing was changed.', { fields })
      }
      await measureAgainst(sql, { symbol, seen }, actingAs(request))
    } catch (error) {
      return showBenchmark(request, reply, { again }, refusalOf(error))
    }
    return leave(request, reply, `Everything is measured against ${symbol} from now on.`)
  })

  async function showBenchmark(request: FastifyRequest, reply: FastifyReply, typed = {}, failure?: AppError) {
    const instrument = await instrumentAt(request)
    const coverage = await listCoverage(sql)
    const benchmark = (await listInstruments(sql)).find((one) => one.kind === 'benchmark') ?? null
    const daysOf = (symbol?: string) => coverage.find((one) => one.symbol === symbol)?.prices ?? 0
    if (failure) reply.code(statuses[failure.code])
    return reply.page('admin/market/benchmark', {
      instrument,
      benchmark,
      days: { now: daysOf(benchmark?.symbol), after: daysOf(instrument.symbol) },
      form: formState(typed, failure?.fields, failure?.message),
      words,
    })
  }

  async function instrumentAt(request: FastifyRequest): Promise<Revised> {
    const found = await findInstrument(sql, (request.params as { symbol: string }).symbol)
    if (!found) throw new AppError('not-found', 'There is no such instrument.')
    return found
  }

  function refused(
    request: FastifyRequest,
    reply: FastifyReply,
    instrument: Revised | null,
    typed: Record<string, string>,
    error: unknown,
  ) {
    const failure = refusalOf(error)
    reply.code(statuses[failure.code])
    return showOne(request, reply, instrument, formState(typed, failure.fields, failure.message))
  }
}
export default routes

function showOne(request: FastifyRequest, reply: FastifyReply, instrument: Revised | null, form: FormState) {
  return reply.page('admin/market/instrument', { instrument, form, mayAct: mayAct(request), words })
}

function leave(request: FastifyRequest, reply: FastifyReply, text: string) {
  request.session.set('notice', { kind: 'good', text })
  return reply.leaveFor(list)
}

function valuesOf({ name, kind, tracks, isin, shown }: Revised): Record<string, string> {
  return { name, kind, tracks, isin: isin ?? '', shown: shown ? 'yes' : '' }
}

/** The state of the instrument that the page showed; 0, which is none, for what no page of ours says. */
function revisionIn({ seen }: { seen: string }): number {
  return /^\d{1,9}$/.test(seen) ? Number(seen) : 0
}

function mayAct(request: FastifyRequest): boolean {
  return request.user?.role === 'admin'
}

/** What is said to the person who tried; anything else goes on as it came. */
function refusalOf(error: unknown): AppError {
  if (error instanceof AppError && (error.code === 'invalid' || error.code === 'conflict')) return error
  throw error
}
