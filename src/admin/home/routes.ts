import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { leavingReasons } from '../../billing/subscriptions/subscriptions.ts'
import { count, plural } from '../labels.ts'
import { enders, lossReasons } from '../mandates/labels.ts'
import { failureGroups } from '../orders/labels.ts'
import type { Panel } from '../panel.ts'
import { ageLabel, percent, roughly, signed } from './labels.ts'
import { isStale, marketAgeLabel } from './market-age.ts'
import { type Overview, readOverview } from './overview.ts'
import { attemptSuccessOf, successOf } from './periods.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/home/show': Overview & { labels: typeof labels }
  }
}

const labels = {
  failureGroups,
  lossReasons,
  enders,
  leavingReasons,
  count,
  plural,
  percent,
  roughly,
  signed,
  ageLabel,
  successOf,
  attemptSuccessOf,
  isStale,
  marketAgeLabel,
}

/** /admin: what needs attention, then how the business goes. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { services }) => {
  app.get('/', async (_request, reply) => reply.page('admin/home/show', { ...(await readOverview(services)), labels }))
}
export default routes
