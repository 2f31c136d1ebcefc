import type { RemoteOrder } from '../../billing/payments/gateway.ts'
import { rupeesExact } from '../../platform/money.ts'
import type { OrderFile } from './queries.ts'

/** A sentence on whether what the order is for is active, and why or why not; what to do; and whether all is well. */
export type Explanation = { says: string; todo: string; well: boolean }

/** Explains an order by the product's records of it and Cashfree's present answer; null when Cashfree does not answer. */
export function explain(file: OrderFile | undefined, remote: RemoteOrder | null): Explanation {
  if (!file) return unknownOrder(remote)
  const { order } = file
  if (order.paidAt) return paid(file, remote)
  if (order.heldAt) return held(file, remote)
  if (remote === null)
    return bad(
      'Not active: we do not know of a payment, and Cashfree cannot be asked now.',
      'See `npm run doctor` for Cashfree.',
    )
  if (remote.status === 'PAID') return paidThereOnly(order)
  return unpaid(file, remote)
}

function unknownOrder(remote: RemoteOrder | null): Explanation {
  if (remote === null)
    return bad('We have no such order, and Cashfree cannot be asked now.', 'Check the id: ours begin with ds_.')
  if (remote.status === 'ABSENT')
    return bad('Neither we nor Cashfree have such an order.', 'Check the id: ours begin with ds_.')
  return bad(
    `Cashfree has this order (${remote.status}), our books do not.`,
    'It belongs to another installation with the same keys, or was lost with a restore. If it is PAID, refund it in Cashfree’s dashboard or write to the payer.',
  )
}

function paid(
  { order, period, subscription, receipt, isReceiptDue, mails, refunds }: OrderFile,
  remote: RemoteOrder | null,
): Explanation {
  const odd = remote && remote.status !== 'PAID' ? ` Cashfree says ${remote.status} now, though.` : ''
  if (!period || !(receipt || isReceiptDue))
    return bad(
      `Paid, but ${period ? 'no receipt' : 'no period'} came of it: the books are damaged.`,
      'This must not happen. Keep the database as it is and look at the audit timeline above.',
    )
  const mail = mails.find(({ kind }) => kind === 'receipt')
  const mailTodo = isReceiptDue
    ? 'Its receipt gets its number within two seconds; if not, look at the job number-receipts in the panel.'
    : mail?.status === 'dead'
      ? 'The receipt mail was given up: correct the address, then set its row in mails to queued.'
      : mail?.status === 'queued'
        ? 'The receipt mail waits: see the line about mail in `npm run doctor`.'
        : 'Nothing to do.'
  if (period.endCause) {
    const cause = {
      switch: 'the person changed to another plan, which credited its unused days',
      'by-hand': `an administrator cancelled the subscription (${period.voidReason})`,
      dispute: 'a dispute was lost and the whole price is gone, which ended its period',
      refund: 'the whole price was refunded, which ended its period',
    }[period.endCause]
    return { says: `Not active any more: ${cause}.${odd}`, todo: 'Nothing to do.', well: true }
  }
  if (!period.isNow && period.endsAt < new Date().toISOString())
    return {
      says: `Not active any more: what it paid for ended on ${period.endsAt.slice(0, 10)}.${odd}`,
      todo: mailTodo,
      well: true,
    }
  if (!subscription?.isPaid)
    return bad(
      `Paid until ${period.endsAt.slice(0, 10)}, but the subscription is ${subscription?.status ?? 'missing'}.`,
      'Statuses are updated every five minutes while a site runs. If it stays, the books are damaged: keep them and look at the audit timeline.',
    )
  const back =
    refunds.length > 0 ? ` ${refunds.length} refund(s): ${refunds.map(({ status }) => status).join(', ')}.` : ''
  const when = period.isNow ? 'Active' : `Paid ahead: its period begins on ${period.startsAt.slice(0, 10)}. Active`
  return {
    says: `${when}: ${rupeesExact(order.amountPaise)} paid, until ${period.endsAt.slice(0, 10)}, receipt ${receipt}.${back}${odd}`,
    todo: odd ? 'Look at the payment in Cashfree’s dashboard: money may have been reversed.' : mailTodo,
    well: odd === '',
  }
}

function held({ order, incidents }: OrderFile, remote: RemoteOrder | null): Explanation {
  const openKinds = incidents.filter(({ resolvedAt }) => !resolvedAt).map(({ kind }) => kind)
  if (incidents.some(({ kind }) => kind === 'entitlement-refused'))
    return bad(
      'Not active: paid, and held because the account may not be given what it paid for (suspended or deleted).',
      'Confirm the prepared refund on the order’s page in the panel, or lift the suspension: then it counts at once.',
    )
  const theirs =
    remote?.amountPaise != null && remote.amountPaise !== order.amountPaise
      ? ` Ours is ${rupeesExact(order.amountPaise)}, Cashfree says ${rupeesExact(remote.amountPaise)} ${remote.currency ?? ''}.`
      : ''
  return bad(
    `Not active: held because something does not agree (${openKinds.join(', ') || 'see the audit timeline'}).${theirs}`,
    'Compare both sides on the order’s page in the panel. If it was a passing fault, the next check (hourly) settles it; otherwise refund the payment from that page and resolve the incident.',
  )
}

function paidThereOnly(order: OrderFile['order']): Explanation {
  if (!order.nextLookAt)
    return bad(
      'Not active: Cashfree says PAID, and no further check is planned.',
      `Have the reconciler check it: ${recheckStatement(order.id)}`,
    )
  const due = order.nextLookAt <= new Date().toISOString()
  return bad(
    'Not active yet: Cashfree says PAID and we have not recorded it.',
    due
      ? 'A running site asks within a minute. If it stays, no site is running or its jobs have stopped: see the line about the site.'
      : `The next check is due at ${order.nextLookAt.slice(0, 19)}Z. At once: ${recheckStatement(order.id)}`,
  )
}

function unpaid({ order, attempts }: OrderFile, remote: RemoteOrder): Explanation {
  const newest = remote.attempts ?? attempts
  const last = newest.at(-1)
  const open = newest.some(({ status }) => status === 'PENDING' || status === 'NOT_ATTEMPTED')
  if (open)
    return fine(
      `Not active: an attempt is still open at the bank (${remote.status}).`,
      'Wait: UPI and netbanking may answer late. It then settles automatically.',
    )
  const failed = last ? ` The last attempt ended ${last.status}.` : ''
  if (remote.status === 'ACTIVE')
    return fine(
      `Not active: nobody has paid yet.${failed}`,
      last ? 'The payer can try again with the same order.' : 'Nothing to do: the payer left, or is paying just now.',
    )
  if (remote.status === 'ABSENT' && order.status === 'created')
    return fine(
      'Not active: the order never reached Cashfree, so nothing was charged.',
      'See the line about Cashfree in `npm run doctor`. The payer’s next click tries again.',
    )
  return fine(
    `Not active: the order is over (${remote.status}) and was not paid.${failed}`,
    'The payer starts again from the plan’s page. Money taken late by a bank is returned automatically.',
  )
}

function recheckStatement(orderId: string): string {
  return `update orders set next_look_at = now() where id = '${orderId}';`
}

function bad(says: string, todo: string): Explanation {
  return { says, todo, well: false }
}

function fine(says: string, todo: string): Explanation {
  return { says, todo, well: true }
}
