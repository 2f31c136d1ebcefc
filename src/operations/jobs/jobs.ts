import { recordDailyMetrics } from '../../admin/metrics/daily-metrics.ts'
import { checkoutMails } from '../../billing/checkout/mails.ts'
import { isOnSale } from '../../billing/checkout/on-sale.ts'
import { disputeReminder } from '../../billing/disputes/mails.ts'
import { watchDisputes } from '../../billing/disputes/watching.ts'
import { giftMails } from '../../billing/gifts/mails.ts'
import { queueDueGifts } from '../../billing/gifts/queries.ts'
import { lookAtMandates, raiseCharges } from '../../billing/mandates/charging.ts'
import { mandateMails } from '../../billing/mandates/mails.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { priceMails } from '../../billing/pricing/mails.ts'
import { announcePrices } from '../../billing/pricing/queries.ts'
import { receiptMails } from '../../billing/receipts/mails.ts'
import { noteWaitingNumbers, numberDueReceipts } from '../../billing/receipts/numbering.ts'
import { refundMails } from '../../billing/refunds/mails.ts'
import { sendRefunds } from '../../billing/refunds/sending.ts'
import { queueReminders } from '../../billing/reminders/queries.ts'
import { subscriptionMails } from '../../billing/subscriptions/mails.ts'
import { updateStatuses } from '../../billing/subscriptions/queries.ts'
import { giveWayToInbox, settleWaitingEvents } from '../../billing/webhooks/inbox.ts'
import { identityMails } from '../../identity/email-tokens/mails.ts'
import { issueRequestedTokens } from '../../identity/email-tokens/request-queries.ts'
import { sectorAlertMails } from '../../market/alerts/mails.ts'
import { queueAlerts } from '../../market/alerts/queueing.ts'
import { fetchPrices } from '../../market/feed/fetch-prices.ts'
import { reportMails } from '../../market/reports/mails.ts'
import { queueReports } from '../../market/reports/queueing.ts'
import type { Job } from '../../platform/jobs.ts'
import type { Mailer } from '../../platform/mailer.ts'
import { sealAudit } from '../../records/audit/audit.ts'
import { complaintAlert, complaintMails, queueComplaintAlerts } from '../../records/complaints/mails.ts'
import { notePausedMails, queueAlertMails } from '../../records/incidents/incidents.ts'
import { alertMails } from '../../records/incidents/mails.ts'
import { mailDelivery } from '../../records/mails/delivering.ts'
import type { Composers } from '../../records/mails/registry.ts'
import { recordIntegrityCheck } from '../integrity/integrity.ts'
import { deleteExpired } from './cleanup.ts'
import { reconcile } from './reconcile.ts'

/** How a mail of each kind is composed, put together from the slices; the outbox sends with it, the panel shows with it. */
export const composersOf = (services: BillingServices): Composers => ({
  ...alertMails(services, { dispute: disputeReminder(services), complaint: complaintAlert(services) }),
  ...complaintMails(services),
  ...identityMails(services),
  ...receiptMails(services),
  ...refundMails(services),
  ...reportMails(services),
  ...sectorAlertMails(services),
  ...subscriptionMails(services),
  ...checkoutMails(services),
  ...mandateMails(services),
  ...priceMails(services),
  ...giftMails(services),
})

/** The background jobs, each with its interval; those of Autopay where it is in use. */
export function jobsOf(
  services: BillingServices,
  mailer: Mailer,
  { autopay } = { autopay: services.config.cashfree.autopay },
): Job[] {
  const deliver = mailDelivery({
    ...services.config.mail,
    sql: services.sql,
    mailer,
    composers: composersOf(services),
    log: services.log,
    before: () => issueRequestedTokens(services.sql),
  })
  const minute = 60_000
  return [
    {
      name: 'deliver-mails',
      everyMs: 10_000,
      run: async (stopping) => {
        await giveWayToInbox(services)
        if ((await deliver(stopping)).isMoreDue) services.wake('deliver-mails')
      },
    },
    { name: 'number-receipts', everyMs: 1_000, run: () => numberDueReceipts(services) },
    { name: 'settle-events', everyMs: 10_000, run: () => settleWaitingEvents(services) },
    { name: 'seal-audit', everyMs: 10_000, run: () => sealAudit(services) },
    { name: 'send-refunds', everyMs: 20_000, run: () => sendRefunds(services) },
    { name: 'watch-disputes', everyMs: minute, run: () => watchDisputes(services) },
    { name: 'reconcile', everyMs: services.config.reconcile.intervalMs, run: () => reconcile(services) },
    ...(autopay
      ? [
          { name: 'raise-charges', everyMs: 10 * minute, run: () => raiseCharges(services) },
          { name: 'look-at-mandates', everyMs: minute, run: () => lookAtMandates(services) },
        ]
      : []),
    { name: 'keep-statuses', everyMs: minute / 2, run: () => updateStatuses(services.sql) },
    { name: 'announce-prices', everyMs: minute, run: () => announcePrices(services.sql) },
    {
      name: 'alert',
      everyMs: minute,
      run: async () => {
        const { sql, config } = services
        await notePausedMails(sql)
        await noteWaitingNumbers(sql)
        return (await queueAlertMails(sql, config.alertEmail)) + (await queueComplaintAlerts(sql, config.alertEmail))
      },
    },
    { name: 'figures', everyMs: minute, run: () => recordDailyMetrics(services.sql) },
    {
      name: 'fetch-prices',
      everyMs: minute,
      run: async (stopping) => {
        const found = await fetchPrices(services, stopping)
        if (found.every(({ state }) => state !== 'committed')) return
        services.wake('queue-reports')
        services.wake('queue-alerts')
      },
    },
    {
      name: 'queue-reports',
      everyMs: minute,
      run: async (stopping) => {
        if ((await queueReports(services.sql, stopping)) > 0) services.wake('deliver-mails')
      },
    },
    {
      name: 'queue-alerts',
      everyMs: minute,
      run: async (stopping) => {
        if ((await queueAlerts(services.sql, stopping)) > 0) services.wake('deliver-mails')
      },
    },
    {
      name: 'queue-gifts',
      everyMs: minute,
      run: async () => {
        if ((await queueDueGifts(services.sql)) > 0) services.wake('deliver-mails')
      },
    },
    {
      name: 'remind',
      everyMs: 10 * minute,
      run: async () => {
        if ((await queueReminders(services.sql, await isOnSale(services))) > 0) services.wake('deliver-mails')
      },
    },
    { name: 'check-books', everyMs: 24 * 60 * minute, run: () => recordIntegrityCheck(services.sql) },
    { name: 'clean', everyMs: 6 * 60 * minute, run: () => deleteExpired(services.sql) },
  ]
}
