import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sign } from '../../../src/billing/payments/signature.ts'
import { keys, startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { deliver, lastEvent, signed, successBody } from './sender.ts'

let app: TestApp
let orderId: string
beforeAll(async () => {
  app = await startApp({ CASHFREE_WEBHOOK_SECRETS: `new-secret, ${keys.clientSecret}` })
  const form = await new Visitor(app).register()
  orderId = (await newestOrder(app, form.email!)).id
})
afterAll(() => app.close())
beforeEach(() => app.sql`truncate webhook_events`)

const now = () => String(Date.now())
const without = (headers: Record<string, string>, name: string) =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))

const refused: [string, string, (body: string) => [string | Buffer, Record<string, string | string[]>]][] = [
  ['has no signature', 'missing-signature', (body) => [body, without(signed(body), 'x-webhook-signature')]],
  ['has an empty signature', 'missing-signature', (body) => [body, { ...signed(body), 'x-webhook-signature': '' }]],
  ['has no timestamp', 'missing-timestamp', (body) => [body, without(signed(body), 'x-webhook-timestamp')]],
  ['has an empty timestamp', 'missing-timestamp', (body) => [body, { ...signed(body), 'x-webhook-timestamp': '' }]],
  ['has neither', 'missing-signature', (body) => [body, { 'content-type': 'application/json' }]],
  [
    'has a wrong signature',
    'wrong-signature',
    (body) => [body, { ...signed(body), 'x-webhook-signature': sign('x', now(), Buffer.from(body)) }],
  ],
  [
    'has a signature of an odd length',
    'wrong-signature',
    (body) => [body, { ...signed(body), 'x-webhook-signature': signed(body)['x-webhook-signature']!.slice(1) }],
  ],
  [
    'has a very long signature',
    'wrong-signature',
    (body) => [body, { ...signed(body), 'x-webhook-signature': 'A'.repeat(8_000) }],
  ],
  [
    'has the signature twice',
    'wrong-signature',
    (body) => [body, { ...signed(body), 'x-webhook-signature': Array(2).fill(signed(body)['x-webhook-signature']) }],
  ],
  [
    'has two timestamps',
    'wrong-signature',
    (body) => [body, { ...signed(body), 'x-webhook-timestamp': [now(), now()] }],
  ],
  ['is signed with another key', 'wrong-signature', (body) => [body, signed(body, { secret: 'cfsk_ma_prod_other' })]],
  ['is signed with no key', 'wrong-signature', (body) => [body, signed(body, { secret: '' })]],
  [
    'is signed with a dot as separator',
    'wrong-signature',
    (body) => [
      body,
      { ...signed(body), 'x-webhook-signature': sign(keys.clientSecret, `${now()}.`, Buffer.from(body)) },
    ],
  ],
  [
    'was written anew: 499.00 became 499',
    'wrong-signature',
    (body) => [JSON.stringify(JSON.parse(body)), signed(body)],
  ],
  ['got a newline at its end', 'wrong-signature', (body) => [`${body}\n`, signed(body)]],
  [
    'has its timestamp changed',
    'wrong-signature',
    (body) => [body, { ...signed(body), 'x-webhook-timestamp': String(Date.now() + 1) }],
  ],
  ['is empty and unsigned', 'missing-signature', () => ['', {}]],
]

describe('a delivery is refused when it', () => {
  // Only ten a second get a row.
  beforeEach(() => pause(110))
  test.each(refused)('%s', async (_what, verdict, forge) => {
    const [body, headers] = forge(successBody(orderId))
    app.sandbox.control.webhooks({ paused: true })
    const answer = await deliver(app, body, headers)
    expect([answer.status, JSON.parse(answer.body)]).toEqual([401, { status: verdict }])
    await until(async () => (await lastEvent(app)) !== undefined)
    expect(await lastEvent(app)).toMatchObject({ accepted: false, verdict, outcome: 'refused', orderId: null })
    expect(await tracesOf(app, orderId)).toMatchObject(nothingGranted)
  })
})

describe('a delivery is taken when it', () => {
  test.each([
    ['is signed with the new secret', { secret: 'new-secret' }, 'verified'],
    ['is signed with the old secret', { secret: keys.clientSecret }, 'verified'],
    ['writes its timestamp in seconds', { timestamp: String(Math.floor(Date.now() / 1000)) }, 'verified'],
    ['is a day old, as a late retry is', { timestamp: String(Date.now() - 24 * 3_600_000) }, 'verified'],
    ['is three days old: still a hint', { timestamp: String(Date.now() - 72 * 3_600_000) }, 'too-old'],
    ['comes from the future: still a hint', { timestamp: String(Date.now() + 3_600_000) }, 'too-old'],
    ['has words for a timestamp: still a hint', { timestamp: 'yesterday' }, 'too-old'],
    ['has a fraction for a timestamp: still a hint', { timestamp: '1e9' }, 'too-old'],
  ])('%s', async (_what, options, verdict) => {
    const body = successBody(orderId)
    const answer = await deliver(app, body, signed(body, options))
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { status: 'ok' }])
    expect(await lastEvent(app)).toMatchObject({ accepted: true, verdict, orderId, type: 'PAYMENT_SUCCESS_WEBHOOK' })
  })

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;',
    'APPLICATION/JSON',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
  ])('calls itself %j: the bytes are what was signed', async (type) => {
    const body = successBody(orderId)
    const headers = { ...without(signed(body), 'content-type'), ...(type ? { 'content-type': type } : {}) }
    expect((await deliver(app, body, headers)).status).toBe(200)
    const event = await lastEvent(app)
    expect(event).toMatchObject({ accepted: true, verdict: 'verified' })
    expect(event!.body.toString()).toBe(body)
  })

  test('comes in chunks of unknown length', async () => {
    const body = successBody(orderId)
    expect((await deliver(app, body, { ...signed(body), 'transfer-encoding': 'chunked' })).status).toBe(200)
    expect((await lastEvent(app))!.body.toString()).toBe(body)
  })

  test('is not told how it is signed by what is kept: the secret is nowhere', async () => {
    const body = successBody(orderId)
    await deliver(app, body, { ...signed(body), cookie: 'sid=x', authorization: 'Bearer y' })
    const event = await lastEvent(app)
    expect(Object.keys(event!.headers).sort()).toEqual([
      'content-type',
      'x-webhook-signature',
      'x-webhook-timestamp',
      'x-webhook-version',
    ])
    expect(JSON.stringify(event)).not.toContain(keys.clientSecret)
  })
})

describe('after a rotation is over', () => {
  test('the old secret signs nothing any more', async () => {
    const later = await startApp({ CASHFREE_WEBHOOK_SECRETS: 'new-secret' })
    const body = successBody('ds_any')
    expect((await deliver(later, body, signed(body))).status).toBe(401)
    expect((await deliver(later, body, signed(body, { secret: 'new-secret' }))).status).toBe(200)
    await later.close()
  })
})
