import { connect as connectTls } from 'node:tls'
import { sign } from '../../billing/payments/signature.ts'
import type { DoctorContext } from './context.ts'
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts'

const timeout = () => AbortSignal.timeout(5_000)
const dayMs = 86_400_000

/** The running site from outside: ready, and its webhook endpoint accepts signed calls and refuses others. */
export async function checkSite({ config }: DoctorContext): Promise<Finding[]> {
  const { baseUrl } = config
  let ready: Response
  try {
    ready = await fetch(`${baseUrl}/readyz`, { signal: timeout(), redirect: 'manual' })
  } catch (error) {
    const says = `is not running at ${baseUrl} (${reasonOf(error)})`
    const todo = 'Start it, or check DNS and the proxy. The webhook endpoint was not tried.'
    return [config.production ? failure('site', says, todo) : ok('site', `${says}; the webhook endpoint was not tried`)]
  }
  const state = (await ready.json().catch(() => null)) as {
    status?: string
    database?: boolean
    jobs?: boolean
    release?: string
  } | null
  if (typeof state?.status !== 'string')
    return [
      failure(
        'site',
        `something else answers at ${baseUrl} (${ready.status})`,
        'Check BASE_URL and what the proxy passes on.',
      ),
    ]
  const missing = [
    state.database === false && 'its database',
    state.jobs === false && 'its jobs',
    state.release === 'incompatible' && 'its release',
  ].filter(Boolean)
  const site =
    ready.status === 200
      ? ok('site', `is ready at ${baseUrl}`)
      : failure(
          'site',
          `answers, but is ${state.status}: ${missing.join(' and ') || 'it gives no details'}`,
          'See the other lines and the log.',
        )
  const release =
    state.release === 'older-than-database'
      ? [warning('release', 'the running site is older than its database', 'Start the newer release there too.')]
      : []
  const { credentials, autopay } = config.cashfree
  const endpoints = [
    webhookEndpoint('webhook endpoint', `${baseUrl}/webhooks/cashfree`, credentials?.webhookSecrets ?? []),
    ...(autopay
      ? [
          webhookEndpoint(
            'Autopay endpoint',
            `${baseUrl}/webhooks/cashfree-subscriptions`,
            credentials?.autopaySecrets ?? [],
          ),
        ]
      : []),
  ]
  return [site, ...release, ...(await hostName(config)), ...(await Promise.all(endpoints)).flat()]
}

/** Whether requests reach the site under its own host name; health checks and webhooks are answered under any. */
async function hostName({ baseUrl }: DoctorContext['config']): Promise<Finding[]> {
  const { status } = await fetch(`${baseUrl}/robots.txt`, { signal: timeout(), redirect: 'manual' })
  if (status !== 421) return []
  return [
    failure(
      'host',
      'requests arrive under another name than BASE_URL’s, and are answered 421',
      'Let the proxy pass the visitor’s Host on: “Names” in docs/operating.md.',
    ),
  ]
}

/** Sends Cashfree's test ping, signed with each secret, and an unsigned call. Each leaves a row; nothing is settled. */
async function webhookEndpoint(about: string, url: string, secrets: readonly string[]): Promise<Finding[]> {
  const post = async (body: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
      signal: timeout(),
      redirect: 'manual',
    })
    await answer.body?.cancel()
    return answer.status
  }
  try {
    const ping = JSON.stringify({ data: { test_object: { test_key: 'doctor' } }, type: 'WEBHOOK' })
    const answers: number[] = []
    for (const secret of secrets) {
      const timestamp = String(Date.now())
      const signature = sign(secret, timestamp, Buffer.from(ping))
      answers.push(await post(ping, { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': signature }))
    }
    const refused = answers.findIndex((status) => status !== 200)
    if (refused !== -1)
      return [
        failure(
          about,
          `answers ${answers[refused]} to a webhook signed with secret ${refused + 1} of ${secrets.length}`,
          answers[refused] === 401
            ? 'The running site has other secrets than these settings: restart it. Or the proxy changes the body.'
            : 'Only 200 counts for Cashfree: see the log, and whether the proxy redirects or blocks POST.',
        ),
      ]
    const unsigned = await post('{"type":"DOCTOR"}')
    if (unsigned !== 401)
      return [
        failure(
          about,
          `answers ${unsigned} to an unsigned webhook`,
          'It must be 401: is this our site, or does a proxy answer for it?',
        ),
      ]
    const count = secrets.length === 1 ? 'the secret' : `each of ${secrets.length} secrets`
    return [ok(about, `${url} accepts webhooks signed with ${count} and refuses the rest`)]
  } catch (error) {
    return [
      failure(about, `${url} does not answer (${reasonOf(error)})`, 'Check the proxy: POST must reach us unchanged.'),
    ]
  }
}

/** The certificate of an https address: whether it is trusted and for this name, and how long it is valid. */
export async function checkCertificate({ config }: DoctorContext): Promise<Finding[]> {
  const about = 'https'
  const { hostname, port, protocol } = new URL(config.baseUrl)
  if (protocol !== 'https:') {
    if (config.production)
      return [failure(about, `BASE_URL is ${config.baseUrl}`, 'In production Cashfree accepts https addresses only.')]
    const local = /^(localhost|127\.|\[::1\])/.test(hostname)
    return local
      ? []
      : [
          warning(
            about,
            'BASE_URL is http',
            'Cookies and payments are sent unencrypted: use https outside your own machine.',
          ),
        ]
  }
  const certificate = await certificateOf(hostname, Number(port || 443))
  if (typeof certificate === 'string')
    return [
      failure(
        about,
        certificate,
        /ENOTFOUND|EAI_AGAIN|getaddrinfo/.test(certificate)
          ? 'The name does not resolve: check BASE_URL and DNS.'
          : `Browsers and Cashfree will refuse ${config.baseUrl}: renew or replace the certificate.`,
      ),
    ]
  const days = Math.floor((certificate.validTo - Date.now()) / dayMs)
  const todo = 'Renew it. Most certificates are renewed automatically: find out why this one was not.'
  const says = `certificate good for ${days} more days`
  return [days < 3 ? failure(about, says, todo) : days < 14 ? warning(about, says, todo) : ok(about, says)]
}

function certificateOf(host: string, port: number): Promise<{ validTo: number } | string> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, servername: host, timeout: 5_000 }, () => {
      resolve({ validTo: Date.parse(socket.getPeerCertificate().valid_to) })
      socket.destroy()
    })
    socket.on('timeout', () => socket.destroy(new Error('no answer within 5 s')))
    socket.on('error', (error) => resolve(reasonOf(error)))
  })
}
