import { recordDailyMetrics } from '../../admin/metrics/daily-metrics.ts'
import { composeDisputeReminder } from '../../billing/disputes/mail.ts'
import { watchDisputes } from '../../billing/disputes/watching.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { composeReceiptMail } from '../../billing/receipts/mail.ts'
import { composeRefundMail } from '../../billing/refunds/mail.ts'
import { sendRefunds } from '../../billing/refunds/sending.ts'
import { composeCancelledMail, composeGrantedMail, composeRenewalMail } from '../../billing/subscriptions/mail.ts'
import { queueRenewalMails, updateStatuses } from '../../billing/subscriptions/subscriptions.ts'
import { settleWaitingEvents } from '../../billing/webhooks/inbox.ts'
import {
  composeAccountDeletedMail,
  composeAuthenticatorChangedMail,
  composeEmailChangedMail,
  composePasswordChangedMail,
  composeTokenMail,
} from '../../identity/email-tokens/mail.ts'
import { issueRequestedResets } from '../../identity/email-tokens/request-queries.ts'
import { composeLateReport, composeReport } from '../../market/reports/mail.ts'
import { queueReports } from '../../market/reports/queueing.ts'
import type { Job } from '../../platform/jobs.ts'
import type { Mailer } from '../../platform/mailer.ts'
import { sealAudit } from '../../records/audit/audit.ts'
import { queueAlertMails } from '../../records/incidents/incidents.ts'
import { composeAlertMail } from '../../records/incidents/mail.ts'
import { type Composers, deliverMails } from '../../records/mails/mails.ts'
import { recordIntegrityCheck } from '../integrity/integrity.ts'
import { forgetWhatIsOver } from './cleaning.ts'
import { reconcile } from './reconcile.ts'

/** How a mail of each kind is composed; the outbox sends with it, the panel shows with it. */
export function composersOf(deps: BillingServices): Composers {
  return {
    receipt: (mail, how) => composeReceiptMail(deps, mail, how),
    refund: (mail: { subjectKey: string; toName: string }) => composeRefundMail(deps.sql, deps.config, mail),
    alert: (mail: { subjectKey: string }) =>
      mail.subjectKey.startsWith('dispute:')
        ? composeDisputeReminder(deps.sql, deps.config, mail)
        : composeAlertMail(deps.sql, deps.config, mail),
    renewal: (mail: { subjectKey: string; toName: string }) => composeRenewalMail(deps.sql, deps.config, mail),
    granted: (mail: { subjectKey: string; toName: string }) => composeGrantedMail(deps.sql, deps.config, mail),
    cancelled: (mail: { subjectKey: string; toName: string }) => composeCancelledMail(deps.sql, deps.config, mail),
    'verify-email': (mail, how) => composeTokenMail(deps.sql, deps.config, mail, how),
    'change-email': (mail, how) => composeTokenMail(deps.sql, deps.config, mail, how),
    'reset-password': (mail, how) => composeTokenMail(deps.sql, deps.config, mail, how),
    'account-deleted': (mail) => composeAccountDeletedMail(deps.sql, deps.config, mail),
    'password-changed': (mail) => composePasswordChangedMail(deps.sql, deps.config, mail),
    'authenticator-changed': (mail) => composeAuthenticatorChangedMail(deps.sql, deps.config, mail),
    'email-changed': (mail) => composeEmailChangedMail(deps.sql, deps.config, mail),
    report: (mail, how) => composeReport(deps.sql, deps.config, mail, how),
    'report-late': (mail, how) => composeLateReport(deps.sql, deps.config, mail, how),
  }
}

/** Everything that happens without anybody asking, and how often. */
export function jobsOf(deps: BillingServices, mailer: Mailer): Job[] {
  const composers = composersOf(deps)
  const minute = 60_000
  return [
    {
      name: 'deliver-mails',
      everyMs: 10_000,
      run: (stopping) =>
        deliverMails({
          sql: deps.sql,
          mailer,
          composers,
          log: deps.log,
          before: () => issueRequestedResets(deps.sql),
          stopping,
        }),
    },
    { name: 'settle-events', everyMs: 10_000, run: () => settleWaitingEvents(deps) },
    { name: 'seal-audit', everyMs: 10_000, run: () => sealAudit(deps) },
    { name: 'send-refunds', everyMs: 20_000, run: () => sendRefunds(deps) },
    { name: 'watch-disputes', everyMs: minute, run: () => watchDisputes(deps) },
    { name: 'reconcile', everyMs: deps.config.reconcile.intervalMs, run: () => reconcile(deps) },
    { name: 'keep-statuses', everyMs: minute / 2, run: () => updateStatuses(deps.sql) },
    { name: 'alert', everyMs: minute, run: () => queueAlertMails(deps.sql, deps.config.alertEmail) },
    { name: 'figures', everyMs: minute, run: () => recordDailyMetrics(deps.sql) },
    {
      name: 'queue-reports',
      everyMs: minute,
      run: async (stopping) => {
        if ((await queueReports(deps.sql, stopping)) > 0) deps.wake('deliver-mails')
      },
    },
    { name: 'remind', everyMs: 60 * minute, run: () => queueRenewalMails(deps.sql) },
    { name: 'check-books', everyMs: 24 * 60 * minute, run: () => recordIntegrityCheck(deps.sql) },
    { name: 'clean', everyMs: 6 * 60 * minute, run: () => forgetWhatIsOver(deps.sql) },
  ]
}
