import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { type MoneyUnderWay, moneyUnderWay } from '../../billing/checkout/money-under-way.ts'
import { isOnSale } from '../../billing/checkout/on-sale.ts'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { findPlanWanted } from '../../billing/payments/queries.ts'
import type { Plan } from '../../billing/plans/queries.ts'
import { requireAccess, turnAway } from '../../billing/subscriptions/guards.ts'
import type { Subscription } from '../../billing/subscriptions/queries.ts'
import { requireUser } from '../../identity/sessions/guards.ts'
import { fmt } from '../../platform/format.ts'
import { runHeavyWork } from '../../platform/heavy-work.ts'
import { type Static, Type } from '../../platform/schema.ts'
import { type KeptFrame, type SharedPart, sendCompressing } from '../../web/compression.ts'
import { dayIn } from '../calendar/days.ts'
import { type SinceVisit, sinceVisit } from '../changes/since-visit.ts'
import { freshnessOf } from '../engine/freshness.ts'
import { currentMarket, type Market } from '../engine/market.ts'
import { type Legends, legendsFor } from '../engine/meanings.ts'
import { numberFormats, sourceOf, stampOf } from '../engine/summary.ts'
import { currentTrading } from '../engine/trading.ts'
import { findPresentSymbol } from '../instruments/names/queries.ts'
import { readPremiums } from '../prices/navs/premiums.ts'
import { findStars } from '../watch-list/queries.ts'
import { cutAtStars, piecesForStars, type StarredHtml } from '../watch-list/star-places.ts'
import { type Analyser, analyserOf, spark } from './analyser.ts'
import { type AnalyserParams, AnalyserQuery, analysisUrl, readParams } from './analysis-params.ts'
import { type ShownBreadth, shownBreadth } from './breadth.ts'
import { presentSymbol } from './choices.ts'
import compareRoutes from './compare-routes.ts'
import fileRoutes from './file-routes.ts'
import { type OpenWeek, openWeekOf } from './open-week.ts'
import { findReader } from './queries.ts'
import { type Sector, sectorOf } from './sector.ts'
import { readSpan, SectorQuery, sectorUrl } from './sector-params.ts'

declare module '../../web/views.ts' {
  interface Views {
    'market/dashboard/show': Dashboard
    'market/dashboard/preview': Omit<Dashboard, 'body' | 'since' | 'back' | 'freshness' | 'address'> & {
      /** The plan that somebody who never paid set out to buy. */
      chosen: string | undefined
      preview: OpenWeek
      source: string
      stamp: string
      formats: typeof numberFormats
      legends: Legends
    }
    'market/dashboard/_analyser': { analyser: Analyser; breadth: ShownBreadth | null; spark: typeof spark }
    'market/dashboard/_places': { current: string; address: Analyser['address']; isRenewed: boolean }
    'market/dashboard/sector': {
      subscription: Subscription
      sector: Sector
      freshness: string | null
      isStarred: boolean
      back: string
    }
  }
}
type Dashboard = {
  unconfirmed: string | null
  subscription: Subscription
  underWay: MoneyUnderWay[]
  plans: Plan[]
  opensSoon: boolean
  /** Where the analyser's region is to be put in; '' without prices. */
  body: string
  /** What changed since the reader was here last; null where nothing is to be said. */
  since: SinceVisit | null
  /** Where the other pages of the dashboard are, with the choices of this one. */
  address: Analyser['address']
  /** The address of this page, to which a star leads back. */
  back: string
  /** What prices are due and not in; it depends on the clock, so it is not in the region, which is kept. */
  freshness: string | null
}

/** Stands in the page for the analyser's region, which is kept as bytes; no text of a page reads like it, for pages escape `<`. */
const regionPlace = '<!--analyser-->'

/**
 * Regions in the caches of one market, by all their choices: the most recently requested ones, of a fifth of a megabyte each. Who
 * steps through the past pushes out no region of the newest day.
 */
const kept = { newest: 60, past: 20, starred: 60 } as const
type Regions = LRUCache<string, StarredHtml>
/** Compressed regions, by choices and stars: forty kilobytes each. */
const keptFrames = 200
type Caches = Record<keyof typeof kept, Regions> & { frames: LRUCache<string, KeptFrame> }
const cachesOf = new WeakMap<Market, Caches>()

/**
 * The analyser as HTML; null without prices. It is rendered once for all readers and cut where a star stands, which is put in for
 * each. Of the starred sectors alone it is rendered once for all who starred the same; these do not push out the ones for
 * everybody. It is compressed once for all who have the same stars, and harder for most readers: the newest day without stars.
 */
async function regionOf(
  market: Market,
  params: AnalyserParams,
  stars: ReadonlySet<string>,
  reply: FastifyReply,
): Promise<SharedPart | null> {
  const newCache = (max: number): Regions => new LRUCache({ max })
  const caches: Caches = cachesOf.get(market) ?? {
    newest: newCache(kept.newest),
    past: newCache(kept.past),
    starred: newCache(kept.starred),
    frames: new LRUCache({ max: keptFrames }),
  }
  cachesOf.set(market, caches)
  const only = params.only === 'starred' ? stars : null
  const cache = only ? caches.starred : params.at === null ? caches.newest : caches.past
  const url = analysisUrl(params)
  const starred = [url, ...[...stars].sort()].join(' ')
  const key = only ? starred : url
  const render = async () => {
    const analyser = analyserOf(market, params, only)
    if (!analyser) return cutAtStars('')
    const breadth = shownBreadth(market, analyser.analysis.asOf, analyser.params)
    const html: string = await reply.viewAsync('market/dashboard/_analyser', { analyser, breadth, spark, fmt })
    // Without the templates' indentation, a twentieth of it.
    return cutAtStars(html.replaceAll(/\n\s+/g, '\n'))
  }
  // After waiting for a turn, another request may have rendered the same.
  const region = cache.get(key) ?? (await runHeavyWork({ patient: false }, () => cache.get(key) ?? render()))
  cache.set(key, region)
  if (region.length === 0) return null
  const frame = caches.frames.get(starred) ?? { level: stars.size === 0 && params.at === null ? 9 : 3 }
  caches.frames.set(starred, frame)
  return { pieces: piecesForStars(region, stars), kept: frame }
}

function isShown(market: Market, symbol: string): boolean {
  return market.shown.some((one) => one.symbol === symbol)
}

const OneSector = Type.Object({ symbol: Type.String() })

/** /dashboard: the analyser for people with an active subscription; for others a preview that is three months old, and the plans. */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices }> = async (app, { services }) => {
  app.get('/dashboard', { preHandler: requireUser, schema: { querystring: AnalyserQuery } }, async (request, reply) => {
    const userId = request.user!.id
    const [{ subscription, plans, stars, hasMoneyUnderWay, version }, isOpen] = await Promise.all([
      findReader(services.sql, userId),
      isOnSale(services),
    ])
    const underWay = hasMoneyUnderWay ? await moneyUnderWay(services.sql, userId) : []
    const person = {
      subscription,
      underWay,
      plans,
      opensSoon: !isOpen,
      unconfirmed: request.signedIn!.unconfirmedEmail,
    }
    if (!subscription.hasAccess) {
      if (request.wantsFragment) return reply.leaveFor('/dashboard')
      const preview = await openWeekOf(services.sql)
      const html = await reply.render('market/dashboard/preview', {
        ...person,
        chosen: subscription.status === 'pending' ? await findPlanWanted(services.sql, userId) : undefined,
        preview,
        source: sourceOf(preview),
        stamp: stampOf(preview.analysis),
        formats: numberFormats,
        legends: legendsFor('week'),
      })
      return show(request, reply, html)
    }
    const market = await currentMarket(services.sql, version)
    const params = await paramsIn(request, market)
    const region = await regionOf(market, params, stars, reply)
    const address: Analyser['address'] = (changes, path) => analysisUrl(params, changes, path)
    if (request.wantsFragment && region) {
      // The links to the other pages stand above the region, outside of it: they are renewed beside it.
      const places = await reply.render('market/dashboard/_places', { current: '/dashboard', address, isRenewed: true })
      return show(request, reply, [region, Buffer.from(places)])
    }
    const freshness = freshnessOf(market, new Date())
    const since = await sinceVisit(services.sql, market, userId)
    const view = { ...person, body: region ? regionPlace : '', address, freshness, since, back: request.url }
    const [before, after = ''] = (await reply.render('market/dashboard/show', view)).split(regionPlace)
    return show(request, reply, [Buffer.from(before!), ...(region ? [region, Buffer.from(after)] : [])])
  })

  app.get(
    '/dashboard/sectors/:symbol',
    {
      preHandler: requireAccess(services, 'A sector’s page opens with a subscription.'),
      schema: { params: OneSector, querystring: SectorQuery },
    },
    async (request, reply) => {
      const [market, stars] = await Promise.all([
        currentMarket(services.sql),
        findStars(services.sql, request.user!.id),
      ])
      const { symbol } = request.params
      const params = await paramsIn(request, market)
      const span = readSpan(request.query)
      const isFollowed = isShown(market, symbol)
      const renamed = isFollowed ? null : await findPresentSymbol(services.sql, symbol)
      if (renamed !== null) return reply.leaveFor(sectorUrl(renamed, params, span))
      if (isFollowed && market.asOf === null) return turnAway(request, reply, 'There are no prices of this sector yet.')
      const around = await readAround(market, symbol, params.at)
      const sector = await runHeavyWork({ patient: false }, () => sectorOf(market, symbol, params, { span, ...around }))
      const freshness = freshnessOf(market, new Date())
      const isStarred = stars.has(symbol)
      const view = { subscription: request.subscription!, sector, freshness, isStarred, back: request.url }
      return show(request, reply, await reply.render('market/dashboard/sector', view))
    },
  )

  await app.register(fileRoutes, { services, paramsIn })
  await app.register(compareRoutes, { services, paramsIn, show })

  /** What was traded of a sector's ETF and of its others, and their premiums to NAV; of a symbol that is none, nothing. */
  async function readAround(market: Market, symbol: string, at: string | null) {
    const others = market.alternatives.filter((one) => one.sector === symbol).map((one) => one.symbol)
    const symbols = isShown(market, symbol) ? [symbol, ...others] : []
    const asked = at === null ? null : dayIn(at)
    const newest = market.asOf ?? ''
    const until = asked !== null && asked < newest ? asked : newest
    const read = await Promise.all(
      symbols.map(async (one) => {
        const reading = [currentTrading(services.sql, market, one), readPremiums(services.sql, one, until)] as const
        const [trading, premiums] = await Promise.all(reading)
        return [one, { trading, premiums }] as const
      }),
    )
    const bySymbol = new Map(read)
    return {
      tradingOf: (one: string) => bySymbol.get(one)?.trading,
      premiumsOf: (one: string) => bySymbol.get(one)?.premiums ?? [],
    }
  }

  /** The parameters of a page; what was renamed since it was bookmarked is meant by its present symbol. */
  async function paramsIn(request: FastifyRequest, market: Market): Promise<AnalyserParams> {
    const params = readParams(request.query as Static<typeof AnalyserQuery>)
    const present = (symbol: string | null) => presentSymbol(services.sql, market, symbol)
    return { ...params, focus: await present(params.focus), against: await present(params.against) }
  }

  /**
   * Large pages of numbers are sent compressed. Their length reveals nothing worth having (BREACH): no page holds a token or
   * another secret that a stranger could guess letter by letter ("Compression" in docs/security.md).
   */
  function show(request: FastifyRequest, reply: FastifyReply, html: string | readonly (Buffer | SharedPart)[]) {
    reply
      .header('cache-control', 'no-store')
      .header('vary', 'HX-Request, Accept-Encoding')
      .type('text/html; charset=utf-8')
    return sendCompressing(request, reply, typeof html === 'string' ? [Buffer.from(html)] : html)
  }
}
export default routes
