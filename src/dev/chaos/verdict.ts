import { checkInvariants } from '../../operations/integrity/integrity.ts'
import type { IntegrityReport } from '../../operations/integrity/queries.ts'
import type { ChaosHarness } from './harness.ts'
import type { Findings } from './people.ts'
import { listRecordedOrders } from './queries.ts'

/** What the product recorded compared with what Cashfree has; the lists hold order ids and should be empty. */
export type Verdict = {
  /** Number of orders that are paid at Cashfree. */
  payments: number
  lost: string[]
  doubled: string[]
  wrongOwner: string[]
  falseGrants: string[]
  mails: number
  duplicateMails: number
  integrity: IntegrityReport
}

/** Compares the recorded orders with Cashfree's, one by one, and checks every invariant. */
export async function judgeRun({ sql, sandbox, mails }: ChaosHarness, findings: Findings): Promise<Verdict> {
  const recorded = await listRecordedOrders(sql)
  const remote = sandbox.control.state().orders
  const paidRemotely = new Set(remote.filter(({ status }) => status === 'PAID').map(({ id }) => id))
  const captured = new Map(
    remote.map(({ id, attempts }) => [id, attempts.filter(({ status }) => status === 'SUCCESS').length]),
  )
  const integrity = await checkInvariants(sql)
  const accessPaidFor = new Set(recorded.filter(({ id }) => paidRemotely.has(id)).map(({ owner }) => owner))
  const known = new Set(recorded.map(({ id }) => id))
  return {
    payments: paidRemotely.size,
    lost: [
      ...recorded.filter((o) => paidRemotely.has(o.id) && !(o.paid && (o.hasAccess || o.refunded))).map(({ id }) => id),
      ...recorded.filter((o) => o.captured !== (captured.get(o.id) ?? 0)).map(({ id }) => id),
      ...[...paidRemotely].filter((id) => !known.has(id)),
    ],
    doubled: recorded.filter((o) => o.periods > 1 || o.receipts > 1 || o.applied > 1).map(({ id }) => id),
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
    duplicateMails: [...mails.accepted.values()].reduce((extra, times) => extra + times - 1, 0),
    integrity,
  }
}
