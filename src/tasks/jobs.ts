import { keepBooksChecked } from '../books/books.ts'
import { settleWaitingDeliveries } from '../checkout/deliveries.ts'
import type { Deps } from '../deps.ts'
import { queueAlertMails } from '../incidents/incidents.ts'
import { composeAlertMail } from '../incidents/mail.ts'
import { type Composers, deliverMails } from '../mails/mails.ts'
import type { Job } from '../platform/jobs.ts'
import type { Mailer } from '../platform/mailer.ts'
import { composeReceiptMail } from '../receipts/mail.ts'
import { composeRefundMail } from '../refunds/mail.ts'
import { sendRefunds } from '../refunds/sending.ts'
import { composeRenewalMail } from '../subscriptions/mail.ts'
import { keepStatusesInStep, queueRenewalMails } from '../subscriptions/subscriptions.ts'
import { deleteEndedSessions } from '../users/queries.ts'
import { reconcile } from './reconcile.ts'

/** How a mail of each kind is composed; the outbox sends with it, the panel shows with it. */
export function composersOf(deps: Deps): Composers {
  return {
    receipt: (mail: { subjectKey: string; toName: string }) => composeReceiptMail(deps.sql, deps.config, mail),
    refund: (mail: { subjectKey: string; toName: string }) => composeRefundMail(deps.sql, deps.config, mail),
    alert: (mail: { subjectKey: string }) => composeAlertMail(deps.sql, deps.config, mail),
    renewal: (mail: { subjectKey: string; toName: string }) => composeRenewalMail(deps.sql, deps.config, mail),
  }
}

/** Everything that happens without anybody asking, and how often. */
export function jobsOf(deps: Deps, mailer: Mailer): Job[] {
  const composers = composersOf(deps)
  const minute = 60_000
  return [
    {
      name: 'deliver-mails',
      everyMs: 10_000,
      run: () => deliverMails({ sql: deps.sql, mailer, composers, log: deps.log }),
    },
    { name: 'settle-events', everyMs: 10_000, run: () => settleWaitingDeliveries(deps) },
    { name: 'send-refunds', everyMs: 20_000, run: () => sendRefunds(deps) },
    { name: 'reconcile', everyMs: deps.config.reconcile.intervalMs, run: () => reconcile(deps) },
    { name: 'keep-statuses', everyMs: minute / 2, run: () => keepStatusesInStep(deps.sql) },
    { name: 'alert', everyMs: minute, run: () => queueAlertMails(deps.sql, deps.config.alertEmail) },
    { name: 'remind', everyMs: 60 * minute, run: () => queueRenewalMails(deps.sql) },
    { name: 'check-books', everyMs: 24 * 60 * minute, run: () => keepBooksChecked(deps.sql) },
    { name: 'clean', everyMs: 6 * 60 * minute, run: () => deleteEndedSessions(deps.sql) },
  ]
}
