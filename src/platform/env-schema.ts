import { fitTexts, type Static, Type } from './schema.ts'

const Text = Type.String({ minLength: 1 })
const Whole = (minimum: number, maximum: number) => Type.Integer({ minimum, maximum })
const Optional = Type.Optional(Text)

/** What the product is called; receipts are issued under it until SELLER_NAME says another name. */
export const productName = 'D’s Sector ETF RS Analyzer'

/** Every variable the product reads. `.env.production.example` explains each one. */
const Environment = Type.Object({
  NODE_ENV: Type.String({ default: 'development' }),
  ROLE: Type.Enum(['all', 'web', 'worker'], { default: 'all' }),
  HOST: Optional,
  PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3000 }),
  BASE_URL: Optional,
  DATABASE_URL: Optional,
  DB_POOL_MAX: Type.Integer({ minimum: 1, maximum: 200, default: 10 }),
  DB_POOLER: Type.Enum(['off', 'transaction'], { default: 'off' }),
  EMBEDDED_DATA_DIR: Optional,
  EMBEDDED_POSTGRES_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 0 }),
  CASHFREE_CLIENT_ID: Optional,
  CASHFREE_CLIENT_SECRET: Optional,
  CASHFREE_ENV: Type.Enum(['sandbox', 'production'], { default: 'sandbox' }),
  API_BASE: Optional,
  CASHFREE_JS_URL: Optional,
  CASHFREE_WEBHOOK_SECRETS: Optional,
  CASHFREE_SUBSCRIPTIONS: Type.Optional(Type.Enum(['off', 'on'])),
  CASHFREE_SUBSCRIPTION_SECRETS: Optional,
  CASHFREE_TIMEOUT_MS: Type.Integer({ minimum: 100, maximum: 60_000, default: 4_000 }),
  SANDBOX_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3001 }),
  SANDBOX_WEBHOOK_URL: Optional,
  SANDBOX_SUBSCRIPTION_WEBHOOK_URL: Optional,
  SMTP_SERVER: Optional,
  SMTP_PORT: Type.Optional(Whole(1, 65535)),
  SENDER_EMAIL: Optional,
  SENDER_PASSWORD: Type.String({ default: '' }),
  MAIL_PER_SECOND: Type.Optional(Type.Number({ minimum: 0.01, maximum: 10_000 })),
  MAIL_CONNECTIONS: Type.Integer({ minimum: 1, maximum: 200, default: 8 }),
  MAIL_WEBHOOK_SECRETS: Optional,
  MAIL_PICTURES: Type.Enum(['attached', 'linked'], { default: 'attached' }),
  MAILBOX_SMTP_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3025 }),
  MAILBOX_PORT: Type.Integer({ minimum: 0, maximum: 65535, default: 3002 }),
  ALERT_EMAIL: Optional,
  PRICE_SOURCE: Type.Optional(Type.Enum(['off', 'archive', 'folder'])),
  PRICE_ARCHIVE_URL: Optional,
  PRICE_FOLDER: Optional,
  PRICE_LICENCE: Optional,
  CHECKOUT_REQUIRES_PRICES: Type.Optional(Type.Enum(['true', 'false'])),
  EXCHANGE_PORT: Type.Optional(Whole(0, 65535)),
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
  GRACE_DAYS: Type.Integer({ minimum: 0, maximum: 60, default: 3 }),
  SELLER_NAME: Type.String({ default: productName }),
  SELLER_ADDRESS: Type.String({ default: '' }),
  SELLER_EMAIL: Optional,
  SELLER_PHONE: Type.String({ default: '' }),
  SELLER_STATE: Type.String({ pattern: '^[0-9]{2}$', default: '27' }),
  OWNER_NAME: Type.String({ default: '' }),
  OWNER_ABOUT: Type.String({ default: '' }),
  OWNER_PHOTO: Type.String({ default: '' }),
  GRIEVANCE_OFFICER_NAME: Type.String({ default: '' }),
  GRIEVANCE_OFFICER_DESIGNATION: Type.String({ default: 'Grievance officer' }),
  GRIEVANCE_OFFICER_PHONE: Type.String({ default: '' }),
  GRIEVANCE_OFFICER_EMAIL: Optional,
  RA_NUMBER: Type.String({ default: '' }),
  SELLER_GSTIN: Type.String({ default: '' }),
  SELLER_SAC: Type.String({ pattern: '^[0-9]{6}$', default: '997331' }),
})
export type Environment = Static<typeof Environment>

/**
 * The variables as the schema types them, defaults filled in, and a sentence for each that does not fit it. Empty values count as
 * not set, for `.env` files are full of `NAME=`. No sentence holds a value.
 */
export function parseEnvironment(source: Record<string, string | undefined>): { env: Environment; problems: string[] } {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''))
  const problems = fitTexts(Environment, given).map(
    ({ path, message, allowed }) => `${path}: ${allowed ? `must be one of ${allowed.join(', ')}` : message}`,
  )
  return { env: given as unknown as Environment, problems: [...new Set(problems)] }
}

/** The parts of a comma-separated value; none where it is not set. */
export function listIn(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
}

/** The keys in a comma-separated value, each given as hex or base64. Valid ones are 32 bytes long. */
export function keysIn(value: string | undefined): Buffer[] {
  return listIn(value).map((text) => Buffer.from(text, /^[0-9a-fA-F]{64}$/.test(text) ? 'hex' : 'base64'))
}
