import { checkInvariants, type IntegrityReport } from '../../operations/integrity/integrity.ts'
import type { ChaosHarness } from './harness.ts'
import type { Findings } from './people.ts'
import { listBookedOrders } from './queries.ts'

/** What must be nothing, with the order ids that say otherwise. */
export type Verdict = {
  /** Orders that Cashfree has as paid. */
  payments: number
  lost: string[]
  doubled: string[]
  wrongOwner: string[]
  falseGrants: string[]
  mails: number
  duplicateMails: number
  books: IntegrityReport
}

/** Compares what Cashfree knows with the books, order by order, and checks every invariant. */
export async function judgeRun({ sql, sandbox, mails }: ChaosHarness, found: Findings): Promise<Verdict> {
  const booked = await listBookedOrders(sql)
  const there = sandbox.control.state().orders
  const paidThere = new Set(there.filter(({ status }) => status === 'PAID').map(({ id }) => id))
  const captured = new Map(
    there.map(({ id, attempts }) => [id, attempts.filter(({ status }) => status === 'SUCCESS').length]),
  )
  const books = await checkInvariants(sql)
  const accessPaidFor = new Set(booked.filter(({ id }) => paidThere.has(id)).map(({ owner }) => owner))
  const known = new Set(booked.map(({ id }) => id))
  return {
    payments: paidThere.size,
    lost: [
      ...booked.filter((o) => paidThere.has(o.id) && !(o.paid && (o.hasAccess || o.refunded))).map(({ id }) => id),
      ...booked.filter((o) => o.captured !== (captured.get(o.id) ?? 0)).map(({ id }) => id),
      ...[...paidThere].filter((id) => !known.has(id)),
    ],
    doubled: booked.filter((o) => o.periods > 1 || o.receipts > 1 || o.applied > 1).map(({ id }) => id),
    wrongOwner: [
      ...found.wrongOwner,
      ...booked
        .filter((o) => o.strangers > 0 || (found.opened.has(o.id) && found.opened.get(o.id) !== o.owner))
        .map(({ id }) => id),
    ],
    falseGrants: booked
      .filter((o) => (o.paid && !paidThere.has(o.id)) || (o.hasAccess && !accessPaidFor.has(o.owner)))
      .map(({ id }) => id),
    mails: mails.taken.size,
    duplicateMails: [...mails.taken.values()].reduce((extra, times) => extra + times - 1, 0),
    books,
  }
}
