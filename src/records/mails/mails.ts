import type { Actor } from '../../platform/audit-context.ts'
import type { Sql } from '../../platform/db.ts'
import { AppError } from '../../platform/errors.ts'
import type { Log } from '../../platform/log.ts'
import { isPermanent, type Mailer } from '../../platform/mailer.ts'
import { beginningOf } from '../../platform/text.ts'
import {
  findCopy,
  insertCopy,
  type LeasedMail,
  leaseMails,
  type Mail,
  markDead,
  markHanded,
  markSent,
  markSkipped,
  postponeMail,
  releaseMails,
  skipHanded,
} from './queries.ts'
import { type Composers, composerOf } from './registry.ts'

/** So many are sent at the same time, out of so many that are leased at once. */
const concurrency = 8
const roundSize = 32
/** With a limit of 20 s each, a mail begun within this time ends well inside its lease of a minute; the rest is released. */
const beginWithinMs = 30_000
const daysUntilDead = 3

type Delivery = {
  sql: Sql
  mailer: Mailer
  composers: Composers
  log: Log
  /** Called before every round; it may enqueue mails. */
  before?: () => Promise<unknown>
  /** Aborted when this process is to end: no further mail is begun. */
  stopping?: AbortSignal | undefined
}

/**
 * Sends what is due, a few at a time, until nothing is; a mail to one person waits for at most one round of bulk mails. Each is
 * leased by one statement, sent, and marked by another; after a crash between the two it is sent again under the same
 * Message-ID, or, if it is a bulk mail, not at all. One that fails is retried after a growing pause and holds up no other.
 * Returns how many were accepted by the server.
 */
export async function deliverMails(given: Delivery): Promise<number> {
  await skipHanded(given.sql)
  let sent = 0
  while (!given.stopping?.aborted) {
    await given.before?.()
    const leased = await leaseMails(given.sql, roundSize)
    if (leased.length === 0) break
    sent += await deliverRound(given, leased)
  }
  return sent
}

async function deliverRound(given: Delivery, leased: LeasedMail[]): Promise<number> {
  const waiting = leased.sort((a, b) => Number(a.bulk) - Number(b.bulk))
  const end = performance.now() + beginWithinMs
  let sent = 0
  const lane = async () => {
    while (waiting.length > 0 && performance.now() < end && !given.stopping?.aborted)
      if (await deliver(given, waiting.shift()!)) sent++
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  const left = waiting.map((mail) => mail.id)
  if (left.length > 0) await releaseMails(given.sql, left)
  return sent
}

async function deliver({ sql, mailer, composers, log }: Delivery, mail: LeasedMail): Promise<boolean> {
  try {
    const compose = composerOf(composers, mail.kind)
    if (!compose) throw new Error(`nobody composes mails of kind ${mail.kind}`)
    const composed = await compose(mail)
    if (!composed) {
      await markSkipped(sql, mail.id)
      return false
    }
    if (mail.bulk) await markHanded(sql, mail.id)
    await mailer.send({
      to: { name: mail.toName, address: mail.toEmail },
      messageKey: messageKeyOf(mail),
      bulk: mail.bulk,
      template: mail.kind,
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

/** Seconds until the next attempt: 5, 10, 20 … an hour, with a fifth of jitter, so that not all retry at the same moment. */
function pauseAfter(attempts: number): number {
  return Math.min(5 * 2 ** (attempts - 1), 3600) * (0.9 + Math.random() * 0.2)
}

function reasonOf(error: unknown): string {
  return beginningOf(error instanceof Error ? error.message : String(error), 500)
}

/**
 * Sends a mail again as the copy numbered `copy`, to the address the account has now where it is about money, and says
 * so in the audit. Asking twice for the same number is one mail. Answers the copy's id. Throws AppError `not-found`
 * without such a mail, `conflict` when the number is not the next one.
 */
export async function resendMail(sql: Sql, mailId: number, given: { by: Actor; copy: number }): Promise<number> {
  const { by, copy } = given
  const written = await insertCopy(sql, mailId, { by, copy })
  if (written !== null) return written
  const existing = await findCopy(sql, mailId, copy)
  if (!existing) throw new AppError('not-found', 'There is no such mail.')
  if (existing.id === null)
    throw new AppError('conflict', 'This mail was sent again in the meantime. Please look at the newest copy first.')
  return existing.id
}
