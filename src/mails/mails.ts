import type { Sql } from '../platform/db.ts'
import { AppError } from '../platform/errors.ts'
import type { Log } from '../platform/log.ts'
import { isPermanent, type Mailer } from '../platform/mailer.ts'
import type { By } from '../platform/origin.ts'
import {
  findCopy,
  insertCopy,
  leaseMails,
  markDead,
  markSent,
  markSkipped,
  postponeMail,
  requeueDeadMail,
} from './queries.ts'

/**
 * A row of the outbox, leased to this worker. `subjectKey` is what it is about, e.g. a receipt's number; `copy` is 0 for
 * what the product wrote by itself and counts up for what an admin sent again.
 */
export type Mail = {
  id: number
  kind: string
  subjectKey: string
  copy: number
  toName: string
  toEmail: string
  attempts: number
}

/** Which template (views/mail/<name>.*.eta) with what. */
export type Composed = {
  template: string
  data: object
  /** Where composing it again makes another mail: what its Message-ID is made of. */
  messageKey?: string
  attachments?: { filename: string; content: Buffer; contentType: string }[]
}

/**
 * How a mail of each kind is composed, given by the slices that know. Null: what it was about is no longer so. For a
 * `preview` it must neither make nor show a secret: an admin looks at it, not the recipient.
 */
export type Composers = Record<string, (mail: Mail, how?: { preview: boolean }) => Promise<Composed | null>>

/** Sent side by side; with a limit of 20 s each they are done well inside their lease of a minute. */
const abreast = 8
const daysUntilDead = 3

/**
 * Sends what is due, a few at a time, until nothing is. Each mail is leased by one statement, sent, and marked by
 * another; a crash between the two sends it again under the same Message-ID. One that fails waits longer each time and
 * holds up no other. Returns how many were accepted by the server.
 */
export async function deliverMails(given: {
  sql: Sql
  mailer: Mailer
  composers: Composers
  log: Log
}): Promise<number> {
  let sent = 0
  for (;;) {
    const leased = await leaseMails(given.sql, abreast)
    if (leased.length === 0) return sent
    const outcomes = await Promise.all(leased.map((mail) => deliver(given, mail)))
    sent += outcomes.filter(Boolean).length
  }
}

async function deliver(
  { sql, mailer, composers, log }: Parameters<typeof deliverMails>[0],
  mail: Mail,
): Promise<boolean> {
  try {
    const compose = composers[mail.kind]
    if (!compose) throw new Error(`nobody composes mails of kind ${mail.kind}`)
    const composed = await compose(mail)
    if (!composed) {
      await markSkipped(sql, mail.id)
      return false
    }
    await mailer.send({
      to: { name: mail.toName, address: mail.toEmail },
      messageKey: messageKeyOf(mail),
      ...composed,
    })
  } catch (error) {
    const dead = isPermanent(error)
    log.warn(
      { event: 'mail failed', mail: mail.id, kind: mail.kind, attempt: mail.attempts, dead, err: error },
      'mail failed',
    )
    if (dead) await markDead(sql, mail.id, reasonOf(error))
    else
      await postponeMail(sql, mail.id, { reason: reasonOf(error), seconds: pauseAfter(mail.attempts), daysUntilDead })
    return false
  }
  await markSent(sql, mail.id)
  log.info({ event: 'mail sent', mail: mail.id, kind: mail.kind }, 'mail sent')
  return true
}

/** A copy is a message of its own; a repeat of the same row after a crash is not. */
function messageKeyOf({ kind, subjectKey, copy }: Mail): string {
  return copy === 0 ? `${kind}.${subjectKey}` : `${kind}.${subjectKey}.copy-${copy}`
}

/** 5 s, 10 s, 20 s … an hour, with a fifth of jitter so that a dead server is not met by all at once. */
function pauseAfter(attempts: number): number {
  return Math.min(5 * 2 ** (attempts - 1), 3600) * (0.9 + Math.random() * 0.2)
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500)
}

/**
 * Sends a mail again as the copy numbered `copy`, to the address the account has now where it is about money, and says
 * so in the audit. Asking twice for the same number is one mail. Answers the copy's id. Throws AppError `not-found`
 * without such a mail, `conflict` when the number is not the next one.
 */
export async function resendMail(sql: Sql, mailId: number, given: { by: By; copy: number }): Promise<number> {
  const { by, copy } = given
  const written = await insertCopy(sql, mailId, { by, copy })
  if (written !== undefined) return written
  const existing = await findCopy(sql, mailId, copy)
  if (!existing) throw new AppError('not-found', 'There is no such mail.')
  if (existing.id === null)
    throw new AppError('conflict', 'This mail was sent again meanwhile. Please look at the newest copy first.')
  return existing.id
}

/** Queues a mail again that was given up on, with three more days to try. False when it is not given up (any more). */
export async function retryMail(sql: Sql, mailId: number, by: By): Promise<boolean> {
  return requeueDeadMail(sql, mailId, by)
}
