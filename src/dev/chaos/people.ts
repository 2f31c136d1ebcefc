import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from './random.ts'
import type { Surroundings } from './surroundings.ts'

/** Where people come in, and the look-alike at which they pay. */
export type Scene = Pick<Surroundings, 'sandbox' | 'gatewayApi' | 'keys'> & {
  /** Addresses of the product; who gets no answer at one tries the next. */
  entrances: readonly { url: string }[]
}

/** A request that was not answered, or with 429 or 5xx. */
export type Failure = { at: number; what: string }

/** What the people did and saw. */
export type Findings = {
  /** E-mails of those whose registration was confirmed. */
  registered: Set<string>
  /** E-mail of the buyer, by order id. */
  opened: Map<string, string>
  journeys: number
  gaveUp: number
  /** Ids of orders that were shown to another person. */
  wrongOwner: string[]
  requests: number
  failed: Failure[]
  /** The product's own “not available, try again” (503 with Retry-After). */
  unavailable: Failure[]
}

export type Person = { email: string; cookies: Map<string, string>; entrance: number }

/** Empty findings. */
export function noFindings(): Findings {
  return {
    registered: new Set(),
    opened: new Map(),
    journeys: 0,
    gaveUp: 0,
    wrongOwner: [],
    requests: 0,
    failed: [],
    unavailable: [],
  }
}

/** So many people at a time until `isOver`, each followed by the next. No step is tried for longer than 25 seconds. */
export async function traffic(
  scene: Scene,
  random: Random,
  findings: Findings,
  concurrency: number,
  isOver: () => boolean,
) {
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (!isOver()) {
        await journey(scene, random, findings).catch(() => {
          findings.gaveUp++
        })
        await pause(random.between(20, 200))
      }
    }),
  )
}

/** One person registers, opens an order, perhaps pays, perhaps returns and watches its status. Returns who, and the order's id. */
export async function journey(
  scene: Scene,
  random: Random,
  findings: Findings,
  surelyPays = false,
): Promise<{ orderId: string; person: Person }> {
  const { control } = scene.sandbox
  const person = await register(scene, random, findings)
  const plan = random.chance(0.8) ? 'monthly' : 'annual'
  const orderId = await openOrder(scene, findings, person, plan)
  findings.opened.set(orderId, person.email)

  const fate = surelyPays ? 0 : random.next()
  if (fate < 0.1) control.fail(orderId)
  if (fate < 0.75) control.pay(orderId)
  else if (fate < 0.8) control.pay(orderId, { amount: (plan === 'monthly' ? 499 : 4990) + 11.8 })
  else if (fate < 0.84) {
    control.pay(orderId)
    await pause(random.between(0, 1_500))
    control.pay(orderId, { newAttempt: true })
  } else if (fate < 0.88) control.pay(orderId, { when: 'after-expiry' })
  else if (fate < 0.92) control.drop(orderId)
  // The rest leave without paying.
  if (fate > 0.7 && fate < 0.75) await refundInDashboard(scene, orderId)

  if (random.chance(0.5))
    await send(scene, findings, person, 'GET', `/payment/return?order_id=${orderId}`).catch(() => {})
  for (let i = 0; i < 3 && random.chance(0.5); i++) {
    await pause(random.between(50, 400))
    await send(scene, findings, person, 'GET', `/payment/status/${orderId}`).catch(() => {})
  }
  if (random.chance(0.3)) await probeForeignOrder(scene, random, findings, person)
  findings.journeys++
  return { orderId, person }
}

/** Registers somebody new, trying again for as long as anybody would. */
export async function register(scene: Scene, random: Random, findings: Findings): Promise<Person> {
  const id = `${Date.now().toString(36)}${Math.floor(random.next() * 1e9).toString(36)}`
  const person: Person = {
    email: `${id}@example.in`,
    cookies: new Map(),
    entrance: Math.floor(random.next() * scene.entrances.length),
  }
  const password = 'TestPass123'
  const form = {
    name: 'Asha Rao',
    username: id,
    email: person.email,
    phone: '9876500001',
    state: '27',
    password,
    plan: 'monthly',
  }
  await retry(scene, person, async () => {
    const answer = await send(scene, findings, person, 'POST', '/register', new URLSearchParams(form))
    if (answer.status === 303) return true
    // The account was made and the answer lost: this person's own account has the name.
    if (answer.status !== 422) return false
    const login = new URLSearchParams({ login: id, password })
    return (await send(scene, findings, person, 'POST', '/login', login)).status === 303
  })
  findings.registered.add(person.email)
  return person
}

async function openOrder(scene: Scene, findings: Findings, person: Person, plan: string): Promise<string> {
  let orderId = ''
  await retry(scene, person, async () => {
    const answer = await send(scene, findings, person, 'POST', '/api/create-cashfree-order', JSON.stringify({ plan }))
    if (answer.status === 200) orderId = (JSON.parse(answer.text) as { order_id: string }).order_id
    return answer.status === 200
  })
  return orderId
}

/** A refund made in Cashfree's dashboard, perhaps before the product knows of the payment. */
async function refundInDashboard({ gatewayApi, sandbox, keys }: Scene, orderId: string) {
  await fetch(`${gatewayApi}/orders/${orderId}/refunds`, {
    method: 'POST',
    headers: { 'x-api-version': '2025-01-01', 'x-client-id': keys.clientId, 'x-client-secret': keys.clientSecret },
    body: JSON.stringify({
      refund_id: `desk_${orderId}`,
      refund_amount: sandbox.control.order(orderId).amountPaise / 100,
    }),
    signal: AbortSignal.timeout(5_000),
  }).catch(() => {})
}

/** Asks for the order of another person on both endpoints; any answer but success is right. */
async function probeForeignOrder(scene: Scene, random: Random, findings: Findings, person: Person) {
  const others = [...findings.opened].filter(([, email]) => email !== person.email)
  if (others.length === 0) return
  const [orderId] = random.one(others)
  for (const path of [`/payment/status/${orderId}`, `/api/payment-status/${orderId}`]) {
    const answer = await send(scene, findings, person, 'GET', path).catch(() => null)
    if (answer && answer.status < 300) findings.wrongOwner.push(orderId)
  }
}

/** Tries again at the next entrance, like a person who reloads; throws after 25 seconds. */
async function retry(scene: Scene, person: Person, attempt: () => Promise<boolean>) {
  for (const end = Date.now() + 25_000; Date.now() < end; await pause(250)) {
    if (await attempt().catch(() => false)) return
    person.entrance = (person.entrance + 1) % scene.entrances.length
  }
  throw new Error('gave up')
}

/** Sends one request as this person, and notes down how it ended. Throws when there was no answer within eight seconds. */
export async function send(
  scene: Scene,
  findings: Findings,
  person: Person,
  method: string,
  path: string,
  body?: URLSearchParams | string,
) {
  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers: Record<string, string> = {
    'sec-fetch-site': 'same-origin',
    'x-forwarded-for': addressOf(findings.requests),
    ...(cookie ? { cookie } : {}),
  }
  if (body !== undefined)
    headers['content-type'] = typeof body === 'string' ? 'application/json' : 'application/x-www-form-urlencoded'
  findings.requests++
  try {
    const response = await fetch(scene.entrances[person.entrance]!.url + path, {
      method,
      redirect: 'manual',
      headers,
      signal: AbortSignal.timeout(8_000),
      ...(body === undefined ? {} : { body: String(body) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name && value) person.cookies.set(name, value)
    }
    const { status } = response
    const text = await response.text()
    if (status === 503 && response.headers.has('retry-after')) note(findings.unavailable, status)
    else if (status >= 500 || status === 429) note(findings.failed, status)
    return { status, text }
  } catch (error) {
    note(findings.failed, reasonOf(error))
    throw error
  }

  function note(list: Failure[], ending: string | number) {
    list.push({ at: Date.now(), what: `${method} ${path.replace(/ds_\w+/, '…')}: ${ending}` })
  }
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: string } }
  return cause?.code ?? name
}

/** Behind a proxy each request comes from elsewhere: how the product limits one address has tests of its own. */
function addressOf(n: number): string {
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
}
