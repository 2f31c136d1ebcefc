import { LRUCache } from 'lru-cache'
import type { AppendFile } from './append-file.ts'
import type { Log } from './log.ts'

/** An event of a payment. Each is logged at least once: after a crash or a restart it may be logged again. */
type PaymentEvent = {
  event: 'payment initiated' | 'payment confirmed' | 'payment failed' | 'payment held' | 'payment refunded'
  orderId: string
  amountPaise: number | null
  /** Key of the plan, e.g. `monthly_v1`; null where it could not be read just then. */
  plan: string | null
  /** Who learned of it: `webhook`, `return`, `reconciler`… An admin is `admin`. */
  actor: string
  /** More words of ours: a status, a method. Never text that a person or a bank wrote. */
  status?: string
}

const files = new WeakMap<Log, AppendFile>()
const loggedKeys = new WeakMap<Log, LRUCache<string, true>>()
const mostKeys = 10_000

/** From now on payment events of this log are appended to the file as well. */
export function openPaymentLog(log: Log, file: AppendFile): void {
  files.set(log, file)
}

/**
 * Logs one payment event: a line of the ordinary log, and one in the file when there is one. Never throws or waits.
 * With a `key` (which attempt, which refund) this process logs it once, however often it learns of it.
 */
export function paymentLog(log: Log, event: PaymentEvent, key?: string): void {
  if (key !== undefined && wasLogged(log, key)) return
  const line = { ...event, actor: event.actor.startsWith('user:') ? 'admin' : event.actor }
  if (event.event === 'payment held' || event.event === 'payment failed') log.warn(line, event.event)
  else log.info(line, event.event)
  appendLine(log, line)
}

/**
 * Logs how long the audit's hash chain is and the hash it ends with, out of reach of anybody who can only change the database:
 * a line of the ordinary log, and one in the file when there is one. Never throws or waits.
 */
export function anchorLog(log: Log, head: { position: number; hash: string }): void {
  const line = { event: 'audit sealed', position: head.position, head: head.hash }
  log.info(line, line.event)
  appendLine(log, line)
}

function appendLine(log: Log, line: object): void {
  files.get(log)?.append(JSON.stringify({ time: new Date().toISOString(), ...line }))
}

function wasLogged(log: Log, key: string): boolean {
  const keys = loggedKeys.get(log) ?? new LRUCache<string, true>({ max: mostKeys })
  loggedKeys.set(log, keys)
  if (keys.get(key)) return true
  keys.set(key, true)
  return false
}
