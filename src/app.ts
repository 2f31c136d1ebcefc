import formbody from '@fastify/formbody'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import links from './account/email-link-routes.ts'
import giftBuying from './account/gifts/buying-routes.ts'
import giftRedeeming from './account/gifts/redeeming-routes.ts'
import loginLinks from './account/login-link-routes.ts'
import account from './account/routes.ts'
import admin from './admin/routes.ts'
import api from './api/routes.ts'
import { type MoneyUnderWay, moneyUnderWay } from './billing/checkout/money-under-way.ts'
import renewal, { stopReminders } from './billing/checkout/renewal-routes.ts'
import checkout from './billing/checkout/routes.ts'
import { isAutopayInUse } from './billing/mandates/in-use.ts'
import { autopayOffer } from './billing/mandates/offer.ts'
import mandateReturn from './billing/mandates/posted-return-routes.ts'
import autopay from './billing/mandates/return-routes.ts'
import type { BillingServices } from './billing/payments/gateway.ts'
import receipts from './billing/receipts/routes.ts'
import type { Subscription } from './billing/subscriptions/queries.ts'
import { subscriptionOf } from './billing/subscriptions/subscriptions.ts'
import webhooks from './billing/webhooks/routes.ts'
import { rememberedUser } from './identity/sessions/guards.ts'
import { suggestedEmail } from './identity/users/email-suggestions.ts'
import users from './identity/users/routes.ts'
import alerts, { stopAlerts } from './market/alerts/routes.ts'
import dashboard from './market/dashboard/routes.ts'
import whatFollowed from './market/dashboard/what-followed-routes.ts'
import reportMaps from './market/reports/picture-routes.ts'
import reports, { stopReports } from './market/reports/routes.ts'
import watchList from './market/watch-list/routes.ts'
import { composersOf } from './operations/jobs/jobs.ts'
import { createMetrics, type Metrics } from './operations/observability/metrics.ts'
import observability, { instrumentRequests, type ObservabilityOptions } from './operations/observability/routes.ts'
import { productName } from './platform/env-schema.ts'
import { rateLimitKey } from './platform/networks.ts'
import type { Services } from './platform/services.ts'
import { runningAnnouncements } from './records/announcements/announcements.ts'
import mailWebhooks from './records/suppressions/routes.ts'
import closedAnnouncements from './site/announcement-routes.ts'
import complaints from './site/complaint-routes.ts'
import { ownerPhotoOf } from './site/owner-photo.ts'
import { publicPages } from './site/public-pages.ts'
import site from './site/routes.ts'
import visits from './site/visit-routes.ts'
import wellKnown from './site/well-known-routes.ts'
import allowedHosts from './web/allowed-hosts.ts'
import { loadAssets, serveAssets } from './web/assets.ts'
import cleanText from './web/clean-text.ts'
import cors from './web/cors.ts'
import csrf from './web/csrf.ts'
import downloads from './web/downloads.ts'
import { handleErrors, handleRemainingErrors } from './web/errors.ts'
import headers from './web/headers.ts'
import heavyPages from './web/heavy-pages.ts'
import { limitOf, rateCounter, rateLimitStore } from './web/rate-limits.ts'
import { buildServer } from './web/server.ts'
import session from './web/session.ts'
import trailingSlash from './web/trailing-slash.ts'
import views from './web/views.ts'

/** URLs of the demo's mail catcher, Cashfree console and exchange look-alike, when they run; every page links to them. */
export type Demo = { mailboxUrl: string; consoleUrl: string; exchangeUrl?: string | null }

export type AppOptions = WorkerOptions & {
  services: BillingServices
  sessionKeys: Buffer[]
  demo?: Demo | null
  /** Caches compiled templates; off only while editing them. */
  cacheViews?: boolean
}

export type WorkerOptions = {
  services: Services
  jobsReady?: () => boolean
  /** The metrics of this process; new ones when absent. */
  metrics?: Metrics
  /** True from the moment the process was asked to end. */
  isClosing?: () => boolean
  /** True while payment events cannot be written to PAYMENTS_LOG. */
  isPaymentsLogBroken?: () => boolean
}

/** The table of contents: two scopes, people and machines, and the routes of each. Does not listen. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { services } = options
  const { config } = services
  const metrics = options.metrics ?? createMetrics()
  const app = await measuredServer(options, metrics)

  const running = runningAnnouncements(services.sql)
  const origins = {
    script: originOf(config.cashfree.jsUrl),
    api: originOf(config.cashfree.checkoutBase),
    https: config.https,
  }
  await app.register(headers, origins)
  await app.register(allowedHosts, { baseUrl: config.baseUrl, production: config.production })
  const count = rateCounter(services.sql)
  const store = rateLimitStore(count)
  await app.register(rateLimit, { global: false, store, keyGenerator: ({ ip }) => rateLimitKey(ip) })

  // Outside the people's scope: a style sheet needs no session, and must load while the database is away.
  const photo = ownerPhotoOf(config.owner.photo)
  const assets = loadAssets(photo.file ? [photo.file] : [])
  handleRemainingErrors(app)
  serveAssets(app, assets)
  await app.register(async (people) => {
    await people.register(trailingSlash)
    await people.register(formbody)
    await people.register(cleanText)
    await people.register(session, { keys: options.sessionKeys, https: config.https })
    await people.register(cors, { origins: config.corsOrigins })
    await people.register(csrf, { origin: originOf(config.baseUrl), allowedOrigins: config.corsOrigins })
    await people.register(views, {
      cache: options.cacheViews ?? true,
      describePage,
    })
    await people.register(rememberedUser, { services })
    await people.register(visits, { services })
    await people.register(heavyPages)
    await people.register(downloads)
    handleErrors(people)
    const slices = [
      site,
      complaints,
      closedAnnouncements,
      wellKnown,
      users,
      links,
      loginLinks,
      autopay,
      mandateReturn,
      giftBuying,
      giftRedeeming,
      dashboard,
      whatFollowed,
      watchList,
      receipts,
      account,
      reports,
      alerts,
    ]
    const limit = limitOf(config.rateLimitScale)
    for (const routes of slices) await people.register(routes, { services, limit })
    const offer = config.cashfree.autopay ? { autopay: autopayOffer(services) } : {}
    for (const routes of [checkout, renewal]) await people.register(routes, { services, limit, ...offer })
    await people.register(admin, { prefix: '/admin', services, composers: composersOf(services) })
    await people.register(api, {
      prefix: '/api',
      services,
      limit,
      reads: limitOf(config.rateLimitScale, 240),
      count,
    })
  })

  await app.register(async (machines) => {
    await machines.register(webhooks, { services, count })
    await machines.register(mailWebhooks, { services, count })
    await machines.register(reportMaps, {
      services,
      sessionKeys: options.sessionKeys,
      limit: limitOf(config.rateLimitScale, 600),
    })
    await machines.register(stopReports, { services })
    await machines.register(stopAlerts, { services })
    await machines.register(stopReminders, { services })
    await machines.register(observability, probesOf(options, metrics))
  })
  return app

  /**
   * `it.page`: who is signed in, and what the layout shows around a page's own content. What the content brings already, be it
   * null, is not queried again. A page is complete also when the database does not answer these queries, and waits for them side
   * by side: it has one deadline.
   */
  async function describePage(
    request: FastifyRequest,
    content: { subscription?: Subscription | null; underWay?: MoneyUnderWay[] | null },
  ) {
    const { user } = request
    const notice = takeNotice(request)
    const [subscription, underWay, hasAutopay] = await Promise.all([
      user && content.subscription === undefined
        ? subscriptionOf(services.sql, user.id).catch(() => null)
        : content.subscription,
      user && content.underWay === undefined
        ? moneyUnderWay(services.sql, user.id).catch(() => null)
        : (content.underWay ?? null),
      isAutopayInUse(services),
    ])
    const path = request.url.split('?')[0]!
    return {
      path,
      /** The one address of a public page, whatever its query says; null for all others. */
      canonical: publicPages.includes(path) ? config.baseUrl + path : null,
      baseUrl: config.baseUrl,
      assets: assets.url,
      account: user
        ? {
            name: user.name,
            username: user.username,
            role: user.role,
            email: user.email,
            // Few pages show it.
            get suggestedEmail() {
              return suggestedEmail(user.email)
            },
            subscription,
            underWay,
          }
        : null,
      // The request has a session, but the database could not be asked whose it is.
      isSomebody: request.sessionUnread,
      sandbox: options.demo ?? null,
      notice,
      announcement: await announcementFor(request, subscription?.hasAccess === true),
      grievanceOfficer: config.grievanceOfficer,
      owner: config.owner.name ? { ...config.owner, photo: photo.file ? assets.url(photo.file[0]) : photo.url } : null,
      // The seller, unless it is only called like the product.
      operator: config.seller.name === productName ? config.owner.name || null : config.seller.name,
      seller: { ...config.seller, gstin: config.seller.gstin || null },
      raNumber: config.raNumber,
      /** UPI Autopay has pages; null where it has none. Mandates that stand keep theirs when it is offered no more. */
      autopay: hasAutopay ? { isOffered: config.cashfree.autopay } : null,
      scripts: scriptsOf(request.url),
    }
  }

  /** The announcement above this page, unless this browser closed it; none where somebody pays or administers. */
  async function announcementFor(request: FastifyRequest, hasAccess: boolean) {
    if (request.wantsFragment || /^\/(admin|autopay|checkout|payment|renew)\b/.test(request.url)) return null
    const closed = request.session?.get('closedAnnouncements') ?? []
    const found = (await running()).find(
      ({ id, audience }) => !closed.includes(id) && (audience === 'everyone' || hasAccess),
    )
    // A page without a cookie is rendered once for all visitors: it holds nothing of one visitor's address.
    return found ? { ...found, back: request.headers.cookie ? request.url : request.url.split('?')[0] } : null
  }
}

/** A process without pages (ROLE=worker): /healthz, /readyz and /metrics, and 404 for everything else. Does not listen. */
export async function buildWorkerApp(options: WorkerOptions): Promise<FastifyInstance> {
  const metrics = options.metrics ?? createMetrics()
  const app = await measuredServer(options, metrics)
  handleRemainingErrors(app)
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ status: 'not found' }))
  await app.register(observability, probesOf(options, metrics))
  return app
}

/** The server before any route, each of its requests measured. */
async function measuredServer(options: WorkerOptions, metrics: Metrics): Promise<FastifyInstance> {
  const { config, log } = options.services
  const app = await buildServer({ log, trustProxy: config.trustProxy, isClosing: options.isClosing ?? (() => false) })
  instrumentRequests(app, metrics)
  return app
}

function probesOf(options: WorkerOptions, metrics: Metrics): ObservabilityOptions {
  return {
    services: options.services,
    metrics,
    jobsReady: options.jobsReady ?? (() => true),
    isClosing: options.isClosing ?? (() => false),
    isPaymentsLogBroken: options.isPaymentsLogBroken ?? (() => false),
  }
}

/** The scripts of our own that a page has besides site.js. */
function scriptsOf(url: string): string[] {
  if (/^\/(autopay|checkout|renew)\//.test(url)) return ['checkout.js']
  if (/^\/dashboard(\?|$)/.test(url)) return ['analyser.js']
  return /^\/dashboard\/(sectors\/|compare(\?|$))/.test(url) ? ['charts.js'] : []
}

/** A sentence set by the previous request, shown once. Fragments leave it for the next full page. */
function takeNotice(request: FastifyRequest) {
  if (request.wantsFragment) return null
  const notice = request.session?.get('notice') ?? null
  if (notice) request.session.set('notice', undefined)
  return notice
}

function originOf(url: string): string {
  return new URL(url).origin
}
