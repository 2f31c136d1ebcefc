import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { actorOf, requireMoney } from '../../identity/sessions/guards.ts'
import type { Problem } from '../../market/files/csv-files.ts'
import { readEtfList } from '../../market/instruments/etf-list/etf-list.ts'
import {
  type Candidate,
  findEtfList,
  listOtherIsins,
  replaceEtfList,
  searchEtfList,
} from '../../market/instruments/etf-list/queries.ts'
import {
  addInstrument,
  changeInstrument,
  detailFields,
  detailsTyped,
  measureAgainst,
  removeInstrument,
  verifyToday,
} from '../../market/instruments/instruments.ts'
import { findInstrument, type InstrumentRow, listInstruments, type Revised } from '../../market/instruments/queries.ts'
import { AppError } from '../../platform/errors.ts'
import { statuses } from '../../web/errors.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { arrivingFiles } from '../../web/uploads.ts'
import type { Panel } from '../panel.ts'
import { limits, storeUploads } from './imports/uploads.ts'
import { labels, many, type StatusLabel } from './labels.ts'
import { listCoverage } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/market/instruments': {
      instruments: InstrumentRow[]
      /** NSE's list of ETFs, null before the first; of what was searched in it at most `most` are shown. */
      list: { entries: number; readAt: Date } | null
      q: string
      candidates: Candidate[]
      most: number
      /** What is wrong with a list that was just given. */
      problems: Problem[]
      form: FormState
      mayAct: boolean
      words: StatusLabel
    }
    'admin/market/instrument': {
      instrument: Revised | null
      /** Its ISIN in NSE's list, where that is not the one here. */
      listedIsin: string | null
      form: FormState
      mayAct: boolean
      words: StatusLabel
    }
    'admin/market/benchmark': {
      instrument: Revised
      benchmark: InstrumentRow | null
      days: { now: number; after: number }
      form: FormState
      words: StatusLabel
    }
  }
}

const BySymbol = Type.Object({ symbol: Type.String({ maxLength: 20 }) })
const acted = { preHandler: requireMoney, schema: { params: BySymbol, body: PostedForm } }
const list = '/admin/market/instruments'
const Searched = Type.Object({ q: Type.Optional(Type.String({ maxLength: 100 })) })
/** What a link fills in; it is looked at as if it had been typed. */
const Prefilled = Type.Object({
  symbol: Type.Optional(Type.String({ maxLength: 100 })),
  tracks: Type.Optional(Type.String({ maxLength: 200 })),
  isin: Type.Optional(Type.String({ maxLength: 100 })),
})
const mostCandidates = 20

/** /admin/market/instruments: what is followed, and against what it is measured. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { deps }) => {
  const { sql } = deps
  await app.register(multipart, {
    limits: { files: 1, fileSize: limits.fileBytes, fields: 5, parts: 6 },
    throwFileSizeLimit: false,
  })

  app.get('', { schema: { querystring: Searched } }, async (request, reply) =>
    showList(request, reply, { q: request.query.q }),
  )

  app.post('/etf-list', { preHandler: requireMoney }, async (request, reply) => {
    try {
      const { name, etfs, problems } = await receiveEtfList(request)
      if (problems.length > 0) return showList(request, reply, { problems })
      const { entries, added, gone, changed } = await replaceEtfList(sql, { etfs, file: name }, actorOf(request))
      const text = `NSE’s list is read: ${many(entries, 'ETF')}, of them ${added} new and ${changed} changed; ${gone} left it.`
      return leave(request, reply, text)
    } catch (error) {
      return showList(request, reply, { failure: uploadRefusalOf(error) })
    }
  })

  app.get('/new', { preHandler: requireMoney, schema: { querystring: Prefilled } }, async (request, reply) => {
    const { symbol = '', tracks = '', isin = '' } = request.query
    return showOne(request, reply, null, formState({ kind: 'sector', shown: 'yes', symbol, tracks, isin }))
  })

  app.post('/new', { preHandler: requireMoney, schema: { body: PostedForm } }, async (request, reply) => {
    const typed = readForm(request.body, ['symbol', ...detailFields], 200)
    try {
      const symbol = await addInstrument(sql, typed.symbol, detailsTyped(typed), actorOf(request))
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
      await changeInstrument(sql, given, actorOf(request))
    } catch (error) {
      return refused(request, reply, found, typed, error)
    }
    return leave(request, reply, `${found.symbol} is changed.`)
  })

  app.post('/:symbol/verified', acted, async (request, reply) => {
    const found = await instrumentAt(request)
    const seen = revisionIn(readForm(request.body, ['seen']))
    try {
      await verifyToday(sql, { symbol: found.symbol, seen }, actorOf(request))
    } catch (error) {
      return refused(request, reply, found, valuesOf(found), error)
    }
    return leave(request, reply, `Noted: ${found.symbol} was checked today.`)
  })

  app.post('/:symbol/removal', acted, async (request, reply) => {
    const { symbol } = request.params
    try {
      await removeInstrument(sql, symbol, actorOf(request))
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
      await measureAgainst(sql, { symbol, seen }, actorOf(request))
    } catch (error) {
      return showBenchmark(request, reply, { again }, refusalOf(error))
    }
    return leave(request, reply, `Everything is measured against ${symbol} from now on.`)
  })

  async function showList(
    request: FastifyRequest,
    reply: FastifyReply,
    { q = '', problems = [], failure }: { q?: string | undefined; problems?: Problem[]; failure?: AppError },
  ) {
    const wanted = q.replaceAll('\0', '').trim()
    const [instruments, etfList, candidates] = await Promise.all([
      listInstruments(sql),
      findEtfList(sql),
      wanted === '' ? [] : searchEtfList(sql, wanted, mostCandidates + 1),
    ])
    if (failure || problems.length > 0) reply.code(statuses[failure?.code ?? 'invalid'])
    return reply.page('admin/market/instruments', {
      instruments,
      list: etfList,
      q: wanted,
      candidates,
      most: mostCandidates,
      problems,
      form: formState({}, failure?.fields, failure?.message),
      mayAct: mayAct(request),
      words: labels,
    })
  }

  async function showOne(request: FastifyRequest, reply: FastifyReply, instrument: Revised | null, form: FormState) {
    const other = (await listOtherIsins(sql)).find(({ symbol }) => symbol === instrument?.symbol)
    const listedIsin = other?.listed ?? null
    return reply.page('admin/market/instrument', {
      instrument,
      listedIsin,
      form,
      mayAct: mayAct(request),
      words: labels,
    })
  }

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
      words: labels,
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

/** Reads the list that arrives, and keeps no file. Throws AppError `invalid` about the field `files` without one. */
async function receiveEtfList(request: FastifyRequest) {
  if (!request.isMultipart())
    throw new AppError('invalid', 'Nothing was read.', { fields: { files: 'Choose the file first.' } })
  request.mayArriveWithin(limits.ms)
  const { files, remove } = await storeUploads(arrivingFiles(request))
  try {
    const { path, name } = files[0]!
    return { name, ...(await readEtfList(path, name)) }
  } finally {
    await remove()
  }
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

/** The same of an upload. */
function uploadRefusalOf(error: unknown): AppError {
  if ((error as { code?: string }).code === 'FST_FILES_LIMIT')
    return new AppError('invalid', 'Nothing was read.', { fields: { files: 'One file, please: the list is one.' } })
  return refusalOf(error)
}
