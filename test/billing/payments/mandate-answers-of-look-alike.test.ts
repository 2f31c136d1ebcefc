import { describe, expect, test } from 'vitest'
import { GatewayUnavailable } from '../../../src/billing/payments/gateway.ts'
import { readMandateReturn } from '../../../src/billing/payments/mandate-return.ts'
import { paise } from '../../../src/platform/money.ts'
import { keys } from '../../support/services.ts'
import { failureOf } from './mandate-fixtures.ts'
import { lookAlike } from './mandate-look-alike.ts'

const shop = lookAlike()
const hour = 3_600_000

describe('what the Cashfree look-alike answers', () => {
  test('a refund is asked for once, and ends', async () => {
    const subscriptionId = await shop.activeMandate()
    const debit = shop.debitOf(subscriptionId)
    await shop.mandates.charge(debit)
    shop.sandbox.control.settleCharge(debit.paymentId)
    const refund = {
      subscriptionId,
      paymentId: debit.paymentId,
      refundId: `rf_${subscriptionId}`,
      idempotencyKey: crypto.randomUUID(),
      amountPaise: paise(49_900),
      note: 'Asked for',
    }
    expect(await shop.mandates.createRefund(refund)).toMatchObject({ status: 'PENDING', amountPaise: 49_900 })
    const again = { ...refund, idempotencyKey: crypto.randomUUID() }
    expect(await shop.mandates.createRefund(again)).toMatchObject({ refundId: refund.refundId })
    await shop.sandbox.control.advance(2 * hour)
    expect(await shop.mandates.fetchRefund(subscriptionId, refund.refundId)).toMatchObject({ status: 'SUCCESS' })
    await shop.sandbox.control.settled()
    const told = shop.events.find(({ type }) => type === 'SUBSCRIPTION_REFUND_STATUS')
    expect(told).toMatchObject({ refundId: refund.refundId, paymentId: debit.paymentId, status: 'SUCCESS' })
    const more = shop.mandates.createRefund({ ...again, refundId: 'rf_more', idempotencyKey: crypto.randomUUID() })
    expect(await failureOf(more)).toMatchObject({ name: 'GatewayRefused', status: 400 })
  })

  test('an answer that is wrong, odd or missing is shown as what it is', async () => {
    const subscriptionId = await shop.activeMandate()
    const shown = () => shop.mandates.fetchMandate(subscriptionId)
    shop.sandbox.control.faults({ foreignCharge: 1 })
    expect((await shown()).charges).toMatchObject([{ subscriptionId: `${subscriptionId}_other` }])
    shop.sandbox.control.faults({ wrongChargeAmount: 1 })
    expect((await shown()).charges).toMatchObject([{ amountPaise: 50_000 }])
    shop.sandbox.control.faults({ mandateLags: 1 })
    expect(await shown()).toMatchObject({ status: 'INITIALIZED', charges: [{ status: 'SUCCESS' }] })
    shop.sandbox.control.faults({ garbage: { count: 1, endpoint: 'charges.list' } })
    expect(await shown()).toMatchObject({ status: 'ACTIVE' })
    shop.sandbox.control.faults({ garbage: { endpoint: 'charges.list' } })
    expect(await shown()).toMatchObject({ status: 'ACTIVE', charges: null })
    shop.sandbox.control.faults({ garbage: { endpoint: 'mandates.get' } })
    expect(await failureOf(shown())).toBeInstanceOf(GatewayUnavailable)
    shop.sandbox.control.clearFaults()
    shop.sandbox.control.faults({ rateLimited: { count: 1, endpoint: 'charges.create', retryAfterS: 9 } })
    expect(await failureOf(shop.mandates.charge(shop.debitOf(subscriptionId)))).toMatchObject({ retryAfterS: 9 })
  })

  test('the form that comes back is signed, and shown to be when it is not', async () => {
    const back = async (outcome: string) => {
      const wanted = shop.newMandate()
      const { sessionId } = await shop.mandates.createMandate(wanted)
      const page = await form('/pg/view/sessions/checkout/subs', { subs_session_id: sessionId! })
      const answered = await form(/action="(\/pg\/view\/mandates\/[\w-]+)"/.exec(page)![1]!, { outcome })
      const fields = answered.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)
      const sent = Object.fromEntries([...fields].map(([, name, value]) => [name, value]))
      expect(sent.cf_subscriptionId).toBe(wanted.subscriptionId)
      return readMandateReturn(sent, ['new-secret', keys.clientSecret])
    }
    expect(await back('approve')).toMatchObject({ isSigned: true, status: 'ACTIVE' })
    // Values of a mandate that nobody approved are empty.
    expect(await back('leave')).toMatchObject({
      isSigned: true,
      status: 'INITIALIZED',
      reference: null,
      paymentId: null,
    })
    shop.sandbox.control.faults({ wrongReturnSignature: 1 })
    expect(await back('approve')).toMatchObject({ isSigned: false, status: 'ACTIVE' })
  })
})

async function form(path: string, fields: Record<string, string>): Promise<string> {
  const answer = await fetch(new URL(path, shop.sandbox.url), { method: 'POST', body: new URLSearchParams(fields) })
  return answer.text()
}
