import { setTimeout as pause } from 'node:timers/promises'
import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { actorOf, requireMoney } from '../../../identity/sessions/guards.ts'
import { dayIn } from '../../../market/calendar/days.ts'
import { beginImport, commit, decideJump, ratioTyped, undo } from '../../../market/prices/imports/imports.ts'
import { deleteDecision } from '../../../market/prices/imports/jump-queries.ts'
import { summariseUndoing, type UndoSummary } from '../../../market/prices/imports/preview-queries.ts'
import { dropImport, findImport, type Import, listImports } from '../../../market/prices/imports/queries.ts'
import { findVersion } from '../../../market/version/queries.ts'
import { AppError } from '../../../platform/errors.ts'
import { statuses } from '../../../web/errors.ts'
import { type FormState, formState, PostedForm, readForm } from '../../../web/forms.ts'
import { arrivingFiles } from '../../../web/uploads.ts'
import { namesOf } from '../../incidents/queries.ts'
import { type Page, pageOf } from '../../listing.ts'
import type { Panel } from '../../panel.ts'
import { below, rowNumber } from '../../row-numbers.ts'
import { labels, machineNames, type StatusLabel } from '../labels.ts'
import { type ImportShown, showImport } from './showing.ts'
import { limits, storeUploads } from './uploads.ts'

declare module '../../../web/views.ts' {
  interface Views {
    'admin/market/imports': Page<Import> & {
      first: boolean
      names: Record<string, string>
      form: FormState
      mayAct: boolean
      words: StatusLabel
    }
    'admin/market/import': ImportShown & { form: FormState; mayAct: boolean; words: StatusLabel }
    'admin/market/_import': ImportShown & { form: FormState; mayAct: boolean; words: StatusLabel }
    'admin/market/undo': {
      found: Import
      symbols: UndoSummary[]
      version: number
      form: FormState
      words: StatusLabel
    }
  }
}

const ById = Type.Object({ id: Type.String({ maxLength: 20 }) })
const Listed = Type.Object({ after: Type.Optional(Type.String({ maxLength: 300 })) })
const acted = { preHandler: requireMoney, schema: { params: ById, body: PostedForm } }

/** An upload is answered when its files are read, or after so long with a page that says they are being read. */
const patienceMs = 6_000

/** /admin/market/imports: prices come in: uploaded, looked at, committed or dropped, and taken back again. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { deps }) => {
  const { sql } = deps
  await app.register(multipart, {
    limits: { files: limits.files, fileSize: limits.fileBytes, fields: 5, parts: limits.files + 5 },
    throwFileSizeLimit: false,
  })
  const readings = new Set<Promise<void>>()
  app.addHook('onClose', async () => {
    await Promise.allSettled(readings)
  })

  app.get('', { schema: { querystring: Listed } }, async (request, reply) =>
    showList(request, reply, request.query.after),
  )

  app.post('', { preHandler: requireMoney }, async (request, reply) => {
    try {
      const importId = await receive(request)
      return reply.leaveFor(`/admin/market/imports/${importId}`)
    } catch (error) {
      return showList(request, reply, undefined, refusalOf(error))
    }
  })

  /** Stores what arrives, then reads it; the files are gone when it was read. Answers the import's number. */
  async function receive(request: FastifyRequest): Promise<number> {
    if (!request.isMultipart())
      throw new AppError('invalid', 'Nothing was imported.', { fields: { files: 'Choose one file or more.' } })
    request.mayArriveWithin(limits.ms)
    const { files, remove } = await storeUploads(arrivingFiles(request))
    const by = { origin: 'upload', actor: actorOf(request).actor } as const
    const { importId, read } = await beginImport(sql, files, by).catch(async (error) => {
      await remove()
      throw error
    })
    const reading = read
      .catch((error: unknown) => request.log.error({ err: error, importId }, 'an import could not be read'))
      .finally(remove)
    readings.add(reading)
    reading.finally(() => readings.delete(reading))
    await Promise.race([reading, pause(patienceMs, undefined, { ref: false })])
    return importId
  }

  app.get('/:id', { schema: { params: ById } }, async (request, reply) => show(request, reply))

  app.post('/:id/decisions', acted, async (request, reply) => {
    const { symbol, day, what, ratio } = readForm(request.body, ['symbol', 'day', 'what', 'ratio'], 40)
    return act(request, reply, { symbol, day, ratio }, async (importId) => {
      const decision = { symbol, day, ratio: what === 'own' ? null : ratioTyped(ratio) }
      await decideJump(sql, importId, decision, actorOf(request))
      return null
    })
  })

  app.post('/:id/decisions/removal', acted, async (request, reply) => {
    const { symbol, day } = readForm(request.body, ['symbol', 'day'], 40)
    return act(request, reply, {}, async (importId) => {
      if (dayIn(day) === day) await deleteDecision(sql, importId, { symbol, day }, actorOf(request))
      return null
    })
  })

  app.post('/:id/commit', acted, async (request, reply) =>
    act(request, reply, {}, async (importId) => {
      await commit(sql, importId, actorOf(request), versionIn(request.body))
      return 'These prices count from now on.'
    }),
  )

  app.post('/:id/drop', acted, async (request, reply) =>
    act(request, reply, {}, async (importId) => {
      const isGone =
        (await dropImport(sql, importId, actorOf(request))) || (await findImport(sql, importId))?.status === 'dropped'
      if (!isGone) throw new AppError('conflict', 'This import was committed meanwhile. It can be undone.')
      return 'The import is dropped. Nothing of it counts.'
    }),
  )

  app.get('/:id/undo', { preHandler: requireMoney, schema: { params: ById } }, async (request, reply) =>
    showUndo(request, reply),
  )

  app.post('/:id/undo', acted, async (request, reply) => {
    const importId = rowNumber(request.params.id)
    const before = await summariseUndoing(sql, importId)
    try {
      await undo(sql, importId, actorOf(request), versionIn(request.body))
    } catch (error) {
      return showUndo(request, reply, refusalOf(error))
    }
    request.session.set('notice', {
      kind: 'good',
      text: `Import ${importId} is undone. ${undoneInWords(before)}`,
    })
    return reply.leaveFor(`/admin/market/imports/${importId}`)
  })

  /** Does something to an import and shows it: afresh when it was done, with what was typed and why when it was not. */
  async function act(
    request: FastifyRequest,
    reply: FastifyReply,
    typed: Record<string, string>,
    change: (importId: number) => Promise<string | null>,
  ) {
    const importId = rowNumber((request.params as { id: string }).id)
    try {
      const done = await change(importId)
      if (done) request.session.set('notice', { kind: 'good', text: done })
    } catch (error) {
      return show(request, reply, typed, refusalOf(error))
    }
    return reply.leaveFor(`/admin/market/imports/${importId}`)
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    typed: Record<string, string> = {},
    failure?: AppError,
  ) {
    const found = await importAt(request)
    if (failure) reply.code(statuses[failure.code])
    return reply.page(request.wantsFragment ? 'admin/market/_import' : 'admin/market/import', {
      ...(await showImport(sql, found)),
      form: formState(typed, failure?.fields, failure?.message),
      mayAct: request.user?.role === 'admin',
      words: labels,
    })
  }

  async function showUndo(request: FastifyRequest, reply: FastifyReply, failure?: AppError) {
    const found = await importAt(request)
    const { version } = await findVersion(sql)
    if (failure) reply.code(statuses[failure.code])
    return reply.page('admin/market/undo', {
      found,
      symbols: await summariseUndoing(sql, found.id),
      version,
      form: formState({}, failure?.fields, failure?.message),
      words: labels,
    })
  }

  async function showList(request: FastifyRequest, reply: FastifyReply, after: string | undefined, failure?: AppError) {
    const page = await pageOf(
      (cursor, limit) => listImports(sql, limit, below(cursor)),
      (one) => ({ at: one.createdAt, id: String(one.id) }),
      { after, filter: {} },
    )
    const names = await namesOf(
      sql,
      page.rows.map((one) => one.createdBy),
    )
    if (failure) reply.code(statuses[failure.code])
    const form = formState({}, failure?.fields, failure?.message)
    const mayAct = request.user?.role === 'admin'
    return reply.page('admin/market/imports', {
      ...page,
      first: !after,
      names: { ...machineNames, ...names },
      form,
      mayAct,
      words: labels,
    })
  }

  async function importAt(request: FastifyRequest): Promise<Import> {
    const found = await findImport(sql, rowNumber((request.params as { id: string }).id))
    if (!found) throw new AppError('not-found', 'There is no such import.')
    return found
  }
}
export default routes

function versionIn(body: Parameters<typeof readForm>[0]): number {
  const { version } = readForm(body, ['version'], 16)
  return /^\d{1,15}$/.test(version) ? Number(version) : 0
}

/** What is said to the person who tried; anything else goes on as it came. */
function refusalOf(error: unknown): AppError {
  if (error instanceof AppError && (error.code === 'invalid' || error.code === 'conflict')) return error
  if ((error as { code?: string }).code === 'FST_FILES_LIMIT')
    return new AppError('invalid', 'Nothing was imported.', {
      fields: { files: `At most ${limits.files} files at once. A zip may hold more.` },
    })
  throw error
}

/** What is true after an import was taken back; `before` is what undoing it was going to do, empty when it was undone already. */
function undoneInWords(before: UndoSummary[]): string {
  const back = before.reduce((total, row) => total + row.back, 0)
  const gone = before.reduce((total, row) => total + row.gone, 0)
  const said = [
    ...(back > 0 ? [`For ${labels.many(back, 'price')} what was there before counts again.`] : []),
    ...(gone > 0 ? [`${labels.many(gone, 'price')} had nothing before and are gone.`] : []),
  ]
  return said.length > 0 ? said.join(' ') : 'Nothing of it counts.'
}
