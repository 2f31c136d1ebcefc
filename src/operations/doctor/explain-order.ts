import type { Gateway, RemoteOrder } from '../../billing/payments/gateway.ts'
import { connect } from '../../platform/db.ts'
import { masked } from '../../platform/log.ts'
import { rupeesExact } from '../../platform/money.ts'
import { type Explanation, explain } from './explain.ts'
import { reasonOf } from './finding.ts'
import { type OrderFile, readOrderFile } from './queries.ts'

/** What the product and Cashfree record of an order, as text for an operator, and whether all is well. Names nobody. */
export async function explainOrder(
  given: { databaseUrl: string; gateway: Gateway },
  orderId: string,
): Promise<{ text: string; well: boolean }> {
  const sql = connect(given.databaseUrl, { max: 1, name: 'etf-doctor' })
  try {
    const [file, remote] = await Promise.all([
      readOrderFile(sql, orderId),
      given.gateway.fetchOrder(orderId, 10_000).catch((error: unknown) => reasonOf(error)),
    ])
    const answer = typeof remote === 'string' ? null : remote
    const explanation = explain(file, answer)
    const theirs = typeof remote === 'string' ? [`  no answer: ${remote}`] : answerLines(remote)
    const lines = [...(file ? fileLines(file) : ['Our books', '  nothing']), 'Cashfree now', ...theirs]
    return { text: [...lines, ...verdictLines(explanation)].join('\n'), well: explanation.well }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function verdictLines({ says, todo }: Explanation): string[] {
  return ['', says, `  → ${todo}`]
}

function fileLines(file: OrderFile): string[] {
  const { order, period, subscription, receipt } = file
  return [
    'Our books',
    `  order        ${order.id}: ${order.status}, ${money(order.amountPaise)} ${order.currency}, ${order.plan}, account ${order.userId}`,
    `  times        opened ${at(order.createdAt)}, ends ${at(order.expiresAt)}, asked ${at(order.askedAt)}, next check ${at(order.nextLookAt)}`,
    ...(order.paidAt ? [`  paid         ${at(order.paidAt)}`] : []),
    ...(order.heldAt ? [`  held         since ${at(order.heldAt)}`] : []),
    ...file.attempts.map(
      (a) =>
        `  attempt      ${a.cfPaymentId}: ${a.status}, ${money(a.amountPaise)}, ${a.method ?? 'method unknown'}${a.applied ? ', applied' : ''}${a.reason ? `, “${masked(a.reason)}”` : ''}`,
    ),
    ...(period
      ? [
          `  period       ${at(period.startsAt)} to ${at(period.endsAt)}${period.voidedAt ? `, voided ${at(period.voidedAt)}` : ''}`,
        ]
      : []),
    `  subscription ${subscription ? `${subscription.status}, until ${at(subscription.currentPeriodEnd)}` : 'no row'}`,
    ...(receipt ? [`  receipt      ${receipt}`] : []),
    ...file.refunds.map((r) => `  refund       ${money(r.amountPaise)}: ${r.status}${failed(r.lastError)}`),
    ...file.disputes.map(
      (d) => `  dispute      ${d.id}: ${d.type}, ${money(d.amountPaise)}, ${d.status}, answer by ${at(d.respondBy)}`,
    ),
    ...file.mails.map(
      (m) =>
        `  mail         ${m.kind}: ${m.status}, ${m.attempts} attempts, sent ${at(m.sentAt)}${failed(m.lastError)}`,
    ),
    ...file.deliveries.map(
      (d) =>
        `  webhook      ${at(d.at)} ${d.type ?? 'no type'}: ${d.verdict}, ${d.settledAt ? 'settled' : 'waits'} (${masked(d.outcome ?? '')})`,
    ),
    ...file.incidents.map(
      (i) => `  incident     ${at(i.openedAt)} ${i.kind}${i.resolvedAt ? `, resolved ${at(i.resolvedAt)}` : ', open'}`,
    ),
    ...file.audit.map((a) => `  audit        ${at(a.at)} ${a.action} by ${a.actor}`),
  ]
}

function answerLines(remote: RemoteOrder): string[] {
  if (remote.status === 'ABSENT') return ['  has no such order']
  const attempts = remote.attempts ?? []
  return [
    `  order        ${remote.status}, ${money(remote.amountPaise)} ${remote.currency ?? ''}`,
    ...(remote.attempts === null ? ['  attempts     could not be read'] : []),
    ...attempts.map(
      (a) => `  attempt      ${a.cfPaymentId}: ${a.status}, ${money(a.amountPaise)}, ${a.method ?? 'method unknown'}`,
    ),
  ]
}

function failed(lastError: string | null): string {
  return lastError ? `, last failure “${masked(lastError)}”` : ''
}

function money(paise: number | null): string {
  return paise === null ? 'no amount' : rupeesExact(paise)
}

/** To the second, in UTC, as in the log. */
function at(time: string | null): string {
  return time === null ? 'never' : `${new Date(time).toISOString().slice(0, 19)}Z`
}
