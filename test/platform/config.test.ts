import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../../src/platform/config.ts'

const key = 'ab'.repeat(32)
const live = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://app:pg-password@db/etf',
  CASHFREE_CLIENT_ID: 'id',
  CASHFREE_CLIENT_SECRET: 'cfsk_ma_prod_hush',
  SMTP_SERVER: 'smtp.example.in',
  SENDER_EMAIL: 'receipts@example.in',
  BASE_URL: 'https://etf.example.in',
  SESSION_KEY: key,
}

function problemsWith(env: Record<string, string>): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('settings', () => {
  test('nothing set is fine outside production', () => {
    const config = readConfig({})
    expect(config).toMatchObject({ production: false, baseUrl: 'http://localhost:3000', https: false, port: 3000 })
    expect(config.cashfree).toMatchObject({ credentials: null, env: 'sandbox', timeoutMs: 4_000 })
    expect(config.database.url).toBeNull()
  })

  test('a complete production environment is accepted', () => {
    expect(readConfig(live)).toMatchObject({ production: true, https: true, host: '0.0.0.0', rateLimitScale: 1 })
  })

  test('a proxy has half of the time for closing to look away, in production alone, and closing has its share', () => {
    expect(readConfig(live)).toMatchObject({ shutdownGraceMs: 10_000, shutdownDrainMs: 5_000 })
    expect(readConfig({ ...live, SHUTDOWN_GRACE_MS: '30000' }).shutdownDrainMs).toBe(15_000)
    expect(readConfig({ ...live, SHUTDOWN_DRAIN_MS: '0' }).shutdownDrainMs).toBe(0)
    expect(readConfig({})).toMatchObject({ shutdownGraceMs: 10_000, shutdownDrainMs: 0 })
    for (const drain of ['8001', '10000', '600000'])
      expect(problemsWith({ ...live, SHUTDOWN_DRAIN_MS: drain }).join()).toContain('SHUTDOWN_DRAIN_MS')
    expect(problemsWith({ ...live, SHUTDOWN_DRAIN_MS: '8000' })).toEqual([])
  })

  test('a process does everything unless it has a role; one with a role shares its services with the others', () => {
    expect([readConfig({}).role, readConfig({ ...live, ROLE: 'worker' }).role]).toEqual(['all', 'worker'])
    expect(problemsWith({ ROLE: 'web', SMTP_SERVER: 'smtp.example.in' }).join()).toBe(
      'ROLE: web needs DATABASE_URL, CASHFREE_CLIENT_ID, CASHFREE_CLIENT_SECRET, SESSION_KEY, for processes of both roles share them',
    )
    expect(problemsWith({ ...live, ROLE: 'jobs' }).join()).toContain('ROLE: must be one of all, web, worker')
  })

  test('a checkout requires prices in production alone, unless it is said otherwise', () => {
    const requires = (env: Record<string, string>) => readConfig(env).prices.requiredForCheckout
    expect([requires(live), requires({})]).toEqual([true, false])
    expect(requires({ ...live, CHECKOUT_REQUIRES_PRICES: 'false' })).toBe(false)
    expect(requires({ CHECKOUT_REQUIRES_PRICES: 'true' })).toBe(true)
    expect(problemsWith({ ...live, CHECKOUT_REQUIRES_PRICES: 'no' }).join()).toContain('CHECKOUT_REQUIRES_PRICES')
  })

  test('mails leave without a limit, eight at a time, unless it says otherwise; less than one a second is a limit, too', () => {
    expect(readConfig({}).mail).toMatchObject({ perSecond: null, connections: 8 })
    const slow = readConfig({ MAIL_PER_SECOND: '0.5', MAIL_CONNECTIONS: '32' })
    expect(slow.mail).toMatchObject({ perSecond: 0.5, connections: 32 })
  })

  test('in production everything that is missing is named at once', () => {
    const problems = problemsWith({ NODE_ENV: 'production' }).join('\n')
    for (const name of Object.keys(live).filter((name) => name !== 'NODE_ENV')) expect(problems).toContain(name)
  })

  test.each([
    ['PORT', '70000'],
    ['PORT', 'three'],
    ['DB_POOL_MAX', '0'],
    ['MAIL_PER_SECOND', '0'],
    ['MAIL_PER_SECOND', 'fast'],
    ['MAIL_CONNECTIONS', '0'],
    ['CASHFREE_TIMEOUT_MS', '-4'],
    ['CASHFREE_ENV', 'staging'],
    ['LOG_LEVEL', 'loud'],
    ['BASE_URL', 'etf.example.in'],
    ['BASE_URL', 'http://'],
    ['BASE_URL', 'https://etf.example.in/app'],
    ['BASE_URL', 'https://etf .example.in'],
    ['API_BASE', 'ftp://sandbox.cashfree.com/pg'],
    ['SESSION_KEY', 'short'],
    ['SESSION_KEY', `${key},short`],
    ['SESSION_KEY', ','],
    ['TOTP_KEY', ' , ,'],
    ['CASHFREE_WEBHOOK_SECRETS', ','],
    ['SELLER_GSTIN', '27AAPFU0939F1'],
    ['SELLER_GSTIN', '27AAPFU0939F1ZA'],
    ['SELLER_GSTIN', '99AAPFU0939F1ZV'],
    ['SELLER_GSTIN', '27aapfu0939f1zv'],
    ['OWNER_PHOTO', 'photo.jpg'],
    ['OWNER_PHOTO', '/srv/photo.pdf'],
    ['OWNER_PHOTO', 'https://elsewhere.example/photo.jpg'],
    ['SELLER_STATE', 'MH'],
    ['SELLER_SAC', '99'],
    ['CASHFREE_CLIENT_ID', 'alone'],
    ['TRUST_PROXY', '1'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '10.0.0.0/99'],
    ['PRICE_SOURCE', 'ftp'],
    ['PRICE_FOLDER', 'prices'],
    ['CHECKOUT_REQUIRES_PRICES', 'yes'],
    ['PRICE_ARCHIVE_URL', 'http://example.in/{YYYY}{MM}{DD}.zip'],
    ['PRICE_ARCHIVE_URL', 'https://example.in/{YYYY}{MM}.zip'],
    ['PRICE_ARCHIVE_URL', 'https://example.in/{YYYY}{MM}{DD}{HH}.zip'],
    ['PRICE_ARCHIVE_URL', 'https://example.in/{YYYY}{MM}{DD}.zip, bhavcopy.zip'],
    ['PRICE_ARCHIVE_URL', 'http://localhost.example.in/{YYYY}{MM}{DD}.zip'],
    ['PRICE_ARCHIVE_URL', 'https://name:secret@example.in/{YYYY}{MM}{DD}.zip'],
    ['PRICE_ARCHIVE_URL', 'https://example.in/bhavcopy#{YYYY}{MM}{DD}'],
    ['PRICE_ARCHIVE_URL', ' , '],
  ])('%s=%s is refused by name', (name, value) => {
    expect(problemsWith({ [name]: value }).join('\n')).toContain(name)
  })

  test.each([
    ['BASE_URL', 'http://etf.example.in', 'https'],
    ['RATE_LIMIT_SCALE', '1000', 'only for tests'],
    ['PRICE_SOURCE', 'archive', 'licence'],
    ['PRICE_SOURCE', 'folder', 'PRICE_FOLDER'],
  ])('%s=%s is refused in production', (name, value, why) => {
    expect(problemsWith({ ...live, [name]: value }).join('\n')).toContain(why)
  })

  test('a GSTIN whose check character does not fit is refused in a sentence that does not repeat it', () => {
    const [problem, ...others] = problemsWith({ SELLER_GSTIN: '27AAPFU0939F1ZA' })
    expect(others).toEqual([])
    expect(problem).toContain('SELLER_GSTIN: This GSTIN’s last character does not match the rest')
    expect(problem).not.toContain('27AAPFU0939F1')
  })

  test('a word that is none of a setting’s is refused with those that are', () => {
    expect(problemsWith({ PRICE_SOURCE: 'ARCHIVE' })).toEqual(['PRICE_SOURCE: must be one of off, archive, folder'])
  })

  test('prices come from an archive with a licence, from a folder, or not by themselves; a demo decides later', () => {
    expect(readConfig({}).prices).toMatchObject({ source: null, requiredForCheckout: false, invented: false })
    expect(readConfig(live).prices).toMatchObject({ source: 'off', requiredForCheckout: true })
    expect(readConfig({ ...live, PRICE_SOURCE: 'archive', PRICE_LICENCE: 'acknowledged' }).prices).toMatchObject({
      source: 'archive',
      archiveUrls: [],
      licenceAcknowledged: true,
    })
    expect(problemsWith({ ...live, PRICE_SOURCE: 'archive', PRICE_LICENCE: 'yes' })).toHaveLength(1)
    const patterns = 'https://example.in/{YYYY}/{Mon}/{DD}.zip,http://127.0.0.1:3003/{YY}{MM}{DD}.csv'
    expect(readConfig({ PRICE_ARCHIVE_URL: patterns }).prices.archiveUrls).toEqual(patterns.split(','))
    const folder = { PRICE_SOURCE: 'folder', PRICE_FOLDER: '/srv/etf/prices', CHECKOUT_REQUIRES_PRICES: 'false' }
    expect(readConfig({ ...live, ...folder }).prices).toMatchObject({
      folder: '/srv/etf/prices',
      requiredForCheckout: false,
    })
  })

  test('no value is ever printed', () => {
    const wrong = Object.fromEntries(Object.keys(live).map((name) => [name, `s3cr3t-${name}`]))
    const printed = problemsWith({ ...wrong, NODE_ENV: 'production', PORT: 's3cr3t', CASHFREE_ENV: 's3cr3t' }).join(
      '\n',
    )
    expect(printed).not.toContain('s3cr3t')
    expect(printed).toContain('PORT')
  })

  test('one switch decides API host and mode together', () => {
    expect(readConfig({ CASHFREE_ENV: 'production' }).cashfree).toMatchObject({
      env: 'production',
      apiBase: 'https://api.cashfree.com/pg',
    })
    expect(readConfig({}).cashfree.apiBase).toBe('https://sandbox.cashfree.com/pg')
    expect(readConfig({ API_BASE: 'http://127.0.0.1:3001/pg/' }).cashfree.apiBase).toBe('http://127.0.0.1:3001/pg')
  })

  test('session keys and webhook secrets are lists, newest first', () => {
    const config = readConfig({
      ...live,
      SESSION_KEY: `${key}, ${'cd'.repeat(32)}`,
      CASHFREE_WEBHOOK_SECRETS: 'new, old',
    })
    expect(config.sessionKeys.map((bytes) => bytes.toString('hex').slice(0, 2))).toEqual(['ab', 'cd'])
    expect(config.cashfree.credentials?.webhookSecrets).toEqual(['new', 'old'])
    expect(readConfig(live).cashfree.credentials?.webhookSecrets).toEqual(['cfsk_ma_prod_hush'])
  })

  test('an empty value counts as not set', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: '', SESSION_KEY: '' })).toMatchObject({ port: 3000, sessionKeys: [] })
  })

  test('the seller’s state is the one in the GSTIN', () => {
    expect(readConfig({ SELLER_GSTIN: '29AAPFU0939F1ZR', SELLER_STATE: '27' }).seller.stateCode).toBe('29')
  })
})
