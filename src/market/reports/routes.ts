import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { maskedEmail } from '../../identity/email-tokens/email-tokens.ts'
import { auditContext } from '../../identity/sessions/guards.ts'
import type { Services } from '../../platform/services.ts'
import { failureOf } from '../../web/errors.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { choiceBehind, choose, describeSchedule, fieldNames, fieldsOf, stopByLink, weekdays } from './choices.ts'
import type { Choice } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'market/reports/manage': {
      email: string
      schedule: string | null
      action: string
      form: FormState
      weekdays: typeof weekdays
    }
    'market/reports/gone': object
  }
}

const ByLink = Type.Object({ link: Type.String({ maxLength: 100 }) })

/**
 * /reports/…: what the manage link of a mail opens, without signing in. It shows and changes when the reports come, and
 * nothing else of the account; a GET changes nothing, because mail scanners open every link.
 */
const routes: FastifyPluginAsyncTypebox<{ services: Services; limit: object }> = async (app, { services, limit }) => {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-robots-tag', 'noindex')
  })

  app.get('/reports/:link', { schema: { params: ByLink } }, async (request, reply) => {
    const choice = await choiceBehind(services.sql, request.params.link)
    if (!choice) return reply.code(404).page('market/reports/gone', {})
    return reply.page('market/reports/manage', manageView(choice, request.params.link, formState(fieldsOf(choice))))
  })

  // Mail programs that do not know one-click open the address in List-Unsubscribe: it leads to the form.
  app.get('/reports/:link/stop', { schema: { params: ByLink } }, async (request, reply) =>
    reply.leaveFor(`/reports/${encodeURIComponent(request.params.link)}`),
  )

  app.post(
    '/reports/:link',
    { schema: { params: ByLink, body: PostedForm }, config: limit },
    async (request, reply) => {
      const { link } = request.params
      const choice = await choiceBehind(services.sql, link)
      if (!choice) return reply.code(404).page('market/reports/gone', {})
      const typed = readForm(request.body, fieldNames, 20)
      const by = { actor: 'link', origin: auditContext(request) }
      const save = async () => {
        if (typed.cadence === 'off') await stopByLink(services.sql, link, by)
        else await choose(services.sql, choice.userId, typed, by)
        const schedule = describeSchedule((await choiceBehind(services.sql, link)) ?? choice)
        const text = schedule ? `Saved: ${schedule}.` : 'Stopped: you get no more e-mail reports.'
        request.session.set('notice', { kind: 'good', text })
        return reply.leaveFor(`/reports/${link}`)
      }
      const showAgain = (form: FormState) => reply.page('market/reports/manage', manageView(choice, link, form))
      return formAction(reply, typed, save, showAgain, ['invalid'])
    },
  )
}
export default routes

function manageView(choice: Choice, link: string, form: FormState) {
  return {
    email: maskedEmail(choice.email),
    schedule: describeSchedule(choice),
    action: `/reports/${link}`,
    form,
    weekdays,
  }
}

/**
 * POST /reports/…/stop: the one-click unsubscribe of RFC 8058, sent by mail providers. It is registered outside the scope of
 * the pages: no cookie is read or set, it may come from any site with any body, and can do this one thing. Answers without a
 * redirect.
 */
export async function oneClick(app: FastifyInstance, { services }: { services: Services }): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 16 * 1024 }, (_request, _body, done) =>
    done(null, null),
  )
  app.setErrorHandler((error, request, reply) => {
    const { status, retryAfterS } = failureOf(error)
    if (status >= 500) request.log.error({ err: error }, 'reports could not be stopped')
    if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
    return reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('text/plain; charset=utf-8')
      .send('This did not work. Please try again.')
  })
  app.post<{ Params: { link: string } }>('/reports/:link/stop', async (request, reply) => {
    const stopped = await stopByLink(services.sql, request.params.link, {
      actor: 'one-click',
      origin: auditContext(request),
    })
    return reply
      .code(stopped ? 200 : 404)
      .header('cache-control', 'no-store')
      .type('text/plain; charset=utf-8')
      .send(stopped ? 'Stopped: you get no more e-mail reports.' : 'This link does not work any more.')
  })
}
