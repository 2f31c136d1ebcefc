import type { SandboxContext } from '../context.ts'
import { disputeEntity } from '../entities.ts'
import type { Dispute } from '../ledger.ts'
import type { Endpoint } from './authentication.ts'
import { orderOf } from './order-routes.ts'
import { Refusal, refusals } from './refusal.ts'

/** Reading disputes, by order, payment or number. Answering them is the dashboard's. */
export function disputeEndpoints(world: SandboxContext): Endpoint[] {
  return [
    {
      name: 'disputes.of-order',
      method: 'GET',
      path: '/orders/:orderId/disputes',
      handle: (call) => orderOf(world, call).disputes.map((dispute) => shown(world, dispute, 'disputes.of-order')),
    },
    {
      name: 'disputes.of-payment',
      method: 'GET',
      path: '/payments/:cfPaymentId/disputes',
      handle({ params }) {
        const attempt = world.ledger.attempts.get(params.cfPaymentId ?? '')
        if (!attempt) throw refusals.paymentNotFound()
        return [...world.ledger.disputes.values()]
          .filter(({ attemptId }) => attemptId === attempt.id)
          .map((dispute) => shown(world, dispute, 'disputes.of-payment'))
      },
    },
    {
      name: 'disputes.get',
      method: 'GET',
      path: '/disputes/:disputeId',
      handle({ params }) {
        const dispute = world.ledger.disputes.get(params.disputeId ?? '')
        if (!dispute) throw new Refusal(404, 'dispute_not_found', 'dispute not found')
        return shown(world, dispute, 'disputes.get')
      },
    },
  ]
}

function shown(world: SandboxContext, dispute: Dispute, endpoint: string) {
  const entity = disputeEntity(world.ledger.orders.get(dispute.orderId)!, dispute)
  if (world.faults.take('unknownEnums', endpoint)) {
    entity.dispute_type = 'COMPLAINT'
    entity.dispute_status = 'COMPLAINT_ESCALATED'
  }
  return entity
}
