import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BillingServices } from '../../billing/payments/gateway.ts'
import { requireAccess } from '../../billing/subscriptions/guards.ts'
import type { Subscription } from '../../billing/subscriptions/queries.ts'
import { formAction } from '../../web/form-action.ts'
import { PostedForm, readForm, safeNext } from '../../web/forms.ts'
import { currentMarket } from '../engine/market.ts'
import { findStars } from './queries.ts'
import { mostStars, star, type WatchList, watchListOf } from './watch-list.ts'

declare module '../../web/views.ts' {
  interface Views {
    'market/watch-list/show': {
      subscription: Subscription
      list: WatchList
      mostStars: number
      sample: boolean
      problem: string | null
    }
    'market/watch-list/_star': { symbol: string; name: string; isStarred: boolean }
  }
}

const path = '/dashboard/watch-list'

/** /dashboard/watch-list: the sectors a person starred, and what the star of a table, card or page posts to. */
const routes: FastifyPluginAsyncTypebox<{ services: BillingServices; limit: object }> = async (
  app,
  { services, limit },
) => {
  const preHandler = requireAccess(services, 'A watch-list comes with a subscription.')

  app.get(path, { preHandler }, async (request, reply) => show(request, reply))

  app.post(path, { preHandler, schema: { body: PostedForm }, config: limit }, async (request, reply) => {
    const userId = request.user!.id
    const typed = readForm(request.body, ['star', 'unstar', 'back'], 300)
    const isWanted = typed.star !== ''
    return formAction(
      reply,
      {},
      async () => {
        const symbol = await star(services.sql, userId, { symbol: typed.star || typed.unstar, isWanted })
        if (!request.wantsFragment) return reply.leaveFor(backTo(typed.back))
        const { shown } = await currentMarket(services.sql)
        const name = shown.find((one) => one.symbol === symbol)?.name ?? symbol
        return reply.page('market/watch-list/_star', { symbol, name, isStarred: isWanted })
      },
      (_form, { message }) => {
        if (!request.wantsFragment) return show(request, reply, message)
        request.session.set('notice', { kind: 'bad', text: message })
        return reply.leaveFor(path)
      },
    )
  })

  async function show(request: FastifyRequest, reply: FastifyReply, problem: string | null = null) {
    const [market, stars] = await Promise.all([currentMarket(services.sql), findStars(services.sql, request.user!.id)])
    const list = watchListOf(market, stars)
    const view = { subscription: request.subscription!, list, mostStars, sample: market.sample, problem }
    return reply.page('market/watch-list/show', view)
  }
}
export default routes

/** Back to the page whose star was pressed: one of the dashboard's own. */
function backTo(given: string): string {
  const back = safeNext(given, path)
  return /^\/dashboard(?![\w-])/.test(back) ? back : path
}
