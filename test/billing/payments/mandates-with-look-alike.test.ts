import { describe, expect, test } from 'vitest'
import { GatewayUnavailable } from '../../../src/billing/payments/gateway.ts'
import type { NewCharge } from '../../../src/billing/payments/mandate-gateway.ts'
import { paise } from '../../../src/platform/money.ts'
import { until } from '../../support/until.ts'
import { failureOf } from './mandate-fixtures.ts'
import { lookAlike, plan } from './mandate-look-alike.ts'

const shop = lookAlike()
const hour = 3_600_000

describe('with the Cashfree look-alike', () => {
  test('a plan is made once, and another ceiling needs another plan', async () => {
    await shop.mandates.ensurePlan(plan)
    const dearer = shop.mandates.ensurePlan({ ...plan, maxAmountPaise: paise(199_600) })
    expect(await failureOf(dearer)).toMatchObject({ code: 'plan_differs' })
  })

  test('a mandate is opened once, whatever happened to the replies', async () => {
    const wanted = shop.newMandate()
    shop.sandbox.control.faults({ replyLost: { count: 2, endpoint: 'mandates.create' } })
    expect(await failureOf(shop.mandates.createMandate(wanted))).toBeInstanceOf(GatewayUnavailable)
    expect(await shop.mandates.createMandate(wanted)).toMatchObject({ status: 'INITIALIZED' })
    const underAnotherKey = { ...wanted, idempotencyKey: crypto.randomUUID() }
    expect(await shop.mandates.createMandate(underAnotherKey)).toMatchObject({ status: 'INITIALIZED' })
    const otherWords = { ...wanted, customer: { ...wanted.customer, name: 'Asha R.' } }
    expect(await shop.mandates.createMandate(otherWords)).toMatchObject({ status: 'INITIALIZED' })
    const dearer = shop.mandates.createMandate({ ...wanted, authorisationPaise: paise(50_000) })
    expect(await failureOf(dearer)).toMatchObject({ code: 'mandate_differs' })
    expect(shop.sandbox.control.state().mandates.filter(({ id }) => id === wanted.subscriptionId)).toHaveLength(1)
  })

  test('what it refuses is refused in its words, and what it does not know is absent', async () => {
    const wanted = shop.newMandate({ customer: { name: 'Asha Rao', email: 'asha@example.in', phone: '12' } })
    expect(await failureOf(shop.mandates.createMandate(wanted))).toMatchObject({ name: 'GatewayRefused', status: 400 })
    expect(await shop.mandates.fetchMandate(wanted.subscriptionId)).toMatchObject({ status: 'ABSENT', charges: [] })
    expect(await shop.mandates.cancelMandate(wanted.subscriptionId)).toMatchObject({ status: 'ABSENT' })
    expect(await shop.mandates.fetchCharge(wanted.subscriptionId, 'c_1')).toBeNull()
    expect(await shop.mandates.fetchRefund(wanted.subscriptionId, 'rf_1')).toBeNull()
    expect(await failureOf(shop.mandates.charge(shop.debitOf(wanted.subscriptionId)))).toMatchObject({
      name: 'GatewayRefused',
    })
    shop.sandbox.control.settings({ subscriptionsActive: false })
    const off = await failureOf(shop.mandates.createMandate(shop.newMandate()))
    shop.sandbox.control.settings({ subscriptionsActive: true })
    expect(off).toMatchObject({ code: 'payment_mode_invalid_for_action' })
  })

  test.each([
    [{}, {}],
    [{ mandateSpelling: 'authorisation', mandatePaymentMethod: 'object', mandateOffset: '+0530' }, { longIds: true }],
    [
      { mandatePaymentMethod: 'string', mandateNumericIds: true },
      { numericIds: true, duplicateWebhooks: true },
    ],
    [{ mandateEventOrder: 'reversed', mandateSpelling: 'authorisation' }, { outOfOrderWebhooks: true }],
  ] as const)('a mandate lives its life, spelt %j, %j', async (settings, faults) => {
    const usual = { ...shop.sandbox.control.state().settings }
    shop.sandbox.control.settings(settings)
    shop.sandbox.control.faults(faults)
    const subscriptionId = await shop.activeMandate()
    const mandate = await shop.mandates.fetchMandate(subscriptionId)
    expect(mandate).toMatchObject({
      subscriptionId,
      cfSubscriptionId: expect.stringMatching(/^\d+$/),
      status: 'ACTIVE',
      planId: plan.planId,
      maxAmountPaise: 99_800,
      authorisationAmountPaise: 49_900,
      authorisationRefund: false,
      authorisationStatus: 'ACTIVE',
      reference: expect.stringContaining('@'),
      expiresAt: '2036-12-09T13:00:00.000Z',
      charges: [{ type: 'AUTH', status: 'SUCCESS', amountPaise: 49_900, currency: 'INR', subscriptionId }],
    })
    if (mandate.payerAddress !== null) expect(mandate.payerAddress).toMatch(/^..…@/)

    const debit = shop.debitOf(subscriptionId)
    expect(await shop.mandates.charge(debit)).toMatchObject({ status: 'INITIALIZED', paymentId: debit.paymentId })
    expect(await shop.mandates.fetchCharge(subscriptionId, debit.paymentId)).toMatchObject({
      type: 'CHARGE',
      scheduledOn: debit.scheduledOn,
    })
    await shop.sandbox.control.advance(96 * hour)
    const paid = await shop.mandates.fetchCharge(subscriptionId, debit.paymentId)
    expect(paid).toMatchObject({ status: 'SUCCESS', amountPaise: 49_900, failureReason: null })
    expect(paid!.cfPaymentId).toMatch(/^\d+$/)

    expect(await shop.mandates.cancelMandate(subscriptionId)).toMatchObject({ status: 'CANCELLED', charges: [{}, {}] })
    shop.sandbox.control.clearFaults()
    await shop.sandbox.control.settled()
    shop.sandbox.control.settings(usual)
    // One copy of each, whatever came twice: AUTH_STATUS, SUCCESS and ACTIVE; notice and SUCCESS; CANCELLED.
    await until(async () => new Set(shop.events.map(({ dedupeKey }) => dedupeKey)).size === 6)
    expect(new Set(shop.verdicts)).toEqual(new Set(['verified']))
    expect(shop.events.filter(({ isKnown, subscriptionId: named }) => !isKnown || named !== subscriptionId)).toEqual([])
  })

  test('a debit whose reply was lost is asked for once; one that differs is not ours', async () => {
    const subscriptionId = await shop.activeMandate()
    const debit = shop.debitOf(subscriptionId)
    shop.sandbox.control.faults({ replyLost: { count: 2, endpoint: 'charges.create' } })
    expect(await failureOf(shop.mandates.charge(debit))).toBeInstanceOf(GatewayUnavailable)
    expect(await shop.mandates.charge(debit)).toMatchObject({ status: 'INITIALIZED' })
    const again = { ...debit, idempotencyKey: crypto.randomUUID() }
    expect(await shop.mandates.charge(again)).toMatchObject({ status: 'INITIALIZED' })
    const dearer = { ...again, amountPaise: paise(49_901) }
    expect(await failureOf(shop.mandates.charge(dearer))).toMatchObject({ code: 'charge_differs' })
    expect(shop.sandbox.control.mandate(subscriptionId).charges.filter(({ type }) => type === 'CHARGE')).toHaveLength(1)
  })

  test('a debit above the ceiling, for today, or of a mandate that ended is refused', async () => {
    const subscriptionId = await shop.activeMandate()
    const refusal = (changes: Partial<NewCharge>) =>
      failureOf(shop.mandates.charge(shop.debitOf(subscriptionId, changes)))
    expect(await refusal({ amountPaise: paise(99_801) })).toMatchObject({ code: 'payment_amount_invalid' })
    expect(await refusal({ scheduledOn: shop.dayAhead(0) })).toMatchObject({ code: 'payment_schedule_date_invalid' })
    await shop.mandates.cancelMandate(subscriptionId)
    expect(await refusal({})).toMatchObject({ name: 'GatewayRefused', code: 'subscription_inactive' })
    expect(await shop.mandates.cancelMandate(subscriptionId)).toMatchObject({ status: 'CANCELLED' })
  })

  test('a debit that fails says why, and one that is called off is cancelled; a paid one stays paid', async () => {
    const subscriptionId = await shop.activeMandate()
    const debit = shop.debitOf(subscriptionId)
    await shop.mandates.charge(debit)
    expect(await shop.mandates.cancelCharge(subscriptionId, debit.paymentId)).toMatchObject({ status: 'CANCELLED' })
    const second = shop.debitOf(subscriptionId, { paymentId: `${debit.paymentId}_2` })
    await shop.mandates.charge(second)
    shop.sandbox.control.settleCharge(second.paymentId, { status: 'FAILED', reason: 'Account Closed' })
    expect(await shop.mandates.fetchCharge(subscriptionId, second.paymentId)).toMatchObject({
      status: 'FAILED',
      failureReason: 'Account Closed',
    })
    shop.sandbox.control.settleCharge(second.paymentId)
    expect(await shop.mandates.cancelCharge(subscriptionId, second.paymentId)).toMatchObject({ status: 'SUCCESS' })
    expect(await failureOf(shop.mandates.cancelCharge(subscriptionId, 'c_nobody'))).toMatchObject({ status: 404 })
  })
})
