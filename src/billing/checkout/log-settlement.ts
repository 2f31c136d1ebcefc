import { paymentLog } from '../../platform/payment-log.ts'
import type { Services } from '../../platform/services.ts'
import type { RemoteOrder } from '../payments/gateway.ts'
import type { Settlement } from './queries.ts'

const unpaid = new Set(['FAILED', 'USER_DROPPED', 'CANCELLED', 'VOID'])

/** Writes to the payment log what settling an order came to: money, attempts that failed, or that a person must look. */
export function logSettlement(
  { log }: Services,
  remote: RemoteOrder,
  { outcome, order }: Settlement,
  actor: string,
): void {
  if (!order) return
  const common = { orderId: order.id, plan: order.planKey, actor }
  if (outcome !== 'already-paid')
    for (const { cfPaymentId, status, amountPaise } of remote.attempts ?? [])
      if (unpaid.has(status))
        paymentLog(log, { event: 'payment failed', ...common, amountPaise, status }, `${cfPaymentId} ${status}`)
  if (outcome === 'paid') paymentLog(log, { event: 'payment confirmed', ...common, amountPaise: remote.amountPaise })
  if (outcome === 'held')
    paymentLog(log, { event: 'payment held', ...common, amountPaise: order.amountPaise }, `${order.id} held`)
}
