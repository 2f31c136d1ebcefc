import { listChargesOf } from '../../billing/mandates/charge-queries.ts'
import { maskedUmn } from '../../billing/mandates/masked-umn.ts'
import { findMandate, type Mandate } from '../../billing/mandates/queries.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import type { RemoteCharge, RemoteMandate } from '../../billing/payments/mandate-gateway.ts'
import type { RemoteRefund } from '../../billing/payments/remote-refund.ts'
import { attemptGroups, type Comparison, comparedNow, money, refundGroups, same } from '../orders/comparison.ts'
import type { OrderFile } from '../orders/order-queries.ts'
import { gatewayWord } from './labels.ts'

/**
 * The same comparison for an order that a mandate pays: Cashfree has no such order, and is asked about the mandate, the debit and its
 * refunds. Never throws because Cashfree is away.
 */
export function compareDebit(services: BillingServices, file: OrderFile, subscriptionId: string): Promise<Comparison> {
  const { mandates } = services.gateway
  return comparedNow(services, file.order.id, async () => {
    const mandate = (await findMandate(services.sql, { subscriptionId }))!
    const [remote, charges, ...refunds] = await Promise.all([
      mandates.fetchMandate(subscriptionId),
      listChargesOf(services.sql, mandate.id, 200),
      ...file.refunds.map(({ id }) => mandates.fetchRefund(subscriptionId, id)),
    ])
    const charge = charges.find(({ paymentId }) => paymentId === file.order.id)
    const debits = remote.charges?.filter((debit) =>
      charge ? debit.paymentId === charge.paymentId : debit.type === 'AUTH' && mandate.firstOrderId === file.order.id,
    )
    return [
      mandateGroup(mandate, remote),
      ...(charge ? chargeGroup(charge, debits?.[0]) : []),
      ...attemptGroups(file, decided(debits)),
      ...refundGroups(
        file,
        refunds.filter((refund): refund is RemoteRefund => refund !== null),
      ),
    ]
  })
}

function mandateGroup(mandate: Mandate, remote: RemoteMandate): Comparison['groups'][number] {
  if (remote.status === 'ABSENT')
    return { title: 'Mandate', rows: [{ ...same('Status', gatewayWord(mandate.status), null), theirs: 'not there' }] }
  return {
    title: 'Mandate',
    rows: [
      same('Status', gatewayWord(mandate.status), gatewayWord(remote.status)),
      same('Ceiling', money(mandate.maxPaise), remote.maxAmountPaise === null ? null : money(remote.maxAmountPaise)),
      {
        ...same('UMN', mandate.umn, remote.reference),
        ours: maskedUmn(mandate.umn) ?? '',
        theirs: maskedUmn(remote.reference) ?? '',
      },
      same('UPI ID', mandate.payerAddress, remote.payerAddress),
    ],
  }
}

function chargeGroup(
  charge: { status: string; scheduledOn: string; paise: number },
  debit: RemoteCharge | undefined,
): Comparison['groups'] {
  return [
    {
      title: 'Debit',
      rows: [
        same('Status', gatewayWord(charge.status), debit ? gatewayWord(debit.status) : null),
        same('Amount', money(charge.paise), debit ? money(debit.amountPaise) : null),
        same('Day', charge.scheduledOn, debit?.scheduledOn ?? null),
      ],
    },
  ]
}

/** As attempts are kept: those that are decided. */
function decided(debits: RemoteCharge[] | undefined) {
  if (debits === undefined) return null
  return debits
    .filter(({ status }) => ['SUCCESS', 'FAILED', 'CANCELLED'].includes(status))
    .map((debit) => ({ ...debit, method: 'upi', bankReference: debit.cfTxnId }))
}
