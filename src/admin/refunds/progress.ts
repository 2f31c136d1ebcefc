import { createHash } from 'node:crypto'
import { methodTitle } from '../../billing/payments/payments.ts'
import { taxesOf } from '../../billing/receipts/paper.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { findRefundFile, listRefundSteps, type RefundFile } from './queries.ts'

type Tone = 'info' | 'good' | 'warn' | 'bad'

/** A refund followed to its end. */
export type RefundProgress = {
  refund: RefundFile
  method: string
  taxes: { label: string; amountPaise: number }[]
  steps: { at: Date; title: string; actor: string; tone: Tone }[]
  /** What comes next, as a sentence; null when there is nothing more to wait for. */
  next: string | null
  /** A digest of what is shown, which the poll sends back: while it stays the same, nothing is replaced. Null at the end. */
  seen: string | null
}

/** How far a refund is. Throws AppError `not-found`. */
export async function refundProgress(services: Services, id: string): Promise<RefundProgress> {
  const refund = await findRefundFile(services.sql, id)
  if (!refund) throw new AppError('not-found', 'There is no such refund.')
  const recorded = await listRefundSteps(services.sql, refund)
  const steps = recorded.map((step) => ({
    at: step.at,
    ...(actions[step.action] ?? { title: step.action, tone: 'info' as Tone }),
    actor: step.username ?? actors[step.actor] ?? step.actor,
  }))
  if (refund.requestedBy === 'cashfree')
    steps.unshift({
      at: refund.createdAt,
      title: 'Made at Cashfree',
      actor: 'its dashboard, or Cashfree itself',
      tone: 'info',
    })
  const isOver = refund.status === 'succeeded' ? refund.mailStatus !== 'queued' : refund.finishedAt !== null
  const digest = createHash('sha256').update(JSON.stringify([refund, steps]))
  return {
    refund,
    method: methodTitle(refund.method),
    taxes: refund.creditNote ? taxesOf(refund as Parameters<typeof taxesOf>[0], services.config.seller.stateCode) : [],
    steps,
    next: next[refund.status],
    seen: isOver ? null : digest.digest('hex').slice(0, 16),
  }
}

const actions: Record<string, { title: string; tone: Tone }> = {
  'refund.requested': { title: 'Promised here', tone: 'info' },
  'refund.asked': { title: 'Cashfree was asked', tone: 'info' },
  'refund.pending': { title: 'Cashfree is paying it out', tone: 'info' },
  'refund.onhold': { title: 'Cashfree holds it back', tone: 'warn' },
  'refund.succeeded': { title: 'The money has reached the customer’s bank', tone: 'good' },
  'refund.failed': { title: 'Failed', tone: 'bad' },
  'refund.cancelled': { title: 'Cancelled at Cashfree', tone: 'bad' },
}

const actors: Record<string, string> = {
  refunds: 'the refund job',
  webhook: 'Cashfree’s webhook',
  reconciler: 'the reconciler',
  admin: 'an administrator',
}

const next: Record<RefundFile['status'], string | null> = {
  requested: 'It is sent to Cashfree within a minute, and again until Cashfree answers.',
  pending: 'Banks take 5 to 7 working days. We keep checking, and Cashfree notifies us.',
  onhold: 'Usually the balance at Cashfree is too low. Top it up in Cashfree’s dashboard; the refund then continues.',
  succeeded: null,
  failed: null,
  cancelled: null,
}
