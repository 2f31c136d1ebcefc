import { expect } from 'vitest'
import { settleDisputeRows } from '../../../src/billing/disputes/queries.ts'
import type { RemoteDispute } from '../../../src/billing/payments/gateway.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import type { TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'

/** Somebody who just paid, and the payment. */
export async function payer(app: TestApp, plan = 'monthly') {
  const visitor = new Visitor(app)
  const form = await visitor.register({ plan })
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  await app.sandbox.control.settled()
  const [payment] = await app.sql<{ cfPaymentId: string }[]>`
    select cf_payment_id from payments where order_id = ${order.id} and applied_at is not null`
  return { visitor, form, email: form.email!, order, cfPaymentId: payment!.cfPaymentId }
}

/** An order's disputes as our books have them, the oldest first. */
export const disputesOf = ({ sql }: TestApp, orderId: string) =>
  sql<
    {
      id: string
      status: string
      type: string
      amountPaise: number | null
      cfPaymentId: string | null
      respondBy: Date | null
      lostAt: Date | null
      closedAt: Date | null
      nextLookAt: Date | null
    }[]
  >`select id, status, type, amount_paise, cf_payment_id, respond_by, lost_at, closed_at, next_look_at
    from disputes where order_id = ${orderId} order by created_at`

/** Kinds of an order's incidents, sorted. */
export const incidentsOf = async ({ sql }: TestApp, orderId: string) =>
  (await sql<{ kind: string }[]>`select kind from incidents where order_id = ${orderId} order by kind`).map(
    ({ kind }) => kind,
  )

/** Waits for every webhook, and for what follows from it. */
export async function quiet(app: TestApp) {
  await app.sandbox.control.settled()
  const end = Date.now() + 10_000
  while (
    (await app.sql`select from webhook_events where accepted and settled_at is null and outcome is null`).count > 0
  )
    if (Date.now() > end) throw new Error('a delivery was never settled')
}

/** What Cashfree could answer about a dispute of this order, written down by hand. */
export function remoteDispute(
  order: { id: string },
  cfPaymentId: string,
  changes: Partial<RemoteDispute> = {},
): RemoteDispute {
  return {
    disputeId: `9${cfPaymentId}`,
    orderId: order.id,
    cfPaymentId,
    type: 'CHARGEBACK',
    status: 'CHARGEBACK_CREATED',
    amountPaise: 49_900,
    currency: 'INR',
    reasonCode: '4855',
    reason: 'Goods or Services Not Provided',
    remarks: null,
    respondBy: '2026-12-01T18:29:59.000Z',
    openedAt: '2026-11-20T10:00:00.000Z',
    updatedAt: '2026-11-20T10:00:00.000Z',
    ...changes,
  }
}

export const write = (app: TestApp, orderId: string, ...remote: RemoteDispute[]) =>
  settleDisputeRows(app.sql, orderId, remote, 'disputes')

/** Every invariant holds. */
export async function sound(app: TestApp) {
  expect((await checkInvariants(app.sql)).checks.filter(({ wrong }) => wrong > 0)).toEqual([])
}
