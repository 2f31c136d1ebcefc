import type { SandboxContext } from '../context.ts'
import type { Delivery } from '../model.ts'
import { post } from './post.ts'
import { sign } from './signature.ts'

/** Starts the next sending of a delivery; its outcome is recorded and, unless it was a 200, a retry planned. */
export function startSending(context: SandboxContext, delivery: Delivery): Promise<void> {
  delivery.state = 'sending'
  delivery.dueAt = null
  context.ledger.openDeliveries.delete(delivery)
  const sending = send(context, delivery).finally(() => context.inFlight.delete(sending))
  context.inFlight.add(sending)
  return sending
}

async function send(context: SandboxContext, delivery: Delivery) {
  const at = context.clock.now()
  delivery.attempt += 1
  delivery.firstSentAt ??= at
  const { status, answer, ms } = await post(delivery.url, delivery.body, headersOf(context, delivery), {
    timeoutMs: context.settings.webhookTimeoutMs,
    signal: context.closing,
  })
  if (context.closing.aborted && status === null) return postpone(context, delivery)
  delivery.sendings.push({ at, attempt: delivery.attempt, status, answer, ms })
  context.log(`webhook ${delivery.type} ${delivery.orderId ?? delivery.mandateId ?? ''} → ${status ?? answer}`)
  // Only 200 is documented as success; 201 and 204 may or may not count.
  if (status === 200) delivery.state = 'delivered'
  else planRetry(context, delivery)
  context.changed()
}

function planRetry(context: SandboxContext, delivery: Delivery) {
  const wait = context.settings.webhookRetriesMs[delivery.sendings.length - 1]
  if (wait === undefined || delivery.sendings.some((sending) => sending.status === 200)) {
    delivery.state = 'gave up'
    return
  }
  delivery.state = 'waiting'
  delivery.dueAt = Math.max(delivery.firstSentAt! + wait, context.clock.now())
  context.ledger.openDeliveries.add(delivery)
}

/** Closing broke the connection: the next start sends it again, as the same attempt. */
function postpone(context: SandboxContext, delivery: Delivery) {
  delivery.attempt -= 1
  delivery.state = 'waiting'
  delivery.dueAt = context.clock.now()
  context.ledger.openDeliveries.add(delivery)
  context.changed()
}

function headersOf(context: SandboxContext, delivery: Delivery): Record<string, string> {
  const timestamp = stampOf(context, delivery)
  const secret = context.faults.take('wrongSignature') ? `${context.clientSecret}-not` : context.clientSecret
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: '*/*',
    'user-agent': 'ReactorNetty/1.1.10',
    'x-webhook-signature': sign(secret, timestamp, delivery.body),
    'x-webhook-timestamp': timestamp,
    'x-webhook-version': context.settings.webhookVersion,
    'x-webhook-attempt': String(delivery.attempt),
  }
  if (!context.faults.take('noIdempotencyHeader')) headers['x-idempotency-key'] = delivery.idempotencyKey
  return headers
}

function stampOf(context: SandboxContext, delivery: Delivery): string {
  const now = String(context.settings.webhookStamp === 'own' ? context.clock.now() : Date.now())
  delivery.firstStamp ??= now
  return context.settings.restampRetries ? now : delivery.firstStamp
}
