import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { insertIncident } from '../../records/incidents/queries.ts'
import { areReceiptsDue, findReceiptNumber, numberReceipts, readNumbering } from './queries.ts'

/** Receipts that one statement numbers: it holds the end of the series no longer than a few milliseconds. */
const batch = 1_000

/** Milliseconds between two numberings of a process that is busy: each then gives more numbers by one commit, and a number costs half. */
export const numberingPause = 60

/** Numbers the receipts that are due and wakes the delivery of their mails. Returns how many. */
export async function numberDueReceipts(services: Pick<Services, 'sql' | 'wake'>): Promise<number> {
  let numbered = 0
  for (let some = batch; some === batch; numbered += some) some = await numberReceipts(services.sql, batch)
  if (numbered > 0) services.wake('deliver-mails')
  return numbered
}

/**
 * Numbers what is due before papers are read that must lack none: the books of a month, on its last day as well. Throws AppError
 * `unavailable` while numbers wait for a person, and what the database throws.
 */
export async function numberBeforeReading(services: Services): Promise<void> {
  await numberDueReceipts(services).catch((cause: { code?: unknown }) => {
    if (cause.code !== waitsForPerson) throw cause
    throw new AppError(
      'unavailable',
      'Receipts wait for their numbers, so this file would lack some. Please try again.',
      { cause },
    )
  })
}

/**
 * Opens an incident that numbers wait for a person while receipts are due: one for each end of the series, whoever asks. Throws what the
 * database throws.
 */
export async function noteWaitingNumbers(sql: Services['sql']): Promise<void> {
  if (!(await areReceiptsDue(sql))) return
  const { waits, receipt, creditNote } = await readNumbering(sql)
  if (waits) await insertIncident(sql, 'receipts-unnumbered', receipt ?? 'none', { receipt, creditNote })
}

/** object_not_in_prerequisite_state, which number_receipts raises after a failover that may have lost numbers. */
const waitsForPerson = '55000'

/** What a pool's process is numbering, and the numbering that follows it. */
const lines = new WeakMap<Services['sql'], { next: Promise<void> | null; running: Promise<void> }>()

/**
 * Numbers the receipt of an order that was just committed as paid, together with everybody else's who was paid meanwhile: one
 * statement is under way in a process, and all who come while it runs share the next, `numberingPause` later. Never rejects: what it
 * could not number stays due, and the job `number-receipts` finds it within two seconds.
 */
export function numberSoon(services: Services): Promise<void> {
  const line = lines.get(services.sql)
  if (!line) return begin(services)
  line.next ??= line.running.then(() => pause(numberingPause)).then(() => begin(services))
  return line.next
}

/**
 * The receipt's number of a paid order. One that is still due, because who settled the order died before its number, is numbered
 * first; undefined when that must wait.
 */
export async function receiptNumberOf(services: Services, orderId: string): Promise<string | undefined> {
  const number = await findReceiptNumber(services.sql, orderId)
  if (number) return number
  await numberSoon(services)
  return findReceiptNumber(services.sql, orderId)
}

function begin(services: Services): Promise<void> {
  const running = numberDueReceipts(services).then(
    () => {},
    (error: unknown) => {
      services.log.warn({ err: error }, 'receipts wait for their numbers')
      services.wake('deliver-mails') // a payment's other mails wait for no number
    },
  )
  const line = { running, next: null as Promise<void> | null }
  lines.set(services.sql, line)
  running.then(() => {
    if (line.next === null) lines.delete(services.sql)
  })
  return running
}
