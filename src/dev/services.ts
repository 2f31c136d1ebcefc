import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Config, totpKeysOf } from '../platform/config.ts'
import { root } from '../platform/environment.ts'
import type { Log } from '../platform/log.ts'

/** The stand-ins for services that are not configured, and the settings that point to them. */
export type RunningServices = {
  config: Config
  databaseUrl: string
  sessionKeys: Buffer[]
  mailCatcherUrl: string | null
  sandboxUrl: string | null
  exchangeUrl: string | null
  close(): Promise<void>
}

const sandboxKeys = { clientId: 'TEST_SANDBOX', clientSecret: 'cfsk_ma_test_sandbox_secret' }

/**
 * Starts the embedded database, the Cashfree look-alike, the mail catcher and the exchange look-alike, each unless its real
 * counterpart is configured. In production all are (the settings are refused otherwise), so nothing is started or loaded.
 */
export async function startServices(given: Config, log: Pick<Log, 'info' | 'warn'>): Promise<RunningServices> {
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    for (const closer of closers.reverse()) await closer()
  }
  try {
    const { url, home } = await database(given, closers, log)
    const mail = await mailCatcher(given, home, closers)
    const gateway = await sandbox(given, home, closers)
    const market = await exchange(given, { url, home }, closers)
    const { sessionKeys, totpKeys } = keysOf(given, home)
    return {
      config: { ...given, smtp: mail.smtp, cashfree: gateway.cashfree, prices: market.prices, totpKeys },
      databaseUrl: url,
      sessionKeys,
      mailCatcherUrl: mail.url,
      sandboxUrl: gateway.url,
      exchangeUrl: market.url,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Closers = (() => Promise<void>)[]

async function database(config: Config, closers: Closers, log: Pick<Log, 'info' | 'warn'>) {
  if (config.database.url) return { url: config.database.url, home: config.embedded.dataDir ?? join(root, '.data') }
  const { startPostgres } = await import('./embedded-postgres/postgres.ts')
  const postgres = await startPostgres({
    checkout: root,
    dataDir: config.embedded.dataDir,
    port: config.embedded.postgresPort,
    log: (line) => log.info(line),
    warn: (line) => log.warn(line),
  })
  closers.push(() => postgres.stop())
  return { url: postgres.url, home: dirname(postgres.dataDir) }
}

async function mailCatcher(config: Config, home: string, closers: Closers) {
  if (config.smtp.host) return { smtp: config.smtp, url: null }
  const { mailboxSmtpPort: smtpPort, mailboxPort: webPort } = config.embedded
  const { startMailCatcher } = await import('./mail-catcher/mail-catcher.ts')
  const catcher = await startMailCatcher({
    host: '127.0.0.1',
    smtpPort,
    webPort,
    names: [new URL(config.baseUrl).hostname],
    dir: join(home, 'mails'),
  })
  closers.push(() => catcher.close())
  return { smtp: { ...config.smtp, host: '127.0.0.1', port: catcher.smtpPort, password: '' }, url: catcher.webUrl }
}

/** The server calls the look-alike on loopback; browsers reach it under the site's own host name. */
async function sandbox(config: Config, home: string, closers: Closers) {
  if (config.cashfree.credentials) return { cashfree: config.cashfree, url: null }
  const host = new URL(config.baseUrl).hostname
  const reachable = host === 'localhost' || host === '127.0.0.1' ? 'localhost' : config.host
  const { startSandbox } = await import('./cashfree-sandbox/sandbox.ts')
  const { onlyOwnBrowser } = await import('./local-browser.ts')
  const running = await startSandbox({
    host: reachable,
    port: config.embedded.sandboxPort,
    publicUrl: `http://${host}:${config.embedded.sandboxPort}`,
    webhookUrl: config.embedded.sandboxWebhookUrl,
    subscriptionWebhookUrl: config.embedded.sandboxSubscriptionWebhookUrl,
    stateFile: join(home, 'sandbox.json'),
    protect: onlyOwnBrowser,
    ...sandboxKeys,
  })
  closers.push(() => running.close())
  const cashfree: Config['cashfree'] = {
    ...config.cashfree,
    credentials: {
      ...sandboxKeys,
      webhookSecrets: [sandboxKeys.clientSecret],
      autopaySecrets: [sandboxKeys.clientSecret],
    },
    env: 'sandbox',
    apiBase: `http://127.0.0.1:${running.port}/pg`,
    checkoutBase: `${running.publicUrl}/pg`,
    jsUrl: `${running.publicUrl}/js/v3/cashfree.js`,
  }
  return { cashfree, url: running.publicUrl }
}

/** Invented prices come from the exchange look-alike where nothing says whence real ones do, unless all else is configured. */
async function exchange(config: Config, { url, home }: { url: string; home: string }, closers: Closers) {
  if (config.prices.source !== null) return { prices: config.prices, url: null }
  if (config.database.url && config.cashfree.credentials && config.smtp.host)
    return { prices: { ...config.prices, source: 'off' as const }, url: null }
  const { startExchange } = await import('./exchange/exchange.ts')
  const { listingOf } = await import('./exchange/listing.ts')
  const { onlyOwnBrowser } = await import('./local-browser.ts')
  const { connect } = await import('../platform/db.ts')
  const sql = connect(url, { max: 1, name: 'etf-exchange' })
  closers.push(() => sql.end({ timeout: 5 }))
  const start = (port: number) =>
    startExchange({
      host: '127.0.0.1',
      port,
      listed: () => listingOf(sql),
      stateFile: join(home, 'exchange.json'),
      protect: onlyOwnBrowser,
    })
  // Another demo on this machine may have the usual port; nobody has to know this one, so any will do.
  const running = await start(config.embedded.exchangePort ?? 3003).catch((error) => {
    if (config.embedded.exchangePort !== null || error.code !== 'EADDRINUSE') throw error
    return start(0)
  })
  closers.push(() => running.close())
  const prices = { ...config.prices, source: 'archive' as const, archiveUrls: running.archiveUrls, invented: true }
  return { prices, url: `http://localhost:${running.port}` }
}

/** The configured session keys, or else the one in the data folder (made when missing), with the second-factor keys. */
export function keysOf(given: Config, home: string): { sessionKeys: Buffer[]; totpKeys: Buffer[] } {
  if (given.sessionKeys.length > 0) return { sessionKeys: given.sessionKeys, totpKeys: given.totpKeys }
  const sessionKeys = [ownKey(home)]
  return { sessionKeys, totpKeys: [...given.totpKeys, ...totpKeysOf(sessionKeys)] }
}

/** Without SESSION_KEY a key is made once and stored beside the data, so that a restart logs nobody out. */
function ownKey(home: string): Buffer {
  const file = join(home, 'session-key')
  try {
    return readFileSync(file)
  } catch {
    mkdirSync(home, { recursive: true })
    const key = randomBytes(32)
    writeFileSync(file, key, { mode: 0o600, flag: 'wx' })
    return key
  }
}

/**
 * Runs the work with the address of DATABASE_URL's server or else the embedded one, which is started for the time of
 * the work unless it runs. `home` is the data folder of the embedded parts.
 */
export async function withDatabase<T>(config: Config, work: (url: string, home: string) => Promise<T>): Promise<T> {
  if (config.database.url) return work(config.database.url, config.embedded.dataDir ?? join(root, '.data'))
  const { startPostgres } = await import('./embedded-postgres/postgres.ts')
  const postgres = await startPostgres({
    checkout: root,
    dataDir: config.embedded.dataDir,
    port: config.embedded.postgresPort,
  })
  try {
    return await work(postgres.url, dirname(postgres.dataDir))
  } finally {
    await postgres.stop()
  }
}
