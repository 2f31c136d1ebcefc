import type { SandboxContext } from '../context.ts'
import { disputeEntity } from '../entities.ts'
import type { Dispute } from '../model.ts'
import type { Endpoint } from './authentication.ts'
import { orderOf } from './order-routes.ts'
import { Refusal, refusals } from './refusal.ts'

/** Reads disputes, by order, payment or number. They are answered in the dashboard only. */
export function disputeEndpoints(context: SandboxContext): Endpoint[] {
  return [
    {
      name: 'disputes.of-order',
      method: 'GET',
      path: '/orders/:orderId/disputes',
      handle: (call) => orderOf(context, call).disputes.map((dispute) => shown(context, dispute, 'disputes.of-order')),
    },
    {
      name: 'disputes.of-payment',
      method: 'GET',
      path: '/payments/:cfPaymentId/disputes',
      handle({ params }) {
        const attempt = context.ledger.attempts.get(params.cfPaymentId ?? '')
        if (!attempt) throw refusals.paymentNotFound()
        return [...context.ledger.disputes.values()]
          .filter(({ attemptId }) => attemptId === attempt.id)
          .map((dispute) => shown(context, dispute, 'disputes.of-payment'))
      },
    },
    {
      name: 'disputes.get',
      method: 'GET',
      path: '/disputes/:disputeId',
      handle({ params }) {
        const dispute = context.ledger.disputes.get(params.disputeId ?? '')
        if (!dispute) throw new Refusal(404, 'dispute_not_found', 'dispute not found')
        return shown(context, dispute, 'disputes.get')
      },
    },
  ]
}

function shown(context: SandboxContext, dispute: Dispute, endpoint: string) {
  const entity = disputeEntity(context.ledger.orders.get(dispute.orderId)!, dispute)
  if (context.faults.take('unknownEnums', endpoint)) {
    entity.dispute_type = 'COMPLAINT'
    entity.dispute_status = 'COMPLAINT_ESCALATED'
  }
  return entity
}
