import type { SandboxContext } from '../context.ts'
import { refundEntity } from '../entities.ts'
import type { Order, Refund } from '../model.ts'
import { openRefund, refundable, settleRefund } from '../refunds.ts'
import type { Call, Endpoint } from './authentication.ts'
import { optionalText, paise, text } from './fields.ts'
import { orderOf } from './order-routes.ts'
import { invalid, Refusal, refusals } from './refusal.ts'

const SIX_MONTHS_MS = 183 * 86_400_000

/** Create, list, read and cancel refunds of an order. */
export function refundEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'refunds.create',
      method: 'POST',
      path: '/orders/:orderId/refunds',
      handle(call) {
        const order = orderOf(context, call)
        return refundEntity(context, order, openRefund(context, order, readRefund(context, order, call)))
      },
    },
    {
      name: 'refunds.list',
      method: 'GET',
      path: '/orders/:orderId/refunds',
      handle(call) {
        const order = orderOf(context, call)
        return order.refunds.map((refund) => shown(context, order, refund, 'refunds.list'))
      },
    },
    {
      name: 'refunds.get',
      method: 'GET',
      path: '/orders/:orderId/refunds/:refundId',
      handle(call) {
        const order = orderOf(context, call)
        return shown(context, order, refundOf(order, call), 'refunds.get')
      },
    },
    {
      name: 'refunds.cancel',
      method: 'PUT',
      path: '/orders/:orderId/refunds/:refundId',
      handle(call) {
        const order = orderOf(context, call)
        const refund = refundOf(order, call)
        const { refund_status } = call.fields
        if (refund_status !== 'CANCELLED') throw invalid('refund_status', 'is not valid.', refund_status)
        if (refund.status !== 'PENDING' && refund.status !== 'ONHOLD') {
          throw new Refusal(400, 'refund_status_invalid', `Refund in ${refund.status} state cannot be cancelled`)
        }
        settleRefund(context, refund, 'CANCELLED')
        return refundEntity(context, order, refund)
      },
    },
  ]
}

function readRefund(context: SandboxContext, order: Order, { fields }: Call) {
  const id = text(fields, 'refund_id')
  // Letters, digits and underscore were seen to pass; everything else is refused.
  if (!/^[A-Za-z0-9_]{3,40}$/.test(id)) throw new Refusal(400, 'refund_id_invalid', 'refund_id format not valid')
  const amountPaise = paise(fields, 'refund_amount', { min: 1 })
  const speed = optionalText(fields, 'refund_speed') ?? 'STANDARD'
  if (speed !== 'STANDARD' && speed !== 'INSTANT') throw invalid('refund_speed', 'is not valid.', speed)
  const note = optionalText(fields, 'refund_note', { min: 3, max: 100 })

  if (order.paidAt === null) throw refusals.notPaid()
  if (context.clock.now() - order.paidAt > SIX_MONTHS_MS) {
    throw new Refusal(400, 'refund_post_failed', 'Refund can be initiated only within 6 months of the transaction.')
  }
  // Unique per account, not per order.
  if (context.ledger.refunds.has(id)) throw new Refusal(400, 'refund_id_invalid', 'Duplicate Merchant Refund Id')
  if (amountPaise > refundable(order)) {
    throw new Refusal(
      400,
      'refund_post_failed',
      'Total amount of Refunds cannot be greater than the transaction amount.',
    )
  }
  return { id, amountPaise, note, speed }
}

function refundOf(order: Order, { params }: Call): Refund {
  const refund = order.refunds.find(({ id }) => id === params.refundId)
  if (!refund) throw new Refusal(404, 'refund_not_found', 'refund not found')
  return refund
}

function shown(context: SandboxContext, order: Order, refund: Refund, endpoint: string) {
  const entity = refundEntity(context, order, refund)
  if (refund.status !== 'SUCCESS' && context.faults.take('unknownEnums', endpoint)) {
    entity.refund_status = 'PENDING_APPROVAL'
  }
  return entity
}
