import { randomBytes } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { areRemindersStopped, setReminders } from '../billing/reminders/queries.ts'
import { actorOf } from '../identity/sessions/guards.ts'
import { marketAge } from '../market/prices/queries.ts'
import {
  askedADay,
  askForOne,
  choiceOf,
  choose,
  describeSchedule,
  fieldNames,
  fieldsOf,
  renewLink,
  weekdays,
} from '../market/reports/choices.ts'
import { newestReport } from '../market/reports/mails.ts'
import type { Choice } from '../market/reports/queries.ts'
import { AppError } from '../platform/errors.ts'
import { withPictures, writtenMail } from '../platform/mailer.ts'
import { anyRefusal, formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'
import type { Account } from './account.ts'

declare module '../web/views.ts' {
  interface Views {
    'account/reports/show': {
      choice: Choice
      schedule: string | null
      nextIssue: Date | null
      action: string
      form: FormState
      weekdays: typeof weekdays
      askKey: string
      askedADay: number
      problem: string | null
      remindersStopped: boolean
      /** Prices are invented, so none is mailed by schedule. */
      sample: boolean
    }
  }
}

/** /account/reports: whether, when and what is mailed; how it looks; and one now. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/reports', async (request, reply) => show(request, reply))

  app.post('/reports', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = readForm(request.body, fieldNames, 20)
    return formAction(
      reply,
      typed,
      async () => {
        await choose(services.sql, request.user!.id, typed, actorOf(request))
        const schedule = describeSchedule(await choiceOf(services.sql, request.user!.id))
        return leave(request, reply, schedule ? `Saved: ${schedule}.` : 'Saved: no e-mail reports.')
      },
      (form) => show(request, reply, { form }),
    )
  })

  app.post('/reports/now', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const { key } = readForm(request.body, ['key'], 40)
    return formAction(
      reply,
      {},
      async () => {
        await askForOne(services.sql, request.user!.id, key, actorOf(request))
        services.wake('deliver-mails')
        return leave(request, reply, `One is on its way to ${request.user!.email}.`)
      },
      (_form, refusal) => show(request, reply, { problem: refusal.message }),
      anyRefusal,
    )
  })

  app.post('/reports/link', { config: limit }, async (request, reply) => {
    await renewLink(services.sql, request.user!.id, actorOf(request))
    return leave(request, reply, 'Done. Links in mails sent before no longer work.')
  })

  app.post('/reports/reminders', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const isStopped = readForm(request.body, ['reminders'], 10).reminders !== 'on'
    await setReminders(services.sql, request.user!.id, isStopped, actorOf(request))
    const text = isStopped ? 'Saved: no more reminders. Receipts still come.' : 'Saved: we write before your plan ends.'
    return leave(request, reply, text)
  })

  app.get('/reports/preview', async (request, reply) => {
    const { html } = await previewFor(request)
    return reply
      .header('content-security-policy', documentPolicy)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(html)
  })

  app.get('/reports/preview.txt', async (request, reply) => {
    const { text } = await previewFor(request)
    return reply.header('cache-control', 'no-store').type('text/plain; charset=utf-8').send(text)
  })

  /** The mail as it would be now; nothing is sent, and its manage link is not in it. */
  async function previewFor(request: FastifyRequest) {
    const choice = await choiceOf(services.sql, request.user!.id)
    if (!choice.hasAccess) throw new AppError('not-found', 'Reports need an active plan.')
    const composed = await newestReport(services.sql, services.config, choice, null)
    if (!composed) throw new AppError('not-found', 'There are no prices yet, so there is nothing to report.')
    const written = writtenMail('report', composed.data)
    return { ...written, html: withPictures(written.html, composed.attachments) }
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    more: { form?: FormState; problem?: string } = {},
  ): Promise<FastifyReply> {
    const choice = await choiceOf(services.sql, request.user!.id)
    return reply.page('account/reports/show', {
      choice,
      schedule: describeSchedule(choice),
      nextIssue: choice.nextIssue === null ? null : new Date(`${choice.nextIssue}T12:00:00+05:30`),
      action: '/account/reports',
      form: more.form ?? formState(fieldsOf(choice)),
      weekdays,
      askKey: randomBytes(12).toString('base64url'),
      askedADay,
      problem: more.problem ?? null,
      remindersStopped: await areRemindersStopped(services.sql, request.user!.id),
      sample: (await marketAge(services.sql)).sample,
    })
  }
}
export default routes

/** A mail brings its own style and nothing else: no script, no picture from outside, no form, no way up to our page. */
const documentPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"

function leave(request: FastifyRequest, reply: FastifyReply, text: string): FastifyReply {
  request.session.set('notice', { kind: 'good', text })
  return reply.leaveFor('/account/reports')
}
