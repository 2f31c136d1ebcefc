import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { requireAdmin } from '../identity/sessions/guards.ts'
import { AppError } from '../platform/errors.ts'
import { heavyPages } from '../web/heavy-pages.ts'
import announcements from './announcement-routes.ts'
import audit from './audit/routes.ts'
import complaints from './complaints/routes.ts'
import coupons from './coupons/routes.ts'
import disputes from './disputes/routes.ts'
import { auditDownloads } from './download-routes.ts'
import gifts from './gifts/routes.ts'
import home from './home/routes.ts'
import incidents from './incidents/routes.ts'
import jobs from './jobs/routes.ts'
import mails from './mails/routes.ts'
import mandates from './mandates/routes.ts'
import market from './market/routes.ts'
import orders from './orders/routes.ts'
import type { Panel } from './panel.ts'
import plans from './plans/routes.ts'
import receipts from './receipts/routes.ts'
import refunds from './refunds/routes.ts'
import reminders from './reminders/routes.ts'
import search from './search/routes.ts'
import subscribers from './subscribers/routes.ts'
import visits from './visits/routes.ts'
import webhooks from './webhooks/routes.ts'

/** The panel. Both roles of administrators may look; every action asks for more (`requireWriteAccess`, `confirmIdentity`). */
const routes: FastifyPluginAsyncTypebox<Panel> = async (app, panel) => {
  // Before anything sent is read, and at unknown addresses too: for others no address here exists.
  app.addHook('preValidation', requireAdmin)
  heavyPages(app)
  auditDownloads(app, panel.services)
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'x-robots-tag': 'noindex, nofollow', 'cache-control': 'no-store' })
  })
  app.setNotFoundHandler(() => {
    throw new AppError('not-found', 'There is nothing at this address.')
  })
  await app.register(home, { ...panel, prefix: '' })
  const slices = {
    search,
    subscribers,
    orders,
    mandates,
    refunds,
    receipts,
    disputes,
    gifts,
    complaints,
    incidents,
    webhooks,
    mails,
    jobs,
    plans,
    coupons,
    reminders,
    announcements,
    visits,
    market,
    audit,
  }
  for (const [name, slice] of Object.entries(slices)) await app.register(slice, { ...panel, prefix: `/${name}` })
}
export default routes
