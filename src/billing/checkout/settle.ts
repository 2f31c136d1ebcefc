import type { BillingServices, RemoteOrder } from '../payments/gateway.ts'
import { numberSoon } from '../receipts/numbering.ts'
import { logSettlement } from './log-settlement.ts'
import type { Settlement } from './queries.ts'
import { settleTogether } from './settle-together.ts'

/** Who asks Cashfree; it stands in the audit. */
export type SettlementSource = 'return' | 'webhook' | 'poll' | 'reconciler' | 'checkout' | 'api' | 'admin'

/** Sources that ask again and again spare Cashfree's rate limits; the others also want to hear of attempts that failed. */
const manners: Partial<Record<SettlementSource, 'light' | 'patient'>> = { poll: 'light', reconciler: 'patient' }

/**
 * Makes one order agree with Cashfree. Return page, webhook, status poll and reconciler all call this, any number of times
 * and at once; the order is marked paid once. The answer always comes from a question that was asked after the call.
 * `within` is the time limit in milliseconds. Throws GatewayUnavailable when nothing could be learned, and what the
 * database throws.
 */
export async function settle(
  services: BillingServices,
  orderId: string,
  actor: SettlementSource,
  within?: number,
): Promise<Settlement> {
  const { settlement, numbered } = await settleUnnumbered(services, orderId, actor, within)
  await numbered
  return settlement
}

/** A settlement that is committed, and when its receipt has its number, or waits for the job that gives it one: never rejects. */
type Committed = { settlement: Settlement; numbered: Promise<void> }

/** The same for a caller that settles one order after the other, and need not wait for each receipt's number. */
export function settleUnnumbered(
  services: BillingServices,
  orderId: string,
  actor: SettlementSource,
  within?: number,
): Promise<Committed> {
  const manner = manners[actor] ?? 'full'
  return oneAtATime(`${manner} ${orderId}`, async () => {
    const remote = await services.gateway.fetchOrder(orderId, within, manner)
    return commit(services, orderId, remote, actor)
  })
}

/**
 * Writes an answer of Cashfree that is already at hand, and wakes the jobs that go on from it. Where Cashfree still takes
 * money for an order that is closed on our side, or whose owner may not be given what it buys, it is ended there, and what comes of
 * that is written as well.
 */
export async function settleWith(
  services: BillingServices,
  orderId: string,
  remote: RemoteOrder,
  actor: SettlementSource,
): Promise<Settlement> {
  const { settlement, numbered } = await commit(services, orderId, remote, actor)
  await numbered
  return settlement
}

async function commit(
  services: BillingServices,
  orderId: string,
  remote: RemoteOrder,
  actor: SettlementSource,
): Promise<Committed> {
  const committed = await write(services, orderId, remote, actor)
  if (committed.settlement.outcome !== 'to-end') return committed
  return write(services, orderId, await services.gateway.terminateOrder(orderId), actor)
}

async function write(
  services: BillingServices,
  orderId: string,
  remote: RemoteOrder,
  actor: SettlementSource,
): Promise<Committed> {
  const settlement = await settleTogether(services.sql, { orderId, remote, actor }, services.config.seller)
  const { outcome, receiptDue } = settlement
  logSettlement(services, remote, settlement, actor)
  // The order is paid whatever becomes of its number.
  const numbered = receiptDue ? numberSoon(services) : Promise.resolve()
  if (!receiptDue && actor !== 'reconciler' && waitsForMoney(remote, settlement)) services.wake('reconcile')
  if (outcome === 'unverified')
    services.log.warn({ event: 'paid but unverified', orderId, actor }, 'paid but unverified')
  return { settlement, numbered }
}

/** Money that does not count yet, of this order or of another that the answer names: the reconciler is to ask again soon. */
function waitsForMoney({ attempts }: RemoteOrder, { outcome }: Settlement): boolean {
  if (outcome === 'held' || outcome === 'unverified') return true
  return outcome !== 'already-paid' && (attempts ?? []).some(({ status }) => status === 'SUCCESS')
}

type Settling = { running: Promise<unknown>; next: Promise<Committed> | null }
const settling = new Map<string, Settling>()

/**
 * Fifty deliveries for one order need two questions to Cashfree, not fifty: callers that arrive while one is being settled
 * share the next one, where they ask for as much (`key`): a poll's answer leaves out attempts. Each process limits only itself;
 * between processes the order's row lock does the rest.
 */
function oneAtATime(key: string, ask: () => Promise<Committed>): Promise<Committed> {
  const current = settling.get(key)
  if (!current) return start(key, ask)
  current.next ??= current.running.catch(() => {}).then(() => start(key, ask))
  return current.next
}

function start(key: string, ask: () => Promise<Committed>): Promise<Committed> {
  const running = ask()
  settling.set(key, { running, next: null })
  running.finally(() => forgetIfIdle(key, running)).catch(() => {})
  return running
}

function forgetIfIdle(key: string, running: Promise<unknown>) {
  const current = settling.get(key)
  if (current?.running === running && current.next === null) settling.delete(key)
}
