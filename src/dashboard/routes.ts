import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { sampleMap } from '../market/sample-map.ts'
import { type Plan, plansOnSale } from '../plans/plans.ts'
import { type Subscription, subscriptionOf } from '../subscriptions/subscriptions.ts'
import { requireUser } from '../users/guards.ts'
import { findUnconfirmedEmail } from '../users/links/queries.ts'

declare module '../web/views.ts' {
  interface Views {
    'dashboard/show': Dashboard
  }
}
type Dashboard = {
  unconfirmed: string | null
  subscription: Subscription
  plans: Plan[]
  map: ReturnType<typeof sampleMap>
}

/** The subscriber's home: composes what the slices know, owns no rule. */
const routes: FastifyPluginAsyncTypebox<{ deps: Deps }> = async (app, { deps }) => {
  const map = sampleMap()

  app.get('/dashboard', { preHandler: requireUser }, async (request, reply) => {
    const userId = request.user!.id
    const [subscription, plans, unconfirmed] = await Promise.all([
      subscriptionOf(deps.sql, userId),
      plansOnSale(deps.sql),
      findUnconfirmedEmail(deps.sql, userId),
    ])
    return reply.page('dashboard/show', { subscription, plans, unconfirmed, map })
  })
}
export default routes
