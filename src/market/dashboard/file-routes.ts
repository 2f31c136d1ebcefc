import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { requireAccess, turnAway } from '../../billing/subscriptions/guards.ts'
import { runHeavyWork } from '../../platform/heavy-work.ts'
import { sendCompressing } from '../../web/compression.ts'
import { currentMarket, type Market } from '../engine/market.ts'
import { findStars } from '../watch-list/queries.ts'
import { type Analyser, analyserOf, daysOf, resolveParams } from './analyser.ts'
import { type AnalyserParams, AnalyserQuery } from './analysis-params.ts'
import { fileNameOf } from './file-names.ts'
import { mapCsv, mapPicture } from './map-files.ts'
import { framesOf } from './map-frames.ts'
import { tableCsv } from './table-csv.ts'

type Options = {
  services: BillingServices
  /** What the dashboard does with a query. */
  paramsIn: (request: FastifyRequest, market: Market) => Promise<AnalyserParams>
}

/**
 * /dashboard/table.csv and map.*: the rank table and the rotation map as files, and the weeks that are played in it, for people with
 * an active subscription.
 */
const fileRoutes: FastifyPluginAsyncTypebox<Options> = async (app, { services, paramsIn }) => {
  app.get(
    '/dashboard/table.csv',
    {
      preHandler: requireAccess(services, 'The table as a file comes with a subscription.'),
      schema: { querystring: AnalyserQuery },
    },
    async (request, reply) => {
      const written = await withAnalyser(request, (analyser) => ({
        name: fileNameOf('table', analyser, 'csv'),
        text: tableCsv(analyser),
      }))
      if (!written) return turnAway(request, reply, 'There are no prices yet, so there is no table to download.')
      return sendFile(reply, written.name).type('text/csv; charset=utf-8').send(written.text)
    },
  )

  app.get(
    '/dashboard/map.png',
    {
      preHandler: requireAccess(services, 'The map as a picture comes with a subscription.'),
      schema: { querystring: AnalyserQuery },
    },
    async (request, reply) => {
      const drawn = await withAnalyser(request, async (analyser) => ({
        name: fileNameOf('map', analyser, 'png'),
        image: await mapPicture(analyser),
      }))
      if (!drawn) return turnAway(request, reply, 'There are no prices yet, so there is no map to download.')
      return sendFile(reply, drawn.name).type('image/png').send(drawn.image)
    },
  )

  app.get(
    '/dashboard/map.csv',
    {
      preHandler: requireAccess(services, 'The map as a file comes with a subscription.'),
      schema: { querystring: AnalyserQuery },
    },
    async (request, reply) => {
      const written = await withAnalyser(request, (analyser) => ({
        name: fileNameOf('map', analyser, 'csv'),
        text: mapCsv(analyser),
      }))
      if (!written) return turnAway(request, reply, 'There are no prices yet, so there is no map to download.')
      return sendFile(reply, written.name).type('text/csv; charset=utf-8').send(written.text)
    },
  )

  app.get(
    '/dashboard/map.json',
    {
      preHandler: requireAccess(services, 'The map is played with a subscription.'),
      schema: { querystring: AnalyserQuery },
    },
    async (request, reply) => {
      const market = await currentMarket(services.sql)
      if (market.asOf === null) return turnAway(request, reply, 'There are no prices yet, so there is nothing to play.')
      const params = resolveParams(market, await paramsIn(request, market))
      const frames = await framesOf(market, params, daysOf(market, params.step, params.against))
      const stars = params.only === 'starred' ? await findStars(services.sql, request.user!.id) : null
      const sectors = frames.sectors.filter(({ symbol }) => stars === null || stars.has(symbol))
      reply
        .header('cache-control', 'no-store')
        .header('vary', 'Accept-Encoding')
        .type('application/json; charset=utf-8')
      return sendCompressing(request, reply, [Buffer.from(JSON.stringify({ ...frames, sectors }))])
    },
  )

  /** Composes the analyser that was asked for and makes something of it, as heavy work. Null while there are no prices. */
  async function withAnalyser<T>(
    request: FastifyRequest,
    make: (analyser: Analyser) => T | Promise<T>,
  ): Promise<T | null> {
    const market = await currentMarket(services.sql)
    const params = await paramsIn(request, market)
    const stars = params.only === 'starred' ? await findStars(services.sql, request.user!.id) : null
    return runHeavyWork({ patient: false }, () => {
      const analyser = analyserOf(market, params, stars)
      return analyser && make(analyser)
    })
  }
}
export default fileRoutes

function sendFile(reply: FastifyReply, name: string): FastifyReply {
  return reply.header('cache-control', 'no-store').header('content-disposition', `attachment; filename="${name}"`)
}
