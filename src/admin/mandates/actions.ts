import { endMandate, raiseCharge, refreshMandate } from '../../billing/mandates/mandates.ts'
import type { MandateSettlement } from '../../billing/mandates/queries.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import type { Actor } from '../../platform/audit-context.ts'
import { AppError } from '../../platform/errors.ts'
import { type Notice, noticeInTime } from '../in-time.ts'
import { findChargeToRaise, findMandateFile, type MandateFile, openCharge, recordAsked } from './queries.ts'

/** A mandate by the id that Cashfree knows. Throws AppError `not-found`. */
export async function mandateAt(services: BillingServices, subscriptionId: string): Promise<MandateFile> {
  const known = /^sub_[0-9a-f]{32}$/.test(subscriptionId)
  const file = known ? await findMandateFile(services.sql, subscriptionId) : undefined
  if (!file) throw new AppError('not-found', 'There is no such mandate.')
  return file
}

/** Asks Cashfree about a mandate and its debits and writes the answer. Harmless, any number of times. Throws `not-found`. */
export async function lookNow(services: BillingServices, subscriptionId: string, actor: Actor): Promise<Notice> {
  if (!(await recordAsked(services.sql, subscriptionId, 'look', actor)))
    throw new AppError('not-found', 'There is no such mandate.')
  return noticeInTime(services, { subscriptionId }, async () =>
    looked(await refreshMandate(services, subscriptionId, 'admin')),
  )
}

/**
 * Ends a mandate: from this moment nothing is debited that Cashfree has not begun, whether it answers or not. Pressing twice is one
 * action. Throws `not-found`.
 */
export async function stop(services: BillingServices, subscriptionId: string, actor: Actor): Promise<Notice> {
  const answer = await endMandate(services, subscriptionId, 'admin', actor)
  if (answer === 'unknown-mandate') throw new AppError('not-found', 'There is no such mandate.')
  if (answer === 'over') return { kind: 'info', text: 'This mandate had ended before; nothing was done.' }
  const { mandate } = await mandateAt(services, subscriptionId)
  if (mandate.endedAt !== null)
    return { kind: 'good', text: 'Autopay is ended, at Cashfree too. Nothing more is debited.' }
  return {
    kind: 'good',
    text: 'Autopay is stopped: nothing more is asked for. Cashfree has not confirmed the end yet, and is asked again until it does.',
  }
}

/**
 * Asks Cashfree for the charge that is due, under the id and key that the job would use: both together are one charge. Throws
 * `not-found`.
 */
export async function raiseNow(services: BillingServices, subscriptionId: string, actor: Actor): Promise<Notice> {
  const { mandate } = await mandateAt(services, subscriptionId)
  const due = await findChargeToRaise(services.sql, mandate.id)
  if (!due) return { kind: 'info', text: 'There is nothing to raise at the moment; nothing was done.' }
  await recordAsked(services.sql, subscriptionId, 'raise', actor)
  const opened =
    due.paymentId === null
      ? await openCharge(services.sql, mandate.id, actor.actor)
      : { state: 'opened', paymentId: due.paymentId }
  if (opened.state !== 'opened' || opened.paymentId === null)
    return { kind: 'warn', text: 'The job or the person was quicker: nothing was raised. See the debits below.' }
  const { paymentId } = opened
  return noticeInTime(services, { subscriptionId }, async () =>
    raised(await raiseCharge(services, paymentId, actor.actor)),
  )
}

function looked({ outcome, settled }: MandateSettlement): Notice {
  if (outcome === 'unverified')
    return {
      kind: 'warn',
      text: 'Cashfree’s list of debits could not be read. Nothing is concluded from that; we ask again.',
    }
  if (outcome === 'mismatch')
    return {
      kind: 'bad',
      text: 'Cashfree speaks of another mandate under this id. Nothing was done; see the incident.',
    }
  if (settled.some(({ outcome: came }) => came === 'held'))
    return {
      kind: 'bad',
      text: 'A debit does not agree with its order, so nothing was granted for it. See the incident.',
    }
  if (settled.some(({ outcome: came }) => came === 'paid'))
    return {
      kind: 'good',
      text: 'Cashfree says that a debit is paid: the plan is active, and the receipt is on its way.',
    }
  return { kind: 'info', text: 'Cashfree was asked, and its answer recorded.' }
}

function raised(outcome: string): Notice {
  switch (outcome) {
    case 'asked':
      return {
        kind: 'good',
        text: 'Cashfree accepted the debit, and announces it to the person. Accepted is not paid yet.',
      }
    case 'raised':
      return { kind: 'info', text: 'Cashfree had accepted this debit already; nothing was done twice.' }
    case 'refused':
      return { kind: 'bad', text: 'Cashfree refuses this debit, so it is called off. The reason is beside it.' }
    default:
      return {
        kind: 'warn',
        text: 'This debit is not wanted any more, or too late for its day: it was called off. The reason is beside it.',
      }
  }
}
