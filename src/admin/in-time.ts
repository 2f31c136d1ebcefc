import { setTimeout as pause } from 'node:timers/promises'
import { type BillingServices, isGatewayFailure } from '../billing/payments/gateway.ts'

/** What an action came to, as the notice on the next page. */
export type Notice = { kind: 'info' | 'good' | 'warn' | 'bad'; text: string }

const away: Notice = {
  kind: 'warn',
  text: 'Cashfree does not answer now. Nothing changed; it will be asked again.',
}

/** The notice of an action that asks Cashfree, or, where Cashfree is silent or slow, that it does not answer. `about` is for the log. */
export async function noticeInTime(
  services: BillingServices,
  about: { orderId: string } | { subscriptionId: string },
  action: () => Promise<Notice>,
): Promise<Notice> {
  // A request may be shared with a job that gives Cashfree more time than somebody at a page has.
  const timer = new AbortController()
  const tooLate = pause(services.config.cashfree.timeoutMs + 1_000, away, { signal: timer.signal }).catch(() => away)
  const notice = action().catch((error: unknown) => {
    if (!isGatewayFailure(error)) throw error
    services.log.warn({ ...about, err: error }, 'Cashfree could not be asked for an administrator')
    return away
  })
  try {
    return await Promise.race([notice, tooLate])
  } finally {
    timer.abort()
    notice.catch(() => {})
  }
}
