import { describe, expect, test } from 'vitest'
import { parseGatewayJson } from '../../../src/billing/payments/gateway-json.ts'

describe('JSON from Cashfree', () => {
  test('ids of 19 digits keep every digit, quoted or not', () => {
    expect(parseGatewayJson('{"a":5114900000001234567,"b":"5114900000001234567","c":[9007199254740993]}')).toEqual({
      a: '5114900000001234567',
      b: '5114900000001234567',
      c: ['9007199254740993'],
    })
  })

  test('everything else is what JSON says it is', () => {
    const text = '{"amount":499.00,"small":-7,"big":1e300,"safe":9007199254740991,"none":null,"yes":true,"words":"1e5"}'
    expect(parseGatewayJson(text)).toEqual(JSON.parse(text))
  })

  test.each(['', '{', '[{"cf_payment_id":"2149', 'NaN', '{"a":01}', '<html>'])('%j is not JSON', (text) => {
    expect(() => parseGatewayJson(text)).toThrow(SyntaxError)
  })
})

test('texts come without NUL and without halves of surrogate pairs, which no database stores', () => {
  expect(parseGatewayJson('{"bank_reference":"UTR\\u0000 1\\ud800"}')).toEqual({ bank_reference: 'UTR 1\ufffd' })
})
