import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { isAutopayInUse } from '../../billing/mandates/in-use.ts'
import { maskedUmn } from '../../billing/mandates/masked-umn.ts'
import { findNextDebit, type NextDebit } from '../../billing/mandates/next-debit-queries.ts'
import { confirmIdentity, identityFields } from '../../identity/second-factor/reauthentication.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { Type } from '../../platform/schema.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { actionLabel, machineLabels } from '../audit/labels.ts'
import { sendCsv } from '../csv-routes.ts'
import { incidentTitle } from '../incidents/labels.ts'
import { allOf, filterOf, type List, type ListPage, listPage } from '../listing.ts'
import { choicesOf, orderStatuses } from '../orders/labels.ts'
import type { Panel } from '../panel.ts'
import { lookNow, mandateAt, raiseNow, stop } from './actions.ts'
import { columns } from './columns.ts'
import { dayText, debitReason, debitState, enders, gatewayWord, mandateStates } from './labels.ts'
import { type ChargeToRaise, findChargeToRaise, listMandates, type MandateFile, type MandateLine } from './queries.ts'
import { findMandatesCalled } from './search.ts'

type Labels = { labels: typeof labels }
type Confirmed = { file: MandateFile; form: FormState; fresh: boolean }

declare module '../../web/views.ts' {
  interface Views {
    'admin/mandates/list': Labels & {
      list: ListPage<MandateLine>
      states: { value: string; label: string }[]
      q: string
    }
    'admin/mandates/show': Labels & {
      file: MandateFile
      next: NextDebit | null
      toRaise: ChargeToRaise | null
      mayAct: boolean
    }
    'admin/mandates/stop': Labels & Confirmed
    'admin/mandates/raise': Labels & Confirmed & { toRaise: ChargeToRaise | null }
  }
}

const labels = {
  mandateStates,
  debitState,
  debitReason,
  gatewayWord,
  dayText,
  enders,
  maskedUmn,
  orderStatuses,
  machines: machineLabels,
  actionLabel,
  incidentTitle,
}

const Word = Type.Optional(Type.String({ maxLength: 40 }))
const Listed = Type.Object({
  state: Word,
  q: Type.Optional(Type.String({ maxLength: 200 })),
  after: Type.Optional(Type.String({ maxLength: 300 })),
})
const ById = Type.Object({ id: Type.String({ maxLength: 60 }) })

/** /admin/mandates: UPI Autopay, person by person: the mandates, the life of each, and what can be done: ask, stop, raise now. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const writeAccess = { preHandler: requireWriteAccess }

  app.addHook('preHandler', async () => {
    if (!(await isAutopayInUse(services))) throw new AppError('not-found', 'There is nothing at this address.')
  })

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const q = (request.query.q ?? '').trim()
    const ids = q ? await findMandatesCalled(services.sql, q) : null
    const filter = filterOf(['state'], request.query)
    const { after } = request.query
    const list = await listPage(mandates(filter.state, ids), keyOf, { path: '/admin/mandates', filter, after })
    if (ids?.length === 1 && list.rows[0]) return reply.leaveFor(`/admin/mandates/${list.rows[0].subscriptionId}`)
    return reply.page('admin/mandates/list', { list, q, states: choicesOf(mandateStates), labels })
  })

  app.get('.csv', { schema: { querystring: Listed } }, async (request, reply) =>
    sendCsv(reply, 'mandates', columns, allOf(mandates(filterOf(['state'], request.query).state), keyOf)),
  )

  app.get('/:id', { schema: { params: ById } }, async (request, reply) => {
    const file = await mandateAt(services, request.params.id)
    const [next, toRaise] = await Promise.all([
      findNextDebit(services.sql, file.mandate.userId),
      findChargeToRaise(services.sql, file.mandate.id),
    ])
    return reply.page('admin/mandates/show', {
      file,
      next: (file.mandate.state === 'active' && next) || null,
      toRaise: toRaise ?? null,
      mayAct: request.mayAct,
      labels,
    })
  })

  app.post('/:id/look', { ...writeAccess, schema: { params: ById } }, async (request, reply) => {
    request.session.set('notice', await lookNow(services, request.params.id, actorOf(request)))
    return reply.leaveFor(`/admin/mandates/${request.params.id}`)
  })

  app.get('/:id/stop', { ...writeAccess, schema: { params: ById } }, async (request, reply) =>
    reply.page('admin/mandates/stop', {
      file: await mandateAt(services, request.params.id),
      form: formState(),
      fresh: request.signedIn!.isFresh,
      labels,
    }),
  )

  app.post('/:id/stop', { ...writeAccess, schema: { params: ById, body: PostedForm } }, async (request, reply) => {
    const { id } = request.params
    const act = async () => {
      await confirmIdentity(services, request.signedIn!, readForm(request.body, identityFields, 100))
      request.session.set('notice', await stop(services, id, actorOf(request)))
      return reply.leaveFor(`/admin/mandates/${id}`)
    }
    return formAction(reply, {}, act, async (form) => {
      const file = await mandateAt(services, id)
      return reply.page('admin/mandates/stop', { file, form, fresh: request.signedIn!.isFresh, labels })
    })
  })

  app.get('/:id/raise', { ...writeAccess, schema: { params: ById } }, async (request, reply) => {
    const file = await mandateAt(services, request.params.id)
    const toRaise = (await findChargeToRaise(services.sql, file.mandate.id)) ?? null
    const form = formState()
    return reply.page('admin/mandates/raise', { file, toRaise, form, fresh: request.signedIn!.isFresh, labels })
  })

  app.post('/:id/raise', { ...writeAccess, schema: { params: ById, body: PostedForm } }, async (request, reply) => {
    const { id } = request.params
    const act = async () => {
      await confirmIdentity(services, request.signedIn!, readForm(request.body, identityFields, 100))
      request.session.set('notice', await raiseNow(services, id, actorOf(request)))
      return reply.leaveFor(`/admin/mandates/${id}`)
    }
    return formAction(reply, {}, act, async (form) => {
      const file = await mandateAt(services, id)
      const toRaise = (await findChargeToRaise(services.sql, file.mandate.id)) ?? null
      return reply.page('admin/mandates/raise', { file, toRaise, form, fresh: request.signedIn!.isFresh, labels })
    })
  })

  function mandates(state: string, ids: string[] | null = null): List<MandateLine> {
    return (after, limit) => {
      if (after && !isUuid(after.id)) throw new AppError('not-found', 'This page of the list does not exist.')
      return listMandates(services.sql, { state, ids }, after, limit)
    }
  }
}
export default routes

const keyOf = ({ at, id }: MandateLine) => ({ at, id })
