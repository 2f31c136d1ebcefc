import type { SandboxContext } from '../context.ts'
import type { Delivery } from '../ledger.ts'
import { post } from './post.ts'
import { sign } from './signature.ts'

/** Starts the next sending of a delivery; its outcome is recorded and, unless it was a 200, a retry planned. */
export function startSending(world: SandboxContext, delivery: Delivery): Promise<void> {
  delivery.state = 'sending'
  delivery.dueAt = null
  world.ledger.openDeliveries.delete(delivery)
  const sending = send(world, delivery).finally(() => world.inFlight.delete(sending))
  world.inFlight.add(sending)
  return sending
}

async function send(world: SandboxContext, delivery: Delivery) {
  const at = world.clock.now()
  delivery.attempt += 1
  delivery.firstSentAt ??= at
  const { status, answer, ms } = await post(delivery.url, delivery.body, headersOf(world, delivery), {
    timeoutMs: world.settings.webhookTimeoutMs,
    signal: world.closing,
  })
  if (world.closing.aborted && status === null) return postpone(world, delivery)
  delivery.sendings.push({ at, attempt: delivery.attempt, status, answer, ms })
  world.log(`webhook ${delivery.type} ${delivery.orderId ?? ''} → ${status ?? answer}`)
  // Only 200 is documented as success; 201 and 204 may or may not count.
  if (status === 200) delivery.state = 'delivered'
  else planRetry(world, delivery)
  world.changed()
}

function planRetry(world: SandboxContext, delivery: Delivery) {
  const wait = world.settings.webhookRetriesMs[delivery.sendings.length - 1]
  if (wait === undefined || delivery.sendings.some((sending) => sending.status === 200)) {
    delivery.state = 'gave up'
    return
  }
  delivery.state = 'waiting'
  delivery.dueAt = Math.max(delivery.firstSentAt! + wait, world.clock.now())
  world.ledger.openDeliveries.add(delivery)
}

/** Closing broke the connection: the next start sends it again, as the same attempt. */
function postpone(world: SandboxContext, delivery: Delivery) {
  delivery.attempt -= 1
  delivery.state = 'waiting'
  delivery.dueAt = world.clock.now()
  world.ledger.openDeliveries.add(delivery)
  world.changed()
}

function headersOf(world: SandboxContext, delivery: Delivery): Record<string, string> {
  const timestamp = stampOf(world, delivery)
  const secret = world.faults.take('wrongSignature') ? `${world.clientSecret}-not` : world.clientSecret
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: '*/*',
    'user-agent': 'ReactorNetty/1.1.10',
    'x-webhook-signature': sign(secret, timestamp, delivery.body),
    'x-webhook-timestamp': timestamp,
    'x-webhook-version': world.settings.webhookVersion,
    'x-webhook-attempt': String(delivery.attempt),
  }
  if (!world.faults.take('noIdempotencyHeader')) headers['x-idempotency-key'] = delivery.idempotencyKey
  return headers
}

function stampOf(world: SandboxContext, delivery: Delivery): string {
  const now = String(world.settings.webhookStamp === 'own' ? world.clock.now() : Date.now())
  delivery.firstStamp ??= now
  return world.settings.restampRetries ? now : delivery.firstStamp
}
