import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { resendMail } from '../../records/mails/mails.ts'
import { retryMail } from '../../records/mails/queries.ts'
import { cutPauseShort, type QueuePause, readQueuePause } from '../../records/mails/queue-queries.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, PostedForm, readForm } from '../../web/forms.ts'
import { sendCsv } from '../csv-routes.ts'
import { spanOfDays } from '../days.ts'
import { allOf, filterOf, type List, type ListPage, listPage } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { rowNumber } from '../row-numbers.ts'
import { aboutMail } from './about.ts'
import { kindLabel, statuses } from './labels.ts'
import { type Preview, previewOf } from './preview.ts'
import { findMail, type LoggedMail, listKinds, listMails, type WholeMail } from './queries.ts'
import suppressions from './suppression-routes.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/mails/list': {
      list: ListPage<LoggedMail>
      kinds: string[]
      statuses: typeof statuses
      kindLabel: typeof kindLabel
      aboutMail: typeof aboutMail
      pause: QueuePause | null
      mayAct: boolean
    }
    'admin/mails/show': {
      mail: WholeMail
      preview: Preview
      nextCopy: number
      mayAct: boolean
      conflict: string | null
      statuses: typeof statuses
      kindLabel: typeof kindLabel
      aboutMail: typeof aboutMail
    }
  }
}

const names = ['status', 'kind', 'to', 'day'] as const
const Text = Type.Optional(Type.String({ maxLength: 200 }))
const Filter = Type.Object({ status: Text, kind: Text, to: Text, day: Text })
const Listed = Type.Object({ ...Filter.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })
const ById = Type.Object({ id: Type.String({ maxLength: 20 }) })

/** /admin/mails: every mail and what became of it, how it reads, and the way to send it again. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services, composers }) => {
  await app.register(suppressions, { services, composers })
  const listFor = ({ status, kind, to, day }: Record<(typeof names)[number], string>): List<LoggedMail> => {
    const asked = { status, kind, to, span: spanOfDays(day, day) }
    return (after, limit) => listMails(services.sql, asked, after, limit)
  }
  const mailAt = async (id: string) => {
    const mail = await findMail(services.sql, rowNumber(id))
    if (!mail) throw new AppError('not-found', 'There is no such mail.')
    return mail
  }
  const shown = async (mail: WholeMail, mayAct: boolean, conflict: string | null = null) => ({
    mail,
    preview: await previewOf(composers, mail),
    nextCopy: mail.copies[0]!.copy + 1,
    mayAct,
    conflict,
    statuses,
    kindLabel,
    aboutMail,
  })

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterOf(names, request.query)
    const list = await listPage(listFor(filter), keyOf, { path: '/admin/mails', filter, after: request.query.after })
    return reply.page('admin/mails/list', {
      list,
      kinds: await listKinds(services.sql),
      pause: await readQueuePause(services.sql),
      mayAct: request.mayAct,
      statuses,
      kindLabel,
      aboutMail,
    })
  })

  app.get('.csv', { schema: { querystring: Filter } }, async (request, reply) =>
    sendCsv(reply, 'mails', columns, allOf(listFor(filterOf(names, request.query)), keyOf)),
  )

  app.get('/:id', { schema: { params: ById } }, async (request, reply) =>
    reply.page('admin/mails/show', await shown(await mailAt(request.params.id), request.mayAct)),
  )

  app.get('/:id/preview', { schema: { params: ById } }, async (request, reply) => {
    const preview = await previewOf(composers, await mailAt(request.params.id))
    if ('unavailable' in preview) throw new AppError('not-found', preview.unavailable)
    return reply.header('content-security-policy', documentPolicy).type('text/html; charset=utf-8').send(preview.html)
  })

  app.post(
    '/:id/copies',
    { preHandler: requireWriteAccess, schema: { params: ById, body: PostedForm } },
    async (request, reply) => {
      const copy = readForm(request.body, ['copy'], 6).copy
      const mail = await mailAt(request.params.id)
      const resend = async () => {
        const wanted = /^\d+$/.test(copy) ? Number(copy) : -1
        const id = await resendMail(services.sql, mail.id, { by: actorOf(request), copy: wanted })
        services.wake('deliver-mails')
        request.session.set('notice', { kind: 'good', text: `Queued again as copy ${copy}. It leaves within seconds.` })
        return reply.leaveFor(`/admin/mails/${id}`)
      }
      const showAgain = async ({ formError }: FormState) =>
        reply.page('admin/mails/show', await shown(mail, true, formError))
      return formAction(reply, {}, resend, showAgain, ['conflict'])
    },
  )

  app.post('/resume', { preHandler: requireWriteAccess }, async (request, reply) => {
    const isPaused = await cutPauseShort(services.sql, actorOf(request))
    if (isPaused) services.wake('deliver-mails')
    request.session.set(
      'notice',
      isPaused
        ? { kind: 'good', text: 'One mail tries now. If the server takes it, all others follow.' }
        : { kind: 'info', text: 'Mails are not paused any more.' },
    )
    return reply.leaveFor('/admin/mails')
  })

  app.post('/:id/retry', { preHandler: requireWriteAccess, schema: { params: ById } }, async (request, reply) => {
    const mail = await mailAt(request.params.id)
    const queued = await retryMail(services.sql, mail.id, actorOf(request))
    if (queued) services.wake('deliver-mails')
    request.session.set(
      'notice',
      queued
        ? { kind: 'good', text: 'Queued again, with three more days to try.' }
        : { kind: 'info', text: 'It is already in the queue again, or was sent.' },
    )
    return reply.leaveFor(`/admin/mails/${mail.id}`)
  })
}
export default routes

/** A mail brings its own style and nothing else: no script, no image from outside, no form, no way up to our page. */
const documentPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"

const columns = [
  { title: 'Number', number: (row: LoggedMail) => row.id },
  { title: 'Written', time: (row: LoggedMail) => row.createdAt },
  { title: 'Kind', text: (row: LoggedMail) => row.kind },
  { title: 'About', text: (row: LoggedMail) => row.subjectKey },
  { title: 'Copy', number: (row: LoggedMail) => row.copy },
  { title: 'Name', text: (row: LoggedMail) => row.toName },
  { title: 'Address', text: (row: LoggedMail) => row.toEmail },
  { title: 'Status', text: (row: LoggedMail) => row.status },
  { title: 'Tries', number: (row: LoggedMail) => row.attempts },
  { title: 'Sent', time: (row: LoggedMail) => row.sentAt },
  { title: 'Last error', text: (row: LoggedMail) => row.lastError },
]

const keyOf = (row: LoggedMail) => ({ at: row.createdAt, id: String(row.id) })
