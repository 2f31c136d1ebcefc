import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readMandateReturn } from '../../../src/billing/payments/mandate-return.ts'

const secret = 'cfsk_ma_test_0000exampleonly'
// The test vector of the contract.
const form = {
  cf_authAmount: '499.00',
  cf_checkoutStatus: 'SUCCESS',
  cf_message: 'Subscription Activated',
  cf_mode: 'SBC_UPI',
  cf_referenceId: '513463',
  cf_status: 'ACTIVE',
  cf_subReferenceId: '604456',
  cf_subscriptionId: 'sub_u7_1',
  cf_subscriptionPaymentId: '513463',
  cf_umn: 'J7iuqUTK@upi',
}
const signature = 'Ba53ehF9IQaE4cl5dw54VmqGQXzRpxchvnH7VNT7tNc='
const isSigned = (fields: unknown, secrets = [secret]) => readMandateReturn(fields, secrets).isSigned
const signed = (fields: Record<string, string>, key = secret) => {
  const text = Object.keys(fields)
    .sort()
    .map((name) => name + fields[name])
    .join('')
  return createHmac('sha256', key).update(text).digest('base64')
}

describe('the form that comes back from a mandate’s page', () => {
  test('is signed as the contract’s test vector, in whatever order its fields come', () => {
    expect(readMandateReturn({ signature, ...form }, [secret])).toEqual({
      isSigned: true,
      subscriptionId: 'sub_u7_1',
      cfSubscriptionId: '604456',
      status: 'ACTIVE',
      checkoutStatus: 'SUCCESS',
      paymentId: '513463',
      reference: 'J7iuqUTK@upi',
      message: 'Subscription Activated',
    })
    const reversed = Object.fromEntries(Object.entries({ ...form, signature }).reverse())
    expect(isSigned(reversed)).toBe(true)
  })

  test('may be signed with an older secret', () => {
    expect(isSigned({ ...form, signature }, ['new', secret])).toBe(true)
  })

  test('is signed with its empty values or without them', () => {
    const holes = { ...form, cf_umn: '', cf_referenceId: '' }
    const { cf_umn, cf_referenceId, ...filled } = holes
    expect(isSigned({ ...holes, signature: signed(holes) })).toBe(true)
    expect(isSigned({ ...holes, signature: signed(filled) })).toBe(true)
    expect([cf_umn, cf_referenceId]).toEqual(['', ''])
  })

  test.each([
    ['has another amount', { ...form, cf_authAmount: '499', signature }],
    ['has another status', { ...form, cf_status: 'INITIALIZED', signature }],
    ['names another mandate', { ...form, cf_subscriptionId: 'sub_u8_1', signature }],
    ['has a field more', { ...form, cf_orderId: '1', signature }],
    ['has a field less', { ...form, cf_mode: undefined, signature }],
    ['has a field twice', { ...form, cf_status: ['ACTIVE', 'ACTIVE'], signature }],
    ['has its signature twice', { ...form, signature: [signature, signature] }],
    ['has half a signature', { ...form, signature: signature.slice(0, 20) }],
    ['has none', form],
    ['has an empty one', { ...form, signature: '' }],
    ['is nothing but a signature', { signature: signed({}) }],
    ['is signed with no key', { ...form, signature: signed(form, '') }],
    ['is signed with another key', { ...form, signature: signed(form, 'cfsk_ma_prod_other') }],
  ])('proves nothing when it %s', (_what, fields) => {
    expect(isSigned(fields)).toBe(false)
    expect(isSigned(fields, [''])).toBe(false)
    expect(isSigned(fields, [])).toBe(false)
  })

  test.each([[null], [undefined], ['cf_status=ACTIVE'], [[form]], [7], [{ cf_status: {}, cf_umn: 7, cf_umrn: null }]])(
    'reads %j without failing',
    (fields) => {
      expect(readMandateReturn(fields, [secret])).toMatchObject({ isSigned: false, status: null, subscriptionId: null })
    },
  )

  test('calls the mandate’s reference by either name', () => {
    expect(readMandateReturn({ cf_umrn: 'HDFC0001' }, []).reference).toBe('HDFC0001')
    expect(readMandateReturn({ cf_umn: '', cf_umrn: 'HDFC0001' }, []).reference).toBe('HDFC0001')
  })
})
