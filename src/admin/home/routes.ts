import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { failureGroups } from '../orders/labels.ts'
import type { Panel } from '../panel.ts'
import { type Home, homeOf } from './home.ts'
import { ageLabel, count, percent, roughly, signed } from './labels.ts'
import { isStale, marketAgeLabel } from './market.ts'
import { successOf } from './periods.ts'

declare module '../../web/views.ts' {
  interface Views {
    'admin/home/show': Home & { words: typeof words }
  }
}

const words = {
  failureGroups,
  count,
  percent,
  roughly,
  signed,
  ageInWords: ageLabel,
  successOf,
  isStale,
  marketInWords: marketAgeLabel,
}

/** /admin: what needs the person who runs this, then how the business goes. */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, { deps }) => {
  app.get('/', async (_request, reply) => reply.page('admin/home/show', { ...(await homeOf(deps.sql)), words }))
}
export default routes
