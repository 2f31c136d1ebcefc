import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type SandboxOptions, startSandbox } from '../../../src/dev/cashfree-sandbox/sandbox.ts'
import { onlyOwnBrowser } from '../../../src/dev/local-browser.ts'

export const CLIENT_ID = 'TEST_1'
export const CLIENT_SECRET = 'cfsk_ma_test_0000exampleonly'

// biome-ignore lint/suspicious/noExplicitAny: tests read JSON of every shape
export type Json = any

export type Received = {
  path: string
  headers: IncomingHttpHeaders
  body: string
  event: { type: string; data: Json; event_time: string }
}
type CallOptions = { body?: unknown; headers?: Record<string, string | undefined>; method?: string }

/** A sandbox of its own for one test, with a shop that receives its webhooks and answers what the test wants. */
export async function openShop(options: Partial<SandboxOptions> = {}) {
  const received: Received[] = []
  const answers = { status: 200 }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString('utf8')
    received.push({ path: request.url ?? '', headers: request.headers, body, event: JSON.parse(body) })
    response.writeHead(answers.status).end('ok')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const shopUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const webhookUrl = `${shopUrl}/hooks`

  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    webhookUrl,
    subscriptionWebhookUrl: `${shopUrl}/subscription-hooks`,
    stateFile: null,
    protect: onlyOwnBrowser,
    ...options,
    settings: { webhookDelayMs: 0, refundDelayMs: 0, collectSettleMs: 0, ...options.settings },
  })
  onTestFinished(async () => {
    await sandbox.close()
    server.closeAllConnections()
    server.close()
  })

  /** One API call as a client makes it. */
  async function call(method: string, path: string, { body, headers }: CallOptions = {}) {
    const wanted = {
      'x-client-id': CLIENT_ID,
      'x-client-secret': CLIENT_SECRET,
      'x-api-version': '2025-01-01',
      'content-type': 'application/json',
      ...headers,
    }
    const sent = Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const response = await fetch(`${sandbox.url}/pg${path}`, {
      method,
      headers: Object.fromEntries(sent),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: readable(text) }
  }

  async function order(fields: Record<string, unknown> = {}) {
    return (await call('POST', '/orders', { body: orderBody(fields) })).json
  }

  /** Posts a plain form, as a browser without scripts does. */
  async function form(path: string, fields: Record<string, string>) {
    const response = await fetch(new URL(path, sandbox.url), {
      method: 'POST',
      body: new URLSearchParams(fields),
      redirect: 'manual',
    })
    return { status: response.status, location: response.headers.get('location') ?? '', text: await response.text() }
  }

  /** A plan and a mandate under it, as the API shows the mandate. */
  async function mandate(fields: Record<string, unknown> = {}) {
    await call('POST', '/plans', { body: planBody() })
    return (await call('POST', '/subscriptions', { body: mandateBody(fields) })).json
  }

  /** Raises a charge for a day in India, yyyy-mm-dd. */
  function charge(day: string, fields: Record<string, unknown> = {}) {
    return call('POST', '/subscriptions/pay', { body: chargeBody(day, fields) })
  }

  return { sandbox, control: sandbox.control, webhookUrl, received, answers, call, order, mandate, charge, form }
}

export function orderBody(fields: Record<string, unknown> = {}) {
  return {
    order_id: 'sub_7f3a_1',
    order_amount: 499,
    order_currency: 'INR',
    customer_details: { customer_id: 'u_91a2', customer_phone: '9876500001', customer_name: 'Test User' },
    order_meta: { return_url: 'https://shop.example.in/pay/return?order_id={order_id}' },
    ...fields,
  }
}

export function planBody(fields: Record<string, unknown> = {}) {
  return {
    plan_id: 'mandate_v1',
    plan_name: 'Sector ETFs',
    plan_type: 'ON_DEMAND',
    plan_currency: 'INR',
    plan_max_amount: 998,
    ...fields,
  }
}

export function mandateBody(fields: Record<string, unknown> = {}) {
  return {
    subscription_id: 'sub_u7_1',
    customer_details: { customer_email: 'u7@example.in', customer_phone: '9876500001', customer_name: 'Test User' },
    plan_details: { plan_id: 'mandate_v1' },
    authorization_details: { authorization_amount: 499, authorization_amount_refund: false, payment_methods: ['upi'] },
    subscription_meta: { return_url: 'https://shop.example.in/autopay/return/1' },
    ...fields,
  }
}

export function chargeBody(day: string, fields: Record<string, unknown> = {}) {
  return {
    subscription_id: 'sub_u7_1',
    payment_id: 'c_u7_1',
    payment_type: 'CHARGE',
    payment_amount: 499,
    payment_schedule_date: `${day}T12:00:00+05:30`,
    ...fields,
  }
}

function readable(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
