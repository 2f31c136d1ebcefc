import { describe, expect, test } from 'vitest'
import { paise } from '../../../src/platform/money.ts'
import { answer, failureOf, keysRefused, says, scriptedGateway } from './mandate-fixtures.ts'

const gateway = scriptedGateway()

const plan = { planId: 'dsrs_mandate_v1', name: 'Sector RS', maxAmountPaise: paise(99_800) }

describe('a plan', () => {
  test('is made with its ceiling, for debits on demand', async () => {
    gateway.answers = { 'POST /plans': answer('plan') }
    await gateway.mandates.ensurePlan(plan)
    const { headers, body } = gateway.sent()
    expect(body).toEqual({
      plan_id: 'dsrs_mandate_v1',
      plan_name: 'Sector RS',
      plan_type: 'ON_DEMAND',
      plan_currency: 'INR',
      plan_max_amount: 998,
    })
    expect(headers).toMatchObject({ 'x-api-version': '2025-01-01', 'x-client-id': 'TEST_app' })
  })

  test.each([
    ['409', says(409, 'plan_already_exists')],
    ['400', says(400, 'plan_id_invalid')],
  ])('that is there already (%s) is the same plan', async (_status, refusal) => {
    gateway.answers = {
      'POST /plans': refusal,
      'GET /plans/dsrs_mandate_v1': answer('plan', { plan_max_amount: '998.00' }),
    }
    await gateway.mandates.ensurePlan({ ...plan, name: 'Another name' })
    expect(gateway.asked()).toEqual(['POST /plans', 'GET /plans/dsrs_mandate_v1'])
  })

  test.each([
    ['another ceiling', { plan_max_amount: 999 }],
    ['no ceiling', { plan_max_amount: null }],
    ['debits of its own', { plan_type: 'PERIODIC' }],
    ['another currency', { plan_currency: 'USD' }],
    ['another id', { plan_id: 'other' }],
    ['been switched off', { plan_status: 'INACTIVE' }],
  ])('that has %s is refused, made now or before', async (_what, changes) => {
    gateway.answers = { 'POST /plans': answer('plan', changes) }
    expect(await failureOf(gateway.mandates.ensurePlan(plan))).toMatchObject({ code: 'plan_differs' })
    gateway.answers = { 'POST /plans': says(409, 'x'), 'GET /plans/dsrs_mandate_v1': answer('plan', changes) }
    expect(await failureOf(gateway.mandates.ensurePlan(plan))).toMatchObject({
      name: 'GatewayRefused',
      code: 'plan_differs',
    })
  })

  test('that Cashfree refuses is refused in its words', async () => {
    gateway.answers = {
      'POST /plans': says(400, 'plan_max_amount_invalid'),
      'GET /plans/dsrs_mandate_v1': says(404, 'plan_not_found'),
    }
    expect(await failureOf(gateway.mandates.ensurePlan(plan))).toMatchObject({
      status: 400,
      code: 'plan_max_amount_invalid',
    })
    gateway.answers = { 'POST /plans': keysRefused }
    expect(await failureOf(gateway.mandates.ensurePlan(plan))).toMatchObject({ status: 401 })
  })
})
