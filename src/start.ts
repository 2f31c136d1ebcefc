import { setTimeout as pause } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { buildApp, buildWorkerApp } from './app.ts'
import { isAutopayInUse } from './billing/mandates/in-use.ts'
import { callPermits } from './billing/payments/call-permits.ts'
import { cashfree } from './billing/payments/cashfree.ts'
import type { BillingServices } from './billing/payments/gateway.ts'
import { keepGraceDays } from './billing/subscriptions/queries.ts'
import { banner } from './dev/banner.ts'
import { seedDemo, seedMarket } from './dev/demo.ts'
import { startServices } from './dev/services.ts'
import { reencryptSecrets } from './identity/second-factor/encrypted-secrets.ts'
import { pricesToSell } from './market/prices/on-sale.ts'
import { missingOfSeller } from './operations/doctor/settings.ts'
import { recordJobRuns } from './operations/jobs/job-runs.ts'
import { jobsOf } from './operations/jobs/jobs.ts'
import { instrumentPool } from './operations/observability/instrumented-pool.ts'
import { createMetrics } from './operations/observability/metrics.ts'
import { appendFile } from './platform/append-file.ts'
import { dayInIndia } from './platform/dates.ts'
import { connect } from './platform/db.ts'
import { readSettings } from './platform/environment.ts'
import { type Jobs, openQueue, startJobs } from './platform/jobs.ts'
import { createLog } from './platform/log.ts'
import { mailerOf } from './platform/mailer.ts'
import { prepareDatabase } from './platform/migrate.ts'
import { openPaymentLog } from './platform/payment-log.ts'

const settings = readSettings()
const log = createLog(settings.logLevel)
const say = settings.production ? () => {} : (line: string) => console.log(line)

process.on('unhandledRejection', (error) => {
  log.fatal({ err: error }, 'unhandled rejection')
  process.exit(1)
})
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'uncaught exception')
  process.exit(1)
})

say('▸ starting')
const running = await startServices(settings, log).catch(refuse)
const { config } = running
const { applied, older } = await prepareDatabase(running.databaseUrl).catch(refuse)
if (older) log.warn(`${older.message}; it is left unchanged, and this release runs on it`)
if (applied.length > 0) say(`▸ database brought up to date (${applied.length} migrations)`)

const unknown = config.production ? missingOfSeller(config) : []
if (unknown.length > 0)
  log.warn(`${unknown.join(', ')} not set: receipts and the contact page do not say who sells. See npm run doctor`)

const metrics = createMetrics()
const payments = config.operations.paymentsLog ? appendFile(config.operations.paymentsLog, log) : null
if (payments) openPaymentLog(log, payments)

const sql = instrumentPool(
  connect(running.databaseUrl, { max: config.database.poolMax }),
  config.database.poolMax,
  metrics.registry,
)
const reencrypted = await reencryptSecrets(sql, config.totpKeys).catch(refuse)
if (reencrypted > 0)
  log.info({ event: 'second factors re-encrypted', reencrypted }, 'second factors re-encrypted with the newest key')
if (await keepGraceDays(sql, config.graceDays).catch(refuse))
  log.info(
    { event: 'grace days changed', days: config.graceDays },
    'access goes on for another number of days after its end',
  )
const mailer = mailerOf(config)
const gateway = cashfree({
  ...config.cashfree,
  ...config.cashfree.credentials!,
  permit: callPermits(sql),
  observe: (call) => {
    metrics.gatewayCall(call)
    log.debug({ event: 'gateway call', ...call, ms: Math.round(call.ms) }, 'gateway call')
  },
})
let jobs: Jobs | undefined
let closing = false
const services: BillingServices = {
  config,
  sql,
  gateway,
  log,
  wake: (job) => jobs?.wake(job),
  isOnSale: pricesToSell(sql, config.prices),
}
const demo =
  running.mailCatcherUrl && running.sandboxUrl
    ? { mailboxUrl: running.mailCatcherUrl, consoleUrl: running.sandboxUrl, exchangeUrl: running.exchangeUrl }
    : null
const shared = {
  services,
  jobsReady: () => jobs?.isReady() ?? false,
  metrics,
  isClosing: () => closing,
  isPaymentsLogBroken: () => payments?.isBroken() ?? false,
}
const servesPages = config.role !== 'worker'
const app = servesPages
  ? await buildApp({
      ...shared,
      sessionKeys: running.sessionKeys,
      demo,
      cacheViews: !process.argv.includes('--dev'),
    })
  : await buildWorkerApp(shared)
jobs = config.role === 'web' ? openQueue(running.databaseUrl, log) : await startWorking().catch(refuse)

const admin = settings.production || !servesPages ? null : await seedDemo(sql)
await app.listen({ host: config.host, port: config.port }).catch(refuse)
if (settings.production) log.info({ role: config.role, port: config.port, baseUrl: config.baseUrl }, 'listening')
else say(banner(running, admin))
// The demo's prices, when there are none: after listening, so that the first page does not wait for them.
if (!settings.production && servesPages)
  seedMarket(sql, dayInIndia(new Date())).catch((error) =>
    log.warn({ err: error }, 'the sample prices could not be generated'),
  )

// With a payment log SIGHUP means that the file was rotated; without one it ends the process like any other signal.
if (payments) process.on('SIGHUP', () => payments.reopen())
closeWithGrace({ delay: config.shutdownGraceMs, skip: payments ? ['SIGHUP'] : [] }, async ({ signal, err }) => {
  closing = true
  if (err) log.fatal({ err }, 'closing after an error')
  log.info({ signal }, 'closing')
  if (!err) await pause(config.shutdownDrainMs)
  // At the same time: neither waits for the other, and both need the database.
  const leftMs = config.shutdownGraceMs - config.shutdownDrainMs
  await Promise.all([app.close(), jobs?.stop(Math.min(5_000, leftMs / 2))])
  await sql.end({ timeout: 5 })
  mailer.close()
  await payments?.close()
  await running.close()
})

// `npm start` runs this process under a shell that does not pass signals on: when the shell is gone, npm was stopped. SIGTERM is
// sent once, and not after another signal (Ctrl-C reaches this process, too), because a second one would end it at once.
if (process.env.npm_lifecycle_event) {
  const shell = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === shell && !closing) return
    clearInterval(watch)
    if (!closing) process.kill(process.pid, 'SIGTERM')
  }, 500).unref()
}

async function startWorking(): Promise<Jobs> {
  const autopay = await isAutopayInUse(services)
  const recorded = await recordJobRuns(sql, jobsOf(services, mailer, { autopay }).map(metrics.instrumentJob))
  return startJobs(running.databaseUrl, recorded, log)
}

/** Ends the process with one sentence instead of a stack trace. */
function refuse(error: unknown): never {
  const { message, code, port } = error as Error & { code?: string; port?: number }
  if (code === 'EADDRINUSE')
    console.error(
      `Port ${port ?? settings.port} is taken by another program. Stop it, or choose another one with PORT (or SANDBOX_PORT, MAILBOX_PORT, EXCHANGE_PORT).`,
    )
  else if (code === 'ERR_MODULE_NOT_FOUND')
    console.error(`Could not start: ${message}. Outside production this needs \`npm install\` without --omit=dev.`)
  else console.error(`Could not start: ${message}`)
  log.debug({ err: error }, 'start-up failed')
  process.exit(1)
}
