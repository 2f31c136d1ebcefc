import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RemoteOrder } from '../../billing/payments/gateway.ts'
import { isoInIndia } from '../../platform/dates.ts'

const shapes = JSON.parse(readFileSync(join(import.meta.dirname, 'answers.json'), 'utf8')) as Record<string, unknown>
const now = isoInIndia(new Date())
const soon = isoInIndia(new Date(Date.now() + 30 * 60_000))
const texts = new Map(
  Object.entries(shapes).map(([name, shape]) => [
    name,
    JSON.stringify(shape).replaceAll('{now}', now).replaceAll('{soon}', soon),
  ]),
)

/** Cashfree's JSON about one paid order: the order, its payments, or the webhook. */
export function answerAbout(orderId: string, what: 'order' | 'payments' | 'webhook'): string {
  return texts.get(what)!.replaceAll('{order}', orderId)
}

/** The same order as the gateway client returns it. */
export function remoteOf(orderId: string): RemoteOrder {
  return {
    orderId,
    status: 'PAID',
    amountPaise: 49900,
    currency: 'INR',
    customerId: null,
    cfOrderId: `cf-${orderId}`,
    sessionId: `session_${orderId}`,
    expiresAt: soon,
    attempts: [
      {
        cfPaymentId: `cf-${orderId}`,
        orderId,
        orderAmountPaise: 49900,
        orderCurrency: 'INR',
        status: 'SUCCESS',
        amountPaise: 49900,
        currency: 'INR',
        method: 'upi',
        bankReference: '1234567890',
        failureReason: null,
        startedAt: now,
        completedAt: now,
      },
    ],
  }
}
