import { withPooler } from './database-address.ts'
import { keyFor } from './encryption.ts'
import { checkEnvironment } from './env-checks.ts'
import { type Environment, keysIn, listIn, parseEnvironment } from './env-schema.ts'

/** Who issues the receipts. Without a GSTIN they are plain receipts that do not mention GST. */
export type Seller = {
  name: string
  address: string
  email: string
  phone: string
  stateCode: string
  gstin: string
  sac: string
}

/** What a process does: pages and webhooks (`web`), jobs (`worker`), or both (`all`). */
export type Role = 'all' | 'web' | 'worker'

export type Config = Readonly<{
  production: boolean
  role: Role
  host: string
  port: number
  /** Origin people type, without a trailing slash; every link in a page or mail starts with it. */
  baseUrl: string
  https: boolean
  /** `null` in any of the next three: not configured, so the embedded counterpart is started. */
  database: { url: string | null; poolMax: number }
  cashfree: {
    /** `autopaySecrets` sign what Cashfree says of mandates: webhooks of their own tab, and the form of the return. */
    credentials: { clientId: string; clientSecret: string; webhookSecrets: string[]; autopaySecrets: string[] } | null
    /** Whether people may pay by a mandate (UPI Autopay): Cashfree has to switch that on for the account. */
    autopay: boolean
    env: 'sandbox' | 'production'
    /** API base including /pg, as the server calls it. */
    apiBase: string
    /** The same base as the payer's browser reaches it; differs only for the embedded sandbox. */
    checkoutBase: string
    jsUrl: string
    timeoutMs: number
  }
  smtp: { host: string | null; port: number; sender: string; password: string }
  /** How fast mails leave: a limit for all processes together (null: none), and each one's connections to the mail server. */
  mail: {
    perSecond: number | null
    connections: number
    /** Whether a report's picture comes with it, or is fetched from us when it is looked at. */
    pictures: 'attached' | 'linked'
    /** By which a mail provider that reports bounces is known; empty: none may. */
    webhookSecrets: string[]
  }
  /** Who is notified of incidents and undeliverable mails; null: nobody. */
  alertEmail: string | null
  prices: {
    /** Where prices come from by themselves; null: not configured, so that a demo fetches from the exchange look-alike. */
    source: 'off' | 'archive' | 'folder' | null
    /** Addresses of a day's file, with tokens for its date, the likeliest first; empty: NSE's. */
    archiveUrls: string[]
    folder: string | null
    /** The operator says to have the exchange's licence to display its prices. */
    licenceAcknowledged: boolean
    /** Prices of the exchange look-alike: labelled as a sample wherever they are seen. */
    invented: boolean
    /** Nothing is sold without present prices. */
    requiredForCheckout: boolean
  }
  embedded: {
    dataDir: string | null
    postgresPort: number
    sandboxPort: number
    sandboxWebhookUrl: string
    sandboxSubscriptionWebhookUrl: string
    mailboxSmtpPort: number
    mailboxPort: number
    /** Null: 3003, or any free one. */
    exchangePort: number | null
  }
  /** 32-byte keys, newest first; empty: a key is generated and kept beside the embedded data. */
  sessionKeys: Buffer[]
  /**
   * Keys that decrypt administrators' second factors; the first encrypts. After those of TOTP_KEY come those derived from the
   * session keys, with which everything set up before TOTP_KEY was encrypted.
   */
  totpKeys: Buffer[]
  /** Origins whose scripts may call the JSON API with a person's cookie; empty: none. */
  corsOrigins: string[]
  trustProxy: string[] | false
  logLevel: string
  reconcile: { intervalMs: number; minAgeMs: number }
  webhookMaxAgeS: number
  shutdownGraceMs: number
  /** How long to go on serving while /readyz already says no; a part of `shutdownGraceMs`. */
  shutdownDrainMs: number
  rateLimitScale: number
  /** What operators set: where payment events are kept, who may read the metrics, where backups go. */
  operations: {
    paymentsLog: string | null
    metricsToken: string | null
    backupDir: string | null
    pgDump: string | null
  }
  /** Days of access after a period has ended; the database knows it too (keepGraceDays). */
  graceDays: number
  seller: Seller
  /** The person who runs the site, shown to visitors; without a name nobody is shown. `photo`: a file, or an address on this site. */
  owner: { name: string; about: string; photo: string }
  /** Who answers complaints; without a name, pages say “our grievance officer”. */
  grievanceOfficer: { name: string; designation: string; phone: string; email: string }
  /** SEBI Research Analyst registration, when the operator has one. */
  raNumber: string | null
}>

/** Everything that is wrong with the settings, at once, so that an operator corrects it in one go. */
export class ConfigError extends Error {
  readonly problems: string[]
  constructor(problems: string[]) {
    super(`These settings need attention:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Reads the environment into a typed Config. Throws ConfigError with every problem; never prints a value. */
export function readConfig(source: Record<string, string | undefined>): Config {
  const { env, problems } = parseEnvironment(source)
  const production = env.NODE_ENV === 'production'
  const baseUrl = (env.BASE_URL ?? `http://localhost:${env.PORT}`).replace(/\/+$/, '')
  problems.push(...checkEnvironment(env, baseUrl))
  if (problems.length > 0) throw new ConfigError(problems)
  const sessionKeys = keysIn(env.SESSION_KEY)
  const sellerEmail = env.SELLER_EMAIL ?? env.SENDER_EMAIL ?? `help@${new URL(baseUrl).hostname}`
  return Object.freeze({
    production,
    role: env.ROLE,
    host: env.HOST ?? (production ? '0.0.0.0' : 'localhost'),
    port: env.PORT,
    baseUrl,
    https: baseUrl.startsWith('https://'),
    database: { url: databaseUrlOf(env), poolMax: env.DB_POOL_MAX },
    cashfree: cashfreeOf(env),
    smtp: {
      host: env.SMTP_SERVER ?? null,
      port: env.SMTP_PORT ?? 587,
      sender: env.SENDER_EMAIL ?? `receipts@${new URL(baseUrl).hostname}`,
      password: env.SENDER_PASSWORD,
    },
    mail: {
      perSecond: env.MAIL_PER_SECOND ?? null,
      connections: env.MAIL_CONNECTIONS,
      pictures: env.MAIL_PICTURES,
      webhookSecrets: listIn(env.MAIL_WEBHOOK_SECRETS),
    },
    alertEmail: env.ALERT_EMAIL ?? null,
    prices: {
      source: env.PRICE_SOURCE ?? (production ? 'off' : null),
      archiveUrls: listIn(env.PRICE_ARCHIVE_URL),
      folder: env.PRICE_FOLDER ?? null,
      licenceAcknowledged: env.PRICE_LICENCE === 'acknowledged',
      invented: false,
      requiredForCheckout: (env.CHECKOUT_REQUIRES_PRICES ?? String(production)) === 'true',
    },
    embedded: {
      dataDir: env.EMBEDDED_DATA_DIR ?? null,
      postgresPort: env.EMBEDDED_POSTGRES_PORT,
      sandboxPort: env.SANDBOX_PORT,
      sandboxWebhookUrl: env.SANDBOX_WEBHOOK_URL ?? `http://127.0.0.1:${env.PORT}/webhooks/cashfree`,
      sandboxSubscriptionWebhookUrl:
        env.SANDBOX_SUBSCRIPTION_WEBHOOK_URL ?? `http://127.0.0.1:${env.PORT}/webhooks/cashfree-subscriptions`,
      mailboxSmtpPort: env.MAILBOX_SMTP_PORT,
      mailboxPort: env.MAILBOX_PORT,
      exchangePort: env.EXCHANGE_PORT ?? null,
    },
    sessionKeys,
    totpKeys: [...keysIn(env.TOTP_KEY), ...totpKeysOf(sessionKeys)],
    corsOrigins: listIn(env.CORS_ORIGINS),
    trustProxy: env.TRUST_PROXY ? listIn(env.TRUST_PROXY) : false,
    logLevel: env.LOG_LEVEL ?? (production ? 'info' : 'warn'),
    reconcile: { intervalMs: env.RECONCILE_INTERVAL_MS, minAgeMs: env.RECONCILE_MIN_AGE_MS },
    webhookMaxAgeS: env.WEBHOOK_MAX_AGE_S,
    shutdownGraceMs: env.SHUTDOWN_GRACE_MS,
    shutdownDrainMs: drainOf(env),
    rateLimitScale: env.RATE_LIMIT_SCALE ?? 1,
    operations: {
      paymentsLog: env.PAYMENTS_LOG ?? null,
      metricsToken: env.METRICS_TOKEN ?? null,
      backupDir: env.BACKUP_DIR ?? null,
      pgDump: env.PG_DUMP ?? null,
    },
    graceDays: env.GRACE_DAYS,
    seller: {
      name: env.SELLER_NAME,
      address: env.SELLER_ADDRESS,
      email: sellerEmail,
      phone: env.SELLER_PHONE,
      stateCode: env.SELLER_GSTIN ? env.SELLER_GSTIN.slice(0, 2) : env.SELLER_STATE,
      gstin: env.SELLER_GSTIN,
      sac: env.SELLER_SAC,
    },
    owner: { name: env.OWNER_NAME, about: env.OWNER_ABOUT, photo: env.OWNER_PHOTO },
    grievanceOfficer: {
      name: env.GRIEVANCE_OFFICER_NAME,
      designation: env.GRIEVANCE_OFFICER_DESIGNATION,
      phone: env.GRIEVANCE_OFFICER_PHONE,
      email: env.GRIEVANCE_OFFICER_EMAIL ?? sellerEmail,
    },
    raNumber: env.RA_NUMBER || null,
  })
}

/** What stands in between is a part of the address, so that whoever connects knows of it. */
function databaseUrlOf({ DATABASE_URL, DB_POOLER }: Environment): string | null {
  return DATABASE_URL && DB_POOLER === 'transaction' ? withPooler(DATABASE_URL) : (DATABASE_URL ?? null)
}

/** Half of the time by default: five seconds. In development no proxy stands in front of a process. */
function drainOf({ NODE_ENV, SHUTDOWN_DRAIN_MS, SHUTDOWN_GRACE_MS }: Environment): number {
  return SHUTDOWN_DRAIN_MS ?? (NODE_ENV === 'production' ? SHUTDOWN_GRACE_MS / 2 : 0)
}

/** One switch decides API host and script mode together, so that a session never meets the other environment. */
function cashfreeOf(env: Environment): Config['cashfree'] {
  const host = env.CASHFREE_ENV === 'production' ? 'https://api.cashfree.com/pg' : 'https://sandbox.cashfree.com/pg'
  const apiBase = (env.API_BASE ?? host).replace(/\/+$/, '')
  const secretsIn = (list: string | undefined, secret: string) => (list ? listIn(list) : [secret])
  const credentials =
    env.CASHFREE_CLIENT_ID && env.CASHFREE_CLIENT_SECRET
      ? {
          clientId: env.CASHFREE_CLIENT_ID,
          clientSecret: env.CASHFREE_CLIENT_SECRET,
          webhookSecrets: secretsIn(env.CASHFREE_WEBHOOK_SECRETS, env.CASHFREE_CLIENT_SECRET),
          autopaySecrets: secretsIn(env.CASHFREE_SUBSCRIPTION_SECRETS, env.CASHFREE_CLIENT_SECRET),
        }
      : null
  return {
    credentials,
    // The look-alike, which takes the place of an account, has them switched on.
    autopay: (env.CASHFREE_SUBSCRIPTIONS ?? (credentials ? 'off' : 'on')) === 'on',
    env: env.CASHFREE_ENV,
    apiBase,
    checkoutBase: apiBase,
    jsUrl: env.CASHFREE_JS_URL ?? 'https://sdk.cashfree.com/js/v3/cashfree.js',
    timeoutMs: env.CASHFREE_TIMEOUT_MS,
  }
}

/** One key per session key, for second factors where TOTP_KEY is not set. */
export function totpKeysOf(sessionKeys: readonly Buffer[]): Buffer[] {
  return sessionKeys.map((key) => keyFor('second factors', key))
}
