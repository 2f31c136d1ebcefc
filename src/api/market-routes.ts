import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { subscriptionOf } from '../billing/subscriptions/subscriptions.ts'
import { requireUserOrKey } from '../identity/api-keys/guards.ts'
import { analyserOf, resolveParams } from '../market/dashboard/analyser.ts'
import { type AnalyserParams, readParams } from '../market/dashboard/analysis-params.ts'
import { presentSymbol } from '../market/dashboard/choices.ts'
import { benchmarkIn, cachedAnalysis, currentMarket, type Followed, type Market } from '../market/engine/market.ts'
import { currentTrading } from '../market/engine/trading.ts'
import { AppError } from '../platform/errors.ts'
import { runHeavyWork } from '../platform/heavy-work.ts'
import { QueryText } from '../platform/query-text.ts'
import { type Static, Type } from '../platform/schema.ts'
import type { Services } from '../platform/services.ts'
import type { RateCounter } from '../web/rate-limits.ts'
import { type Measured, ranksJson, seriesJson } from './market-json.ts'
import { readSeriesRange, SeriesQuery } from './series-params.ts'

/** The parameters of the analyser that change numbers; others of its page are ignored. */
const MarketQuery = Type.Object({
  at: QueryText,
  step: QueryText,
  against: QueryText,
  universe: QueryText,
  returns: QueryText,
})
const SeriesOfMarketQuery = Type.Object({ ...MarketQuery.properties, ...SeriesQuery.properties })
const BySymbol = Type.Object({ symbol: Type.String({ maxLength: 100 }) })

/** The analyser's numbers as JSON, for subscribers: with the cookie of a session or a read-only key. */
const routes: FastifyPluginAsyncTypebox<{ services: Services; reads: object; count: RateCounter }> = async (
  app,
  { services, reads, count },
) => {
  app.addHook('preValidation', requireUserOrKey(services, count))
  app.addHook('preHandler', async (request) => {
    const { hasAccess } = await subscriptionOf(services.sql, request.user!.id)
    if (!hasAccess) throw new AppError('forbidden', 'Rankings and series come with a running subscription.')
  })

  app.get('/ranks', { schema: { querystring: MarketQuery }, config: reads }, async (request) => {
    const market = await currentMarket(services.sql)
    const params = await paramsIn(market, request.query)
    return runHeavyWork({ patient: false }, () => ranksJson(analyserOf(market, params) ?? refuseWithoutPrices()))
  })

  app.get(
    '/sectors/:symbol/series',
    { schema: { params: BySymbol, querystring: SeriesOfMarketQuery }, config: reads },
    async (request) => {
      const market = await currentMarket(services.sql)
      const instrument = await followedIn(market, request)
      const [trading, params] = await Promise.all([
        currentTrading(services.sql, market, instrument.symbol),
        paramsIn(market, request.query),
      ])
      return runHeavyWork({ patient: false }, () => {
        const measured = measuredFor(market, params)
        const range = readSeriesRange(request.query, measured.analysis.step)
        return seriesJson(market, instrument, { ...measured, trading, range })
      })
    },
  )

  /** What a query means; a benchmark may go by a symbol that it no longer has. */
  async function paramsIn(market: Market, query: Static<typeof MarketQuery>): Promise<AnalyserParams> {
    const params = readParams(query)
    return { ...params, against: await presentSymbol(services.sql, market, params.against) }
  }

  /** The instrument of the symbol asked for, also of one that it no longer has; of every universe, the benchmark among them. */
  async function followedIn(market: Market, request: FastifyRequest): Promise<Followed> {
    const { symbol } = request.params as Static<typeof BySymbol>
    const present = await presentSymbol(services.sql, market, symbol)
    const found = market.shown.find((one) => one.symbol === present)
    if (!found) throw new AppError('not-found', 'No sector or benchmark has this symbol.')
    return found
  }
}
export default routes

/** The analysis of these parameters without the page around it. */
function measuredFor(market: Market, given: AnalyserParams): Measured {
  if (market.asOf === null) return refuseWithoutPrices()
  const params = resolveParams(market, given)
  return { analysis: cachedAnalysis(market, params)!, against: benchmarkIn(market, params.against)! }
}

function refuseWithoutPrices(): never {
  throw new AppError('unavailable', 'There are no prices yet.', { retryAfterS: 3_600 })
}
