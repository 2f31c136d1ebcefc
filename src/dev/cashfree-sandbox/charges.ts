import type { SandboxContext } from './context.ts'
import { nextDebitTime } from './debit-times.ts'
import { nextCfId } from './ids.ts'
import { addCharge } from './ledger.ts'
import type { Charge, ChargeStatus, Mandate, NextStep, Script } from './mandate-model.ts'
import { announceCharge } from './webhooks/announce-mandates.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const RETRIES = 3
const NOTICE_ATTEMPTS = 7

type AskedCharge = { id: string; amountPaise: number; remarks: string | null; scheduledOn: string }

/** Takes a charge and sends the pre-debit notice; the debit follows on its day. */
export function raiseCharge(context: SandboxContext, mandate: Mandate, asked: AskedCharge): Charge {
  const now = context.clock.now()
  const undelivered = context.faults.take('noticeUndelivered')
  const charge = newCharge(context, mandate, {
    ...asked,
    cfId: nextCfId(context),
    type: 'CHARGE',
    status: 'INITIALIZED',
    next: undelivered
      ? {
          at: now + NOTICE_ATTEMPTS * HOUR_MS,
          does: 'give-up',
          reason: 'Pre-debit notification could not be delivered',
        }
      : { at: now + HOUR_MS, does: 'read-notice' },
  })
  if (!undelivered) announceCharge(context, 'SUBSCRIPTION_PAYMENT_NOTIFICATION_INITIATED', mandate, charge)
  return charge
}

/** The person has read the notice: opts out of this one debit, or lets it come. */
export function readNotice(context: SandboxContext, charge: Charge) {
  const mandate = mandateOf(context, charge)
  if (mandate.script.debits === 'opt-out') {
    takeAnswer(context, mandate)
    return endOptedOut(context, mandate, charge)
  }
  const at = nextDebitTime(charge.createdAt + context.settings.noticeBeforeDebitMs, charge.scheduledOn!)
  if (at === null) fail(context, charge, 'No time is left for the debit on its day')
  else plan(context, charge, { at, does: 'debit' })
}

/** The bank is asked for the money, unless the mandate does not stand any more. */
export function debit(context: SandboxContext, charge: Charge) {
  const obstacle = obstacleOf(mandateOf(context, charge))
  if (obstacle) return fail(context, charge, obstacle)
  charge.status = 'PENDING'
  charge.next = { at: charge.next!.at + context.settings.debitAnswerMs, does: 'answer' }
  context.changed()
}

/** The bank answers as the person's script says, if it answers; a mandate that was cancelled meanwhile changes nothing. */
export function answerDebit(context: SandboxContext, charge: Charge) {
  const mandate = mandateOf(context, charge)
  const answer = takeAnswer(context, mandate)
  if (answer === 'ok') succeed(context, charge)
  else if (answer === 'closed-account') fail(context, charge, 'Account Closed')
  else if (answer === 'opt-out') endOptedOut(context, mandate, charge)
  else if (answer === 'no-answer') leaveOpen(context, charge)
  else failTry(context, charge, 'DEBIT FAILED | Insufficient Funds In Customer (Remitter) Account')
}

/** The money has come, whatever the charge was before. */
export function succeed(context: SandboxContext, charge: Charge) {
  charge.failureReason = null
  finishCharge(context, charge, 'SUCCESS')
  announceCharge(context, 'SUBSCRIPTION_PAYMENT_SUCCESS', mandateOf(context, charge), charge)
}

/** No money came, and none will unless another try is planned. */
export function fail(context: SandboxContext, charge: Charge, reason: string) {
  charge.failureReason = reason
  finishCharge(context, charge, 'FAILED')
  announceCharge(context, 'SUBSCRIPTION_PAYMENT_FAILED', mandateOf(context, charge), charge)
}

/** The merchant calls a charge off before its debit. */
export function cancelCharge(context: SandboxContext, charge: Charge) {
  finishCharge(context, charge, 'CANCELLED')
  announceCharge(context, 'SUBSCRIPTION_PAYMENT_CANCELLED', mandateOf(context, charge), charge)
  if (context.faults.take('successAfterCancel')) succeedAfterAll(context, charge)
}

/** The success of a charge that was called off, or whose mandate was, comes a minute later. */
export function succeedAfterAll(context: SandboxContext, charge: Charge) {
  plan(context, charge, { at: context.clock.now() + MINUTE_MS, does: 'succeed' })
}

/** The bank has it and says nothing; only the control API and /simulate end it. */
export function leaveOpen(context: SandboxContext, charge: Charge) {
  charge.status = 'PENDING'
  charge.next = null
  context.ledger.liveCharges.delete(charge)
  context.changed()
}

/** Makes a charge of a mandate, raised or an authorisation. */
export function newCharge(
  context: SandboxContext,
  mandate: Mandate,
  asked: Pick<Charge, 'id' | 'cfId' | 'type' | 'amountPaise' | 'status' | 'remarks' | 'scheduledOn' | 'next'>,
): Charge {
  const charge: Charge = {
    ...asked,
    mandateId: mandate.id,
    createdAt: context.clock.now(),
    finishedAt: null,
    retries: 0,
    failureReason: null,
    txnId: null,
    refunds: [],
  }
  addCharge(context.ledger, mandate, charge)
  context.changed()
  return charge
}

/** Gives a charge its last status; only the control API changes it after that. */
export function finishCharge(context: SandboxContext, charge: Charge, status: ChargeStatus) {
  Object.assign(charge, { status, next: null, finishedAt: context.clock.now() })
  if (status === 'SUCCESS') charge.txnId ??= nextCfId(context)
  context.ledger.liveCharges.delete(charge)
  context.changed()
}

/** The mandate of a charge. */
export function mandateOf(context: SandboxContext, charge: Charge): Mandate {
  return context.ledger.mandates.get(charge.mandateId)!
}

/** A try failed for a reason that may pass: there are more within the day, an hour apart. */
function failTry(context: SandboxContext, charge: Charge, reason: string) {
  const again = charge.retries < RETRIES ? nextDebitTime(charge.next!.at + HOUR_MS, charge.scheduledOn!) : null
  if (again === null || context.settings.failedTries === 'announced') fail(context, charge, reason)
  if (again === null) return
  charge.retries += 1
  plan(context, charge, { at: again, does: 'debit' })
}

function endOptedOut(context: SandboxContext, mandate: Mandate, charge: Charge) {
  if (context.settings.optOutEnds === 'FAILED') return fail(context, charge, 'Debit declined by the customer')
  finishCharge(context, charge, 'CANCELLED')
  announceCharge(context, 'SUBSCRIPTION_PAYMENT_CANCELLED', mandate, charge)
}

function obstacleOf(mandate: Mandate): string | null {
  if (mandate.status !== 'ACTIVE') return 'Subscription is not active'
  if (mandate.inApp === 'cancelled') return 'Mandate Cancelled'
  return mandate.inApp === 'paused' ? 'Mandate paused by the customer' : null
}

/** What the script says now; counts as one of its times. */
function takeAnswer(context: SandboxContext, mandate: Mandate): Script['debits'] {
  const { debits, times } = mandate.script
  if (times !== null) mandate.script = times > 1 ? { debits, times: times - 1 } : { debits: 'ok', times: null }
  context.changed()
  return debits
}

function plan(context: SandboxContext, charge: Charge, next: NextStep) {
  charge.next = next
  context.ledger.liveCharges.add(charge)
  context.changed()
}
