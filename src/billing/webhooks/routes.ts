import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Sql, withPriority } from '../../platform/db.ts'
import { rateLimitKey } from '../../platform/networks.ts'
import { together } from '../../platform/together.ts'
import { failureOf } from '../../web/errors.ts'
import { urgentRequests } from '../../web/heavy-pages.ts'
import type { RateCounter } from '../../web/rate-limits.ts'
import { isAutopayInUse } from '../mandates/in-use.ts'
import type { BillingServices } from '../payments/gateway.ts'
import { type Delivery, type Judgement, judge, type Rules } from './delivery.ts'
import { settlingLanes } from './inbox.ts'
import { judgeMandateDelivery } from './mandate-event.ts'
import {
  type Accepted,
  type StoredEvent,
  storeEvents,
  storeMandateEvents,
  type Typed,
  type WaitingOrder,
} from './queries.ts'
import { refusalLog } from './refusals.ts'

const largestBody = 256 * 1024
/** Who sends a delivery waits for its answer. */
const stored = { lanes: 2, most: 10, patienceMs: 1_000 }
const storeOfOrders = together(storeEvents, stored)
const storeOfMandates = together(storeMandateEvents, stored)

/**
 * POST /webhooks/cashfree and, for mandates, /webhooks/cashfree-subscriptions: verify, store, answer, settle. They stand apart from the
 * pages: no cookie, no form parser, no HTML. The body stays the bytes that were signed, whatever content type it claims; and because the
 * signature proves it, any Host header is allowed. Where Autopay is not in use, there is no second endpoint.
 */
export default async function routes(
  app: FastifyInstance,
  { services, count }: { services: BillingServices; count: RateCounter },
): Promise<void> {
  const { webhookSecrets = [], autopaySecrets = [] } = services.config.cashfree.credentials ?? {}
  const refusals = refusalLog(services)
  urgentRequests(app)
  app.addHook('onClose', refusals.flush)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: largestBody }, (_request, body, done) =>
    done(null, body),
  )
  app.setErrorHandler((error, request, reply) => {
    const { status, retryAfterS } = failureOf(error)
    if (status >= 500) request.log.error({ err: error }, 'a webhook could not be stored')
    if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
    return reply.code(status).send({ status: status === 413 ? 'too large' : 'not stored' })
  })

  const lanes = settlingLanes(services)
  receive('/webhooks/cashfree', { secrets: webhookSecrets, judge, store: storeOfOrders })
  receive('/webhooks/cashfree-subscriptions', {
    secrets: autopaySecrets,
    judge: judgeMandateDelivery,
    store: storeOfMandates,
    isServed: () => isAutopayInUse(services),
  })

  function receive<Said extends Typed & { dispute?: object | null }>(path: string, endpoint: Endpoint<Said>): void {
    const { secrets, store, isServed } = endpoint
    app.post(path, { bodyLimit: largestBody, config: { anyHost: true } }, async (request, reply) => {
      if (isServed && !(await isServed())) return reply.code(404).send({ status: 'not found' })
      const delivery = deliveryOf(request)
      const rules = { secrets, maxAgeS: services.config.webhookMaxAgeS, now: Date.now() }
      const judgement = endpoint.judge(delivery, rules)
      if (!judgement.accepted) {
        refusals.note(delivery, judgement)
        const { isTooMany, endsInMs } = await countForgery(request)
        if (isTooMany)
          return reply
            .code(429)
            .header('retry-after', Math.ceil(endsInMs / 1000))
            .send({ status: 'too many' })
        return reply.code(judgement.answer).send({ status: judgement.answer === 200 ? 'ok' : judgement.verdict })
      }
      await withPriority(() => accept(store, delivery, judgement))
      return reply.code(200).send({ status: 'ok' })
    })
  }

  /** Only refused deliveries are counted: what Cashfree signed is accepted, however many come. */
  function countForgery(request: FastifyRequest) {
    const max = Math.max(1, Math.floor(60 * services.config.rateLimitScale))
    return count(`unsigned deliveries ${rateLimitKey(request.ip)}`, max, 60_000)
  }

  /** Stores a delivery, together with others; its order or mandate is settled after the answer. */
  async function accept<Said extends Typed & { dispute?: object | null }>(
    store: Endpoint<Said>['store'],
    delivery: Delivery,
    judgement: Judgement<Said>,
  ): Promise<void> {
    const place = lanes.takePlace()
    let waiting: WaitingOrder | null = null
    try {
      const stored = await store(services.sql, { delivery, judgement, headStartS: place.headStartS })
      const { id: upTo, receivedAt, orderId, toSettle, namesAnother } = stored
      if (namesAnother) services.wake('reconcile')
      const refunds = /REFUND/.test(judgement.hint.type ?? '')
      const disputes = Boolean(judgement.hint.dispute)
      if (toSettle && orderId !== null)
        waiting = { orderId, upTo, firstAt: receivedAt, lastAt: receivedAt, refunds, disputes }
    } finally {
      place.settle(waiting)
    }
  }
}

/** Deliveries of one kind: by whom they are signed, and how they are read and stored. */
type Endpoint<Said> = {
  secrets: readonly string[]
  judge: (delivery: Delivery, rules: Rules) => Judgement<Said>
  store: (sql: Sql, accepted: Accepted<Said>) => Promise<StoredEvent>
  isServed?: () => Promise<boolean>
}

const kept = [
  'x-webhook-signature',
  'x-webhook-timestamp',
  'x-webhook-version',
  'x-webhook-attempt',
  'x-idempotency-key',
  'content-type',
  'user-agent',
]

function deliveryOf(request: FastifyRequest): Delivery {
  const entries = kept.map((name) => [name, request.headers[name]] as const)
  // A header that came twice is an array and proves nothing; it is treated as missing.
  const headers = Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
  return { headers, body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0) }
}
