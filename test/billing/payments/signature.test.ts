import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isSignedBy, sign } from '../../../src/billing/payments/signature.ts'

// The test vector of Cashfree's contract: no separator between timestamp and body, 499.00 stays 499.00.
const secret = 'cfsk_ma_test_0000exampleonly'
const timestamp = '1760000000123'
const body = Buffer.from(
  '{"data":{"order":{"order_id":"ord_demo_1","order_amount":499.00,"order_currency":"INR","order_tags":null},"payment":{"cf_payment_id":"5114900000001","payment_status":"SUCCESS","payment_amount":499.00}},"event_time":"2026-10-09T14:23:20+05:30","type":"PAYMENT_SUCCESS_WEBHOOK"}',
)
const signature = '8uTQkWIe3CuVWsYgqOCWrLG4t2c6vNRJr/OBRBKjJFE='

describe('the webhook signature', () => {
  test('is the one of the contract’s test vector', () => {
    expect(body).toHaveLength(276)
    expect(sign(secret, timestamp, body)).toBe(signature)
    expect(isSignedBy([secret], timestamp, body, signature)).toBe(true)
  })

  test.each([
    ['with a dot as separator', 'DZnUKyxY7IZZVp65G9GjocDwrjhKZ36FoLoE/M8U71M='],
    ['over the body written anew', 'OB948UHtbxUVqxhwih2YHE1jG+Xzesaczr3xTmlqMro='],
    ['of an odd length', signature.slice(0, -3)],
    ['that is longer', `${signature}=`],
    ['in hexadecimal', createHash('sha256').update(body).digest('hex')],
    ['that is empty', ''],
    ['with other letters', '₹'.repeat(44)],
    ['that came twice', [signature, signature]],
    ['that is no text', 7],
    ['that is missing', undefined],
  ])('%s is wrong, and nothing throws', (_what, given) => {
    expect(isSignedBy([secret], timestamp, body, given)).toBe(false)
  })

  test.each([['1760000000124'], [''], [undefined], [['1760000000123']]])('timestamp %j is wrong', (given) => {
    expect(isSignedBy([secret], given, body, signature)).toBe(false)
  })

  test('one changed byte of the body is wrong', () => {
    for (const at of [0, 100, body.length - 1]) {
      const changed = Buffer.from(body)
      changed[at]! ^= 1
      expect(isSignedBy([secret], timestamp, changed, signature)).toBe(false)
    }
    expect(isSignedBy([secret], timestamp, Buffer.concat([body, Buffer.from('\n')]), signature)).toBe(false)
  })

  test('any of several secrets will do, none or empty ones never', () => {
    expect(isSignedBy(['new', secret], timestamp, body, signature)).toBe(true)
    expect(isSignedBy([secret, 'old'], timestamp, body, signature)).toBe(true)
    expect(isSignedBy(['new', 'old'], timestamp, body, signature)).toBe(false)
    expect(isSignedBy([], timestamp, body, signature)).toBe(false)
    expect(isSignedBy([''], timestamp, body, sign('', timestamp, body))).toBe(false)
  })
})
