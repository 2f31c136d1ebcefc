import { randomBytes } from 'node:crypto'
import type { SandboxContext } from './context.ts'

/** A new cf_* id: digits, 15 of them, or 19 (beyond what a double can hold) when that fault is on. */
export function nextCfId(world: SandboxContext): string {
  world.ledger.lastId += 1
  return `${world.faults.isOn('longIds') ? '145765' : '21'}${world.ledger.lastId}`
}

/**
 * Where a run starts to count: thirteen digits, later than any earlier run's, because the shop's database may
 * well outlive the sandbox's books and must not meet an id twice.
 */
export function firstId(): number {
  return Math.floor(Date.now() / 1000) * 1000
}

/** 138 characters, `session_…payment`. */
export function newSessionId(): string {
  return `session_${randomBytes(96).toString('base64url').slice(0, 123)}payment`
}

/** An unguessable path segment for pages that belong to one payer. */
export function newToken(): string {
  return randomBytes(24).toString('base64url')
}

/** What Cashfree calls an order whose merchant gave it no name. */
export function newOrderId(): string {
  return `order_1074${randomBytes(15).toString('hex')}`
}
