import type { Attempt, RemoteOrder } from '../../../src/billing/payments/gateway.ts'

/** An attempt to pay ₹499 that succeeded, as the gateway client reads it, with changes. */
export const remoteAttempt = (orderId: string, changes: Partial<Attempt> = {}): Attempt => ({
  cfPaymentId: `pay_${orderId}`,
  orderId,
  orderAmountPaise: null,
  orderCurrency: null,
  status: 'SUCCESS',
  amountPaise: 49_900,
  currency: 'INR',
  method: 'upi',
  bankReference: null,
  failureReason: null,
  startedAt: null,
  completedAt: null,
  ...changes,
})

/** An order of ₹499 that is PAID by one attempt, as the gateway client reads it, with changes. */
export const remoteOrder = (orderId: string, changes: Partial<RemoteOrder> = {}): RemoteOrder => ({
  orderId,
  status: 'PAID',
  amountPaise: 49_900,
  currency: 'INR',
  customerId: null,
  cfOrderId: null,
  sessionId: null,
  expiresAt: null,
  attempts: [remoteAttempt(orderId)],
  ...changes,
})
