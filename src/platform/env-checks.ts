import { isAbsolute } from 'node:path'
import { AddressProblem, readDatabaseAddress, withPooler } from './database-address.ts'
import { type Environment, keysIn, listIn } from './env-schema.ts'
import { gstinProblem } from './gstin.ts'
import { isNetwork } from './networks.ts'

/** What a process needs to answer what is under way and to close its files, after it has stopped accepting requests. */
const closingMs = 2_000

/** What processes of one site have in common. */
const shared = ['DATABASE_URL', 'CASHFREE_CLIENT_ID', 'CASHFREE_CLIENT_SECRET', 'SMTP_SERVER', 'SESSION_KEY'] as const
const requiredInProduction = [...shared, 'SENDER_EMAIL', 'BASE_URL'] as const

/** A sentence for everything that is wrong with the settings beyond their types. No sentence holds a value. */
export function checkEnvironment(env: Environment, baseUrl: string): string[] {
  return [
    ...addressProblems(env, baseUrl),
    ...databaseProblems(env),
    ...keyProblems('SESSION_KEY', env.SESSION_KEY),
    ...keyProblems('TOTP_KEY', env.TOTP_KEY),
    ...cashfreeProblems(env),
    ...networkProblems(env),
    ...mailProblems(env),
    ...sellerProblems(env),
    ...ownerProblems(env, baseUrl),
    ...shutdownProblems(env),
    ...priceProblems(env),
    ...roleProblems(env),
    ...(env.NODE_ENV === 'production' ? productionProblems(env, baseUrl) : []),
  ]
}

function* addressProblems(env: Environment, baseUrl: string) {
  const { API_BASE, CASHFREE_JS_URL, SANDBOX_WEBHOOK_URL, SANDBOX_SUBSCRIPTION_WEBHOOK_URL } = env
  const sandbox = { SANDBOX_WEBHOOK_URL, SANDBOX_SUBSCRIPTION_WEBHOOK_URL }
  for (const [name, url] of Object.entries({ BASE_URL: baseUrl, API_BASE, CASHFREE_JS_URL, ...sandbox }))
    if (url !== undefined && !(/^https?:\/\/[^/]/.test(url) && URL.canParse(url)))
      yield `${name}: must be an http(s) address`
  if (/^https?:\/\/[^/]+\/./.test(baseUrl)) yield 'BASE_URL: must be an origin without a path'
}

/** What stands in for a service outside production runs inside one process, and the other role's would have one of its own. */
function* roleProblems(env: Environment) {
  if (env.ROLE === 'all') return
  const missing = shared.filter((name) => !env[name])
  if (missing.length > 0) yield `ROLE: ${env.ROLE} needs ${missing.join(', ')}, for processes of both roles share them`
}

function* databaseProblems({ DATABASE_URL, DB_POOLER }: Environment) {
  try {
    if (DATABASE_URL) readDatabaseAddress(DB_POOLER === 'off' ? DATABASE_URL : withPooler(DATABASE_URL))
  } catch (error) {
    if (!(error instanceof AddressProblem)) throw error
    yield `DATABASE_URL: ${error.message}`
  }
}

function* keyProblems(name: string, value: string | undefined) {
  if (!value) return
  const keys = keysIn(value)
  // A script that joins two unset values makes "," of them. A generated key in its place would be lost with this machine.
  if (keys.length === 0) yield `${name}: names no key`
  if (keys.some((key) => key.length !== 32)) yield `${name}: each key must be 32 bytes, as hex or base64`
}

function* cashfreeProblems(env: Environment) {
  if (!!env.CASHFREE_CLIENT_ID !== !!env.CASHFREE_CLIENT_SECRET)
    yield 'CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET: set both, or neither'
  if (env.CASHFREE_WEBHOOK_SECRETS && listIn(env.CASHFREE_WEBHOOK_SECRETS).length === 0)
    yield 'CASHFREE_WEBHOOK_SECRETS: names no secret, so that every webhook would be refused'
  if (env.CASHFREE_SUBSCRIPTION_SECRETS && listIn(env.CASHFREE_SUBSCRIPTION_SECRETS).length === 0)
    yield 'CASHFREE_SUBSCRIPTION_SECRETS: names no secret, so that every webhook about mandates would be refused'
}

function* networkProblems(env: Environment) {
  if (listIn(env.CORS_ORIGINS).some((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin))
    yield 'CORS_ORIGINS: must be origins without a path, like https://app.example.in'
  // The names are Fastify's. A number or `true`, which it takes as well, would trust anyone.
  if (!listIn(env.TRUST_PROXY).every((text) => /^(loopback|linklocal|uniquelocal)$/.test(text) || isNetwork(text)))
    yield 'TRUST_PROXY: must be addresses or networks, like 10.0.0.0/8, or "loopback"'
}

function* mailProblems({ MAIL_WEBHOOK_SECRETS }: Environment) {
  if (MAIL_WEBHOOK_SECRETS === undefined) return
  const secrets = listIn(MAIL_WEBHOOK_SECRETS)
  if (secrets.length === 0) yield 'MAIL_WEBHOOK_SECRETS: names no secret'
  if (secrets.some((secret) => secret.length < 24)) yield 'MAIL_WEBHOOK_SECRETS: each must have 24 characters or more'
}

/** A wrong GSTIN would stand on every tax invoice, and cost buyers their input credit. */
function* sellerProblems({ SELLER_GSTIN }: Environment) {
  const problem = SELLER_GSTIN ? gstinProblem(SELLER_GSTIN) : null
  if (problem) yield `SELLER_GSTIN: ${problem}`
}

/** Pages load pictures of their own site only: the Content-Security-Policy refuses others. */
function* ownerProblems({ OWNER_PHOTO: photo }: Environment, baseUrl: string) {
  if (!photo) return
  const isOwnAddress = URL.canParse(photo) && URL.canParse(baseUrl) && new URL(photo).origin === new URL(baseUrl).origin
  if (!isOwnAddress && !(isAbsolute(photo) && /\.(jpe?g|png|webp)$/i.test(photo)))
    yield 'OWNER_PHOTO: must be the absolute path of a .jpg, .png or .webp file, or an address that begins with BASE_URL'
}

function* shutdownProblems({ SHUTDOWN_DRAIN_MS, SHUTDOWN_GRACE_MS }: Environment) {
  if (SHUTDOWN_DRAIN_MS !== undefined && SHUTDOWN_DRAIN_MS + closingMs > SHUTDOWN_GRACE_MS)
    yield `SHUTDOWN_DRAIN_MS: must leave ${closingMs} of SHUTDOWN_GRACE_MS, which bounds the whole, for closing`
}

function* priceProblems(env: Environment) {
  const { PRICE_SOURCE: source, PRICE_ARCHIVE_URL, PRICE_FOLDER, PRICE_LICENCE } = env
  for (const pattern of listIn(PRICE_ARCHIVE_URL)) yield* patternProblems(pattern)
  if (PRICE_ARCHIVE_URL && listIn(PRICE_ARCHIVE_URL).length === 0) yield 'PRICE_ARCHIVE_URL: names no address'
  if (source === 'folder' && !PRICE_FOLDER) yield 'PRICE_FOLDER: required with PRICE_SOURCE=folder'
  if (PRICE_FOLDER && !isAbsolute(PRICE_FOLDER)) yield 'PRICE_FOLDER: must be an absolute path'
  if (env.NODE_ENV === 'production' && source === 'archive' && PRICE_LICENCE !== 'acknowledged')
    yield 'PRICE_LICENCE: PRICE_SOURCE=archive fetches prices whose display needs the exchange’s licence; when you have it, set this to acknowledged'
}

/** A pattern must name the whole day, or every day would have one address; and nobody on the way may change the file. */
function* patternProblems(pattern: string): Generator<string> {
  const name = 'PRICE_ARCHIVE_URL'
  const example = pattern.replace(/\{(YYYY|YY|MM|MON|Mon|DD)\}/g, '01')
  if (!URL.canParse(example)) return yield `${name}: must be https addresses, comma-separated`
  if (/[{}]/.test(example)) yield `${name}: knows the tokens {YYYY} {YY} {MM} {MON} {Mon} {DD} alone`
  if (!/\{YY(YY)?\}/.test(pattern) || !/\{(MM|MON|Mon)\}/.test(pattern) || !pattern.includes('{DD}'))
    yield `${name}: must hold the year, the month and the day, like {YYYY}{MM}{DD}`
  const { protocol, hostname, username, password, hash } = new URL(example)
  // fetch() takes no such address.
  if (username !== '' || password !== '') yield `${name}: must not hold a name and a password`
  if (hash !== '') yield `${name}: must not hold a #, for what follows it is not sent`
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && isLocal)) yield `${name}: must start with https://`
}

function* productionProblems(env: Environment, baseUrl: string) {
  for (const name of requiredInProduction) if (!env[name]) yield `${name}: required with NODE_ENV=production`
  if (env.BASE_URL && !baseUrl.startsWith('https://')) yield 'BASE_URL: must start with https:// in production'
  if (env.RATE_LIMIT_SCALE !== undefined) yield 'RATE_LIMIT_SCALE: only for tests; remove it in production'
}
