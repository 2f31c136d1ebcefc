import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { productName } from '../../platform/env-schema.ts'
import { photoProblem } from '../../site/owner-photo.ts'
import type { DoctorContext } from './context.ts'
import { type Finding, failure, ok, warning } from './finding.ts'

/** Checks the settings by themselves, without any connection. */
export async function checkSettings({ config, root, standIn }: DoctorContext): Promise<Finding[]> {
  return [
    ok('settings', `readable, for ${config.production ? 'production' : 'development'}`),
    sessionKey(config.sessionKeys, config.production, join(root, '.env.production.example')),
    ...(config.production ? [secondFactorKey(config)] : []),
    proxy(config),
    ...(standIn.cashfree ? [] : keysAndEnvironment(config.cashfree)),
    seller(config),
    owner(config),
    grievanceOfficer(config),
    bounces(config),
    ...(config.production ? monitoring(config) : []),
  ]
}

function bounces({ mail }: Config): Finding {
  return ok(
    'bounces',
    mail.webhookSecrets.length > 0
      ? 'the mail provider may tell of them'
      : 'nobody tells of them: “Bounces and complaints” in docs/operating.md',
  )
}

type Config = DoctorContext['config']

function sessionKey(keys: readonly Buffer[], production: boolean, example: string): Finding {
  const about = 'session key'
  const todo =
    'Add a new one: SESSION_KEY="old key,$(openssl rand -hex 32)" in every process, then the new one first, then drop the old one: “Rotating keys” in docs/operating.md.'
  if (keys.length === 0)
    return production
      ? failure(about, 'there is none', 'Set SESSION_KEY to the output of `openssl rand -hex 32`.')
      : ok(about, 'generated, and kept beside the data')
  if (keys.some(isGuessable)) return failure(about, 'one of the keys is a pattern that anybody could guess', todo)
  const printed = /^SESSION_KEY=(\S+)/m.exec(textOf(example))?.[1]
  if (printed && keys.some((key) => [key.toString('hex'), key.toString('base64')].includes(printed)))
    return failure(about, 'it is the one printed in the example', todo)
  return ok(about, keys.length === 1 ? '32 random bytes' : `${keys.length} keys of 32 random bytes, the first signs`)
}

/** The keys derived from the session keys follow those of TOTP_KEY, so without it there are no more of them. */
function secondFactorKey({ totpKeys, sessionKeys }: Config): Finding {
  return totpKeys.length > sessionKeys.length
    ? ok('TOTP_KEY', 'seals administrators’ second factors')
    : warning(
        'TOTP_KEY',
        'not set: administrators’ second factors are sealed with a key derived from SESSION_KEY',
        'Set it to the output of `openssl rand -hex 32`: then SESSION_KEY can be replaced without their authenticator apps.',
      )
}

/** One repeated byte, a counted-up sequence, a repeated text, or too few different bytes to be random. */
function isGuessable(key: Buffer): boolean {
  const repeats = [1, 2, 4, 8, 16].some((period) => key.every((byte, at) => byte === key[at % period]))
  const step = (key[1]! - key[0]! + 256) % 256
  const counted = key.every((byte, at) => at === 0 || (byte - key[at - 1]! + 256) % 256 === step)
  return repeats || counted || new Set(key).size < 16
}

function proxy({ trustProxy, https, production }: Config): Finding {
  const about = 'TRUST_PROXY'
  const networks = trustProxy || []
  const everyone = networks.filter((network) => /\/0$/.test(network))
  if (everyone.length > 0)
    return failure(
      about,
      `${everyone.join(', ')} is the whole internet: anyone could fake their address`,
      'Name your proxies only.',
    )
  const wide = networks.filter((network) => /^\d[\d.]*\/[1-7]$/.test(network))
  if (wide.length > 0) return warning(about, `${wide.join(', ')} is very wide`, 'Name your proxies only.')
  if (production && https && networks.length === 0)
    return warning(
      about,
      'empty: behind a proxy all visitors look like one, and share its rate limits',
      'Set it to the address of the proxy that ends TLS in front of this process, e.g. TRUST_PROXY=127.0.0.1.',
    )
  return ok(about, networks.length > 0 ? `trusts ${networks.join(', ')}` : 'trusts no proxy about a visitor’s address')
}

/** A payment session of one environment never opens in the other: the most frequent mistake with this gateway. */
function keysAndEnvironment(cashfree: Config['cashfree']): Finding[] {
  const about = 'Cashfree keys'
  const { env, apiBase, credentials } = cashfree
  const { clientId = '', clientSecret = '' } = credentials ?? {}
  const test = /^TEST/i.test(clientId) || /^cfsk_ma_test_/.test(clientSecret)
  const live = /^cfsk_ma_prod_/.test(clientSecret) || /^cfsk_ma_live_/.test(clientSecret)
  const host = new URL(apiBase).hostname
  const found: Finding[] = []
  if (env === 'production' && test)
    found.push(
      failure(
        about,
        'keys of the sandbox with CASHFREE_ENV=production',
        'Take the production keys, or set CASHFREE_ENV=sandbox.',
      ),
    )
  if (env === 'sandbox' && live)
    found.push(
      failure(
        about,
        'keys of production with CASHFREE_ENV=sandbox',
        'Set CASHFREE_ENV=production, or take the TEST keys.',
      ),
    )
  const wanted = env === 'production' ? 'api.cashfree.com' : 'sandbox.cashfree.com'
  if (host.endsWith('cashfree.com') && host !== wanted)
    found.push(
      failure(
        about,
        `API_BASE leads to ${host}, CASHFREE_ENV says ${env}`,
        'Remove API_BASE: CASHFREE_ENV chooses the host.',
      ),
    )
  else if (host !== wanted && env === 'production')
    found.push(
      warning(about, `API_BASE leads to ${host}, not to Cashfree`, 'Remove API_BASE unless this is your own proxy.'),
    )
  if (!/\/pg$/.test(new URL(apiBase).pathname))
    found.push(
      warning(about, 'API_BASE does not end in /pg', 'The base includes /pg, e.g. https://api.cashfree.com/pg.'),
    )
  return found.length > 0 ? found : [ok(about, `of the kind that belongs to ${env}`)]
}

/** The settings of the seller that are not set, of those that receipts and the contact page need, by their names. */
export function missingOfSeller({ seller }: Pick<Config, 'seller'>): string[] {
  // Without a name receipts are issued under the product's, which is nobody.
  const name = seller.name === productName ? '' : seller.name
  return Object.entries({ SELLER_NAME: name, SELLER_ADDRESS: seller.address, SELLER_PHONE: seller.phone })
    .filter(([, value]) => value === '')
    .map(([name]) => name)
}

function seller({ seller, production }: Config): Finding {
  const about = 'receipts'
  const missing = missingOfSeller({ seller })
  const tax = seller.gstin ? 'tax invoices with GST' : 'plain receipts without GST (no SELLER_GSTIN)'
  if (missing.length === 0) return ok(about, tax)
  const says = `${tax}; not set: ${missing.join(', ')}`
  if (!production) return ok(about, `${says}, so the contact page says so`)
  // Who sells must say who they are; a phone number may follow, except on a tax invoice.
  const isNameless = missing.includes('SELLER_NAME') || missing.includes('SELLER_ADDRESS')
  return (seller.gstin || isNameless ? failure : warning)(
    about,
    says,
    'Fill them in before you sell: they appear on every receipt and on the contact page.',
  )
}

function owner({ owner, production }: Config): Finding {
  const about = 'who runs it'
  const problem = photoProblem(owner.photo)
  if (problem)
    return warning(
      about,
      `the file OWNER_PHOTO ${problem}`,
      'Name a .jpg, .png or .webp of at most 500 kB that this process may read.',
    )
  if (owner.name === '' && (owner.about !== '' || owner.photo !== ''))
    return warning(about, 'OWNER_NAME is empty: nobody is shown', 'Set it to the name of the person who runs the site.')
  const missing = Object.entries({ OWNER_NAME: owner.name, OWNER_ABOUT: owner.about, OWNER_PHOTO: owner.photo })
    .filter(([, value]) => value === '')
    .map(([name]) => name)
  if (missing.length === 0) return ok(about, 'shown on the front page')
  const says = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} empty`
  return (production ? warning : ok)(
    about,
    says,
    'The front page shows who runs it: people pay a person sooner than a page.',
  )
}

function grievanceOfficer({ grievanceOfficer: officer, production }: Config): Finding {
  const about = 'grievance officer'
  if (officer.name !== '' && officer.phone !== '') return ok(about, 'named on the contact page')
  const missing = officer.name === '' ? 'GRIEVANCE_OFFICER_NAME' : 'GRIEVANCE_OFFICER_PHONE'
  return (production ? warning : ok)(
    about,
    `${missing} is empty`,
    'The E-Commerce Rules 2020 ask for name, designation and contact of a grievance officer on the site.',
  )
}

function monitoring({ operations, alertEmail }: Config): Finding[] {
  const metrics = operations.metricsToken
    ? ok('metrics', 'open to whoever has METRICS_TOKEN')
    : warning(
        'metrics',
        'no METRICS_TOKEN: /metrics is closed',
        'Set one (`openssl rand -hex 32`), here and in Prometheus.',
      )
  const alerts = alertEmail
    ? ok('alerts', 'incidents are mailed to ALERT_EMAIL')
    : warning(
        'alerts',
        'no ALERT_EMAIL: incidents are mailed to nobody',
        'Set it to an address somebody reads every day.',
      )
  return [metrics, alerts]
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
