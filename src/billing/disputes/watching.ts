import { type BillingServices, GatewayRefused, GatewayUnavailable } from '../payments/gateway.ts'
import { settleDisputes } from './disputes.ts'
import { insertReminders, leaseDisputedOrders, noteUnconfirmedDisputes, postponeDisputes } from './queries.ts'

const jobLimitMs = 15_000

/**
 * The job: asks Cashfree how the disputes stand that are not closed, so that a lost webhook costs hours and not the
 * deadline; reminds of answers that are due; tells of disputes nobody can confirm. Returns how many orders it asked about.
 */
export async function watchDisputes(deps: BillingServices): Promise<number> {
  const due = await leaseDisputedOrders(deps.sql, 50)
  for (const orderId of due) await lookAgain(deps, orderId)
  await noteUnconfirmedDisputes(deps.sql)
  if (deps.config.alertEmail !== null && (await insertReminders(deps.sql, deps.config.alertEmail)) > 0)
    deps.wake('deliver-mails')
  return due.length
}

async function lookAgain(deps: BillingServices, orderId: string): Promise<void> {
  try {
    await settleDisputes(deps, orderId, 'disputes', jobLimitMs)
  } catch (error) {
    deps.log.warn({ orderId, err: error }, 'a dispute could not be asked about')
    if (!(error instanceof GatewayUnavailable || error instanceof GatewayRefused)) return
    await postponeDisputes(deps.sql, orderId)
  }
}
