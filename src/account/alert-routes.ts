import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { actorOf } from '../identity/sessions/guards.ts'
import type { AlertChoice } from '../market/alerts/choice-queries.ts'
import {
  type AlertForm,
  alertChoiceOf,
  alertFields,
  alertFieldsOf,
  chooseAlerts,
  describeAlerts,
} from '../market/alerts/choices.ts'
import { currentMarket } from '../market/engine/market.ts'
import { formAction } from '../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../web/forms.ts'
import type { Account } from './account.ts'

declare module '../web/views.ts' {
  interface Views {
    'account/alerts/show': {
      choice: AlertChoice
      alerts: string | null
      form: FormState
      ticked: string[]
      sectors: { symbol: string; name: string }[]
      /** Prices are invented, so nothing is mailed. */
      sample: boolean
    }
  }
}

/** The most boxes that a form may tick; a browser's form has one for each sector. */
const mostTicks = 500

/** /account/alerts: what changes are mailed, of which sectors, and when not. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/alerts', async (request, reply) => show(request, reply))

  app.post('/alerts', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = { ...readForm(request.body, alertFields, 20), sectors: ticksIn(request.body) }
    const { sectors, ...values } = typed
    return formAction(
      reply,
      values,
      async () => {
        const { shown } = await currentMarket(services.sql)
        const known = new Set(shown.map(({ symbol }) => symbol))
        await chooseAlerts(services.sql, request.user!.id, typed, known, actorOf(request))
        const alerts = describeAlerts(await alertChoiceOf(services.sql, request.user!.id))
        request.session.set('notice', { kind: 'good', text: alerts ? `Saved. ${alerts}.` : 'Saved: no alerts.' })
        return reply.leaveFor('/account/alerts')
      },
      (form) => show(request, reply, { form, ticked: sectors }),
    )
  })

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    refused?: { form: FormState; ticked: string[] },
  ): Promise<FastifyReply> {
    const [choice, market] = await Promise.all([
      alertChoiceOf(services.sql, request.user!.id),
      currentMarket(services.sql),
    ])
    const { sectors: ticked, ...values } = alertFieldsOf(choice)
    return reply.page('account/alerts/show', {
      choice,
      alerts: describeAlerts(choice),
      form: refused?.form ?? formState(values),
      ticked: refused?.ticked ?? ticked,
      sample: market.sample,
      sectors: market.shown
        .filter((one) => one !== market.benchmark)
        .map(({ symbol, name }) => ({ symbol, name }))
        .sort((a, b) => a.name.localeCompare(b.name, 'en')),
    })
  }
}
export default routes

/** The symbols of the boxes that were ticked. */
function ticksIn(body: unknown): AlertForm['sectors'] {
  const given = body !== null && typeof body === 'object' && 'sector' in body ? [body.sector].flat() : []
  return given.slice(0, mostTicks).filter((one) => typeof one === 'string')
}
