import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { requireAccess, turnAway } from '../../billing/subscriptions/guards.ts'
import type { Subscription } from '../../billing/subscriptions/queries.ts'
import { runHeavyWork } from '../../platform/heavy-work.ts'
import type { Services } from '../../platform/services.ts'
import { formAction } from '../../web/form-action.ts'
import { type FormState, formState } from '../../web/forms.ts'
import { currentMarket } from '../engine/market.ts'
import { readParams } from './analysis-params.ts'
import { presentSymbol } from './choices.ts'
import { type WhatFollowed, whatFollowedPage } from './what-followed.ts'
import {
  readWhatFollowed,
  typedCost,
  usual,
  type WhatFollowedParams,
  WhatFollowedQuery,
} from './what-followed-params.ts'

declare module '../../web/views.ts' {
  interface Views {
    'market/dashboard/what-followed': {
      subscription: Subscription
      followed: WhatFollowed
      form: FormState
      usualCost: number
    }
  }
}

/** /dashboard/what-followed: the excess returns after each kind of entry into a quadrant, for subscribers. */
const routes: FastifyPluginAsyncTypebox<{ services: Services }> = async (app, { services }) => {
  app.get(
    '/dashboard/what-followed',
    {
      preHandler: requireAccess(services, 'What followed comes with a subscription.'),
      schema: { querystring: WhatFollowedQuery },
    },
    async (request, reply) => {
      const subscription = request.subscription!
      const market = await currentMarket(services.sql)
      const show = async (given: WhatFollowedParams, form: FormState) => {
        const against = await presentSymbol(services.sql, market, given.analyser.against)
        const params = { ...given, analyser: { ...given.analyser, against } }
        const followed = await runHeavyWork({ patient: false }, () => whatFollowedPage(market, params))
        if (!followed) return turnAway(request, reply, 'There are no prices yet, so nothing has followed.')
        reply.header('cache-control', 'no-store')
        return reply.page('market/dashboard/what-followed', { followed, form, usualCost: usual.cost, subscription })
      }
      const typed = { cost: typedCost(request.query) }
      return formAction(
        reply,
        typed,
        async () => {
          const params = readWhatFollowed(request.query)
          return show(params, formState({ cost: String(params.cost) }))
        },
        // A cost that cannot be read is shown again, beside the figures with the usual one.
        (form, refusal) => {
          if (refusal.fields.cost) return show({ ...usual, analyser: readParams(request.query) }, form)
          throw refusal
        },
        ['invalid'],
      )
    },
  )
}
export default routes
