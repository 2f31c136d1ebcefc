import { setTimeout as pause } from 'node:timers/promises'
import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf, requireWriteAccess } from '../../../identity/sessions/guards.ts'
import { beginImport } from '../../../market/prices/imports/imports.ts'
import { type Import, listImports } from '../../../market/prices/imports/queries.ts'
import { AppError } from '../../../platform/errors.ts'
import { Type } from '../../../platform/schema.ts'
import { formAction } from '../../../web/form-action.ts'
import { type FormState, formState } from '../../../web/forms.ts'
import { arrivingFiles } from '../../../web/uploads.ts'
import { namesOf } from '../../incidents/queries.ts'
import { type Page, pageOf } from '../../listing.ts'
import type { Panel } from '../../panel.ts'
import { below } from '../../row-numbers.ts'
import { labels, type MarketLabels, machineNames } from '../labels.ts'
import { limits, storeUploads, tooManyFiles } from '../uploads.ts'
import actions from './action-routes.ts'
import details from './detail-routes.ts'

declare module '../../../web/views.ts' {
  interface Views {
    'admin/market/imports': Page<Import> & {
      first: boolean
      names: Record<string, string>
      form: FormState
      mayAct: boolean
      labels: MarketLabels
    }
  }
}

const Listed = Type.Object({ after: Type.Optional(Type.String({ maxLength: 300 })) })

/** An upload is answered when its files are read, or after so long with a page that says they are being read. */
const patienceMs = 6_000

/** /admin/market/imports: the list, and uploading files into a new import. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const { sql } = services
  await app.register(multipart, {
    limits: { files: limits.files, fileSize: limits.fileBytes, fields: 5, parts: limits.files + 5 },
    throwFileSizeLimit: false,
  })
  const readings = new Set<Promise<void>>()
  app.addHook('onClose', async () => {
    await Promise.allSettled(readings)
  })

  app.get('', { schema: { querystring: Listed } }, async (request, reply) =>
    showList(request, reply, formState(), request.query.after),
  )

  app.post('', { preHandler: requireWriteAccess }, async (request, reply) =>
    formAction(
      reply,
      {},
      async () => reply.leaveFor(`/admin/market/imports/${await receive(request).catch(refuseTooMany)}`),
      (form) => showList(request, reply, form),
    ),
  )

  await app.register(details, { services })
  await app.register(actions, { services })

  /** Stores what arrives, then reads it; the files are removed once they are read. Answers the import's number. */
  async function receive(request: FastifyRequest): Promise<number> {
    if (!request.isMultipart())
      throw new AppError('invalid', 'Nothing was imported.', { fields: { files: 'Choose one file or more.' } })
    request.allowBodyFor(limits.ms)
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

  async function showList(request: FastifyRequest, reply: FastifyReply, form: FormState, after?: string) {
    const page = await pageOf(
      (cursor, limit) => listImports(sql, limit, below(cursor)),
      (one) => ({ at: one.createdAt, id: String(one.id) }),
      { after, filter: {} },
    )
    const people = await namesOf(
      sql,
      page.rows.map((one) => one.createdBy),
    )
    return reply.page('admin/market/imports', {
      ...page,
      first: !after,
      names: { ...machineNames, ...people },
      form,
      mayAct: request.mayAct,
      labels,
    })
  }
}
export default routes

const refuseTooMany = tooManyFiles(
  'Nothing was imported.',
  `At most ${limits.files} files at once. A zip may hold more.`,
)
