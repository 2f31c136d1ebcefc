import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { requireAccess, turnAway } from '../../billing/subscriptions/guards.ts'
import type { Subscription } from '../../billing/subscriptions/queries.ts'
import { runHeavyWork } from '../../platform/heavy-work.ts'
import { freshnessOf } from '../engine/freshness.ts'
import { currentMarket, type Market } from '../engine/market.ts'
import { findStars } from '../watch-list/queries.ts'
import type { AnalyserParams } from './analysis-params.ts'
import { presentSymbol } from './choices.ts'
import { type Compare, compareOf } from './compare.ts'
import { compareCsv } from './compare-csv.ts'
import { CompareQuery, compareUrl, mostCompared, readCompared } from './compare-params.ts'
import { fileNameOf } from './file-names.ts'

declare module '../../web/views.ts' {
  interface Views {
    'market/dashboard/compare': { subscription: Subscription; compare: Compare; freshness: string | null }
  }
}

type Options = {
  services: BillingServices
  /** What the dashboard does with a query, and with a page. */
  paramsIn: (request: FastifyRequest, market: Market) => Promise<AnalyserParams>
  show: (request: FastifyRequest, reply: FastifyReply, html: string) => unknown
}

/** /dashboard/compare: two to four sectors in one chart and side by side, and its lines as a file, for subscribers. */
const compareRoutes: FastifyPluginAsyncTypebox<Options> = async (app, options) => {
  const { services, paramsIn, show } = options
  const noPrices = 'There are no prices yet, so there is nothing to compare.'

  app.get(
    '/dashboard/compare',
    {
      preHandler: requireAccess(services, 'Comparing sectors comes with a subscription.'),
      schema: { querystring: CompareQuery },
    },
    async (request, reply) => {
      const { market, compare } = await comparisonIn(request)
      if (compare === null) return turnAway(request, reply, noPrices)
      if (compare.problem !== null) reply.code(422)
      const view = { subscription: request.subscription!, compare, freshness: freshnessOf(market, new Date()) }
      return show(request, reply, await reply.render('market/dashboard/compare', view))
    },
  )

  app.get(
    '/dashboard/compare.csv',
    {
      preHandler: requireAccess(services, 'The comparison as a file comes with a subscription.'),
      schema: { querystring: CompareQuery },
    },
    async (request, reply) => {
      const { compare } = await comparisonIn(request)
      if (compare === null) return turnAway(request, reply, noPrices)
      // What is wrong with the choice is said on the page.
      if (compare.shown === null) return reply.leaveFor(compareUrl(compare.params))
      const { analyser, shown } = compare
      return reply
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="${fileNameOf('comparison', analyser, 'csv')}"`)
        .type('text/csv; charset=utf-8')
        .send(
          compareCsv(shown.comparison, {
            against: analyser.benchmark.symbol,
            sample: analyser.market.sample,
            source: analyser.source,
          }),
        )
    },
  )

  /** The market, and the page that was asked for, composed as heavy work. */
  async function comparisonIn(request: FastifyRequest) {
    const market = await currentMarket(services.sql)
    const [analyser, stars] = await Promise.all([paramsIn(request, market), findStars(services.sql, request.user!.id)])
    const asked = readCompared(request.query as Parameters<typeof readCompared>[0])
    // More than can be compared are shown again as they were given.
    const symbols =
      asked.symbols.length > mostCompared
        ? asked.symbols
        : [...new Set(await Promise.all(asked.symbols.map((symbol) => presentSymbol(services.sql, market, symbol))))]
    const params = { ...asked, analyser, symbols }
    return { market, compare: await runHeavyWork({ patient: false }, () => compareOf(market, params, stars)) }
  }
}
export default compareRoutes
