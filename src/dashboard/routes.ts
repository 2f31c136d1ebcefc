import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Deps } from '../deps.ts'
import { sampleMap } from '../market/sample-map.ts'
import { methodTitle } from '../payments/payments.ts'
import { listPaymentsOf } from '../payments/queries.ts'
import { type Plan, plansOnSale } from '../plans/plans.ts'
import { listReceiptsOf } from '../receipts/queries.ts'
import { listRefundsOf } from '../refunds/queries.ts'
import { type Subscription, subscriptionOf } from '../subscriptions/subscriptions.ts'
import { requireUser } from '../users/guards.ts'

declare module '../web/views.ts' {
  interface Views {
    'dashboard/show': Dashboard
  }
}
type Dashboard = {
  subscription: Subscription
  payments: {
    at: Date
    planTitle: string
    amountPaise: number | null
    status: string
    method: string
    bankReference: string | null
    reason: string | null
    orderId: string
  }[]
  refunds: Awaited<ReturnType<typeof listRefundsOf>>
  receipts: { number: string; issuedAt: Date; amountPaise: number }[]
  plans: Plan[]
  map: ReturnType<typeof sampleMap>
}

const shown = 50

/** The subscriber's home: composes what the slices know, owns no rule. */
const routes: FastifyPluginAsyncTypebox<{ deps: Deps }> = async (app, { deps }) => {
  const map = sampleMap()

  app.get('/dashboard', { preHandler: requireUser }, async (request, reply) => {
    const userId = request.user!.id
    const [subscription, payments, receipts, refunds, plans] = await Promise.all([
      subscriptionOf(deps.sql, userId),
      listPaymentsOf(deps.sql, userId, shown),
      listReceiptsOf(deps.sql, userId, shown),
      listRefundsOf(deps.sql, userId, shown),
      plansOnSale(deps.sql),
    ])
    const rows = payments.map((payment) => ({ ...payment, method: methodTitle(payment.method) }))
    return reply.page('dashboard/show', { subscription, payments: rows, receipts, refunds, plans, map })
  })
}
export default routes
