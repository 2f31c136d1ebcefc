import type { BillingServices, Gateway } from '../../../src/billing/payments/gateway.ts'
import { jobsOf } from '../../../src/operations/jobs/jobs.ts'
import { readConfig } from '../../../src/platform/config.ts'
import { connect } from '../../../src/platform/db.ts'
import { createLog } from '../../../src/platform/log.ts'
import { mailerOf } from '../../../src/platform/mailer.ts'

// A process of its own that queues and delivers once, to be killed while it does.
const config = readConfig(process.env)
const sql = connect(config.database.url!, { max: 5 })
const mailer = mailerOf(config)
const services: BillingServices = { config, sql, gateway: {} as Gateway, log: createLog('silent'), wake: () => {} }
const jobs = jobsOf(services, mailer)
for (const name of ['queue-reports', 'deliver-mails']) await jobs.find((job) => job.name === name)!.run()
process.exit(0)
