import type { SandboxContext } from './context.ts'
import { nextCfId } from './ids.ts'
import { addDispute } from './ledger.ts'
import type { Attempt, Dispute, Order } from './model.ts'
import { announceDispute } from './webhooks/announce.ts'

export const DISPUTE_TYPES = ['RETRIEVAL', 'DISPUTE', 'CHARGEBACK', 'PRE_ARBITRATION', 'ARBITRATION']

export type DisputeChanges = Partial<Pick<Dispute, 'type' | 'status' | 'amountPaise' | 'remarks' | 'respondBy'>>

/** Opens a dispute: the payer asked their bank for the money of one payment. */
export function openDispute(
  context: SandboxContext,
  order: Order,
  attempt: Attempt,
  asked: Pick<Dispute, 'type' | 'amountPaise' | 'reasonCode' | 'reason' | 'respondBy'>,
): Dispute {
  const now = context.clock.now()
  const dispute: Dispute = {
    ...asked,
    id: nextCfId(context),
    orderId: order.id,
    attemptId: attempt.id,
    status: `${asked.type}_CREATED`,
    remarks: 'Dispute is created, please take action',
    createdAt: now,
    updatedAt: now,
    resolvedAt: null,
  }
  addDispute(context.ledger, order, dispute)
  announceDispute(context, 'DISPUTE_CREATED', dispute, null)
  context.changed()
  return dispute
}

/** Moves a dispute on: documents came, the bank reviews them, or it goes to the next stage. One that was closed opens again. */
export function updateDispute(context: SandboxContext, dispute: Dispute, changes: DisputeChanges) {
  const isNewType = changes.type !== undefined && changes.type !== dispute.type
  const status = changes.status ?? (isNewType ? `${changes.type}_CREATED` : dispute.status)
  const update = isNewType ? 'TYPE_UPDATE' : status !== dispute.status ? 'STATUS_UPDATE' : 'COMMENT_UPDATE'
  Object.assign(dispute, changes, { status, resolvedAt: null, updatedAt: context.clock.now() })
  announceDispute(context, 'DISPUTE_UPDATED', dispute, update)
  context.changed()
}

/** Closes a dispute at its present stage. */
export function closeDispute(context: SandboxContext, dispute: Dispute, outcome: 'WON' | 'LOST' | 'ACCEPTED') {
  const now = context.clock.now()
  Object.assign(dispute, { status: `${dispute.type}_MERCHANT_${outcome}`, resolvedAt: now, updatedAt: now })
  announceDispute(context, 'DISPUTE_CLOSED', dispute, null)
  context.changed()
}
