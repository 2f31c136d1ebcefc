import { paymentLog } from '../../platform/payment-log.ts'
import type { Services } from '../../platform/services.ts'
import type { RemoteOrder } from '../payments/gateway.ts'
import { findOrder } from '../payments/queries.ts'

const unpaid = new Set(['FAILED', 'USER_DROPPED', 'CANCELLED', 'VOID'])

/**
 * Tells the payment log what settling an order came to: money, attempts that failed, or that a person must look.
 * Nobody waits for it; a plan that cannot be looked up just then is left out.
 */
export function logSettlement(
  deps: Services,
  orderId: string,
  remote: RemoteOrder,
  outcome: string,
  actor: string,
): void {
  const failed = (remote.attempts ?? []).filter((attempt) => unpaid.has(attempt.status))
  const news = outcome === 'paid' || outcome === 'held' || (failed.length > 0 && outcome !== 'already-paid')
  if (!news || outcome === 'unknown-order') return
  void findOrder(deps.sql, orderId)
    .catch(() => undefined)
    .then((order) => {
      const common = { orderId, plan: order?.planKey ?? null, actor }
      for (const { cfPaymentId, status, amountPaise } of failed)
        paymentLog(deps.log, { event: 'payment failed', ...common, amountPaise, status }, `${cfPaymentId} ${status}`)
      const { amountPaise } = remote
      if (outcome === 'paid') paymentLog(deps.log, { event: 'payment confirmed', ...common, amountPaise })
      if (outcome === 'held')
        paymentLog(
          deps.log,
          { event: 'payment held', ...common, amountPaise: order?.amountPaise ?? null },
          `${orderId} held`,
        )
    })
}
