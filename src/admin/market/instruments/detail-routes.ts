import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireWriteAccess } from '../../../identity/sessions/guards.ts'
import { listAlternatives, listSectorsToLink } from '../../../market/instruments/alternatives/queries.ts'
import { type ListedRename, listListedRenames, listOtherIsins } from '../../../market/instruments/etf-list/queries.ts'
import { addInstrument, changeInstrument, detailFields, parseDetails } from '../../../market/instruments/instruments.ts'
import {
  type FormerName,
  findLastDay,
  findPresentSymbol,
  listFormerNames,
} from '../../../market/instruments/names/queries.ts'
import { findInstrument, type Revised } from '../../../market/instruments/queries.ts'
import { findLastNavDay } from '../../../market/prices/navs/queries.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import { Type } from '../../../platform/schema.ts'
import type { Services } from '../../../platform/services.ts'
import { formAction } from '../../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../../web/forms.ts'
import { labels, type MarketLabels } from '../labels.ts'

declare module '../../../web/views.ts' {
  interface Views {
    'admin/market/instrument': {
      instrument: Revised | null
      /** Its ISIN in NSE's list, where that is not the one here. */
      listedIsin: string | null
      /** What NSE's list calls it, where that is not its symbol. */
      listedRename: ListedRename | null
      formerNames: FormerName[]
      /** The sector on whose page it is listed; null for what is ranked by itself. */
      alternativeOf: string | null
      /** Other funds of it. */
      alternatives: string[]
      sectorsToLink: { symbol: string; name: string }[]
      /** The last day it is known by its present symbol. */
      lastDay: string
      /** The newest day of which its NAV is known. */
      lastNavDay: string | null
      form: FormState
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

/** The address of one instrument. */
export const BySymbol = Type.Object({ symbol: Type.String({ maxLength: 20 }) })
/** What a link fills in; it is checked as if it had been typed. */
const Prefilled = Type.Object({
  symbol: Type.Optional(Type.String({ maxLength: 100 })),
  tracks: Type.Optional(Type.String({ maxLength: 200 })),
  isin: Type.Optional(Type.String({ maxLength: 100 })),
})

/** /admin/market/instruments/new and /:symbol: the form of one instrument. */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  const { sql } = services

  app.get('/new', { preHandler: requireWriteAccess, schema: { querystring: Prefilled } }, async (request, reply) => {
    const { symbol = '', tracks = '', isin = '' } = request.query
    return showInstrument(
      sql,
      request,
      reply,
      null,
      formState({ universe: 'sector', shown: 'yes', symbol, tracks, isin }),
    )
  })

  app.post('/new', { preHandler: requireWriteAccess, schema: { body: PostedForm } }, async (request, reply) => {
    const typed = readForm(request.body, ['symbol', ...detailFields], 200)
    const add = async () => {
      const symbol = await addInstrument(sql, typed.symbol, parseDetails(typed), actorOf(request))
      return backToList(request, reply, `${symbol} is followed from now on. Import its prices next.`)
    }
    return formAction(reply, typed, add, (form) => showInstrument(sql, request, reply, null, form))
  })

  app.get('/:symbol', { schema: { params: BySymbol } }, async (request, reply) => {
    const renamed = await findPresentSymbol(sql, request.params.symbol)
    if (renamed !== null) return reply.leaveFor(`/admin/market/instruments/${encodeURIComponent(renamed)}`)
    const found = await instrumentAt(sql, request)
    return showInstrument(sql, request, reply, found, formState(valuesOf(found)))
  })

  app.post(
    '/:symbol',
    { preHandler: requireWriteAccess, schema: { params: BySymbol, body: PostedForm } },
    async (request, reply) => {
      const found = await instrumentAt(sql, request)
      const typed = readForm(request.body, ['seen', ...detailFields], 200)
      const change = async () => {
        const given = { ...parseDetails(typed), symbol: found.symbol, seen: revisionIn(typed) }
        await changeInstrument(sql, given, actorOf(request))
        return backToList(request, reply, `${found.symbol} is changed.`)
      }
      return formAction(reply, typed, change, (form) => showInstrument(sql, request, reply, found, form))
    },
  )
}
export default routes

/** The page of an instrument, or of a new one (null). */
export async function showInstrument(
  sql: Sql,
  request: FastifyRequest,
  reply: FastifyReply,
  instrument: Revised | null,
  form: FormState,
) {
  const symbol = instrument?.symbol ?? ''
  const [others, renames, formerNames, lastDay, lastNavDay, links, sectorsToLink] = await Promise.all([
    listOtherIsins(sql),
    listListedRenames(sql),
    listFormerNames(sql, symbol),
    findLastDay(sql, symbol),
    findLastNavDay(sql, symbol),
    listAlternatives(sql),
    listSectorsToLink(sql, symbol),
  ])
  return reply.page('admin/market/instrument', {
    instrument,
    listedIsin: others.find((one) => one.symbol === symbol)?.listed ?? null,
    listedRename: renames.find((one) => one.symbol === symbol) ?? null,
    formerNames,
    alternativeOf: links.find((one) => one.symbol === symbol)?.sector ?? null,
    alternatives: links.filter((one) => one.sector === symbol).map((one) => one.symbol),
    sectorsToLink,
    lastDay,
    lastNavDay,
    form,
    mayAct: request.mayAct,
    labels,
  })
}

/** The instrument in the address. Throws AppError `not-found`. */
export async function instrumentAt(sql: Sql, request: FastifyRequest): Promise<Revised> {
  const found = await findInstrument(sql, (request.params as { symbol: string }).symbol)
  if (!found) throw new AppError('not-found', 'There is no such instrument.')
  return found
}

/** What the form of an instrument shows before anything was typed. */
export function valuesOf({ name, universe, tracks, isin, shown, isBenchmarkChoice }: Revised): Record<string, string> {
  const yes = (is: boolean) => (is ? 'yes' : '')
  return { name, universe, tracks, isin: isin ?? '', shown: yes(shown), isBenchmarkChoice: yes(isBenchmarkChoice) }
}

/** The revision of the instrument that the page showed; 0, which is none, for what no page of ours sends. */
export function revisionIn({ seen }: { seen: string }): number {
  return /^\d{1,9}$/.test(seen) ? Number(seen) : 0
}

/** Back to the list of instruments, with a notice. */
export function backToList(request: FastifyRequest, reply: FastifyReply, text: string) {
  request.session.set('notice', { kind: 'good', text })
  return reply.leaveFor('/admin/market/instruments')
}
