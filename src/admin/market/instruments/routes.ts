import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireWriteAccess } from '../../../identity/sessions/guards.ts'
import type { Problem } from '../../../market/files/csv-files.ts'
import { readEtfList } from '../../../market/instruments/etf-list/etf-list.ts'
import {
  type Candidate,
  findEtfList,
  type ListedRename,
  listListedRenames,
  replaceEtfList,
  searchEtfList,
} from '../../../market/instruments/etf-list/queries.ts'
import { type InstrumentRow, listInstruments } from '../../../market/instruments/queries.ts'
import { AppError } from '../../../platform/errors.ts'
import { Type } from '../../../platform/schema.ts'
import { formAction } from '../../../web/form-action.ts'
import { type FormState, formState } from '../../../web/forms.ts'
import { arrivingFiles } from '../../../web/uploads.ts'
import type { Panel } from '../../panel.ts'
import { labels, type MarketLabels } from '../labels.ts'
import { limits, storeUploads, tooManyFiles } from '../uploads.ts'
import actions from './action-routes.ts'
import alternatives from './alternative-routes.ts'
import details, { backToList } from './detail-routes.ts'
import names from './name-routes.ts'

declare module '../../../web/views.ts' {
  interface Views {
    'admin/market/instruments': {
      instruments: InstrumentRow[]
      /** What NSE's list calls otherwise. */
      renames: ListedRename[]
      /** NSE's list of ETFs, null before the first; at most `most` of the matches in it are shown. */
      list: { entries: number; readAt: Date } | null
      q: string
      candidates: Candidate[]
      most: number
      /** What is wrong with a list that was just uploaded. */
      problems: Problem[]
      form: FormState
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

const Searched = Type.Object({ q: Type.Optional(Type.String({ maxLength: 100 })) })
const mostCandidates = 20

/** /admin/market/instruments: what is followed, and NSE's list of ETFs to choose from. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql } = services
  await app.register(multipart, {
    limits: { files: 1, fileSize: limits.fileBytes, fields: 5, parts: 6 },
    throwFileSizeLimit: false,
  })

  app.get('', { schema: { querystring: Searched } }, async (request, reply) =>
    showList(request, reply, { q: request.query.q }),
  )

  app.post('/etf-list', { preHandler: requireWriteAccess }, async (request, reply) =>
    formAction(
      reply,
      {},
      async () => {
        const { name, etfs, problems } = await receiveEtfList(request).catch(refuseTooMany)
        if (problems.length > 0) return showList(request, reply.code(422), { problems })
        const { entries, added, gone, changed } = await replaceEtfList(sql, { etfs, file: name }, actorOf(request))
        const text = `NSE’s list is read: ${labels.plural(entries, 'ETF')}, of them ${added} new and ${changed} changed; ${gone} left it.`
        return backToList(request, reply, text)
      },
      (form) => showList(request, reply, { form }),
    ),
  )

  await app.register(details, { services })
  await app.register(actions, { services })
  await app.register(alternatives, { services })
  await app.register(names, { services })

  async function showList(
    request: FastifyRequest,
    reply: FastifyReply,
    { q = '', problems = [], form = formState() }: { q?: string | undefined; problems?: Problem[]; form?: FormState },
  ) {
    const wanted = q.replaceAll('\0', '').trim()
    const [instruments, renames, list, candidates] = await Promise.all([
      listInstruments(sql),
      listListedRenames(sql),
      findEtfList(sql),
      wanted === '' ? [] : searchEtfList(sql, wanted, mostCandidates + 1),
    ])
    return reply.page('admin/market/instruments', {
      instruments,
      renames,
      list,
      q: wanted,
      candidates,
      most: mostCandidates,
      problems,
      form,
      mayAct: request.mayAct,
      labels,
    })
  }
}
export default routes

/** Reads the list that arrives, and stores no file. Throws AppError `invalid` about the field `files` without one. */
async function receiveEtfList(request: FastifyRequest) {
  if (!request.isMultipart())
    throw new AppError('invalid', 'Nothing was read.', { fields: { files: 'Choose the file first.' } })
  request.allowBodyFor(limits.ms)
  const { files, remove } = await storeUploads(arrivingFiles(request))
  try {
    const { path, name } = files[0]!
    return { name, ...(await readEtfList(path, name)) }
  } finally {
    await remove()
  }
}

const refuseTooMany = tooManyFiles('Nothing was read.', 'One file, please: the list is one.')
