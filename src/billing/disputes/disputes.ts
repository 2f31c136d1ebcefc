import type { BillingServices } from '../payments/gateway.ts'
import { settleDisputeRows } from './queries.ts'

/** A payer who asks their bank for the money back. Amounts in paise; `type` and `gatewayStatus` are Cashfree's words. */
export type Dispute = {
  id: string
  orderId: string
  cfPaymentId: string | null
  userId: string
  type: string
  gatewayStatus: string
  /** `open` waits for our answer, `under-review` for the bank's; `unclear` is a word nobody knows, for a person to read. */
  status: 'open' | 'under-review' | 'won' | 'lost' | 'unclear'
  amountPaise: number | null
  reasonCode: string | null
  reason: string | null
  remarks: string | null
  respondBy: Date | null
  openedAt: Date
  closedAt: Date | null
}

/** What a payer's bank took back of a payment, and when we heard of it. */
export type LostMoney = { cfPaymentId: string; orderId: string; amountPaise: number; at: Date }

/**
 * Makes our disputes of an order agree with Cashfree's, and does what follows: settle-disputes.sql. Any number of times.
 * A webhook only tells that it is time to ask. Answers 'changed', 'unchanged', or 'unverified' while Cashfree does not
 * list one that a webhook named. Throws GatewayRefused, GatewayUnavailable.
 */
export async function settleDisputes(
  deps: BillingServices,
  orderId: string,
  actor: string,
  within?: number,
): Promise<string> {
  const remote = await deps.gateway.listDisputes(orderId, within)
  const outcome = await settleDisputeRows(deps.sql, orderId, remote, actor)
  if (outcome === 'changed') deps.log.warn({ event: 'dispute changed', orderId, actor }, 'dispute changed')
  return outcome
}
