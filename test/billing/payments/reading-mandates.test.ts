import { describe, expect, test } from 'vitest'
import { readCharge, readCharges, readMandate } from '../../../src/billing/payments/read-mandate.ts'
import { contentOf, subscriptionId } from './mandate-fixtures.ts'

describe('a mandate that Cashfree describes', () => {
  test('before anybody authorised it', () => {
    expect(readMandate(contentOf('created'))).toEqual({
      subscriptionId,
      cfSubscriptionId: '7204411',
      status: 'INITIALIZED',
      planId: 'dsrs_mandate_v1',
      maxAmountPaise: 99_800,
      currency: 'INR',
      authorisationAmountPaise: 49_900,
      authorisationRefund: false,
      authorisationStatus: null,
      reference: null,
      payerAddress: null,
      sessionId: 'sub_session_Zt1madeUp0000payment',
      expiresAt: '2036-12-09T13:00:00.000Z',
    })
  })

  test('in the other spelling, with amounts as text, ids as long numbers and times without an offset', () => {
    expect(readMandate(contentOf('active'))).toMatchObject({
      subscriptionId,
      cfSubscriptionId: '7204411000000000123',
      status: 'ACTIVE',
      maxAmountPaise: 99_800,
      authorisationAmountPaise: 49_900,
      authorisationRefund: false,
      authorisationStatus: 'ACTIVE',
      reference: 'Kx81madeUp@upi',
      payerAddress: '98…@ybl',
      expiresAt: '2036-12-09T13:00:00.000Z',
    })
  })

  test('keeps a status nobody knows, and reads odd descriptions as absent', () => {
    const odd = {
      subscription_status: 'On_Vacation',
      plan_details: [],
      authorization_details: 'upi',
      subscription_id: 7,
    }
    expect(readMandate(odd)).toMatchObject({
      status: 'ON_VACATION',
      subscriptionId: '7',
      planId: null,
      maxAmountPaise: null,
      authorisationRefund: null,
      payerAddress: null,
      expiresAt: null,
    })
  })

  test('shows an id of another type as what it is: it contradicts ours', () => {
    const contradicting = readMandate({ subscription_status: 'ACTIVE', subscription_id: { id: 'sub_1' } })
    expect(contradicting.subscriptionId).toBe('{"id":"sub_1"}')
  })

  test.each([
    ['nothing', null],
    ['a list', []],
    ['text', 'ACTIVE'],
    ['no status', { subscription_id: 'sub_1' }],
    ['an empty status', { subscription_status: '' }],
    ['a status that is a number', { subscription_status: 1 }],
  ])('is none when it has %s', (_what, body) => {
    expect(() => readMandate(body)).toThrow('not a subscription')
  })
})

describe('the debits of a mandate', () => {
  test('are read in every spelling', () => {
    expect(readCharges(contentOf('payments'))).toEqual([
      {
        paymentId: '613463',
        cfPaymentId: '613463',
        subscriptionId,
        type: 'AUTH',
        status: 'SUCCESS',
        amountPaise: 49_900,
        currency: null,
        scheduledOn: null,
        startedAt: '2026-12-09T12:31:44.000Z',
        retries: 0,
        failureReason: null,
        cfTxnId: '5120000001',
      },
      {
        paymentId: 'c_5f0c1d7e9b3a4c21a8d6e4f7b9c0d1e2_20270109',
        cfPaymentId: '49585655',
        subscriptionId,
        type: 'CHARGE',
        status: 'FAILED',
        amountPaise: 49_900,
        currency: 'INR',
        scheduledOn: '2027-01-09',
        startedAt: '2027-01-05T23:32:41.000Z',
        retries: 3,
        failureReason: 'DEBIT FAILED | Insufficient Funds In Customer (Remitter) Account',
        cfTxnId: null,
      },
    ])
  })

  const charge = { cf_payment_id: '1', payment_type: 'CHARGE', payment_status: 'SUCCESS', payment_amount: 499 }

  test.each([
    ['2026-12-09', '2026-12-09'],
    ['2026-12-09 23:30:00', '2026-12-09'],
    ['2026-12-09T00:00:00+0530', '2026-12-09'],
    ['2026-12-08T18:30:00Z', '2026-12-09'],
    ['2026-12-09T18:30:00.000Z', '2026-12-10'],
    ['', null],
    ['tomorrow', null],
    [20261209, null],
  ])('stand on the Indian day of %j', (payment_schedule_date, day) => {
    expect(readCharge({ ...charge, payment_schedule_date }).scheduledOn).toBe(day)
  })

  test.each([[0], [-499], ['499.001'], [null], [true], [{}]])('have no amount when it is %j', (payment_amount) => {
    expect(readCharge({ ...charge, payment_amount }).amountPaise).toBeNull()
  })

  test.each([
    ['no id of Cashfree’s', { ...charge, cf_payment_id: null }],
    ['an empty id', { ...charge, cf_payment_id: '' }],
    ['no type', { ...charge, payment_type: undefined }],
    ['no status', { ...charge, payment_status: null }],
    ['nothing at all', null],
  ])('are unknown, not fewer, when one has %s', (_what, broken) => {
    expect(readCharges([charge, broken])).toBeNull()
    expect(() => readCharge(broken)).toThrow('not a charge')
  })

  test('keep types and statuses nobody knows', () => {
    const [known] = readCharges([{ ...charge, payment_type: 'debit_card', payment_status: 'held' }])!
    expect(known).toMatchObject({ type: 'DEBIT_CARD', status: 'HELD' })
  })

  test.each([
    [{ failure_details: '' }, null],
    [{ failure_details: 'Mandate Cancelled' }, 'Mandate Cancelled'],
    [{ failureDetails: { failureReason: 'Account Closed' } }, 'Account Closed'],
    [{ failure_details: { failure_reason: 17 } }, '17'],
    [{ failure_details: [] }, null],
  ])('give the reason in %j', (written, reason) => {
    expect(readCharge({ ...charge, payment_status: 'FAILED', ...written }).failureReason).toBe(reason)
  })
})
