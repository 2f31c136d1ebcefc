import type { SandboxContext } from './context.ts'
import { nextCfId } from './ids.ts'
import type { Attempt, Dispute, Order } from './ledger.ts'
import { addDispute } from './ledger.ts'
import { announceDispute } from './webhooks/announce.ts'

export const DISPUTE_TYPES = ['RETRIEVAL', 'DISPUTE', 'CHARGEBACK', 'PRE_ARBITRATION', 'ARBITRATION']

export type DisputeChanges = Partial<Pick<Dispute, 'type' | 'status' | 'amountPaise' | 'remarks' | 'respondBy'>>

/** The payer goes to their bank: a dispute of one payment begins. */
export function openDispute(
  world: SandboxContext,
  order: Order,
  attempt: Attempt,
  asked: Pick<Dispute, 'type' | 'amountPaise' | 'reasonCode' | 'reason' | 'respondBy'>,
): Dispute {
  const now = world.clock.now()
  const dispute: Dispute = {
    ...asked,
    id: nextCfId(world),
    orderId: order.id,
    attemptId: attempt.id,
    status: `${asked.type}_CREATED`,
    remarks: 'Dispute is created, please take action',
    createdAt: now,
    updatedAt: now,
    resolvedAt: null,
  }
  addDispute(world.ledger, order, dispute)
  announceDispute(world, 'DISPUTE_CREATED', dispute, null)
  world.changed()
  return dispute
}

/** It moves on: documents came, the bank looks at them, or it goes to the next stage, closed before or not. */
export function updateDispute(world: SandboxContext, dispute: Dispute, changes: DisputeChanges) {
  const isNewType = changes.type !== undefined && changes.type !== dispute.type
  const status = changes.status ?? (isNewType ? `${changes.type}_CREATED` : dispute.status)
  const what = isNewType ? 'TYPE_UPDATE' : status !== dispute.status ? 'STATUS_UPDATE' : 'COMMENT_UPDATE'
  Object.assign(dispute, changes, { status, resolvedAt: null, updatedAt: world.clock.now() })
  announceDispute(world, 'DISPUTE_UPDATED', dispute, what)
  world.changed()
}

/** The end of it, at this stage. */
export function closeDispute(world: SandboxContext, dispute: Dispute, outcome: 'WON' | 'LOST' | 'ACCEPTED') {
  const now = world.clock.now()
  Object.assign(dispute, { status: `${dispute.type}_MERCHANT_${outcome}`, resolvedAt: now, updatedAt: now })
  announceDispute(world, 'DISPUTE_CLOSED', dispute, null)
  world.changed()
}
