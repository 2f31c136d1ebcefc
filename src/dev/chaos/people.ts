import { setTimeout as pause } from 'node:timers/promises'
import type { ChaosHarness } from './harness.ts'
import type { Random } from './random.ts'

/** What the people did and saw. */
export type Findings = {
  registered: number
  /** E-mail of the buyer, by order id. */
  opened: Map<string, string>
  journeys: number
  gaveUp: number
  /** Ids of orders that were shown to another person. */
  wrongOwner: string[]
  requests: number
  failed: number
}

type Person = { email: string; cookies: Map<string, string>; app: number }

/** Empty findings. */
export function noFindings(): Findings {
  return { registered: 0, opened: new Map(), journeys: 0, gaveUp: 0, wrongOwner: [], requests: 0, failed: 0 }
}

/** So many people at a time until `isOver`, each followed by the next. No step is tried for longer than 25 seconds. */
export async function traffic(
  harness: ChaosHarness,
  random: Random,
  findings: Findings,
  concurrency: number,
  isOver: () => boolean,
) {
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (!isOver()) {
        await journey(harness, random, findings).catch(() => {
          findings.gaveUp++
        })
        await pause(random.between(20, 200))
      }
    }),
  )
}

/** One person registers, opens an order, perhaps pays, perhaps returns and watches its status. Returns the order's id. */
export async function journey(
  harness: ChaosHarness,
  random: Random,
  findings: Findings,
  surelyPays = false,
): Promise<string> {
  const { control } = harness.sandbox
  const person = await register(harness, random, findings)
  const plan = random.chance(0.8) ? 'monthly' : 'annual'
  const orderId = await openOrder(harness, findings, person, plan)
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
  if (fate > 0.7 && fate < 0.75) await refundInDashboard(harness, orderId)

  if (random.chance(0.5))
    await send(harness, findings, person, 'GET', `/payment/return?order_id=${orderId}`).catch(() => {})
  for (let i = 0; i < 3 && random.chance(0.5); i++) {
    await pause(random.between(50, 400))
    await send(harness, findings, person, 'GET', `/payment/status/${orderId}`).catch(() => {})
  }
  if (random.chance(0.3)) await probeForeignOrder(harness, random, findings, person)
  findings.journeys++
  return orderId
}

async function register(harness: ChaosHarness, random: Random, findings: Findings): Promise<Person> {
  const id = `${Date.now().toString(36)}${Math.floor(random.next() * 1e9).toString(36)}`
  const person: Person = { email: `${id}@example.in`, cookies: new Map(), app: random.chance(0.5) ? 0 : 1 }
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
  await retry(person, async () => {
    const answer = await send(harness, findings, person, 'POST', '/register', new URLSearchParams(form))
    if (answer.status === 303) return true
    // The account was made and the answer lost: this person's own account has the name.
    if (answer.status !== 422) return false
    const login = new URLSearchParams({ login: id, password })
    return (await send(harness, findings, person, 'POST', '/login', login)).status === 303
  })
  findings.registered++
  return person
}

async function openOrder(harness: ChaosHarness, findings: Findings, person: Person, plan: string): Promise<string> {
  let orderId = ''
  await retry(person, async () => {
    const answer = await send(harness, findings, person, 'POST', '/api/create-cashfree-order', JSON.stringify({ plan }))
    if (answer.status === 200) orderId = (JSON.parse(answer.text) as { order_id: string }).order_id
    return answer.status === 200
  })
  return orderId
}

/** A refund made in Cashfree's dashboard, perhaps before the product knows of the payment. */
async function refundInDashboard({ gatewayApi, sandbox, keys }: ChaosHarness, orderId: string) {
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
async function probeForeignOrder(harness: ChaosHarness, random: Random, findings: Findings, person: Person) {
  const others = [...findings.opened].filter(([, email]) => email !== person.email)
  if (others.length === 0) return
  const [orderId] = random.one(others)
  for (const path of [`/payment/status/${orderId}`, `/api/payment-status/${orderId}`]) {
    const answer = await send(harness, findings, person, 'GET', path).catch(() => null)
    if (answer && answer.status < 300) findings.wrongOwner.push(orderId)
  }
}

/** Tries again at the other process, like a person who reloads; throws after 25 seconds. */
async function retry(person: Person, attempt: () => Promise<boolean>) {
  for (const end = Date.now() + 25_000; Date.now() < end; await pause(250)) {
    if (await attempt().catch(() => false)) return
    person.app = 1 - person.app
  }
  throw new Error('gave up')
}

async function send(
  harness: ChaosHarness,
  findings: Findings,
  person: Person,
  method: string,
  path: string,
  body?: URLSearchParams | string,
) {
  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers: Record<string, string> = { 'sec-fetch-site': 'same-origin', ...(cookie ? { cookie } : {}) }
  if (body !== undefined)
    headers['content-type'] = typeof body === 'string' ? 'application/json' : 'application/x-www-form-urlencoded'
  findings.requests++
  try {
    const response = await fetch(harness.apps[person.app]!.url + path, {
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
    if (response.status >= 500) findings.failed++
    return { status: response.status, text: await response.text() }
  } catch (error) {
    findings.failed++
    throw error
  }
}
