import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { requireWriteAccess } from '../../../identity/sessions/guards.ts'
import {
  type LeftJump,
  listJumpsLeft,
  summariseUndoing,
  type UndoSummary,
} from '../../../market/prices/imports/preview-queries.ts'
import { findImport, type Import } from '../../../market/prices/imports/queries.ts'
import { listQuestions } from '../../../market/prices/imports/question-queries.ts'
import { type NavSummary, summariseNavs } from '../../../market/prices/navs/queries.ts'
import { findVersion } from '../../../market/version/queries.ts'
import type { Sql } from '../../../platform/db.ts'
import { AppError } from '../../../platform/errors.ts'
import { Type } from '../../../platform/schema.ts'
import type { Services } from '../../../platform/services.ts'
import { type FormState, formState } from '../../../web/forms.ts'
import { rowNumber } from '../../row-numbers.ts'
import { labels, type MarketLabels } from '../labels.ts'
import { type ImportView, viewImport } from './import-view.ts'

declare module '../../../web/views.ts' {
  interface Views {
    'admin/market/import': ImportView & { form: FormState; mayAct: boolean; labels: MarketLabels }
    'admin/market/_import': ImportView & { form: FormState; mayAct: boolean; labels: MarketLabels }
    'admin/market/undo': {
      found: Import
      symbols: UndoSummary[]
      navs: NavSummary[]
      /** New symbols and ISINs that were accepted with it. */
      accepted: string[]
      /** What would be left unexplained. */
      jumps: LeftJump[]
      version: number
      form: FormState
      labels: MarketLabels
    }
  }
}

/** The address of one import. */
export const ById = Type.Object({ id: Type.String({ maxLength: 20 }) })

/** /admin/market/imports/:id: one import, and what undoing it would do. */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  app.get('/:id', { schema: { params: ById } }, async (request, reply) =>
    showImport(services.sql, request, reply, formState()),
  )

  app.get('/:id/undo', { preHandler: requireWriteAccess, schema: { params: ById } }, async (request, reply) =>
    showUndo(services.sql, request, reply, formState()),
  )
}
export default routes

/** The page of the import in the address. Throws AppError `not-found`. */
export async function showImport(sql: Sql, request: FastifyRequest, reply: FastifyReply, form: FormState) {
  const found = await importAt(sql, request)
  return reply.page(request.wantsFragment ? 'admin/market/_import' : 'admin/market/import', {
    ...(await viewImport(sql, found)),
    form,
    mayAct: request.mayAct,
    labels,
  })
}

/** The page that says what undoing the import in the address would do. Throws AppError `not-found`. */
export async function showUndo(sql: Sql, request: FastifyRequest, reply: FastifyReply, form: FormState) {
  const found = await importAt(sql, request)
  const { version } = await findVersion(sql)
  const [symbols, navs, questions, jumps] = await Promise.all([
    summariseUndoing(sql, found.id),
    summariseNavs(sql, found.id),
    listQuestions(sql, found.id),
    found.status === 'committed' ? listJumpsLeft(sql, found.id) : [],
  ])
  const accepted = questions.filter(({ answer }) => answer === 'same').map(({ seen }) => seen)
  return reply.page('admin/market/undo', { found, symbols, navs, accepted, jumps, version, form, labels })
}

async function importAt(sql: Sql, request: FastifyRequest): Promise<Import> {
  const found = await findImport(sql, rowNumber((request.params as { id: string }).id))
  if (!found) throw new AppError('not-found', 'There is no such import.')
  return found
}
