import { createHash } from 'node:crypto'
import { checkInvariants } from '../../operations/integrity/integrity.ts'
import type { IntegrityReport } from '../../operations/integrity/queries.ts'
import type { Sql } from '../../platform/db.ts'
import type { Findings } from './people.ts'
import { listAccounts, listReceiptNumbers, listRecordedOrders, listWebhookDigests } from './queries.ts'
import type { Surroundings } from './surroundings.ts'

/** What the product recorded compared with what Cashfree has and what people were told; the lists should be empty. */
export type Verdict = {
  /** Number of orders that are paid at Cashfree. */
  payments: number
  /** Orders that were paid and gave nothing, and whatever was confirmed and is not there: accounts, orders, webhooks, mailed receipts. */
  lost: string[]
  doubled: string[]
  wrongOwner: string[]
  falseGrants: string[]
  mails: number
  /** Receipts whose numbers were mailed. */
  mailedReceipts: number
  /** Sent again under the same Message-ID: what a process did not note down as sent. */
  duplicateMails: number
  integrity: IntegrityReport
}

/** Compares the recorded orders with Cashfree's, one by one, and checks every invariant. */
export async function judgeRun(
  { sql, sandbox, mails }: Pick<Surroundings, 'sandbox' | 'mails'> & { sql: Sql },
  findings: Findings,
): Promise<Verdict> {
  const recorded = await listRecordedOrders(sql)
  const { orders: remote, deliveries } = sandbox.control.state()
  const paidRemotely = new Set(remote.filter(({ status }) => status === 'PAID').map(({ id }) => id))
  const captured = new Map(
    remote.map(({ id, attempts }) => [id, attempts.filter(({ status }) => status === 'SUCCESS').length]),
  )
  const integrity = await checkInvariants(sql)
  const accessPaidFor = new Set(recorded.filter(({ id }) => paidRemotely.has(id)).map(({ owner }) => owner))
  const known = new Set(recorded.map(({ id }) => id))
  const accounts = await listAccounts(sql)
  const stored = await listWebhookDigests(sql)
  const numbers = await listReceiptNumbers(sql)
  return {
    payments: paidRemotely.size,
    lost: [
      ...recorded.filter((o) => paidRemotely.has(o.id) && !(o.paid && (o.hasAccess || o.refunded))).map(({ id }) => id),
      ...recorded.filter((o) => o.captured !== (captured.get(o.id) ?? 0)).map(({ id }) => id),
      ...[...paidRemotely, ...findings.opened.keys()].filter((id) => !known.has(id)),
      ...[...findings.registered].filter((email) => !accounts.has(email)),
      ...deliveries
        .filter(
          ({ state, body }) => state === 'delivered' && !stored.has(createHash('sha256').update(body).digest('hex')),
        )
        .map(({ type, orderId }) => `${type} of ${orderId}`),
      ...[...mails.receipts.keys()].filter((number) => !numbers.has(number)),
    ],
    doubled: [
      ...recorded.filter((o) => o.periods > 1 || o.receipts > 1 || o.applied > 1).map(({ id }) => id),
      ...[...mails.receipts].filter(([, messages]) => messages.size > 1).map(([number]) => number),
    ],
    wrongOwner: [
      ...findings.wrongOwner,
      ...recorded
        .filter((o) => o.strangers > 0 || (findings.opened.has(o.id) && findings.opened.get(o.id) !== o.owner))
        .map(({ id }) => id),
    ],
    falseGrants: recorded
      .filter((o) => (o.paid && !paidRemotely.has(o.id)) || (o.hasAccess && !accessPaidFor.has(o.owner)))
      .map(({ id }) => id),
    mails: mails.accepted.size,
    mailedReceipts: mails.receipts.size,
    duplicateMails: [...mails.accepted.values()].reduce((extra, times) => extra + times - 1, 0),
    integrity,
  }
}
