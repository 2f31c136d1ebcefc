import { newestToken, type SentLink, sendToken } from '../../../identity/email-tokens/request-queries.ts'
import { AppError } from '../../../platform/errors.ts'
import type { PersonFile } from '../person/queries.ts'
import { type AdminAction, closedFor, type Typed } from './action.ts'

/** Sends the mail once more that asks a person to confirm their address. */
export const confirmation: AdminAction = linkAction({
  purpose: 'verify-email',
  title: 'Resend the confirmation e-mail',
  link: 'to confirm the address, works for 3 days',
  text: 'They get the mail with the link that confirms their address. Only the newest link works.',
  button: 'Send the e-mail',
  closedBy: (person) => (person.emailVerifiedAt ? 'This address is confirmed already.' : null),
})

/** Sends a person the link to choose a new password. */
export const resetLink: AdminAction = linkAction({
  purpose: 'reset-password',
  title: 'Send a password reset link',
  link: 'to choose a new password, works for 30 minutes',
  text: 'They get the same mail as from “Forgot your password?”. Nothing changes until they use the link; nobody else sees it.',
  button: 'Send the link',
  closedBy: () => null,
})

function linkAction(kind: {
  purpose: 'verify-email' | 'reset-password'
  title: string
  link: string
  text: string
  button: string
  closedBy: (person: PersonFile) => string | null
}): AdminAction {
  const { purpose, title, link, text, button, closedBy } = kind
  return {
    title,
    tone: 'plain',
    needsIdentity: false,
    asks: [],
    preview: async (sql, person) => ({
      rows: [
        { label: 'Goes to', value: person.email, total: true },
        { label: 'Address confirmed', value: person.emailVerifiedAt ? 'yes' : 'not yet' },
        { label: 'Link', value: link },
        { label: 'Earlier link', value: 'stops working' },
      ],
      text,
      button,
      hidden: { seen: await newestToken(sql, person.id, purpose) },
      closed: closedFor(person) ?? suspended(person) ?? closedBy(person),
    }),
    perform: async (sql, person, typed: Typed, actor) => {
      const outcome = await sendToken(sql, actor, { userId: person.id, purpose, seen: typed.seen })
      const refusal = refusals[outcome]
      if (refusal) throw refusal
      return outcome === 'repeated'
        ? `A link was sent to ${person.email} a moment ago. Nothing more was sent.`
        : `The link goes to ${person.email}.`
    },
  }
}

const suspendedSentence = 'This account is suspended, so no link is sent. Lift the suspension first.'
const refusals: Partial<Record<SentLink, AppError>> = {
  'unknown-user': new AppError('not-found', 'There is no such account.'),
  suspended: new AppError('conflict', suspendedSentence),
  confirmed: new AppError('conflict', 'This address was confirmed in the meantime. Nothing was sent.'),
  busy: new AppError('busy', 'Three such links were sent in the last hour. Please try again later.', {
    retryAfterS: 3600,
  }),
}

function suspended(person: PersonFile): string | null {
  return person.suspendedAt ? suspendedSentence : null
}
