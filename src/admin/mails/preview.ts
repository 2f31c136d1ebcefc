import { withPictures, writtenMail } from '../../platform/mailer.ts'
import type { Mail } from '../../records/mails/queries.ts'
import { type Composers, composerOf } from '../../records/mails/registry.ts'

/** A mail as it would be written now; or the reason, a sentence, why it would not. */
export type Preview = { subject: string; text: string; html: string } | { unavailable: string }

/** Composes a mail to look at. Nothing is sent and no secret is made. Never throws. */
export async function previewOf(composers: Composers, mail: Mail): Promise<Preview> {
  const compose = composerOf(composers, mail.kind)
  if (!compose) return { unavailable: 'Mails of this kind are no longer written by this release.' }
  try {
    const composed = await compose(mail, { preview: true })
    if (!composed) return { unavailable: 'What this mail was about no longer applies. It would not be sent now.' }
    const written = writtenMail(mail.kind, composed.data)
    return { ...written, html: withPictures(written.html, composed.attachments) }
  } catch {
    return { unavailable: 'It cannot be composed now: what it was about no longer exists.' }
  }
}
