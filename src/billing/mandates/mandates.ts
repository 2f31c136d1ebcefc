import { tenDigits } from '../../identity/users/phones.ts'
import type { User } from '../../identity/users/queries.ts'
import type { Actor } from '../../platform/audit-context.ts'
import { paise } from '../../platform/money.ts'
import { gatewayName } from '../checkout/create-order.ts'
import { type BillingServices, GatewayRefused, GatewayUnavailable, isGatewayFailure } from '../payments/gateway.ts'
import type { RemoteCharge, RemoteMandate } from '../payments/mandate-gateway.ts'
import { numberSoon } from '../receipts/numbering.ts'
import { beginCharge, noteChargeRefused, renewChargeKey } from './charge-queries.ts'
import {
  askMandateEnd,
  findMandate,
  insertMandate,
  type Mandate,
  type MandateSettlement,
  type MandateWish,
  noteMandateRefused,
  type OpenedMandate,
  renewMandateKey,
  settleMandate,
} from './queries.ts'

/**
 * Makes a mandate and its debits agree with Cashfree: webhook, return, poll and job all call this, any number of times and at once.
 * What is not wanted any more is called off there, and what comes of that is written as well; where Cashfree cannot be asked for it, the
 * next look does it. Throws GatewayUnavailable when nothing could be learned, and what the database throws.
 */
export async function refreshMandate(
  services: BillingServices,
  subscriptionId: string,
  actor: string,
  manner: 'full' | 'light' | 'patient' = 'full',
): Promise<MandateSettlement> {
  const remote = await services.gateway.mandates.fetchMandate(subscriptionId, undefined, manner)
  return settleWith(services, subscriptionId, remote, actor)
}

/** The same for a page: answers what Cashfree said, with a session for its page. Null where it cannot be asked now. */
export async function lookAtMandate(
  services: BillingServices,
  subscriptionId: string,
  actor: string,
  manner: 'full' | 'light' = 'full',
): Promise<RemoteMandate | null> {
  let remote: RemoteMandate | null = null
  await unlessAway(services, subscriptionId, async () => {
    remote = await services.gateway.mandates.fetchMandate(subscriptionId, undefined, manner)
    await settleWith(services, subscriptionId, remote, actor)
  })
  return remote
}

/** The mandate with the session that opens Cashfree's page (null where that cannot be had just now), or why there is none. */
export type OfferedMandate = OpenedMandate & { mandate: Mandate | null; sessionId: string | null }

/**
 * A mandate for a person to authorise at Cashfree: the one that waits for them, or a new one. Ours is committed before Cashfree is
 * called, under an id and a key that make every repeat the same call. Throws what the database throws, GatewayUnavailable, and
 * GatewayRefused where Cashfree will not open it.
 */
export async function openMandate(
  services: BillingServices,
  user: User,
  wish: MandateWish,
  { by, returnUrl }: { by: Actor; returnUrl: (mandate: Mandate) => string },
): Promise<OfferedMandate> {
  const opened = await insertMandate(services.sql, user.id, wish, by)
  const mandate = opened.mandateId === null ? undefined : await findMandate(services.sql, { id: opened.mandateId })
  if (!mandate) return { ...opened, mandate: null, sessionId: null }
  if (mandate.authorisedAt !== null) return { ...opened, mandate, sessionId: null }
  const remote = await sessionAtCashfree(services, user, mandate, returnUrl(mandate))
  await settleWith(services, mandate.subscriptionId, remote, by.actor)
  return { ...opened, mandate: (await findMandate(services.sql, mandate))!, sessionId: remote.sessionId }
}

/** What Cashfree says of a mandate, with a fresh session; opened there unless it has been. */
async function sessionAtCashfree(services: BillingServices, user: User, mandate: Mandate, returnUrl: string) {
  const { sql, gateway } = services
  if (mandate.status !== 'CREATED') return gateway.mandates.fetchMandate(mandate.subscriptionId)
  try {
    return await createAtCashfree(services, user, mandate, returnUrl)
  } catch (error) {
    // Nobody is kept from paying by hand for a mandate that Cashfree will not open.
    if (error instanceof GatewayRefused) await noteMandateRefused(sql, mandate.subscriptionId, error.code)
    // Cashfree may keep an error of its own under the key that it was sent with. After silence the key stays: the mandate may exist.
    if (error instanceof GatewayUnavailable && error.answered) await renewMandateKey(sql, mandate.id)
    throw error
  }
}

async function createAtCashfree(services: BillingServices, user: User, mandate: Mandate, returnUrl: string) {
  const { planId, subscriptionId, idempotencyKey } = mandate
  await services.gateway.mandates.ensurePlan({ planId, name: 'Autopay', maxAmountPaise: paise(mandate.maxPaise) })
  return services.gateway.mandates.createMandate({
    subscriptionId,
    idempotencyKey,
    planId,
    customer: { name: gatewayName(user.name), email: user.email, phone: tenDigits(user.phone) },
    authorisationPaise: paise(mandate.authorisationPaise),
    refundAuthorisation: mandate.refundAuthorisation,
    expiresAt: mandate.expiresAt,
    returnUrl,
    tags: {},
  })
}

/**
 * Asks Cashfree for a charge whose row and key are stored, and writes what it answers. Safe to repeat: it is the same call. Answers
 * what came of it: 'asked', 'refused' (by Cashfree, which has none of this id), or why it was not asked for (begin_charge). Throws
 * GatewayUnavailable when nothing is known, and GatewayRefused when our keys are refused; the row stays to be tried again.
 */
export async function raiseCharge(services: BillingServices, paymentId: string, actor: string): Promise<string> {
  const begun = await beginCharge(services.sql, paymentId, actor)
  if (begun.refusal === 'late') await refreshMandate(services, begun.subscriptionId!, actor)
  if (begun.refusal !== null) return begun.refusal
  const { subscriptionId, idempotencyKey, scheduledOn } = begun
  let charge: RemoteCharge | null
  try {
    charge = await services.gateway.mandates.charge({
      subscriptionId,
      paymentId,
      idempotencyKey,
      amountPaise: paise(begun.paise),
      scheduledOn,
      remarks: 'Renewal',
    })
  } catch (error) {
    if (error instanceof GatewayUnavailable && error.answered) await renewChargeKey(services.sql, paymentId)
    // Refused keys say nothing of this charge: it stays, and is asked for again.
    if (!(error instanceof GatewayRefused) || error.status === 401 || error.status === 403) throw error
    services.log.error({ event: 'charge refused', orderId: paymentId, err: error }, 'charge refused')
    charge = await services.gateway.mandates.fetchCharge(subscriptionId, paymentId)
    if (charge === null) {
      await noteChargeRefused(services.sql, paymentId, error.code, actor)
      await refreshMandate(services, subscriptionId, actor)
      return 'refused'
    }
  }
  await settleWith(services, subscriptionId, { charges: [charge] }, actor)
  return 'asked'
}

/**
 * Ends a mandate: with us at once, so that nothing is debited from now on that Cashfree has not begun, then at Cashfree, its charges
 * first. Answers as end_mandate. Never throws because Cashfree is away: the next look goes on.
 */
export async function endMandate(
  services: BillingServices,
  subscriptionId: string,
  endedBy: NonNullable<Mandate['endedBy']>,
  by: Actor,
): Promise<string> {
  const answer = await askMandateEnd(services.sql, subscriptionId, endedBy, by)
  if (answer === 'asked' || answer === 'repeated')
    await unlessAway(services, subscriptionId, () => refreshMandate(services, subscriptionId, by.actor))
  return answer
}

/** Writes an answer of Cashfree, and asks for what has to be called off; each answer to that is written too, once. */
async function settleWith(
  services: BillingServices,
  subscriptionId: string,
  remote: RemoteMandate | { charges: RemoteCharge[] },
  actor: string,
): Promise<MandateSettlement> {
  const settlement = await write(services, subscriptionId, remote, actor)
  for (const paymentId of settlement.cancelCharges)
    await unlessAway(services, subscriptionId, async () => {
      const charge = await services.gateway.mandates.cancelCharge(subscriptionId, paymentId)
      await write(services, subscriptionId, { charges: [charge] }, actor)
    })
  if (settlement.cancelMandate)
    await unlessAway(services, subscriptionId, async () => {
      await write(services, subscriptionId, await services.gateway.mandates.cancelMandate(subscriptionId), actor)
    })
  return settlement
}

async function write(
  services: BillingServices,
  subscriptionId: string,
  remote: RemoteMandate | { charges: RemoteCharge[] },
  actor: string,
): Promise<MandateSettlement> {
  const settlement = await settleMandate(services.sql, subscriptionId, remote, actor, services.config.seller)
  const { outcome, settled } = settlement
  if (outcome === 'mismatch' || outcome === 'unknown-mandate')
    services.log.warn({ event: 'mandate not settled', subscriptionId, outcome, actor }, 'mandate not settled')
  for (const { orderId, outcome: came } of settled)
    if (came === 'paid') services.log.info({ event: 'debit confirmed', orderId, actor }, 'debit confirmed')
  if (settled.some(({ receiptDue }) => receiptDue)) await numberSoon(services) // paid whatever becomes of it
  return settlement
}

async function unlessAway(
  services: BillingServices,
  subscriptionId: string,
  call: () => Promise<unknown>,
): Promise<void> {
  try {
    await call()
  } catch (error) {
    if (!isGatewayFailure(error)) throw error
    services.log.warn({ subscriptionId, err: error }, 'Cashfree could not be asked about a mandate')
  }
}
