import type { Sql } from '../../platform/db.ts'
import type { Log } from '../../platform/log.ts'
import { type Mailer, refusalOf } from '../../platform/mailer.ts'
import { beginningOf } from '../../platform/text.ts'
import { connectionSlots } from './connection-slots.ts'
import { markedTogether } from './marked-together.ts'
import {
  type LeasedMail,
  type Mail,
  markDead,
  markHanded,
  markSent,
  markSkipped,
  postponeMail,
  releaseMails,
  releaseRefused,
} from './queries.ts'
import { pauseQueue } from './queue-queries.ts'
import { type Composed, type Composers, composerOf } from './registry.ts'

/** With a limit of 20 s each, a mail begun within this time ends well inside its lease of a minute; the rest is released. */
const beginWithinMs = 30_000
const daysUntilDead = 3
/** So many mails that policy refuses, one after the other, mean that it refuses us. */
const manyByPolicy = 5
/** Twice as long as the longest pause. */
const longestYieldS = 20 * 60

/** `refused`: this mail alone; `paused`: the queue, because the server refuses us; `unsent`: the server was not asked. */
export type Outcome = 'sent' | 'refused' | 'paused' | 'failed' | 'unsent'

export type Sending = {
  sql: Sql
  mailer: Mailer
  composers: Composers
  log: Log
  /** So many mails are with the mail server at the same time. */
  connections: number
}

/**
 * Sends leased mails: composes each, waits for a connection, sends and marks it. After a crash in between it is sent again under
 * the same Message-ID, or, if it is a bulk mail, not at all. One that fails is retried after a growing pause and holds up no other;
 * one that was refused for a reason that is not its own waits as if it had not been tried.
 */
export function mailSending({ sql, mailer, composers, log, connections }: Sending) {
  const slots = connectionSlots(connections)
  const handed = markedTogether((ids) => markHanded(sql, ids))
  const sent = markedTogether((ids) => markSent(sql, ids))
  const released = markedTogether((ids) => releaseMails(sql, ids))
  let byPolicy = 0

  /**
   * What is wrong with a mail is written to its row; throws when the database does not answer. A probe that the server does not
   * answer makes the pause longer.
   */
  async function send(mail: LeasedMail, isProbe: boolean): Promise<Outcome> {
    const beginBy = performance.now() + beginWithinMs
    if (mail.stoppedBy) {
      await markSkipped(sql, mail.id, whyStopped[mail.stoppedBy])
      return 'unsent'
    }
    const comes = slots.announce(mail)
    const composed = await compose(mail).finally(comes)
    if (!composed) return 'unsent'
    if (!(await slots.enter(mail))) return release(mail)
    try {
      if (performance.now() >= beginBy) return await release(mail)
      if (mail.bulk) await handed(mail.id)
      const error = await refusedWith(mail, composed)
      if (error !== null) return await failed(mail, error, isProbe)
    } finally {
      slots.leave(mail)
    }
    // The connection is the next mail's by now: what the database has to write takes none of its time.
    byPolicy = 0
    await sent(mail.id)
    log.info({ event: 'mail sent', mail: mail.id, kind: mail.kind }, 'mail sent')
    return 'sent'
  }

  async function compose(mail: LeasedMail): Promise<Composed | null> {
    try {
      const composer = composerOf(composers, mail.kind)
      if (!composer) throw new Error(`nobody composes mails of kind ${mail.kind}`)
      const composed = await composer(mail)
      if (!composed) await markSkipped(sql, mail.id)
      return composed
    } catch (error) {
      await retryLater(mail, error)
      return null
    }
  }

  async function release({ id }: Mail): Promise<Outcome> {
    await released(id)
    return 'unsent'
  }

  /** Null: the mail server accepted it. */
  async function refusedWith(mail: LeasedMail, composed: Composed): Promise<unknown> {
    try {
      await mailer.send({
        to: { name: mail.toName, address: mail.toEmail },
        messageKey: messageKeyOf(mail),
        bulk: mail.bulk,
        template: mail.kind,
        ...composed,
      })
      return null
    } catch (error) {
      return error
    }
  }

  async function failed(mail: LeasedMail, error: unknown, isProbe: boolean): Promise<Outcome> {
    const refusal = refusalBy(error, isProbe)
    if (refusal === 'of-us') await letOthersTry(mail, error, isProbe)
    else if (refusal === 'for-good') await giveUp(mail, error)
    else await retryLater(mail, error)
    if (refusal === 'of-us' || (refusal === null && isProbe)) return pause(error, isProbe)
    return refusal === null ? 'failed' : 'refused'
  }

  /** Policy is about one recipient, or about us: that the probe of a pause runs into it, or many in a row, says the latter. */
  function refusalBy(error: unknown, isProbe: boolean) {
    const refusal = refusalOf(error)
    if (refusal !== 'by-policy') return refusal
    return ++byPolicy >= manyByPolicy || isProbe ? 'of-us' : 'for-good'
  }

  /** The server may mean the probe alone, whatever it says: the next is another mail, if there is one. */
  function letOthersTry(mail: LeasedMail, error: unknown, isProbe: boolean): Promise<void> {
    const hasAnswered = (error as { responseCode?: number }).responseCode !== undefined
    const inSeconds = isProbe && hasAnswered ? Math.min(4 * pauseAfter(mail.attempts), longestYieldS) : 0
    return releaseRefused(sql, mail.id, { reason: reasonOf(error), inSeconds })
  }

  async function pause(error: unknown, isProbe: boolean): Promise<Outcome> {
    slots.close()
    log.warn({ event: 'mails paused', err: error, isProbe }, 'the mail server refuses us: mails pause')
    await pauseQueue(sql, { reason: reasonOf(error), isProbe })
    return 'paused'
  }

  async function giveUp(mail: LeasedMail, error: unknown): Promise<void> {
    note(mail, error, true)
    await markDead(sql, mail.id, reasonOf(error))
  }

  async function retryLater(mail: LeasedMail, error: unknown): Promise<void> {
    note(mail, error, false)
    await postponeMail(sql, mail.id, { reason: reasonOf(error), seconds: pauseAfter(mail.attempts), daysUntilDead })
  }

  function note({ id, kind, attempts }: LeasedMail, error: unknown, dead: boolean): void {
    log.warn({ event: 'mail failed', mail: id, kind, attempt: attempts, dead, err: error }, 'mail failed')
  }

  return {
    send,
    /** Begins no further mail: those that wait for a connection are released. */
    close: slots.close,
  }
}

/** As the panel shows it. */
const whyStopped = {
  'hard-bounce': 'Not sent: mails to this address bounced. Once that is mended, lift the suppression and send a copy.',
  complaint: 'Not sent: the recipient called our mail spam, and did not ask for this one.',
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
