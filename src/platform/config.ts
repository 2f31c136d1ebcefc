import { isIP } from 'node:net'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { keyFor } from './encryption.ts'

const Text = Type.String({ minLength: 1 })
const Whole = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum })
const Optional = Type.Optional(Text)

/** Every variable the product reads. `.env.production.example` explains each one. */
const Environment = Type.Object({
  NODE_ENV: Type.String({ default: 'development' }),
  HOST: Optional,
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3000 }),
  BASE_URL: Optional,
  DATABASE_URL: Optional,
  DB_POOL_MAX: Type.Integer({ minimum: 1, maximum: 200, default: 10 }),
  EMBEDDED_DATA_DIR: Optional,
  EMBEDDED_POSTGRES_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 0 }),
  CASHFREE_CLIENT_ID: Optional,
  CASHFREE_CLIENT_SECRET: Optional,
  CASHFREE_ENV: Type.Enum(['sandbox', 'production'], { default: 'sandbox' }),
  API_BASE: Optional,
  CASHFREE_JS_URL: Optional,
  CASHFREE_WEBHOOK_SECRETS: Optional,
  CASHFREE_TIMEOUT_MS: Type.Integer({ minimum: 100, maximum: 60_000, default: 4_000 }),
  SANDBOX_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3001 }),
  SANDBOX_WEBHOOK_URL: Optional,
  SMTP_SERVER: Optional,
  SMTP_PORT: Type.Optional(Whole(1, 65535)),
  SENDER_EMAIL: Optional,
  SENDER_PASSWORD: Type.String({ default: '' }),
  MAILBOX_SMTP_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3025 }),
  MAILBOX_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3002 }),
  ALERT_EMAIL: Optional,
  SESSION_KEY: Optional,
  TOTP_KEY: Optional,
  CORS_ORIGINS: Optional,
  TRUST_PROXY: Optional,
  LOG_LEVEL: Type.Optional(Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])),
  RECONCILE_INTERVAL_MS: Type.Integer({ minimum: 100, maximum: 3_600_000, default: 30_000 }),
  RECONCILE_MIN_AGE_MS: Type.Integer({ minimum: 0, maximum: 86_400_000, default: 60_000 }),
  WEBHOOK_MAX_AGE_S: Type.Integer({ minimum: 1, maximum: 31_536_000, default: 172_800 }),
  SHUTDOWN_GRACE_MS: Type.Integer({ minimum: 100, maximum: 600_000, default: 10_000 }),
  SHUTDOWN_DRAIN_MS: Type.Optional(Whole(0, 600_000)),
  PAYMENTS_LOG: Optional,
  METRICS_TOKEN: Type.Optional(Type.String({ minLength: 16 })),
  BACKUP_DIR: Optional,
  PG_DUMP: Optional,
  RATE_LIMIT_SCALE: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 })),
  SELLER_NAME: Type.String({ default: "D's Sector ETF RS Analyzer" }),
  SELLER_ADDRESS: Type.String({ default: '' }),
  SELLER_EMAIL: Optional,
  SELLER_PHONE: Type.String({ default: '' }),
  SELLER_STATE: Type.String({ pattern: '^[0-9]{2}$', default: '27' }),
  SELLER_GSTIN: Type.String({ pattern: '^([0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z])?$', default: '' }),
  SELLER_SAC: Type.String({ pattern: '^[0-9]{6}$', default: '997331' }),
})
type Environment = Static<typeof Environment>

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

export type Config = Readonly<{
  production: boolean
  host: string
  port: number
  /** Origin people type, without a trailing slash; every link in a page or mail starts with it. */
  baseUrl: string
  https: boolean
  /** `null` in any of the next three: not configured, so the embedded part stands in. */
  database: { url: string | null; poolMax: number }
  cashfree: {
    credentials: { clientId: string; clientSecret: string; webhookSecrets: string[] } | null
    env: 'sandbox' | 'production'
    /** API base including /pg, as the server calls it. */
    apiBase: string
    /** The same base as the payer's browser reaches it; differs only for the embedded look-alike. */
    checkoutBase: string
    jsUrl: string
    timeoutMs: number
  }
  smtp: { host: string | null; port: number; sender: string; password: string }
  /** Who is told of incidents and undeliverable mails; null: nobody. */
  alertEmail: string | null
  embedded: {
    dataDir: string | null
    postgresPort: number
    sandboxPort: number
    sandboxWebhookUrl: string
    mailboxSmtpPort: number
    mailboxPort: number
  }
  /** 32-byte keys, newest first; empty: a key is generated and kept beside the embedded data. */
  sessionKeys: Buffer[]
  /**
   * Keys that open administrators' second factors; the first seals. After those of TOTP_KEY come those made of the session
   * keys, which sealed what was set up before TOTP_KEY was set.
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
  seller: Seller
}>

/** All that is wrong with the settings, at once, so that an operator mends them in one go. */
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
  const { env, problems } = parse(source)
  const production = env.NODE_ENV === 'production'
  const baseUrl = (env.BASE_URL ?? `http://localhost:${env.PORT}`).replace(/\/+$/, '')
  const sessionKeys = keys('SESSION_KEY', env.SESSION_KEY, problems)
  const totpKeys = keys('TOTP_KEY', env.TOTP_KEY, problems)
  checkPairs(env, baseUrl, production, problems)
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze({
    production,
    host: env.HOST ?? (production ? '0.0.0.0' : 'localhost'),
    port: env.PORT,
    baseUrl,
    https: baseUrl.startsWith('https://'),
    database: { url: env.DATABASE_URL ?? null, poolMax: env.DB_POOL_MAX },
    cashfree: cashfreeOf(env),
    smtp: {
      host: env.SMTP_SERVER ?? null,
      port: env.SMTP_PORT ?? 587,
      sender: env.SENDER_EMAIL ?? `receipts@${new URL(baseUrl).hostname}`,
      password: env.SENDER_PASSWORD,
    },
    alertEmail: env.ALERT_EMAIL ?? null,
    embedded: {
      dataDir: env.EMBEDDED_DATA_DIR ?? null,
      postgresPort: env.EMBEDDED_POSTGRES_PORT,
      sandboxPort: env.SANDBOX_PORT,
      sandboxWebhookUrl: env.SANDBOX_WEBHOOK_URL ?? `http://127.0.0.1:${env.PORT}/webhooks/cashfree`,
      mailboxSmtpPort: env.MAILBOX_SMTP_PORT,
      mailboxPort: env.MAILBOX_PORT,
    },
    sessionKeys,
    totpKeys: [...totpKeys, ...totpKeysOf(sessionKeys)],
    corsOrigins: list(env.CORS_ORIGINS ?? ''),
    trustProxy: env.TRUST_PROXY ? list(env.TRUST_PROXY) : false,
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
    seller: {
      name: env.SELLER_NAME,
      address: env.SELLER_ADDRESS,
      email: env.SELLER_EMAIL ?? env.SENDER_EMAIL ?? `help@${new URL(baseUrl).hostname}`,
      phone: env.SELLER_PHONE,
      stateCode: env.SELLER_GSTIN ? env.SELLER_GSTIN.slice(0, 2) : env.SELLER_STATE,
      gstin: env.SELLER_GSTIN,
      sac: env.SELLER_SAC,
    },
  })
}

/** Empty values count as not set: `.env` files are full of `NAME=`. */
function parse(source: Record<string, string | undefined>): { env: Environment; problems: string[] } {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''))
  const env = Value.Convert(Environment, Value.Default(Environment, Value.Clean(Environment, given)))
  const problems = Value.Errors(Environment, env).map((error) => {
    const name = error.instancePath.slice(1)
    return `${name}: ${error.message}`
  })
  return { env: env as Environment, problems: [...new Set(problems)] }
}

function checkPairs(env: Environment, baseUrl: string, production: boolean, problems: string[]) {
  const urls: [string, string | undefined][] = [
    ['BASE_URL', baseUrl],
    ['API_BASE', env.API_BASE],
    ['CASHFREE_JS_URL', env.CASHFREE_JS_URL],
    ['SANDBOX_WEBHOOK_URL', env.SANDBOX_WEBHOOK_URL],
  ]
  for (const [name, url] of urls)
    if (url !== undefined && !(/^https?:\/\/[^/]/.test(url) && URL.canParse(url)))
      problems.push(`${name}: must be an http(s) address`)
  if (/^https?:\/\/[^/]+\/./.test(baseUrl)) problems.push('BASE_URL: must be an origin without a path')
  if (!!env.CASHFREE_CLIENT_ID !== !!env.CASHFREE_CLIENT_SECRET)
    problems.push('CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET: set both, or neither')
  for (const origin of list(env.CORS_ORIGINS ?? ''))
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      problems.push('CORS_ORIGINS: must be origins without a path, like https://app.example.in')
  if (env.CASHFREE_WEBHOOK_SECRETS && list(env.CASHFREE_WEBHOOK_SECRETS).length === 0)
    problems.push('CASHFREE_WEBHOOK_SECRETS: names no secret, so that every webhook would be refused')
  if (!list(env.TRUST_PROXY ?? '').every(isNetwork))
    problems.push('TRUST_PROXY: must be addresses or networks, like 10.0.0.0/8, or "loopback"')
  if (env.SHUTDOWN_DRAIN_MS !== undefined && env.SHUTDOWN_DRAIN_MS + closingMs > env.SHUTDOWN_GRACE_MS)
    problems.push(
      `SHUTDOWN_DRAIN_MS: must leave ${closingMs} of SHUTDOWN_GRACE_MS, which bounds the whole, for closing`,
    )
  if (!production) return

  for (const name of [
    'DATABASE_URL',
    'CASHFREE_CLIENT_ID',
    'CASHFREE_CLIENT_SECRET',
    'SMTP_SERVER',
    'SENDER_EMAIL',
    'BASE_URL',
    'SESSION_KEY',
  ] as const)
    if (!env[name]) problems.push(`${name}: required with NODE_ENV=production`)
  if (env.BASE_URL && !baseUrl.startsWith('https://')) problems.push('BASE_URL: must start with https:// in production')
  if (env.RATE_LIMIT_SCALE !== undefined) problems.push('RATE_LIMIT_SCALE: only for tests; remove it in production')
}

/** What a process needs, after it has stopped to let anybody in, to answer what is under way and to put things away. */
const closingMs = 2_000

/** Half of the time by default: five seconds. Nobody stands in front of a process in development. */
function drainOf({ NODE_ENV, SHUTDOWN_DRAIN_MS, SHUTDOWN_GRACE_MS }: Environment): number {
  return SHUTDOWN_DRAIN_MS ?? (NODE_ENV === 'production' ? SHUTDOWN_GRACE_MS / 2 : 0)
}

/** One switch decides API host and script mode together, so that a session never meets the other environment. */
function cashfreeOf(env: Environment): Config['cashfree'] {
  const host = env.CASHFREE_ENV === 'production' ? 'https://api.cashfree.com/pg' : 'https://sandbox.cashfree.com/pg'
  const apiBase = (env.API_BASE ?? host).replace(/\/+$/, '')
  const credentials =
    env.CASHFREE_CLIENT_ID && env.CASHFREE_CLIENT_SECRET
      ? {
          clientId: env.CASHFREE_CLIENT_ID,
          clientSecret: env.CASHFREE_CLIENT_SECRET,
          webhookSecrets: env.CASHFREE_WEBHOOK_SECRETS
            ? list(env.CASHFREE_WEBHOOK_SECRETS)
            : [env.CASHFREE_CLIENT_SECRET],
        }
      : null
  return {
    credentials,
    env: env.CASHFREE_ENV,
    apiBase,
    checkoutBase: apiBase,
    jsUrl: env.CASHFREE_JS_URL ?? 'https://sdk.cashfree.com/js/v3/cashfree.js',
    timeoutMs: env.CASHFREE_TIMEOUT_MS,
  }
}

/** What seals second factors where no key of their own is set, and opens what was sealed so: one made of each session key. */
export function totpKeysOf(sessionKeys: readonly Buffer[]): Buffer[] {
  return sessionKeys.map((key) => keyFor('second factors', key))
}

function keys(name: string, value: string | undefined, problems: string[]): Buffer[] {
  if (!value) return []
  const texts = list(value)
  // What a script makes of two values that are not set; a key of our own in its place would be lost with this machine.
  if (texts.length === 0) problems.push(`${name}: names no key`)
  return texts.map((text) => {
    const key = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')
    if (key.length !== 32) problems.push(`${name}: each key must be 32 bytes, as hex or base64`)
    return key
  })
}

/** An address, a network in CIDR notation, or one of the names that Fastify knows. A number or `true` would trust anyone. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const longest = isIP(address) === 4 ? 32 : 128
  const narrowed = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)
  return /^(loopback|linklocal|uniquelocal)$/.test(text) || (isIP(address) !== 0 && narrowed && more.length === 0)
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}
