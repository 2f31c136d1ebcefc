import { randomUUID } from 'node:crypto'
import formbody from '@fastify/formbody'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify'
import links from './account/email-link-routes.ts'
import account from './account/routes.ts'
import admin from './admin/routes.ts'
import api from './api/routes.ts'
import { type MoneyUnderWay, moneyUnderWay } from './billing/checkout/money-under-way.ts'
import checkout from './billing/checkout/routes.ts'
import type { BillingServices } from './billing/payments/gateway.ts'
import receipts from './billing/receipts/routes.ts'
import type { Subscription } from './billing/subscriptions/queries.ts'
import { subscriptionOf } from './billing/subscriptions/subscriptions.ts'
import webhooks from './billing/webhooks/routes.ts'
import { rememberedUser } from './identity/sessions/guards.ts'
import { suggestedEmail } from './identity/users/email-suggestions.ts'
import users from './identity/users/routes.ts'
import dashboard from './market/dashboard/routes.ts'
import reports, { oneClick } from './market/reports/routes.ts'
import { composersOf } from './operations/jobs/jobs.ts'
import { createMetrics, type Metrics } from './operations/observability/metrics.ts'
import observability, { instrumentRequests } from './operations/observability/routes.ts'
import { rateLimitKey } from './platform/networks.ts'
import site from './site/routes.ts'
import wellKnown from './site/well-known-routes.ts'
import ownHosts from './web/allowed-hosts.ts'
import { loadAssets, serveAssets } from './web/assets.ts'
import bodyDeadline, { longestBodyMs } from './web/body-timeout.ts'
import cleanText from './web/clean-text.ts'
import { keepClientAddresses } from './web/client-address.ts'
import { answerUnreadable } from './web/client-errors.ts'
import cors from './web/cors.ts'
import sameSite from './web/csrf.ts'
import downloads from './web/downloads.ts'
import { handleErrors, handleLastErrors } from './web/errors.ts'
import closing, { keptMs } from './web/graceful-shutdown.ts'
import headers from './web/headers.ts'
import heavy from './web/heavy-pages.ts'
import { rateCounter, rateLimitStore } from './web/rate-limits.ts'
import { longestName, rewrittenUrl } from './web/rewrite-url.ts'
import session from './web/session.ts'
import trailingSlash from './web/trailing-slash.ts'
import views from './web/views.ts'

/** Where the demo's mailbox and Cashfree console are, when they run; shown in a strip on every page. */
export type Demo = { mailboxUrl: string; consoleUrl: string }

export type AppOptions = {
  deps: BillingServices
  sessionKeys: Buffer[]
  demo?: Demo | null
  /** Keep compiled templates; off only while editing them. */
  cacheViews?: boolean
  jobsReady?: () => boolean
  /** What this process counts of itself; fresh when absent. */
  metrics?: Metrics
  /** True from the moment the process was asked to end. */
  isClosing?: () => boolean
  /** True while payment events cannot be written to PAYMENTS_LOG. */
  isPaymentsLogBroken?: () => boolean
}

/** The table of contents: two scopes, people and machines, and who lives in each. Does not listen. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { deps } = options
  const { config } = deps
  const app = Fastify({
    loggerInstance: deps.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    trustProxy: config.trustProxy,
    bodyLimit: 64 * 1024,
    // Bodies have ten seconds, see below; a handler may allow one more time.
    requestTimeout: longestBodyMs,
    connectionTimeout: 15_000,
    keepAliveTimeout: keptMs,
    // Who comes over a connection that stands is still served while we close: see closing.ts.
    return503OnClosing: false,
    http: { headersTimeout: 8_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 },
    rewriteUrl: rewrittenUrl,
    clientErrorHandler: answerUnreadable,
    routerOptions: { maxParamLength: longestName, ignoreTrailingSlash: true },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: false } },
  })
  keepClientAddresses(app.server)
  await app.register(closing, { isClosing: options.isClosing ?? (() => false) })
  await app.register(bodyDeadline, { ms: 10_000 })
  const metrics = options.metrics ?? createMetrics()
  instrumentRequests(app, metrics)

  const origins = {
    script: originOf(config.cashfree.jsUrl),
    api: originOf(config.cashfree.checkoutBase),
    https: config.https,
  }
  await app.register(headers, origins)
  await app.register(ownHosts, { baseUrl: config.baseUrl, production: config.production })
  const count = rateCounter(deps.sql)
  const store = rateLimitStore(count)
  await app.register(rateLimit, { global: false, store, keyGenerator: ({ ip }) => rateLimitKey(ip) })

  // Outside the people's scope: a style sheet needs no session, and must load while the database is away.
  const assets = loadAssets()
  handleLastErrors(app)
  serveAssets(app, assets)
  await app.register(async (people) => {
    await people.register(trailingSlash)
    await people.register(formbody)
    await people.register(cleanText)
    await people.register(session, { keys: options.sessionKeys, https: config.https })
    await people.register(cors, { origins: config.corsOrigins })
    await people.register(sameSite, { origin: originOf(config.baseUrl), letIn: config.corsOrigins })
    await people.register(views, {
      cache: options.cacheViews ?? true,
      describePage,
    })
    await people.register(rememberedUser, { deps })
    await people.register(heavy)
    await people.register(downloads)
    handleErrors(people)
    for (const routes of [site, wellKnown, users, links, checkout, dashboard, receipts, account, reports])
      await people.register(routes, { deps, limit: limitOf(config.rateLimitScale) })
    await people.register(admin, { prefix: '/admin', deps, composers: composersOf(deps) })
    await people.register(api, {
      prefix: '/api',
      deps,
      limit: limitOf(config.rateLimitScale),
      reads: limitOf(config.rateLimitScale, 240),
    })
  })

  await app.register(async (machines) => {
    await machines.register(webhooks, { deps, count })
    await machines.register(oneClick, { deps })
    await machines.register(observability, {
      deps,
      metrics,
      jobsReady: options.jobsReady ?? (() => true),
      isClosing: options.isClosing ?? (() => false),
      isPaymentsLogBroken: options.isPaymentsLogBroken ?? (() => false),
    })
  })
  return app

  /**
   * `it.page`: who is here and what every page shows around its own content; what that says, be it null, is not asked
   * again. Nobody is shown less than a whole page because the database does not answer this.
   */
  async function describePage(
    request: FastifyRequest,
    content: { subscription?: Subscription | null; underWay?: MoneyUnderWay[] | null },
  ) {
    const { user } = request
    const notice = takeNotice(request)
    return {
      path: request.url.split('?')[0],
      baseUrl: config.baseUrl,
      assets: assets.url,
      account: user
        ? {
            name: user.name,
            username: user.username,
            role: user.role,
            email: user.email,
            suggestedEmail: suggestedEmail(user.email),
            subscription:
              content.subscription === undefined
                ? await subscriptionOf(deps.sql, user.id).catch(() => null)
                : content.subscription,
            underWay:
              content.underWay === undefined
                ? await moneyUnderWay(deps.sql, user.id).catch(() => null)
                : content.underWay,
          }
        : null,
      // Came with a session, and nobody could be asked whose it is.
      isSomebody: request.sessionUnread,
      sandbox: options.demo ?? null,
      notice,
      seller: { ...config.seller, gstin: config.seller.gstin || null },
      scripts: request.url.startsWith('/checkout/') ? ['checkout.js'] : [],
    }
  }
}

/** One sentence left by the page before, shown once. Fragments leave it for the next full page. */
function takeNotice(request: FastifyRequest) {
  if (request.wantsFragment) return null
  const notice = request.session?.get('notice') ?? null
  if (notice) request.session.set('notice', undefined)
  return notice
}

/** Doors that cost us or Cashfree something: per address and minute, times RATE_LIMIT_SCALE. */
function limitOf(scale: number, aMinute = 30) {
  return { rateLimit: { max: Math.max(1, Math.floor(aMinute * scale)), timeWindow: 60_000 } }
}

function originOf(url: string): string {
  return new URL(url).origin
}
