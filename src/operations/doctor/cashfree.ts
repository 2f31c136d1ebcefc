import { ulid } from '../../platform/ids.ts'
import type { DoctorContext } from './context.ts'
import { clock } from './database.ts'
import { type Finding, failure, ok, reasonOf, warning } from './finding.ts'

const about = 'Cashfree'
const apiVersion = '2025-01-01'

/** Cashfree: whether it answers, accepts the keys and the API version, and how far its clock is off. */
export async function checkCashfree({ config, standIn }: DoctorContext): Promise<Finding[]> {
  const { apiBase, credentials, env } = config.cashfree
  const { host } = new URL(apiBase)
  let response: Response
  const asked = Date.now()
  try {
    // An order that cannot exist: the answer shows whether the keys are accepted, and nothing changes.
    response = await fetch(`${apiBase}/orders/doctor_${ulid()}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
      headers: {
        accept: 'application/json',
        'x-api-version': apiVersion,
        'x-client-id': credentials!.clientId,
        'x-client-secret': credentials!.clientSecret,
      },
    })
  } catch (error) {
    if (standIn.cashfree) return [ok(about, 'the look-alike stands in, and runs while the site does')]
    const todo = `Check DNS and the firewall for https to ${host}, and https://status.cashfree.com.`
    return [failure(about, `${host} cannot be reached (${reasonOf(error)})`, todo)]
  }
  const answered = Date.now()
  const body = (await response.json().catch(() => null)) as { code?: unknown; type?: unknown } | null
  return [
    judge(response.status, { code: String(body?.code ?? ''), json: body !== null, host, env, ms: answered - asked }),
    cashfreeClock(response.headers.get('date'), (asked + answered) / 2, (answered - asked) / 2),
  ]
}

type Answer = { code: string; json: boolean; host: string; env: string; ms: number }

function judge(status: number, { code, json, host, env, ms }: Answer): Finding {
  if (status === 404 && code === 'order_not_found')
    return ok(about, `${host} accepts our keys and version ${apiVersion}, answers in ${ms} ms`)
  if (status === 401 || status === 403)
    return failure(
      about,
      `${host} refuses our keys (${status})`,
      `They are mistyped, revoked, or of the other environment than CASHFREE_ENV=${env}. See Dashboard → Developers → API Keys.`,
    )
  if (/^version_/.test(code))
    return failure(
      about,
      `${host} does not accept API version ${apiVersion} (${code})`,
      'This release is too old for Cashfree, or API_BASE leads elsewhere.',
    )
  if (status === 429) return warning(about, 'asks us to wait (429)', 'Too many calls within a minute; try again later.')
  if (status >= 500)
    return failure(
      about,
      `${host} answers ${status}`,
      'Trouble on their side: https://status.cashfree.com. Orders wait and go on by themselves.',
    )
  return failure(
    about,
    `${host} answers ${status} ${code}${json ? '' : ' and no JSON'}`,
    'Is API_BASE right? Something else than Cashfree may answer there (a proxy, a captive portal).',
  )
}

function cashfreeClock(date: string | null, at: number, uncertainMs: number): Finding {
  const theirs = Date.parse(date ?? '')
  if (Number.isNaN(theirs)) return ok('clock and Cashfree', 'it sends no date')
  // The Date header has whole seconds.
  return clock('clock and Cashfree', theirs + 500 - at, uncertainMs + 500)
}

/** Cashfree's browser script, which opens the payment page in place. */
export async function checkCheckoutScript({ config, standIn }: DoctorContext): Promise<Finding[]> {
  const { jsUrl } = config.cashfree
  const what = 'checkout script'
  const todo =
    'Browsers cannot load it either: check CASHFREE_JS_URL, DNS, and content blockers on the way. Payers still get the plain form.'
  try {
    const response = await fetch(jsUrl, { signal: AbortSignal.timeout(10_000) })
    const text = await response.text()
    if (response.status === 200 && /cashfree/i.test(text))
      return [ok(what, `${jsUrl}, ${Math.ceil(text.length / 1024)} KB`)]
    return [failure(what, `${jsUrl} answers ${response.status}${response.ok ? ' with something else' : ''}`, todo)]
  } catch (error) {
    if (standIn.cashfree) return []
    return [failure(what, `${jsUrl} cannot be loaded (${reasonOf(error)})`, todo)]
  }
}
