import { paymentLog } from '../../platform/payment-log.ts'
import type { Services } from '../../platform/services.ts'
import type { RemoteRefund } from '../payments/gateway.ts'
import { findOrder } from '../payments/queries.ts'

/** Tells the payment log where the refunds of an order stand at Cashfree. Nobody waits for it. */
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
