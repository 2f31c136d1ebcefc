import { randomBytes } from 'node:crypto'
import type { SandboxContext } from './context.ts'

/** A new cf_* id: digits, 15 of them, or 19 (beyond what a double can hold) when that fault is on. */
export function nextCfId(context: SandboxContext): string {
  context.ledger.lastId += 1
  return `${context.faults.isOn('longIds') ? '145765' : '21'}${context.ledger.lastId}`
}

/** 138 characters, `session_…payment`. */
export function newSessionId(): string {
  return `session_${randomBytes(96).toString('base64url').slice(0, 123)}payment`
}

/** An unguessable path segment for pages that belong to one payer. */
export function newToken(): string {
  return randomBytes(24).toString('base64url')
}

/** The id that Cashfree gives an order whose merchant chose none. */
export function newOrderId(): string {
  return `order_1074${randomBytes(15).toString('hex')}`
}
