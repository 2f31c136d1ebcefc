import type { MailKind } from '../../records/mails/registry.ts'
import { sentenceCase } from '../labels.ts'

/** What became of a mail: its label, and a sentence that explains it. */
export const statuses: Record<string, { label: string; tone: 'good' | 'warn' | 'bad' | 'info'; means: string }> = {
  queued: {
    label: 'Waiting',
    tone: 'warn',
    means: 'It waits to be sent. If it fails, it is tried again for three days.',
  },
  sent: { label: 'Sent', tone: 'good', means: 'The mail server accepted it. Whether it was read is not known.' },
  skipped: {
    label: 'Not sent',
    tone: 'info',
    means: 'What it was about no longer applied when its turn came, or its address gets no such mail.',
  },
  dead: {
    label: 'Not delivered',
    tone: 'bad',
    means: 'The mail server refused it for good, or it failed for three days. Correct the cause, then try again.',
  },
}

/** Why an address is suppressed. */
export const suppressionLabels: Record<string, { label: string; tone: 'bad' | 'warn' }> = {
  'hard-bounce': { label: 'Bounces', tone: 'bad' },
  complaint: { label: 'Complained', tone: 'warn' },
}

/** What the panel calls each kind. */
export const kindLabels: Record<MailKind, string> = {
  receipt: 'Receipt',
  refund: 'Refund',
  renewal: 'Reminder',
  rescue: 'Reminder of something unpaid',
  'log-in': 'Log-in link',
  alert: 'Alert to you',
  granted: 'Days granted',
  gift: 'Gift’s code',
  'gift-bought': 'Gift bought',
  'gift-redeemed': 'Gift was redeemed',
  'gift-started': 'Gift began',
  'autopay-started': 'Autopay began',
  'autopay-notice': 'Autopay will debit',
  'autopay-failed': 'Autopay debit failed',
  'autopay-ended': 'Autopay ended',
  cancelled: 'Subscription cancelled',
  leaving: 'Cancelled by the subscriber',
  'verify-email': 'Confirm the address',
  'change-email': 'Confirm the new address',
  'email-changed': 'Address was changed',
  'reset-password': 'New password',
  'password-changed': 'Password was changed',
  'authenticator-changed': 'Authenticator was changed',
  'price-change': 'New price',
  'price-stays': 'New price withdrawn',
  'account-deleted': 'Account deleted',
  report: 'E-mail report',
  'report-late': 'Report is late',
  'sector-alert': 'Alert on sectors',
  'complaint-received': 'Complaint received',
  'complaint-answered': 'Complaint answered',
}

/** The label of a mail's kind; a kind that this release does not know is its own name. */
export function kindLabel(kind: string): string {
  if (Object.hasOwn(kindLabels, kind)) return kindLabels[kind as MailKind]
  return sentenceCase(kind)
}
