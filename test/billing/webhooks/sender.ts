import { request } from 'node:http'
import { sign } from '../../../src/billing/payments/signature.ts'
import { keys, type TestApp } from '../../support/app.ts'

export type Sent = { status: number; body: string; headers: Record<string, string | string[] | undefined> }

/** A success as Cashfree writes it, amount with its two decimals. */
export function successBody(
  orderId: string,
  changes: { amount?: string; cfPaymentId?: string; type?: string; eventTime?: string } = {},
): string {
  const {
    amount = '499.00',
    cfPaymentId = '214970000000009',
    type = 'PAYMENT_SUCCESS_WEBHOOK',
    eventTime = '2026-10-09T14:23:20+05:30',
  } = changes
  return `{"data":{"order":{"order_id":"${orderId}","order_amount":${amount},"order_currency":"INR","order_tags":null},"payment":{"cf_payment_id":"${cfPaymentId}","payment_status":"SUCCESS","payment_amount":${amount},"payment_currency":"INR"}},"event_time":"${eventTime}","type":"${type}"}`
}

/** The headers of a delivery that Cashfree itself could have sent. */
export function signed(
  body: string | Buffer,
  { secret = keys.clientSecret, timestamp = String(Date.now()) } = {},
): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-webhook-timestamp': timestamp,
    'x-webhook-signature': sign(secret, timestamp, Buffer.from(body)),
    'x-webhook-version': '2025-01-01',
  }
}

/** Posts exact bytes with exact headers, doubled ones included, over a connection of its own. */
export function deliver(
  app: Pick<TestApp, 'url'>,
  body: string | Buffer,
  headers: Record<string, string | string[]>,
  method = 'POST',
  path = '/webhooks/cashfree',
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body)
    const chunked = headers['transfer-encoding'] !== undefined
    const sending = request(
      `${app.url}${path}`,
      { method, agent: false, headers: { ...headers, ...(chunked ? {} : { 'content-length': bytes.length }) } },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode!, body: text, headers: response.headers }))
      },
    )
    sending.on('error', reject)
    sending.end(bytes)
  })
}

/** The newest stored delivery. */
export async function lastEvent({ sql }: Pick<TestApp, 'sql'>) {
  const [row] = await sql<
    {
      id: number
      accepted: boolean
      verdict: string
      type: string | null
      orderId: string | null
      body: Buffer
      outcome: string | null
      settledAt: Date | null
      headers: Record<string, string>
      eventTime: Date | null
    }[]
  >`select id, accepted, verdict, type, order_id, body, outcome, settled_at, headers, event_time from webhook_events order by id desc limit 1`
  return row
}
