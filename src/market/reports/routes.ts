import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { maskedEmail } from '../../identity/email-tokens/email-tokens.ts'
import { auditContext } from '../../identity/sessions/guards.ts'
import { Type } from '../../platform/schema.ts'
import type { Services } from '../../platform/services.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { answerOneClick } from '../../web/one-click.ts'
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

/** POST /reports/…/stop: the one-click unsubscribe of reports, outside the scope of the pages. */
export async function stopReports(app: FastifyInstance, { services }: { services: Services }): Promise<void> {
  answerOneClick<{ link: string }>(app, '/reports/:link/stop', {
    stop: ({ link }, request) => stopByLink(services.sql, link, { actor: 'one-click', origin: auditContext(request) }),
    done: 'Stopped: you get no more e-mail reports.',
  })
}
