import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Refund } from '../../billing/refunds/queries.ts'
import { refundPayment } from '../../billing/refunds/refunds.ts'
import { askAboutRefund } from '../../billing/refunds/sending.ts'
import { confirmIdentity, identityFields } from '../../identity/second-factor/reauthentication.ts'
import { actorOf, requireWriteAccess } from '../../identity/sessions/guards.ts'
import { AppError } from '../../platform/errors.ts'
import { rupees } from '../../platform/money.ts'
import { Type } from '../../platform/schema.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState, PostedForm, readForm } from '../../web/forms.ts'
import { sendCsv } from '../csv-routes.ts'
import { spanOfDays } from '../days.ts'
import { allOf, filterOf, type List, type ListPage, listPage, queryOf } from '../listing.ts'
import type { Panel } from '../panel.ts'
import { previewFields, requirePreviewed } from '../preview-guard.ts'
import { columns } from './columns.ts'
import { amountErrors, amountIn, previewRefund, type RefundPreview, readRefund, refundFields } from './preview.ts'
import { type RefundProgress, refundProgress } from './progress.ts'
import { findRefundBasis, listRefunds, type RefundLine } from './queries.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/refunds/list': { list: ListPage<RefundLine> }
    'admin/refunds/new': { preview: RefundPreview; form: FormState; fresh: boolean }
    'admin/refunds/show': { progress: RefundProgress; mayAct: boolean }
    'admin/refunds/_progress': { progress: RefundProgress; mayAct: boolean }
  }
}

const Word = Type.Optional(Type.String({ maxLength: 60 }))
const names = ['status', 'from', 'to', 'q'] as const
const Filter = Type.Object({ status: Word, from: Word, to: Word, q: Word })
const Listed = Type.Object({ ...Filter.properties, after: Type.Optional(Type.String({ maxLength: 300 })) })
const ById = Type.Object({ id: Type.String({ maxLength: 60 }) })
const ByPayment = Type.Object({ cfPaymentId: Type.String({ maxLength: 60 }) })
const Amount = Type.Object({ amount: Type.Optional(Type.String({ maxLength: 30 })) })
const Seen = Type.Object({ seen: Word })

/** /admin/refunds: the list, a new one (preview, then confirm), and each one followed to its end. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  const writeAccess = { preHandler: requireWriteAccess }

  app.get('', { schema: { querystring: Listed } }, async (request, reply) => {
    const filter = filterOf(names, request.query)
    const { after } = request.query
    const list = await listPage(listFor(filter), keyOf, { path: '/admin/refunds', filter, after })
    return reply.page('admin/refunds/list', { list })
  })

  app.get('.csv', { schema: { querystring: Filter } }, async (request, reply) =>
    sendCsv(reply, 'refunds', columns, allOf(listFor(filterOf(names, request.query)), keyOf)),
  )

  app.get(
    '/of/:cfPaymentId',
    { ...writeAccess, schema: { params: ByPayment, querystring: Amount } },
    async (request, reply) => {
      const typed = request.query.amount ?? ''
      const preview = await previewRefund(services, request.params.cfPaymentId, typed)
      const errors = typed === '' || preview.closed ? {} : amountErrors(amountIn(typed), preview.basis.leftPaise)
      reply.code(Object.keys(errors).length > 0 ? 422 : 200)
      return reply.page('admin/refunds/new', {
        preview,
        form: formState({ amount: typed }, errors),
        fresh: request.signedIn!.isFresh,
      })
    },
  )

  app.post(
    '/of/:cfPaymentId',
    { ...writeAccess, schema: { params: ByPayment, body: PostedForm } },
    async (request, reply) => {
      const { cfPaymentId } = request.params
      const typed = readForm(request.body, [...refundFields, ...identityFields, ...previewFields])
      if (typed.look)
        return reply.leaveFor(
          `/admin/refunds/of/${encodeURIComponent(cfPaymentId)}${queryOf({ amount: typed.wanted })}`,
        )
      let fresh = request.signedIn!.isFresh
      const refund = async () => {
        const basis = await findRefundBasis(services.sql, cfPaymentId)
        if (!basis) throw new AppError('not-found', 'There is no such payment.')
        requirePreviewed(typed, typed.amount, amountIn)
        const wanted = readRefund(typed, basis.largePaise)
        await confirmIdentity(services, request.signedIn!, typed)
        fresh = true
        const { id, amountPaise } = await refundPayment(services, { ...wanted, cfPaymentId, ...actorOf(request) })
        request.session.set('notice', {
          kind: 'good',
          text: `${rupees(amountPaise)} will be refunded to the customer.`,
        })
        return reply.leaveFor(`/admin/refunds/${id}`)
      }
      const { amount_again, reason } = typed
      const amount = typed.wanted || typed.amount
      return formAction(reply, { amount, amount_again, reason }, refund, async (form) =>
        reply.page('admin/refunds/new', { preview: await previewRefund(services, cfPaymentId, amount), form, fresh }),
      )
    },
  )

  app.get('/:id', { schema: { params: ById } }, async (request, reply) =>
    reply.page('admin/refunds/show', {
      progress: await refundProgress(services, request.params.id),
      mayAct: request.mayAct,
    }),
  )

  app.get('/:id/progress', { schema: { params: ById, querystring: Seen } }, async (request, reply) => {
    const progress = await refundProgress(services, request.params.id)
    if (progress.seen !== null && progress.seen === request.query.seen)
      return reply.code(204).header('cache-control', 'no-store').send()
    return reply.page('admin/refunds/_progress', { progress, mayAct: request.mayAct })
  })

  app.post('/:id/ask', { ...writeAccess, schema: { params: ById } }, async (request, reply) => {
    const refund = await askAboutRefund(services, request.params.id, actorOf(request))
    request.session.set('notice', answerNotice(refund))
    return reply.leaveFor(`/admin/refunds/${refund.id}`)
  })

  function listFor({ status, from, to, q }: Record<(typeof names)[number], string>): List<RefundLine> {
    const asked = { status, span: spanOfDays(from, to), search: q }
    return (after, limit) => listRefunds(services.sql, asked, after, limit)
  }
}
export default routes

const keyOf = ({ at, id }: RefundLine) => ({ at, id })

/** What Cashfree answered, as the notice on the next page. */
function answerNotice(refund: Refund): { kind: 'info' | 'good' | 'warn' | 'bad'; text: string } {
  if (refund.status === 'succeeded')
    return { kind: 'good', text: 'Cashfree says the money has reached the customer’s bank.' }
  if (refund.finishedAt) return { kind: 'bad', text: `Cashfree says: ${refund.gatewayStatus ?? 'failed'}.` }
  if (refund.lastError?.startsWith('Cashfree:'))
    return { kind: 'warn', text: 'Cashfree cannot be reached now. Nothing changed; we will keep asking.' }
  return { kind: 'info', text: `Cashfree says: ${refund.gatewayStatus ?? 'nothing new'}.` }
}
