import type { BillingServices, Gateway } from '../../billing/payments/gateway.ts'
import { jobsOf } from '../../operations/jobs/jobs.ts'
import { readConfig } from '../../platform/config.ts'
import { connect } from '../../platform/db.ts'
import { createLog } from '../../platform/log.ts'
import { mailerOf } from '../../platform/mailer.ts'
import { ready } from './child.ts'

// A process of its own that runs a job as the app does; it is killed while it runs.
process.on('message', async ({ databaseUrl, smtp, job }: { databaseUrl: string; smtp: number; job: string }) => {
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    CASHFREE_CLIENT_ID: 'TEST_bench',
    CASHFREE_CLIENT_SECRET: 'cfsk_bench',
    SMTP_SERVER: '127.0.0.1',
    SMTP_PORT: String(smtp),
    SENDER_EMAIL: 'reports@example.in',
    SESSION_KEY: 'ab'.repeat(32),
  })
  const sql = connect(databaseUrl, { max: 10, name: 'etf-bench-reports' })
  const mailer = mailerOf(config)
  const services: BillingServices = { config, sql, gateway: {} as Gateway, log: createLog('silent'), wake: () => {} }
  await jobsOf(services, mailer)
    .find(({ name }) => name === job)!
    .run()
  mailer.close()
  await sql.end({ timeout: 5 })
  process.send!('done')
})
ready('ready')
