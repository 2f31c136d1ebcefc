import type { AppendFile } from './append-file.ts'
import type { Log } from './log.ts'

/** What can happen to a payment. Each is told at least once: after a crash or a restart it may be told again. */
export type PaymentHappening = {
  event: 'payment initiated' | 'payment confirmed' | 'payment failed' | 'payment held' | 'payment refunded'
  orderId: string
  amountPaise: number | null
  /** Key of the plan, e.g. `monthly_v1`; null where it could not be learned just then. */
  plan: string | null
  /** Which door it came through: `webhook`, `return`, `reconciler`… An admin is `admin`. */
  actor: string
  /** More words of ours: a status, a method. Never text that a person or a bank wrote. */
  status?: string
}

const files = new WeakMap<Log, AppendFile>()
const told = new WeakMap<Log, Set<string>>()
const longestMemory = 10_000

/** From now on what is told to this log's payment log is appended to the file as well. */
export function openPaymentLog(log: Log, file: AppendFile): void {
  files.set(log, file)
}

/**
 * Tells one payment event: a line of the ordinary log, and one in the file when there is one. Never throws or waits.
 * With a `key` (which attempt, which refund) this process tells it once, however often it is heard.
 */
export function paymentLog(log: Log, happening: PaymentHappening, key?: string): void {
  if (key !== undefined && wasTold(log, key)) return
  const line = { ...happening, actor: happening.actor.startsWith('user:') ? 'admin' : happening.actor }
  if (happening.event === 'payment held' || happening.event === 'payment failed') log.warn(line, happening.event)
  else log.info(line, happening.event)
  files.get(log)?.append(JSON.stringify({ time: new Date().toISOString(), ...line }))
}

/**
 * Notes how far the audit's chain goes and with which hash it ends, where nobody reaches it through the database: a line of
 * the ordinary log, and one in the file when there is one. Never throws or waits.
 */
export function anchorLog(log: Log, head: { position: number; hash: string }): void {
  const line = { event: 'audit sealed', position: head.position, head: head.hash }
  log.info(line, line.event)
  files.get(log)?.append(JSON.stringify({ time: new Date().toISOString(), ...line }))
}

function wasTold(log: Log, key: string): boolean {
  const keys = told.get(log) ?? new Set()
  told.set(log, keys)
  if (keys.has(key)) return true
  keys.add(key)
  if (keys.size > longestMemory) keys.delete(keys.values().next().value!)
  return false
}
