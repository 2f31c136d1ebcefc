import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { requireUser } from '../identity/sessions/guards.ts'
import type { Account } from './account.ts'
import alerts from './alert-routes.ts'
import apiKeys from './api-key-routes.ts'
import autopay from './autopay/routes.ts'
import company from './company-routes.ts'
import data from './data/routes.ts'
import gifts from './gifts/routes.ts'
import overview from './overview/routes.ts'
import plan from './plan/routes.ts'
import privacy from './privacy/routes.ts'
import profile from './profile-routes.ts'
import reports from './report-routes.ts'
import secondFactor from './second-factor-routes.ts'
import security from './security/routes.ts'
import sessions from './sessions/routes.ts'
import subscription from './subscription-routes.ts'

/** A person's own pages, under /account. Every one of them is about the person who is signed in. */
const routes: FastifyPluginAsyncTypebox<Account> = async (app, account) => {
  app.addHook('preHandler', requireUser)
  const given = { ...account, prefix: '/account' }
  await app.register(overview, given)
  await app.register(subscription, given)
  await app.register(plan, given)
  await app.register(autopay, given)
  await app.register(profile, given)
  await app.register(company, given)
  await app.register(gifts, given)
  await app.register(security, given)
  await app.register(secondFactor, given)
  await app.register(sessions, given)
  await app.register(apiKeys, given)
  await app.register(reports, given)
  await app.register(alerts, given)
  await app.register(privacy, given)
  await app.register(data, given)
}
export default routes
