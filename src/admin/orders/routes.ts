import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { giftStates } from '../../billing/gifts/labels.ts'
import { findGiftOfOrder, type Gift } from '../../billing/gifts/queries.ts'
import { isOrderId, methodTitle } from '../../billing/payments/payments.ts'
import { confirmIdentity, identityFields } from '../../identity/second-factor/reauthentication.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { Type } from '../../platform/schema.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { actionLabel, machineLabels } from '../audit/labels.ts'
import { sendCsv } from '../csv-routes.ts'
import { spanOfDays } from '../days.ts'
import { disputeKind, disputeStatuses } from '../disputes/labels.ts'
import { incidentTitle } from '../incidents/labels.ts'
import { allOf, filterOf, type List, type ListPage, listPage } from '../listing.ts'
import { compareDebit } from '../mandates/comparison.ts'
import type { Panel } from '../panel.ts'
import { settleNow, terminate } from './actions.ts'
import { orderColumns, paymentColumns } from './columns.ts'
import { type Comparison, compareWithCashfree } from './comparison.ts'
import { choicesOf, failureGroups, orderStatuses, paymentStatuses } from './labels.ts'
import { findOrderFile, type OrderFile } from './order-queries.ts'
import {
  findOrdersNamed,
  listOrders,
  listPayments,
  listPlanNames,
  type OrderLine,
  type PaymentLine,
} from './queries.ts'

type Choice = { value: string; label: string }
type Labels = { labels: typeof labels }

declare module '../../web/views.ts' {
  interface Views {
    'admin/orders/list': Labels & { list: ListPage<OrderLine>; plans: Choice[]; statuses: Choice[]; q: string }
    'admin/orders/payments': Labels & { list: ListPage<PaymentLine> } & Record<
        'statuses' | 'methods' | 'groups',
        Choice[]
      >
    'admin/orders/show': Labels & { file: OrderFile; comparison: Comparison | null; gift: Gift | null; mayAct: boolean }
    'admin/orders/_cashfree': { file: OrderFile; comparison: Comparison }
    'admin/orders/terminate': { file: OrderFile; form: FormState; key: string; fresh: boolean }
  }
}

const labels = {
  orderStatuses,
  paymentStatuses,
  failureGroups,
  machines: machineLabels,
  actionLabel,
  methodTitle,
  disputeStatuses,
  disputeKind,
  giftStates,
  incidentTitle,
}

const Word = Type.Optional(Type.String({ maxLength: 60 }))
const After = Type.Optional(Type.String({ maxLength: 300 }))
const orderFilter = ['status', 'plan', 'held', 'from', 'to'] as const
const paymentFilter = ['status', 'method', 'group', 'from', 'to'] as const
const Orders = Type.Object({ status: Word, plan: Word, held: Word, from: Word, to: Word, q: Word, after: After })
const Payments = Type.Object({ status: Word, method: Word, group: Word, from: Word, to: Word, after: After })
const ById = Type.Object({ id: Type.String({ maxLength: 60 }) })
const Ask = Type.Object({ ask: Word })

const methods = ['upi', 'credit_card', 'debit_card', 'net_banking', 'wallet', 'upi_credit_card', 'upi_ppi', 'pay_later']

/** Orders and attempts to pay, one order beside what Cashfree says of it, and what can be done: settle now, end it. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const writeAccess = { preHandler: requireWriteAccess }

  app.get('', { schema: { querystring: Orders } }, async (request, reply) => {
    const q = (request.query.q ?? '').trim()
    const named = q ? await findOrdersNamed(services.sql, q) : null
    if (named?.length === 1) return reply.leaveFor(`/admin/orders/${named[0]}`)
    const filter = filterOf(orderFilter, request.query)
    const { after } = request.query
    return reply.page('admin/orders/list', {
      list: await listPage(orders(filter, named), orderKey, { path: '/admin/orders', filter, after }),
      q,
      plans: await listPlanNames(services.sql),
      statuses: choicesOf(orderStatuses),
      labels,
    })
  })

  app.get('.csv', { schema: { querystring: Orders } }, async (request, reply) =>
    sendCsv(reply, 'orders', orderColumns, allOf(orders(filterOf(orderFilter, request.query)), orderKey)),
  )

  app.get('/payments', { schema: { querystring: Payments } }, async (request, reply) => {
    const filter = filterOf(paymentFilter, request.query)
    const { after } = request.query
    return reply.page('admin/orders/payments', {
      list: await listPage(payments(filter), paymentKey, { path: '/admin/orders/payments', filter, after }),
      statuses: choicesOf(paymentStatuses),
      methods: methods.map((value) => ({ value, label: methodTitle(value) })),
      groups: choicesOf(failureGroups),
      labels,
    })
  })

  app.get('/payments.csv', { schema: { querystring: Payments } }, async (request, reply) =>
    sendCsv(reply, 'payments', paymentColumns, allOf(payments(filterOf(paymentFilter, request.query)), paymentKey)),
  )

  app.get('/:id', { schema: { params: ById, querystring: Ask } }, async (request, reply) => {
    const file = await fileOf(request.params.id)
    return reply.page('admin/orders/show', {
      file,
      comparison: request.query.ask === 'cashfree' ? await compare(file) : null,
      gift: (await findGiftOfOrder(services.sql, request.params.id)) ?? null,
      mayAct: request.mayAct,
      labels,
    })
  })

  app.get('/:id/cashfree', { schema: { params: ById } }, async (request, reply) => {
    // A fragment only: visited as a page, it leads to the page that it is part of.
    if (!request.wantsFragment)
      return reply.leaveFor(`/admin/orders/${encodeURIComponent(request.params.id)}?ask=cashfree`)
    const file = await fileOf(request.params.id)
    return reply.page('admin/orders/_cashfree', { file, comparison: await compare(file) })
  })

  app.post('/:id/settle', { ...writeAccess, schema: { params: ById } }, async (request, reply) => {
    request.session.set('notice', await settleNow(services, request.params.id, actorOf(request)))
    return reply.leaveFor(`/admin/orders/${request.params.id}`)
  })

  app.get('/:id/terminate', { ...writeAccess, schema: { params: ById } }, async (request, reply) =>
    reply.page('admin/orders/terminate', {
      file: await fileOf(request.params.id),
      form: formState(),
      key: randomUUID(),
      fresh: request.signedIn!.isFresh,
    }),
  )

  app.post('/:id/terminate', { ...writeAccess, schema: { params: ById, body: PostedForm } }, async (request, reply) => {
    const { id } = request.params
    const { key, ...identity } = readForm(request.body, ['key', ...identityFields], 100)
    const end = async () => {
      await confirmIdentity(services, request.signedIn!, identity)
      request.session.set('notice', await terminate(services, id, key, actorOf(request)))
      return reply.leaveFor(`/admin/orders/${id}`)
    }
    return formAction(reply, {}, end, async (form) =>
      reply.page('admin/orders/terminate', { file: await fileOf(id), form, key, fresh: request.signedIn!.isFresh }),
    )
  })

  function compare(file: OrderFile): Promise<Comparison> {
    const { mandate } = file.order
    return mandate === null ? compareWithCashfree(services, file) : compareDebit(services, file, mandate)
  }

  async function fileOf(id: string): Promise<OrderFile> {
    const file = isOrderId(id) ? await findOrderFile(services.sql, id) : undefined
    if (!file) throw new AppError('not-found', 'There is no such order.')
    return file
  }

  function orders(filter: Filter<typeof orderFilter>, ids: string[] | null = null): List<OrderLine> {
    const { status, plan, held, from, to } = filter
    const asked = { status, plan, held: held === 'yes', span: spanOfDays(from, to), ids }
    return (after, limit) => listOrders(services.sql, asked, after, limit)
  }

  function payments({ status, method, group, from, to }: Filter<typeof paymentFilter>): List<PaymentLine> {
    const asked = { status, method, group, span: spanOfDays(from, to) }
    return (after, limit) => listPayments(services.sql, asked, after, limit)
  }
}
export default routes

const orderKey = ({ at, id }: OrderLine) => ({ at, id })
const paymentKey = ({ at, cfPaymentId }: PaymentLine) => ({ at, id: cfPaymentId })

type Filter<Names extends readonly string[]> = Record<Names[number], string>
