import { paymentLog } from '../../platform/payment-log.ts'
import type { Services } from '../../platform/services.ts'
import { findOrder } from '../payments/queries.ts'
import type { RemoteRefund } from '../payments/remote-refund.ts'

/** Writes to the payment log how the refunds of an order stand at Cashfree. Does not make its caller wait. */
export function logRefund(services: Services, orderId: string, refunds: readonly RemoteRefund[], actor: string): void {
  void findOrder(services.sql, orderId)
    .catch(() => undefined)
    .then((order) => {
      for (const { refundId, cfRefundId, amountPaise, status } of refunds)
        paymentLog(
          services.log,
          { event: 'payment refunded', orderId, amountPaise, plan: order?.planKey ?? null, actor, status },
          `${refundId ?? cfRefundId} ${status}`,
        )
    })
}
