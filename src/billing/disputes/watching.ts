import { type BillingServices, isGatewayFailure } from '../payments/gateway.ts'
import { settleDisputes } from './disputes.ts'
import { insertReminders, leaseDisputedOrders, noteUnconfirmedDisputes, postponeDisputes } from './queries.ts'

const jobLimitMs = 15_000

/**
 * The job: asks Cashfree how the disputes stand that are not closed, so that a lost webhook costs hours and not the
 * deadline; reminds of answers that are due; tells of disputes nobody can confirm. Returns how many orders it asked about.
 */
export async function watchDisputes(services: BillingServices): Promise<number> {
  const due = await leaseDisputedOrders(services.sql, 50)
  for (const orderId of due) await lookAgain(services, orderId)
  await noteUnconfirmedDisputes(services.sql)
  if (services.config.alertEmail !== null && (await insertReminders(services.sql, services.config.alertEmail)) > 0)
    services.wake('deliver-mails')
  return due.length
}

async function lookAgain(services: BillingServices, orderId: string): Promise<void> {
  try {
    await settleDisputes(services, orderId, 'disputes', jobLimitMs)
  } catch (error) {
    services.log.warn({ orderId, err: error }, 'a dispute could not be asked about')
    if (!isGatewayFailure(error)) return
    await postponeDisputes(services.sql, orderId)
  }
}
