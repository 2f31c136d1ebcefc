import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { rateLimitKey } from '../../platform/networks.ts'
import type { Services } from '../../platform/services.ts'
import { failureOf } from '../../web/errors.ts'
import type { RateCounter } from '../../web/rate-limits.ts'
import { confirmSubscription } from './confirm-subscription.ts'
import { type Provider, providers, readNotification } from './notifications.ts'
import { takeNotification } from './queries.ts'

const largestBody = 256 * 1024

/**
 * POST /webhooks/mail/:provider: bounces and complaints, reported by mail providers. Whoever sends one of MAIL_WEBHOOK_SECRETS, as
 * the password of Basic authentication or as Bearer, is the provider; what it says is stored before it is answered. As with
 * payments it stands apart from the pages, and any Host is allowed.
 */
export default async function routes(
  app: FastifyInstance,
  { services, count }: { services: Services; count: RateCounter },
): Promise<void> {
  const { webhookSecrets } = services.config.mail
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.removeAllContentTypeParsers()
  // SNS calls its JSON text/plain.
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: largestBody }, (_request, body, done) =>
    done(null, body),
  )
  app.setErrorHandler((error, request, reply) => {
    const { status, retryAfterS } = failureOf(error)
    if (status >= 500) request.log.error({ err: error }, 'a notification of a mail provider could not be stored')
    if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
    return reply.code(status).send({ status: status === 413 ? 'too large' : 'not stored' })
  })

  app.post<{ Params: { provider: string } }>(
    '/webhooks/mail/:provider',
    { bodyLimit: largestBody, config: { anyHost: true } },
    async (request, reply) => {
      if (!isProvider(request.params.provider)) return reply.code(404).send({ status: 'no such provider' })
      // SNS asks without its password first, each time, and sends it only when it is asked for: that is no guess, and not counted.
      if (request.headers.authorization === undefined) return askForSecret(reply)
      if (!knowsSecret(request, webhookSecrets)) {
        const { isTooMany, endsInMs } = await countStranger(request)
        if (isTooMany)
          return reply
            .code(429)
            .header('retry-after', Math.ceil(endsInMs / 1000))
            .send({ status: 'too many' })
        request.log.warn({ event: 'mail webhook refused' }, 'a notification without our secret was refused')
        return askForSecret(reply)
      }
      const body = jsonIn(request.body)
      if (body === undefined) return reply.code(400).send({ status: 'not JSON' })
      return reply.send({ status: await take(request.params.provider, body) })
    },
  )

  /** What was done with it, in a word. What is not understood is answered 200 as well: sending it again would not help. */
  async function take(provider: Provider, body: unknown): Promise<string> {
    const notification = readNotification(provider, body)
    if (notification === null) {
      services.log.warn({ event: 'mail webhook not understood', provider }, 'a notification was not understood')
      return 'not understood'
    }
    if ('confirmAt' in notification) {
      const isConfirmed = await confirmSubscription(notification.confirmAt)
      services.log.warn({ event: 'mail webhook subscribed', isConfirmed }, 'SNS asks to confirm its subscription')
      return isConfirmed ? 'confirmed' : 'not an address of SNS'
    }
    if (notification.events.length === 0) return 'nothing to do'
    const outcome = await takeNotification(services.sql, provider, notification)
    services.log.info({ event: 'mail webhook', provider, ...outcome }, 'a notification was stored')
    return 'stored'
  }

  function countStranger(request: FastifyRequest) {
    const max = Math.max(1, Math.floor(60 * services.config.rateLimitScale))
    return count(`mail webhooks ${rateLimitKey(request.ip)}`, max, 60_000)
  }
}

function askForSecret(reply: FastifyReply) {
  return reply.code(401).header('www-authenticate', 'Basic realm="mail"').send({ status: 'wrong secret' })
}

function isProvider(name: string): name is Provider {
  return (providers as readonly string[]).includes(name)
}

/** Compared as hashes, so that the time it takes says nothing of how much of a guess is right. */
function knowsSecret(request: FastifyRequest, secrets: readonly string[]): boolean {
  const [scheme = '', value = ''] = (request.headers.authorization ?? '').split(' ')
  const basic = /^basic$/i.test(scheme) ? Buffer.from(value, 'base64').toString('utf8') : null
  const given = basic === null ? (/^bearer$/i.test(scheme) ? value : '') : basic.slice(basic.indexOf(':') + 1)
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return secrets.reduce((known, secret) => timingSafeEqual(hash(secret), hash(given)) || known, false)
}

function jsonIn(body: unknown): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    return undefined
  }
}
