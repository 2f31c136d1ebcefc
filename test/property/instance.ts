import { buildApp } from '../../src/app.ts'
import { openCheckout, startOver } from '../../src/checkout/opening.ts'
import { settle } from '../../src/checkout/settle.ts'
import type { Deps } from '../../src/deps.ts'
import { cashfree } from '../../src/payments/cashfree.ts'
import { readConfig } from '../../src/platform/config.ts'
import { connect } from '../../src/platform/db.ts'
import { createLog } from '../../src/platform/log.ts'
import { connectMailer } from '../../src/platform/mailer.ts'
import { refundPayment } from '../../src/refunds/refunds.ts'
import { jobsOf } from '../../src/tasks/jobs.ts'
import { insertUser } from '../../src/users/queries.ts'
import type { User } from '../../src/users/users.ts'
import { keys } from '../support/app.ts'

export type Instance = Awaited<ReturnType<typeof openInstance>>

/**
 * One process of the product, as far as its own memory goes: imported anew (vi.resetModules) for every instance, so that
 * two of them share a database and nothing else. Doors that need no HTTP are called directly, which is ten times faster.
 */
export async function openInstance({ databaseUrl, apiBase }: { databaseUrl: string; apiBase: string }) {
  const config = readConfig({
    HOST: '127.0.0.1',
    BASE_URL: 'http://localhost:3000',
    DATABASE_URL: databaseUrl,
    CASHFREE_CLIENT_ID: keys.clientId,
    CASHFREE_CLIENT_SECRET: keys.clientSecret,
    API_BASE: apiBase,
    SMTP_SERVER: '127.0.0.1',
    SMTP_PORT: '1',
    SENDER_EMAIL: 'receipts@example.in',
    RATE_LIMIT_SCALE: '1000000',
    RECONCILE_MIN_AGE_MS: '0',
    CASHFREE_TIMEOUT_MS: '1000',
    LOG_LEVEL: 'silent',
  })
  const sql = connect(databaseUrl, { max: 4 })
  const gateway = cashfree({ ...config.cashfree, ...config.cashfree.credentials! })
  const deps: Deps = { config, sql, gateway, log: createLog('silent'), wake: () => {} }
  const mailer = connectMailer({ ...config.smtp, host: config.smtp.host!, senderName: config.seller.name })
  const jobs = jobsOf(deps, mailer)
  const app = await buildApp({ deps, sessionKeys: [Buffer.alloc(32, 7)] })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    insertUser: (user: Parameters<typeof insertUser>[1]) => insertUser(sql, user),
    open: (user: User, plan: string) => openCheckout(deps, user, plan),
    startOver: (user: User, plan: string) => startOver(deps, user, plan),
    look: (orderId: string, actor: 'return' | 'poll') => settle(deps, orderId, actor),
    refund: (request: Parameters<typeof refundPayment>[1]) => refundPayment(deps, request),
    run: (name: string) => jobs.find((job) => job.name === name)!.run(),
    close: async () => {
      await app.close()
      mailer.close()
      await sql.end({ timeout: 2 })
    },
  }
}
