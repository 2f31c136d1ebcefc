import type { BillingServices } from '../payments/gateway.ts'
import { settleDisputeRows } from './queries.ts'

/**
 * Makes our disputes of an order agree with Cashfree's, and does what follows: settle-disputes.sql. Any number of times.
 * A webhook only tells that it is time to ask. Answers 'changed', 'unchanged', or 'unverified' while Cashfree does not
 * list one that a webhook named. Throws GatewayRefused, GatewayUnavailable.
 */
export async function settleDisputes(
  services: BillingServices,
  orderId: string,
  actor: string,
  within?: number,
): Promise<string> {
  const remote = await services.gateway.listDisputes(orderId, within)
  const outcome = await settleDisputeRows(services.sql, orderId, remote, actor)
  if (outcome === 'changed') services.log.warn({ event: 'dispute changed', orderId, actor }, 'dispute changed')
  return outcome
}
