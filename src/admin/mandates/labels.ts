import type { MandateState } from '../../billing/mandates/state.ts'
import { dateInIndia, midnightInIndia } from '../../platform/dates.ts'
import { sentenceCase } from '../labels.ts'
import type { Debit } from './queries.ts'

type Tone = 'info' | 'good' | 'warn' | 'bad'
type Label = { label: string; tone: Tone }

/** How a mandate's state reads in the filter and on a chip. */
export const mandateStates: Record<MandateState, Label> = {
  waiting: { label: 'Not authorised yet', tone: 'warn' },
  active: { label: 'Active', tone: 'good' },
  paused: { label: 'Paused or on hold', tone: 'warn' },
  ending: { label: 'Being ended', tone: 'warn' },
  ended: { label: 'Ended', tone: 'info' },
}

/** Who ended a mandate. */
export const enders: Record<string, string> = {
  customer: 'by its person',
  site: 'by the site',
  admin: 'by an administrator',
  deletion: 'with the account',
  cashfree: 'at Cashfree',
}

/** Why a period was not paid by Autopay, as metrics.sql groups it. */
export const lossReasons: Record<string, string> = {
  retry: 'Not enough money, or the bank was away',
  'new-mandate': 'Account closed, or permission gone',
  customer: 'Account blocked: its holder must act',
  declined: 'Declined by the person',
  'called-off': 'Called off here',
  other: 'Other reason',
}

const withdrawals: Record<string, string> = {
  ended: 'Autopay was ended',
  barred: 'the account may not buy',
  leaving: 'its person cancelled',
  moved: 'the period ends on another day now',
  closed: 'its order was closed',
  overdue: 'its day is over',
  late: 'too late to announce it for its day',
  paused: 'Cashfree does not call the mandate active',
  customer: 'its person called it off',
  price: 'the price changed',
  differs: 'Cashfree’s answer did not agree',
  refused: 'Cashfree refused it',
}

/** Cashfree's word for a mandate or a debit, as it reads: "CUSTOMER_PAUSED" is "Customer paused". */
export function gatewayWord(status: string): string {
  return sentenceCase(status.toLowerCase().replaceAll('_', '-'))
}

/** The day of a debit, "2026-12-09", as pages write days. */
export function dayText(day: string): string {
  return dateInIndia(midnightInIndia(day)!)
}

/** How a debit stands. */
export function debitState(debit: Debit): Label {
  const { status, askedAt, raisedAt, cancelAskedAt, finalAt, withdrawnWhy } = debit
  if (status === 'SUCCESS') return { label: 'Paid', tone: 'good' }
  if (finalAt !== null) return endOf(status, withdrawnWhy)
  if (cancelAskedAt !== null) return { label: 'Being called off', tone: 'warn' }
  if (raisedAt === null)
    return askedAt === null ? { label: 'To be raised', tone: 'info' } : { label: 'No answer yet', tone: 'warn' }
  if (status === 'FAILED') return { label: 'Failed, may be tried again', tone: 'warn' }
  if (status === 'PENDING') return { label: 'At the bank', tone: 'warn' }
  return { label: status === 'INITIALIZED' ? 'Announced' : gatewayWord(status), tone: 'info' }
}

function endOf(status: string, withdrawnWhy: string | null): Label {
  if (status === 'FAILED') return { label: 'Failed', tone: 'bad' }
  if (status === 'CANCELLED' && withdrawnWhy === null) return { label: 'Declined by the person', tone: 'warn' }
  if (withdrawnWhy === 'refused') return { label: 'Refused by Cashfree', tone: 'bad' }
  if (status === 'CANCELLED' || status === 'WITHDRAWN') return { label: 'Called off', tone: 'info' }
  return { label: 'Over without money', tone: 'bad' }
}

/** Why a debit failed or was called off; null where nothing is to be said. */
export function debitReason({ failureReason, withdrawnWhy }: Debit): string | null {
  const why = withdrawnWhy && (withdrawals[withdrawnWhy] ?? withdrawnWhy)
  return [why, failureReason].filter(Boolean).join(': ') || null
}
