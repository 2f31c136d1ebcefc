/** What became of a mail, in a word and a sentence. */
export const statuses: Record<string, { label: string; tone: 'good' | 'warn' | 'bad' | 'info'; means: string }> = {
  queued: {
    label: 'Waiting',
    tone: 'warn',
    means: 'It waits to be sent. One that failed is tried again by itself for three days.',
  },
  sent: { label: 'Sent', tone: 'good', means: 'The mail server took it. Whether it was read, nobody knows.' },
  skipped: { label: 'Not sent', tone: 'info', means: 'What it was to tell was no longer so when its turn came.' },
  dead: {
    label: 'Given up',
    tone: 'bad',
    means: 'The mail server refused it for good, or it failed for three days. Correct the cause, then try again.',
  },
}

const kinds: Record<string, string> = {
  receipt: 'Receipt',
  refund: 'Refund',
  renewal: 'Reminder',
  alert: 'Alert to you',
  granted: 'Days granted',
  cancelled: 'Subscription cancelled',
  'verify-email': 'Confirm the address',
  'change-email': 'Confirm the new address',
  'email-changed': 'Address was changed',
  'reset-password': 'New password',
  'password-changed': 'Password was changed',
  'authenticator-changed': 'Authenticator was changed',
  'account-deleted': 'Account deleted',
  report: 'E-mail report',
  'report-late': 'Report is late',
}

/** A kind of mail in words; an unknown one is its own name. */
export function kindLabel(kind: string): string {
  return kinds[kind] ?? (kind.charAt(0).toUpperCase() + kind.slice(1)).replaceAll('-', ' ')
}
