import type { Sql } from '../platform/db.ts'
import type { Log } from '../platform/log.ts'
import { isPermanent, type Mailer } from '../platform/mailer.ts'
import { leaseMails, markDead, markSent, markSkipped, postponeMail } from './queries.ts'

/** A row of the outbox, leased to this worker. `subjectKey` is what it is about, e.g. a receipt's number. */
export type Mail = { id: number; kind: string; subjectKey: string; toName: string; toEmail: string; attempts: number }

/** Which template (views/mail/<name>.*.eta) with what. */
export type Composed = {
  template: string
  data: object
  attachments?: { filename: string; content: Buffer; contentType: string }[]
}

/** How a mail of each kind is composed, given by the slices that know. Null: what it was about is no longer so. */
export type Composers = Record<string, (mail: Mail) => Promise<Composed | null>>

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
      messageKey: `${mail.kind}.${mail.subjectKey}`,
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

/** 5 s, 10 s, 20 s … an hour, with a fifth of jitter so that a dead server is not met by all at once. */
function pauseAfter(attempts: number): number {
  return Math.min(5 * 2 ** (attempts - 1), 3600) * (0.9 + Math.random() * 0.2)
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500)
}
