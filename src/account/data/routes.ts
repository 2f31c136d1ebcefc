import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { autopayOf } from '../../billing/mandates/offer.ts'
import { numberSoon } from '../../billing/receipts/numbering.ts'
import { actorOf } from '../../identity/sessions/guards.ts'
import { dayInIndia } from '../../platform/dates.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import type { Account } from '../account.ts'
import { deleteAccount } from './deletion.ts'
import { exportAsCsv, exportAsJson } from './export/export.ts'
import { countHoldings, type Holdings } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'account/data': { holdings: Holdings; username: string; isAdmin: boolean; hasAutopay: boolean; form: FormState }
  }
}

/** What we hold about a person: to take along as JSON or CSV, and to have deleted. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, { services, limit }) => {
  app.get('/data', async (request, reply) => show(request, reply, formState()))

  /** A receipt that is due has its number in the file, unless none can be given now: the payment stands there all the same. */
  const numbered = { preHandler: () => numberSoon(services) }

  app.get('/data.json', { ...numbered, config: limit }, async (request, reply) =>
    attach(reply, 'json').type('application/json; charset=utf-8').send(exportAsJson(services.sql, request.user!.id)),
  )

  app.get('/data.csv', { ...numbered, config: limit }, async (request, reply) =>
    attach(reply, 'csv').type('text/csv; charset=utf-8').send(exportAsCsv(services.sql, request.user!.id)),
  )

  app.post('/delete', { schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const typed = readForm(request.body, ['password', 'confirmation', 'seen'])
    return formAction(
      reply,
      { confirmation: typed.confirmation },
      async () => {
        await deleteAccount(services, request.signedIn!, typed, actorOf(request))
        request.session.regenerate()
        request.session.set('notice', {
          kind: 'info',
          text: 'Your account is deleted. Receipts are kept as tax law requires; everything else about you is gone or has no name.',
        })
        return reply.header('clear-site-data', '"cache", "storage"').leaveFor('/')
      },
      (form) => show(request, reply, form),
    )
  })

  async function show(request: FastifyRequest, reply: FastifyReply, form: FormState) {
    const { id, username, role } = request.user!
    const [holdings, autopay] = await Promise.all([countHoldings(services.sql, id), autopayOf(services, id)])
    const hasAutopay = autopay?.isOn ?? false
    return reply.page('account/data', { holdings, username, isAdmin: role !== 'subscriber', hasAutopay, form })
  }
}
export default routes

function attach(reply: FastifyReply, ending: string): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('content-disposition', `attachment; filename="my-data-${dayInIndia(new Date())}.${ending}"`)
}
