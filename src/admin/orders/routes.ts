import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { isOrderId, methodTitle } from '../../billing/payments/payments.ts'
import { actorOf, requireMoney } from '../../identity/sessions/guards.ts'
import { confirmIdentity, identityFields } from '../../identity/sessions/reauthentication.ts'
import { AppError } from '../../platform/errors.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { csvOf } from '../csv.ts'
import { dayInIndia, spanOfDays } from '../days.ts'
import { disputeKind, disputeStatuses } from '../disputes/labels.ts'
import { allOf, type Page, pageOf, queryOf } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { settleNow, terminate } from './actions.ts'
import { orderColumns, paymentColumns } from './columns.ts'
import { type Comparison, compareWithCashfree } from './comparison.ts'
import { actionLabel, choicesOf, endpointLabels, failureGroups, orderStatuses, paymentStatuses } from './labels.ts'
import {
  findOrderFile,
  findOrdersNamed,
  listOrders,
  listPayments,
  listPlanNames,
  type OrderFile,
  type OrderLine,
  type PaymentLine,
} from './queries.ts'

type Choice = { value: string; label: string }
type List<Row> = { list: Page<Row>; filter: Record<string, string>; first: boolean; csv: string; words: typeof words }

declare module '../../web/views.ts' {
  interface Views {
    'admin/orders/list': List<OrderLine> & { plans: Choice[]; choices: Record<'statuses', Choice[]>; q: string }
    'admin/orders/payments': List<PaymentLine> & { choices: Record<'statuses' | 'methods' | 'groups', Choice[]> }
    'admin/orders/show': { file: OrderFile; comparison: Comparison | null; mayAct: boolean; words: typeof words }
    'admin/orders/_cashfree': { file: OrderFile; comparison: Comparison }
    'admin/orders/terminate': { file: OrderFile; form: FormState; key: string; fresh: boolean }
  }
}

const words = {
  orderStatuses,
  paymentStatuses,
  failureGroups,
  doors: endpointLabels,
  actInWords: actionLabel,
  methodTitle,
  disputeStatuses,
  disputeKind,
}

const Word = Type.Optional(Type.String({ maxLength: 60 }))
const After = Type.Optional(Type.String({ maxLength: 300 }))
const Orders = Type.Object({ status: Word, plan: Word, held: Word, from: Word, to: Word, q: Word, after: After })
const Payments = Type.Object({ status: Word, method: Word, group: Word, from: Word, to: Word, after: After })
const ById = Type.Object({ id: Type.String({ maxLength: 60 }) })
const Ask = Type.Object({ ask: Word })

const methods = ['upi', 'credit_card', 'debit_card', 'net_banking', 'wallet', 'upi_credit_card', 'upi_ppi', 'pay_later']

/** Orders and attempts to pay, one order from both sides, and the acts: settle now, end it. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { deps }) => {
  const money = { preHandler: requireMoney }

  app.get('', { schema: { querystring: Orders } }, async (request, reply) => {
    const q = (request.query.q ?? '').trim()
    const named = q ? await findOrdersNamed(deps.sql, q) : null
    if (named?.length === 1) return reply.leaveFor(`/admin/orders/${named[0]}`)
    const filter = orderFilter(request.query)
    const { after } = request.query
    const list = await pageOf(orders(filter, named), orderKey, { after, filter })
    return reply.page('admin/orders/list', {
      list,
      filter,
      q,
      first: !after,
      csv: `/admin/orders.csv${queryOf(filter)}`,
      plans: await listPlanNames(deps.sql),
      choices: { statuses: choicesOf(orderStatuses) },
      words,
    })
  })

  app.get('.csv', { schema: { querystring: Orders } }, async (request, reply) => {
    asFile(reply, 'orders')
    return reply.send(csvOf(orderColumns, allOf(orders(orderFilter(request.query)), orderKey)))
  })

  app.get('/payments', { schema: { querystring: Payments } }, async (request, reply) => {
    const filter = paymentFilter(request.query)
    const { after } = request.query
    return reply.page('admin/orders/payments', {
      list: await pageOf(payments(filter), paymentKey, { after, filter }),
      filter,
      first: !after,
      csv: `/admin/orders/payments.csv${queryOf(filter)}`,
      choices: {
        statuses: choicesOf(paymentStatuses),
        methods: methods.map((value) => ({ value, label: methodTitle(value) })),
        groups: choicesOf(failureGroups),
      },
      words,
    })
  })

  app.get('/payments.csv', { schema: { querystring: Payments } }, async (request, reply) => {
    asFile(reply, 'payments')
    return reply.send(csvOf(paymentColumns, allOf(payments(paymentFilter(request.query)), paymentKey)))
  })

  app.get('/:id', { schema: { params: ById, querystring: Ask } }, async (request, reply) => {
    const file = await fileOf(request.params.id)
    return reply.page('admin/orders/show', {
      file,
      comparison: request.query.ask === 'cashfree' ? await compareWithCashfree(deps, file) : null,
      mayAct: request.mayAct,
      words,
    })
  })

  app.get('/:id/cashfree', { schema: { params: ById } }, async (request, reply) => {
    // Opened by hand it is not a page of its own.
    if (!request.wantsFragment)
      return reply.leaveFor(`/admin/orders/${encodeURIComponent(request.params.id)}?ask=cashfree`)
    const file = await fileOf(request.params.id)
    return reply.page('admin/orders/_cashfree', { file, comparison: await compareWithCashfree(deps, file) })
  })

  app.post('/:id/settle', { ...money, schema: { params: ById } }, async (request, reply) => {
    request.session.set('notice', await settleNow(deps, request.params.id, actorOf(request)))
    return reply.leaveFor(`/admin/orders/${request.params.id}`)
  })

  app.get('/:id/terminate', { ...money, schema: { params: ById } }, async (request, reply) =>
    reply.page('admin/orders/terminate', {
      file: await fileOf(request.params.id),
      form: formState(),
      key: randomUUID(),
      fresh: request.signedIn!.isFresh,
    }),
  )

  app.post('/:id/terminate', { ...money, schema: { params: ById, body: PostedForm } }, async (request, reply) => {
    const { id } = request.params
    const { key, ...identity } = readForm(request.body, ['key', ...identityFields], 100)
    const end = async () => {
      await confirmIdentity(deps, request.signedIn!, identity)
      request.session.set('notice', await terminate(deps, id, key, actorOf(request)))
      return reply.leaveFor(`/admin/orders/${id}`)
    }
    return formAction(reply, {}, end, async (form) =>
      reply.page('admin/orders/terminate', { file: await fileOf(id), form, key, fresh: request.signedIn!.isFresh }),
    )
  })

  async function fileOf(id: string): Promise<OrderFile> {
    const file = isOrderId(id) ? await findOrderFile(deps.sql, id) : undefined
    if (!file) throw new AppError('not-found', 'There is no such order.')
    return file
  }

  function orders({ status, plan, held, from, to }: ReturnType<typeof orderFilter>, ids: string[] | null = null) {
    const asked = { status, plan, held: held === 'yes', span: spanOfDays(from, to), ids }
    return (after: Parameters<typeof listOrders>[2], limit: number) => listOrders(deps.sql, asked, after, limit)
  }

  function payments({ status, method, group, from, to }: ReturnType<typeof paymentFilter>) {
    const asked = { status, method, group, span: spanOfDays(from, to) }
    return (after: Parameters<typeof listPayments>[2], limit: number) => listPayments(deps.sql, asked, after, limit)
  }
}
export default routes

const orderKey = ({ at, id }: OrderLine) => ({ at, id })
const paymentKey = ({ at, cfPaymentId }: PaymentLine) => ({ at, id: cfPaymentId })

function orderFilter({ status = '', plan = '', held = '', from = '', to = '' }: Static<typeof Orders>) {
  return { status, plan, held, from, to }
}

function paymentFilter({ status = '', method = '', group = '', from = '', to = '' }: Static<typeof Payments>) {
  return { status, method, group, from, to }
}

function asFile(reply: FastifyReply, name: string): void {
  reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', `attachment; filename="${name}-${dayInIndia(new Date())}.csv"`)
}
