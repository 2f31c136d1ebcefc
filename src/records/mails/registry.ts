import type { Mail } from './queries.ts'

/**
 * Every kind of mail. A kind has its text in views/mail (`<kind>.subject.eta`, `.text.eta`, `.html.eta`), a label in
 * admin/mails/labels.ts, and a composer in the `mails.ts` of the slice that knows what it is about.
 */
export const mailKinds = [
  'account-deleted',
  'alert',
  'authenticator-changed',
  'autopay-ended',
  'autopay-failed',
  'autopay-notice',
  'autopay-started',
  'cancelled',
  'change-email',
  'complaint-answered',
  'complaint-received',
  'email-changed',
  'gift',
  'gift-bought',
  'gift-redeemed',
  'gift-started',
  'granted',
  'leaving',
  'log-in',
  'password-changed',
  'price-change',
  'price-stays',
  'receipt',
  'refund',
  'renewal',
  'report',
  'report-late',
  'rescue',
  'reset-password',
  'sector-alert',
  'verify-email',
] as const

export type MailKind = (typeof mailKinds)[number]

/** What a mail says, and what goes with it. */
export type Composed = {
  data: object
  /** Where composing it again makes another mail: what its Message-ID is made of. */
  messageKey?: string
  attachments?: { filename: string; content: Buffer; contentType: string; cid?: string }[]
  headers?: Record<string, string>
}

/**
 * Composes a mail when it is about to be sent. Null: what it was about is no longer so. For a `preview` it must neither
 * make nor show a secret: an admin reads it, not the recipient.
 */
export type Composer = (mail: Mail, how?: { preview: boolean }) => Promise<Composed | null>

/** How a mail of each kind is composed. Each slice exports its part, operations/jobs puts the parts together. */
export type Composers = Record<MailKind, Composer>

/** The composer of a row's kind; undefined for a kind that this release does not know. */
export function composerOf(composers: Composers, kind: string): Composer | undefined {
  return Object.hasOwn(composers, kind) ? composers[kind as MailKind] : undefined
}
