import type { FastifyInstance } from 'fastify'
import { runHeavyWork } from '../../platform/heavy-work.ts'
import { type Static, Type } from '../../platform/schema.ts'
import type { Services } from '../../platform/services.ts'
import { failureOf } from '../../web/errors.ts'
import { currentMarket } from '../engine/market.ts'
import { drawnMap, mapNamed } from './linked-picture.ts'

const ByName = Type.Object({ name: Type.String({ maxLength: 40 }) })
const Signed = Type.Object({
  only: Type.Optional(Type.String({ maxLength: 2_000 })),
  sign: Type.String({ maxLength: 100 }),
})

/**
 * GET /report-maps/…: the map of a mail, where MAIL_PICTURES=linked. No session is read: it is the same for everybody who has the
 * signed address, and mail programs fetch it through proxies of their own, many people from one of them; hence a generous limit.
 */
export default async function routes(
  app: FastifyInstance,
  { services, sessionKeys, limit }: { services: Services; sessionKeys: readonly Buffer[]; limit: object },
): Promise<void> {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.setErrorHandler((error, request, reply) => {
    const { status, retryAfterS } = failureOf(error)
    if (status >= 500) request.log.error({ err: error }, 'the map of a mail could not be drawn')
    if (retryAfterS !== null) reply.header('retry-after', retryAfterS)
    return reply.code(status).type('text/plain; charset=utf-8').send('This picture is not available.')
  })

  app.get<{ Params: Static<typeof ByName>; Querystring: Static<typeof Signed> }>(
    '/report-maps/:name',
    { schema: { params: ByName, querystring: Signed }, config: limit },
    async (request, reply) => {
      const map = mapNamed(sessionKeys, { ...request.params, ...request.query })
      const market = map && (await currentMarket(services.sql))
      const picture = market && (await runHeavyWork({ patient: false }, () => drawnMap(market, map)))
      if (!picture) return reply.code(404).type('text/plain; charset=utf-8').send('There is no such picture.')
      // Mail that is read in a browser is on another site than ours.
      return reply
        .header('cache-control', 'public, max-age=604800')
        .header('x-robots-tag', 'noindex')
        .header('cross-origin-resource-policy', 'cross-origin')
        .type('image/png')
        .send(picture)
    },
  )
}
