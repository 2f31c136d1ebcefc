import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keys, startApp, type TestApp } from '../../support/app.ts'
import { newestOrder, nothingGranted, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { deliver, lastEvent, signed, successBody } from './sender.ts'

let app: TestApp
let orderId: string
beforeAll(async () => {
  app = await startApp()
  const form = await new Visitor(app).register()
  orderId = (await newestOrder(app, form.email!)).id
})
afterAll(() => app.close())

const ping =
  '{"data":{"test_object":{"test_key":"test_value"}},"type":"WEBHOOK","event_time":"2026-10-09T14:23:20+05:30"}'

describe('the test ping of Cashfree’s dashboard', () => {
  test('is answered 200, signed or not, and does nothing', async () => {
    expect((await deliver(app, ping, signed(ping))).status).toBe(200)
    expect(await lastEvent(app)).toMatchObject({ accepted: true, verdict: 'test-ping', type: 'WEBHOOK', orderId: null })
    expect((await deliver(app, ping, { 'content-type': 'application/json' })).status).toBe(200)
    await until(async () => (await lastEvent(app))?.accepted === false)
    expect(await lastEvent(app)).toMatchObject({ accepted: false, verdict: 'test-ping' })
  })

  test('with a wrong signature is a forgery, and anything else in its shape too', async () => {
    expect((await deliver(app, ping, signed(ping, { secret: 'x' }))).status).toBe(401)
    const withOrder = successBody(orderId, { type: 'WEBHOOK' })
    expect((await deliver(app, withOrder, {})).status).toBe(401)
    expect(await tracesOf(app, orderId)).toMatchObject(nothingGranted)
  })
})

describe('a signed delivery is stored and answered 200', () => {
  test.each([
    ['about an order that is not ours', successBody('ds_not_ours'), 'unknown-order'],
    ['of an unknown type', successBody('ds_not_ours', { type: 'PAYMENT_TELEPATHY_WEBHOOK' }), 'unknown-order'],
    ['of a dispute, without an order', '{"data":{"dispute":{"dispute_id":1}},"type":"DISPUTE_CREATED"}', 'no-order'],
    ['that is not JSON', 'order_id=1', 'unreadable'],
    ['that is empty', '', 'unreadable'],
    ['that is a JSON list', '[1,2]', 'no-order'],
    ['that is a JSON word', 'null', 'no-order'],
    [
      'with NUL and lone surrogates',
      '{"type":"A\\u0000B\\ud800","data":{"order":{"order_id":"ds\\u0000x"}}}',
      'unknown-order',
    ],
    ['with bytes that are no text', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x7d]), 'unreadable'],
    ['with an order id of objects', '{"data":{"order":{"order_id":{"a":1}}},"type":{"b":2}}', 'no-order'],
    [
      'with keys that come twice',
      '{"data":{"order":{"order_id":"ds_a","order_id":"ds_b"}},"type":"X"}',
      'unknown-order',
    ],
    [
      'that reaches for the prototype',
      '{"__proto__":{"type":"WEBHOOK"},"data":{"__proto__":{"test_object":1}}}',
      'no-order',
    ],
    ['from the year 275760', successBody('ds_not_ours', { eventTime: '+275760-09-12T00:00:00Z' }), 'unknown-order'],
    ['from the year 0', successBody('ds_not_ours', { eventTime: '0000-01-01T00:00:00Z' }), 'unknown-order'],
    ['whose time is no time', successBody('ds_not_ours', { eventTime: 'soon' }), 'unknown-order'],
    ['with a very long type', successBody('ds_not_ours', { type: 'X'.repeat(5_000) }), 'unknown-order'],
    ['nested very deeply', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, 'unreadable'],
  ])('%s', async (_what, body, verdict) => {
    const answer = await deliver(app, body, signed(body))
    expect(answer.status).toBe(200)
    const event = await lastEvent(app)
    expect(event).toMatchObject({ accepted: true, verdict })
    expect(event!.body.equals(Buffer.from(body))).toBe(true)
    expect(event!.settledAt).not.toBeNull()
  })

  test.each([
    ['another amount', { amount: '1.00' }],
    ['an amount that is none', { amount: '"free"' }],
  ])('with %s: noted, and Cashfree is asked instead of believed', async (_what, change) => {
    const body = successBody(orderId, change)
    expect((await deliver(app, body, signed(body))).status).toBe(200)
    expect(await lastEvent(app)).toMatchObject({
      verdict: _what === 'another amount' ? 'amount-differs' : 'verified',
      orderId,
    })
    await until(async () => (await lastEvent(app))?.settledAt !== null)
    expect(await lastEvent(app)).toMatchObject({ outcome: 'waiting' })
    expect(await tracesOf(app, orderId)).toMatchObject({ status: 'active', ...nothingGranted })
  })

  test('that says SUCCESS while Cashfree says ACTIVE grants nothing', async () => {
    const body = successBody(orderId)
    await deliver(app, body, signed(body))
    await until(async () => (await lastEvent(app))?.settledAt !== null)
    expect(await tracesOf(app, orderId)).toMatchObject({ status: 'active', ...nothingGranted })
  })
})

describe('the endpoint itself', () => {
  test('takes 250 KB and refuses 300 KB, in one piece or in chunks', async () => {
    const fits = JSON.stringify({ type: 'X', padding: 'x'.repeat(250 * 1024) })
    expect((await deliver(app, fits, signed(fits))).status).toBe(200)
    const large = JSON.stringify({ type: 'X', padding: 'x'.repeat(300 * 1024) })
    const before = await lastEvent(app)
    expect((await deliver(app, large, signed(large)).catch(() => ({ status: 413 }))).status).toBe(413)
    expect(
      (await deliver(app, large, { ...signed(large), 'transfer-encoding': 'chunked' }).catch(() => ({ status: 413 })))
        .status,
    ).toBe(413)
    expect((await lastEvent(app))?.id).toBe(before?.id)
  })

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is no delivery', async (method) => {
    const before = await lastEvent(app)
    expect([404, 405]).toContain((await deliver(app, '', {}, method)).status)
    expect((await lastEvent(app))?.id).toBe(before?.id)
  })

  test('needs no cookie, sets none, and minds no other site', async () => {
    const body = successBody('ds_not_ours')
    const answer = await deliver(app, body, {
      ...signed(body),
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
      cookie: 'sid=rubbish',
    })
    expect([answer.status, answer.headers['set-cookie'], answer.headers['content-type']]).toEqual([
      200,
      undefined,
      expect.stringContaining('application/json'),
    ])
  })

  test('closes on a body that never comes whole', { timeout: 30_000 }, async () => {
    const socket = connect(app.config.port, 'localhost')
    const closed = new Promise<string>((resolve) => {
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('close', () => resolve(text))
    })
    socket.write('POST /webhooks/cashfree HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{')
    const began = Date.now()
    expect(await closed).toMatch(/^HTTP\/1.1 408|^$/)
    expect(Date.now() - began).toBeLessThan(16_000)
  })

  test('answers errors without telling anything', async () => {
    const answers = await Promise.all([deliver(app, 'x', signed('x', { secret: 'y' })), deliver(app, '{}', {})])
    for (const { body } of answers) expect(body).not.toMatch(/expected|secret|[A-Za-z0-9+/]{43}=/)
    expect(keys.clientSecret).not.toBe('')
  })
})
