import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { cashfree } from '../../../src/billing/payments/cashfree.ts'
import type { GatewayRefused, GatewayUnavailable } from '../../../src/billing/payments/gateway.ts'
import { parseGatewayJson } from '../../../src/billing/payments/gateway-json.ts'
import type { MandateGateway } from '../../../src/billing/payments/mandate-gateway.ts'
import { type RecordingGateway, type Reply, startRecordingGateway } from './recording-gateway.ts'

/** The mandate and the charge of the answers in test/fixtures/mandates. */
export const subscriptionId = 'sub_5f0c1d7e9b3a4c21a8d6e4f7b9c0d1e2'
export const paymentId = 'c_5f0c1d7e9b3a4c21a8d6e4f7b9c0d1e2_20270109'

/** The bytes of such an answer. */
function answerText(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../fixtures/mandates', `${name}.json`), 'utf8')
}

/** The same, parsed as the client parses it. */
export function contentOf(name: string): unknown {
  return parseGatewayJson(answerText(name))
}

/** Such an answer, as it is sent; with changes, when they are named. */
export function answer(name: string, changes?: object): Reply {
  const body = changes ? JSON.stringify({ ...(contentOf(name) as object), ...changes }) : answerText(name)
  return { status: 200, body }
}

/** A refusal in Cashfree's form. */
export function says(status: number, code: string, message = '', type = 'invalid_request_error'): Reply {
  return { status, body: JSON.stringify({ message, code, type }) }
}

export const keysRefused = says(401, 'request_failed', 'authentication Failed', 'authentication_error')

/** How Cashfree may say that an id or a key was used before: nobody has measured it. */
export const taken = [
  ['409', says(409, 'subscription_already_exists')],
  ['422 of its idempotency', says(422, 'request_invalid', 'invalid body', 'idempotency_error')],
  ['400 in words of its own', says(400, 'subscription_id_invalid', 'Duplicate id')],
] as const

/** The error that a call ends in. */
export function failureOf(work: Promise<unknown>): Promise<GatewayRefused | GatewayUnavailable> {
  return work.then(
    () => expect.fail('nothing was thrown'),
    (error) => error,
  )
}

type Scripted = Reply | 'hang-up' | (() => Reply | 'hang-up')

/** The client with a Cashfree that says what each test wants, by "METHOD /path"; anything else is a wrong address. */
export function scriptedGateway() {
  let meter: RecordingGateway
  const asked = () => meter.calls.map(({ method, path }) => `${method} ${path.replace(/^\/pg/, '')}`)
  const gateway = {
    answers: {} as Record<string, Scripted>,
    mandates: {} as MandateGateway,
    calls: () => meter.calls,
    asked,
    /** The first call, its body parsed. */
    sent: () => ({ headers: meter.calls[0]!.headers, body: JSON.parse(meter.calls[0]!.body) }),
  }
  beforeAll(async () => {
    meter = await startRecordingGateway()
    meter.instead = () => {
      const given = gateway.answers[asked().at(-1)!] ?? says(404, 'request_failed', 'bad URL')
      return typeof given === 'function' ? given() : given
    }
  })
  afterAll(() => meter.close())
  beforeEach(() => {
    gateway.answers = {}
    meter.calls.length = 0
    const settings = { clientId: 'TEST_app', clientSecret: 'cfsk_ma_test_app', timeoutMs: 2_000 }
    gateway.mandates = cashfree({ ...settings, apiBase: `${meter.url}/pg` }).mandates
  })
  return gateway
}
