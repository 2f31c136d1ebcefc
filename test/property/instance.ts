import { deleteAccount } from '../../src/account/data/deletion.ts'
import { settleNow, terminate } from '../../src/admin/orders/actions.ts'
import { setSuspension, signOutEverywhere } from '../../src/admin/subscribers/actions/queries.ts'
import { buildApp } from '../../src/app.ts'
import { findOrCreateOrder, startOver } from '../../src/billing/checkout/create-order.ts'
import { settle } from '../../src/billing/checkout/settle.ts'
import { settleDisputes } from '../../src/billing/disputes/disputes.ts'
import { changePrice, putOnSale, takeOffSale } from '../../src/billing/plans/plans.ts'
import { refundPayment } from '../../src/billing/refunds/refunds.ts'
import { findEnd } from '../../src/billing/subscriptions/queries.ts'
import { cancelSubscription, grantDays } from '../../src/billing/subscriptions/subscriptions.ts'
import { insertUser } from '../../src/identity/registration/queries.ts'
import { startSession } from '../../src/identity/sessions/sessions.ts'
import type { User } from '../../src/identity/users/queries.ts'
import type { Actor } from '../../src/platform/audit-context.ts'
import { resolveIncident } from '../../src/records/incidents/incidents.ts'
import { resendMail } from '../../src/records/mails/mails.ts'
import { environment, servicesWith } from '../support/services.ts'

export type Instance = Awaited<ReturnType<typeof openInstance>>

/**
 * One process of the product, as far as its own memory goes: imported anew (vi.resetModules) for every instance, so that
 * two of them share a database and nothing else. Endpoints that need no HTTP are called directly, which is ten times faster.
 */
export async function openInstance({ databaseUrl, apiBase }: { databaseUrl: string; apiBase: string }) {
  const { config, sql, services, mailer, jobs } = servicesWith(
    {
      ...environment({ databaseUrl, apiBase, smtpPort: 1 }),
      HOST: '127.0.0.1',
      BASE_URL: 'http://localhost:3000',
      RATE_LIMIT_SCALE: '1000000',
      RECONCILE_MIN_AGE_MS: '0',
      CASHFREE_TIMEOUT_MS: '1000',
      LOG_LEVEL: 'silent',
    },
    { poolMax: 4 },
  )
  const app = await buildApp({ services, sessionKeys: config.sessionKeys })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    insertUser: (user: Parameters<typeof insertUser>[1]) => insertUser(sql, user),
    open: (user: User, plan: string) => findOrCreateOrder(services, user, plan),
    startOver: (user: User, plan: string) => startOver(services, user, plan),
    look: async (orderId: string, actor: 'return' | 'poll') => (await settle(services, orderId, actor)).outcome,
    end: (userId: string) => findEnd(sql, userId, 0),
    grant: (grant: Parameters<typeof grantDays>[1], by: Actor) => grantDays(sql, grant, by),
    cancel: (cancellation: Parameters<typeof cancelSubscription>[1], by: Actor) =>
      cancelSubscription(sql, cancellation, by),
    suspend: (userId: string, reason: string | null, by: Actor) => setSuspension(sql, userId, reason, by),
    signOut: (userId: string, by: Actor) => signOutEverywhere(sql, userId, by),
    signIn: (userId: string) => startSession(sql, { id: userId }, { userAgent: 'a browser', address: '203.0.113.7' }),
    deleteAccount: (user: User, form: Parameters<typeof deleteAccount>[2]) => {
      const attempt = { address: '203.0.113.7', browser: '' }
      const session = { user, handle: user.id, secondFactorAt: null, isFresh: false, unconfirmedEmail: null, attempt }
      return deleteAccount(services, session, form, { actor: `user:${user.id}`, origin: null })
    },
    settleNow: (orderId: string, by: Actor) => settleNow(services, orderId, by),
    terminate: (orderId: string, key: string, by: Actor) => terminate(services, orderId, key, by),
    changePrice: (given: Parameters<typeof changePrice>[1]) => changePrice(sql, given),
    takeOffSale: (key: string, by: Actor) => takeOffSale(sql, key, by),
    putOnSale: (key: string, by: Actor) => putOnSale(sql, key, by),
    resend: (mailId: number, given: { by: Actor; copy: number }) => resendMail(sql, mailId, given),
    resolve: (id: number, by: Actor) => resolveIncident(sql, id, { ...by, resolution: 'looked into' }),
    refund: (request: Parameters<typeof refundPayment>[1]) => refundPayment(services, request),
    askAboutDisputes: (orderId: string) => settleDisputes(services, orderId, 'admin'),
    run: (name: string) => jobs.find((job) => job.name === name)!.run(),
    close: async () => {
      await app.close()
      mailer.close()
      await sql.end({ timeout: 2 })
    },
  }
}
