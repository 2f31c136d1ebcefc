import { maskedEmail } from '../../../identity/email-tokens/email-tokens.ts'
import { emailProblem } from '../../../identity/users/field-checks.ts'
import { isTaken } from '../../../identity/users/queries.ts'
import { AppError } from '../../../platform/errors.ts'
import { type AdminAction, closedFor, notYourself, readReason, type Typed } from './action.ts'
import { correctEmail } from './queries.ts'
import { refuse } from './refusals.ts'

/** Corrects a mistyped address: as the person could themselves, with a link to the new one and a notice to the old one. */
export const email: AdminAction = {
  title: 'Correct the e-mail address',
  tone: 'danger',
  needsIdentity: true,
  asks: ['email', 'reason'],
  preview: async (_sql, person, _typed, actor) => ({
    rows: [
      { label: 'Address now', value: person.email },
      { label: 'Confirmed', value: person.emailVerifiedAt ? 'yes' : 'never' },
      {
        label: 'The address changes',
        value: person.emailVerifiedAt ? 'when the link at the new address is used' : 'at once',
        total: true,
      },
      { label: 'Mail to the new address', value: 'a link to confirm it' },
      { label: 'Mail to the old address', value: 'that it was changed, or is about to be' },
      { label: 'Links sent before', value: person.emailVerifiedAt ? 'end when it changes' : 'stop working' },
      { label: 'Sessions', value: 'stay signed in' },
    ],
    text: 'Make sure that you speak with the owner of the account: who reads its mail can take it over.',
    button: 'Correct the address',
    hidden: { seen: person.email },
    closed: closedFor(person) ?? notYourself(person, actor),
  }),
  perform: async (sql, person, typed, actor) => {
    const after = readEmail(typed)
    const shown = { before: maskedEmail(typed.seen), after: maskedEmail(after), reason: readReason(typed) }
    const correction = { userId: person.id, seen: typed.seen, email: after, shown }
    const outcome = await correctEmail(sql, correction, actor).catch((error: unknown) => {
      if (isTaken(error, 'email')) return 'taken' // by somebody who registered at this very moment
      throw error
    })
    if (outcome === 'taken') throw wrongEmail('Another account has this address.')
    if (outcome === 'busy')
      throw new AppError('busy', 'Three such mails were sent in the last hour. Please try again later.', {
        retryAfterS: 3600,
      })
    refuse(outcome)
    if (outcome === 'repeated') return 'This correction was made a moment ago. Nothing more was sent.'
    return outcome === 'corrected'
      ? `The address is now ${after}. A link to confirm it is on its way there.`
      : `A link is on its way to ${after}. The address changes when it is used.`
  },
}

/** The new address, compared with the one that the page showed: the second of two clicks is no mistake. */
function readEmail({ email, seen }: Typed): string {
  const after = email.trim()
  const isTheSame = after.toLowerCase() === seen.toLowerCase()
  const problem = emailProblem(after) ?? (isTheSame ? 'The account has this address already.' : undefined)
  if (problem) throw wrongEmail(problem)
  return after
}

function wrongEmail(sentence: string): AppError {
  return new AppError('invalid', 'Nothing was changed. Please check the highlighted field.', {
    fields: { email: sentence },
  })
}
