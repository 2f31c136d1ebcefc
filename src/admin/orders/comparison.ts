import {
  type Attempt,
  type BillingServices,
  GatewayRefused,
  isGatewayFailure,
  type RemoteDispute,
  type RemoteOrder,
} from '../../billing/payments/gateway.ts'
import { methodTitle } from '../../billing/payments/payments.ts'
import type { RemoteRefund } from '../../billing/payments/remote-refund.ts'
import { dateTimeInIndia } from '../../platform/dates.ts'
import { rupees } from '../../platform/money.ts'
import { disputeKind } from '../disputes/labels.ts'
import type { OrderFile } from './order-queries.ts'

/** A field as we and as Cashfree have it. `differs`: somebody has to look at it; what one side cannot know does not differ. */
export type Compared = { label: string; ours: string; theirs: string; differs: boolean }

/** An order as we and as Cashfree have it now. `silent` is the reason why there is no answer; then `groups` is empty. */
export type Comparison = {
  askedAt: Date
  silent: string | null
  groups: { title: string; rows: Compared[] }[]
  differences: number
}

/** Asks Cashfree what it says of an order now, and changes nothing. Never throws because Cashfree is away. */
export function compareWithCashfree(services: BillingServices, file: OrderFile): Promise<Comparison> {
  const { id } = file.order
  return comparedNow(services, id, async () => {
    const [remote, refunds, disputes] = await Promise.all([
      services.gateway.fetchOrder(id),
      services.gateway.listRefunds(id),
      services.gateway.listDisputes(id),
    ])
    return [
      orderGroup(file, remote),
      ...attemptGroups(file, remote.attempts),
      ...refundGroups(file, refunds),
      ...disputeGroups(file, disputes),
    ]
  })
}

/** What Cashfree answers to `ask`, field by field; or why it is silent. */
export async function comparedNow(
  services: BillingServices,
  orderId: string,
  ask: () => Promise<Comparison['groups']>,
): Promise<Comparison> {
  try {
    const groups = await ask()
    const differences = groups.flatMap(({ rows }) => rows).filter(({ differs }) => differs).length
    return { askedAt: new Date(), silent: null, groups, differences }
  } catch (error) {
    if (!isGatewayFailure(error)) throw error
    services.log.warn({ orderId, err: error }, 'Cashfree could not be asked for an administrator')
    const silent =
      error instanceof GatewayRefused
        ? `Cashfree refuses to answer (${error.status}). Check the keys.`
        : 'Cashfree does not answer now. Our side is as shown; try again in a minute.'
    return { askedAt: new Date(), silent, groups: [], differences: 0 }
  }
}

/** The statuses at Cashfree that agree with each of ours. */
const agreeing: Record<OrderFile['order']['status'], string[]> = {
  created: ['ABSENT'],
  active: ['ACTIVE'],
  paid: ['PAID'],
  expired: ['EXPIRED', 'ABSENT'],
  terminating: ['TERMINATION_REQUESTED'],
  terminated: ['TERMINATED'],
}

function orderGroup({ order }: OrderFile, remote: RemoteOrder): Comparison['groups'][number] {
  if (remote.status === 'ABSENT')
    return {
      title: 'Order',
      rows: [{ label: 'Status', ours: order.status, theirs: 'not there', differs: order.status !== 'created' }],
    }
  return {
    title: 'Order',
    rows: [
      {
        label: 'Status',
        ours: order.status,
        theirs: remote.status,
        differs: !agreeing[order.status].includes(remote.status),
      },
      ...[same('Order', order.id, remote.orderId)].filter(({ differs }) => differs),
      same('Amount', money(order.amountPaise), money(remote.amountPaise)),
      same('Currency', order.currency, remote.currency),
      same('Cashfree’s number', order.cfOrderId, remote.cfOrderId),
      same('Ends', dateTimeInIndia(order.expiresAt), remote.expiresAt && dateTimeInIndia(new Date(remote.expiresAt))),
    ],
  }
}

/** Attempts of an order as they are on both sides; null: Cashfree's list could not be read. */
export function attemptGroups({ attempts }: OrderFile, remote: Seen[] | null): Comparison['groups'] {
  if (remote === null)
    return [
      {
        title: 'Payments',
        rows: [{ label: 'List', ours: String(attempts.length), theirs: 'could not be read', differs: true }],
      },
    ]
  return pairs<Seen>(attempts, remote, ({ cfPaymentId }) => cfPaymentId).map(([key, ours, theirs]) => ({
    title: `Payment ${key}`,
    rows: compareFields<Seen>(ours, theirs, [
      ['Status', ({ status }) => status],
      ['Amount', ({ amountPaise }) => money(amountPaise)],
      ['Currency', ({ currency }) => currency],
      ['Method', ({ method }) => methodTitle(method)],
      ['Bank reference', ({ bankReference }) => bankReference],
      ['Why it failed', ({ failureReason }) => failureReason],
    ]),
  }))
}

/** What both sides say of an attempt. */
type Seen = Pick<
  Attempt,
  'cfPaymentId' | 'status' | 'amountPaise' | 'currency' | 'method' | 'bankReference' | 'failureReason'
>

const refundStatuses: Record<string, string> = {
  SUCCESS: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  ONHOLD: 'onhold',
}

/** Refunds of an order as they are on both sides. */
export function refundGroups({ refunds }: OrderFile, remote: RemoteRefund[]): Comparison['groups'] {
  const theirs = remote.map((refund) => ({
    id: refund.refundId ?? `cf_${refund.cfRefundId}`,
    status: refundStatuses[refund.status] ?? 'pending',
    amountPaise: refund.amountPaise,
    bankReference: refund.bankReference,
  }))
  return pairs(refunds, theirs, ({ id }) => id).map(([key, ours, there]) => ({
    title: `Refund ${key}`,
    rows: compareFields<{ status: string; amountPaise: number | null; bankReference: string | null }>(ours, there, [
      ['Status', ({ status }) => status],
      ['Amount', ({ amountPaise }) => money(amountPaise)],
      ['Bank reference', ({ bankReference }) => bankReference],
    ]),
  }))
}

function disputeGroups({ disputes }: OrderFile, remote: RemoteDispute[]): Comparison['groups'] {
  const ours = disputes.map(({ id, type, gatewayStatus, amountPaise, respondBy }) => ({
    id,
    type,
    status: gatewayStatus,
    amountPaise,
    respondBy,
  }))
  const theirs = remote.map(({ disputeId, type, status, amountPaise, respondBy }) => ({
    id: disputeId,
    type,
    status,
    amountPaise,
    respondBy: respondBy ? new Date(respondBy) : null,
  }))
  return pairs(ours, theirs, ({ id }) => id).map(([key, one, other]) => ({
    title: `Dispute ${key}`,
    rows: compareFields<(typeof theirs)[number]>(one, other, [
      ['Kind', ({ type }) => disputeKind(type)],
      ['Status', ({ status }) => disputeKind(status)],
      ['Amount', ({ amountPaise }) => money(amountPaise)],
      ['Answer by', ({ respondBy }) => respondBy && dateTimeInIndia(respondBy)],
    ]),
  }))
}

/** Ours and theirs of the same id, in pairs; either may be missing. */
function pairs<One>(
  ours: readonly One[],
  theirs: readonly One[],
  idOf: (one: One) => string,
): [string, One | undefined, One | undefined][] {
  const ids = [...new Set([...ours, ...theirs].map(idOf))]
  return ids.map((id) => [id, ours.find((one) => idOf(one) === id), theirs.find((one) => idOf(one) === id)])
}

function compareFields<T>(
  ours: T | undefined,
  theirs: T | undefined,
  fields: [string, (one: T) => string | null][],
): Compared[] {
  if (!ours || !theirs)
    return [{ label: 'Known', ours: ours ? 'yes' : 'not there', theirs: theirs ? 'yes' : 'not there', differs: true }]
  return fields
    .map(([label, read]) => same(label, read(ours), read(theirs)))
    .filter((row) => row.ours !== '' || row.theirs !== '')
}

/** A field of both sides; what Cashfree does not say does not differ. */
export function same(label: string, ours: string | null, theirs: string | null): Compared {
  return { label, ours: ours ?? '', theirs: theirs ?? '', differs: Boolean(theirs) && (ours ?? '') !== theirs }
}

/** An amount as a field. */
export function money(paise: number | null): string {
  return paise === null ? 'not an amount' : rupees(paise)
}
