import { setTimeout as pause } from 'node:timers/promises'
import type { ChaosHarness } from './harness.ts'
import type { Random } from './random.ts'

/** What people found out: who paid what, and what nobody should ever be shown. */
export type Findings = {
  registered: number
  opened: Map<string, string>
  journeys: number
  gaveUp: number
  /** Somebody else's order that was shown, order id by order id. */
  wrongOwner: string[]
  requests: number
  failed: number
}

type Person = { email: string; cookies: Map<string, string>; app: number }

/** A first, empty page of findings. */
export function noFindings(): Findings {
  return { registered: 0, opened: new Map(), journeys: 0, gaveUp: 0, wrongOwner: [], requests: 0, failed: 0 }
}

/** People keep coming, so many side by side, until `isOver`. Bounded: nobody tries anything for longer than 25 seconds. */
export async function traffic(
  town: ChaosHarness,
  random: Random,
  found: Findings,
  abreast: number,
  isOver: () => boolean,
) {
  await Promise.all(
    Array.from({ length: abreast }, async () => {
      while (!isOver()) {
        await journey(town, random, found).catch(() => {
          found.gaveUp++
        })
        await pause(random.between(20, 200))
      }
    }),
  )
}

/** One person: registers, opens an order, pays or not, comes back or not, watches or not. Answers the order's id. */
export async function journey(town: ChaosHarness, random: Random, found: Findings, certain = false): Promise<string> {
  const { control } = town.sandbox
  const person = await register(town, random, found)
  const plan = random.chance(0.8) ? 'monthly' : 'annual'
  const orderId = await openOrder(town, found, person, plan)
  found.opened.set(orderId, person.email)

  const fate = certain ? 0 : random.next()
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
  if (fate > 0.7 && fate < 0.75) await refundInDashboard(town, orderId)

  if (random.chance(0.5)) await ask(town, found, person, 'GET', `/payment/return?order_id=${orderId}`).catch(() => {})
  for (let i = 0; i < 3 && random.chance(0.5); i++) {
    await pause(random.between(50, 400))
    await ask(town, found, person, 'GET', `/payment/status/${orderId}`).catch(() => {})
  }
  if (random.chance(0.3)) await pry(town, random, found, person)
  found.journeys++
  return orderId
}

async function register(town: ChaosHarness, random: Random, found: Findings): Promise<Person> {
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
  await insist(person, async () => {
    const answer = await ask(town, found, person, 'POST', '/register', new URLSearchParams(form))
    if (answer.status === 303) return true
    // The account was made and the answer lost: the name is taken, by oneself.
    if (answer.status !== 422) return false
    const login = new URLSearchParams({ login: id, password })
    return (await ask(town, found, person, 'POST', '/login', login)).status === 303
  })
  found.registered++
  return person
}

async function openOrder(town: ChaosHarness, found: Findings, person: Person, plan: string): Promise<string> {
  let orderId = ''
  await insist(person, async () => {
    const answer = await ask(town, found, person, 'POST', '/api/create-cashfree-order', JSON.stringify({ plan }))
    if (answer.status === 200) orderId = (JSON.parse(answer.text) as { order_id: string }).order_id
    return answer.status === 200
  })
  return orderId
}

/** Somebody at our own desk gives the money back in Cashfree's dashboard, perhaps before we know that it came. */
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

/** Looks at an order of somebody else through both doors; only "not found" and trouble may be the answer. */
async function pry(town: ChaosHarness, random: Random, found: Findings, person: Person) {
  const others = [...found.opened].filter(([, email]) => email !== person.email)
  if (others.length === 0) return
  const [orderId] = random.one(others)
  for (const path of [`/payment/status/${orderId}`, `/api/payment-status/${orderId}`]) {
    const answer = await ask(town, found, person, 'GET', path).catch(() => null)
    if (answer && answer.status < 300) found.wrongOwner.push(orderId)
  }
}

/** Tries again, at the other process, like somebody who reloads; gives up after 25 seconds. */
async function insist(person: Person, attempt: () => Promise<boolean>) {
  for (const end = Date.now() + 25_000; Date.now() < end; await pause(250)) {
    if (await attempt().catch(() => false)) return
    person.app = 1 - person.app
  }
  throw new Error('gave up')
}

async function ask(
  town: ChaosHarness,
  found: Findings,
  person: Person,
  method: string,
  path: string,
  body?: URLSearchParams | string,
) {
  const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers: Record<string, string> = { 'sec-fetch-site': 'same-origin', ...(cookie ? { cookie } : {}) }
  if (body !== undefined)
    headers['content-type'] = typeof body === 'string' ? 'application/json' : 'application/x-www-form-urlencoded'
  found.requests++
  try {
    const response = await fetch(town.apps[person.app]!.url + path, {
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
    if (response.status >= 500) found.failed++
    return { status: response.status, text: await response.text() }
  } catch (error) {
    found.failed++
    throw error
  }
}
