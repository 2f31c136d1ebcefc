import { expect, test } from 'vitest'
import { signFields } from '../../../src/dev/cashfree-sandbox/checkout/return-fields.ts'
import { CLIENT_SECRET, openShop } from './shop.ts'

type Shop = Awaited<ReturnType<typeof openShop>>

const RETURN = 'https://shop.example.in/autopay/return/1'

test('the signature of a return is Cashfree’s', () => {
  const fields = {
    cf_subReferenceId: '604456',
    cf_subscriptionId: 'sub_u7_1',
    cf_authAmount: '499.00',
    cf_referenceId: '513463',
    cf_status: 'ACTIVE',
    cf_message: 'Subscription Activated',
    cf_umn: 'J7iuqUTK@upi',
    cf_checkoutStatus: 'SUCCESS',
    cf_mode: 'SBC_UPI',
    cf_subscriptionPaymentId: '513463',
  }
  expect(signFields(CLIENT_SECRET, fields)).toBe('Ba53ehF9IQaE4cl5dw54VmqGQXzRpxchvnH7VNT7tNc=')
})

test('the page says what is asked for, and approving leads back by a signed form', async () => {
  const shop = await openShop()
  const { page, action } = await openPage(shop)
  for (const text of ['Sector ETFs', '₹499.00', '₹998.00 each time', '2100-01-01', 'Test User'])
    expect(page).toContain(text)
  const back = await shop.form(action, { outcome: 'approve' })
  expect(back.status).toBe(200)
  expect(back.text).toContain(`<form method="post" action="${RETURN}">`)
  const { signature, ...fields } = fieldsIn(back.text)
  expect(fields).toMatchObject({
    cf_subscriptionId: 'sub_u7_1',
    cf_authAmount: '499.00',
    cf_status: 'ACTIVE',
    cf_checkoutStatus: 'SUCCESS',
    cf_umn: expect.stringMatching(/@upi$/),
  })
  expect(signature).toBe(signFields(CLIENT_SECRET, fields))
  expect((await shop.call('GET', '/subscriptions/sub_u7_1')).json.subscription_status).toBe('ACTIVE')
})

test.each([
  ['decline', 'INITIALIZED', 'FAILED', ['FAILED']],
  ['leave', 'INITIALIZED', 'FAILED', []],
  ['ignore', 'INITIALIZED', 'FAILED', ['PENDING']],
  ['bank-pending', 'BANK_APPROVAL_PENDING', 'SUCCESS', ['PENDING']],
])('after %s one comes back with %s and %s', async (outcome, cf_status, cf_checkoutStatus, payments) => {
  const shop = await openShop()
  const { action } = await openPage(shop)
  const { signature, ...fields } = fieldsIn((await shop.form(action, { outcome })).text)
  expect(fields).toMatchObject({ cf_status, cf_checkoutStatus })
  expect(signature).toBe(signFields(CLIENT_SECRET, fields))
  const { json } = await shop.call('GET', '/subscriptions/sub_u7_1/payments')
  expect(json.map(({ payment_status }: { payment_status: string }) => payment_status)).toEqual(payments)
})

test('after a decline the page opens again, and what was approved once has nothing to approve', async () => {
  const shop = await openShop()
  const { action } = await openPage(shop)
  await shop.form(action, { outcome: 'decline' })
  const { subscription_session_id } = (await shop.call('GET', '/subscriptions/sub_u7_1')).json
  expect((await openSession(shop, subscription_session_id)).text).toContain('Approve with UPI PIN')
  await shop.form(action, { outcome: 'approve' })
  expect((await openSession(shop, subscription_session_id)).text).toContain('There is nothing to approve here')
  const twice = fieldsIn((await shop.form(action, { outcome: 'approve' })).text)
  expect(twice.cf_status).toBe('ACTIVE')
  expect(shop.control.mandate('sub_u7_1').charges).toHaveLength(2)
})

test('a session lasts two hours, and a new look gives a new one', async () => {
  const shop = await openShop()
  const { subscription_session_id: first } = await shop.mandate()
  await shop.control.advance(2 * 3_600_000)
  expect((await openSession(shop, first)).text).toContain('This session has expired')
  const { subscription_session_id: next } = (await shop.call('GET', '/subscriptions/sub_u7_1')).json
  expect((await openSession(shop, next)).text).toContain('Set up UPI Autopay')
  shop.control.faults({ sessionExpired: 1 })
  expect((await openSession(shop, next)).text).toContain('This session has expired')
  expect((await openSession(shop, 'sub_session_nobodypayment')).text).toContain('Invalid session ID')
})

test('a ceiling above ₹15,000 hides UPI', async () => {
  const shop = await openShop()
  const inline = { plan_name: 'Dear', plan_type: 'ON_DEMAND', plan_max_amount: 15_000.01 }
  const { subscription_session_id } = await shop.mandate({ plan_details: inline })
  expect((await openSession(shop, subscription_session_id)).text).toContain('No payment method is available')
})

test('some come back by a link, some with a signature that is not ours, some have nowhere to go', async () => {
  const shop = await openShop({ settings: { mandateReturn: 'get' } })
  const { action } = await openPage(shop)
  shop.control.faults({ wrongReturnSignature: 1 })
  const { status, location } = await shop.form(action, { outcome: 'approve' })
  expect([status, location.split('?')[0]]).toEqual([303, RETURN])
  const { signature, ...fields } = Object.fromEntries(new URL(location).searchParams)
  expect(fields.cf_status).toBe('ACTIVE')
  expect(signature).not.toBe(signFields(CLIENT_SECRET, fields as Record<string, string>))

  const nowhere = await shop.mandate({ subscription_id: 'sub_u8_1', subscription_meta: {} })
  const page = (await openSession(shop, nowhere.subscription_session_id)).text
  expect((await shop.form(actionIn(page), { outcome: 'approve' })).text).toContain('gave no address to return to')
})

test('a merchant’s own link leads to the same page', async () => {
  const shop = await openShop()
  const { subscription_session_id } = await shop.mandate()
  const authorise = (payment_id: string, channel: string) =>
    shop.call('POST', '/subscriptions/pay', {
      body: {
        subscription_id: 'sub_u7_1',
        payment_id,
        payment_type: 'AUTH',
        subscription_session_id,
        payment_method: { upi: { channel } },
      },
    })
  expect(await authorise('auth_0', 'collect')).toMatchObject({ json: { code: 'payment_mode_invalid_for_action' } })
  const link = await authorise('auth_1', 'link')
  expect(link.json).toMatchObject({
    action: 'custom',
    channel: 'link',
    payment_status: 'PENDING',
    payment_id: 'auth_1',
  })
  expect(await (await fetch(link.json.data.url)).text()).toContain('Approve with UPI PIN')
  await shop.call('POST', '/simulate', {
    body: { entity: 'SUBS_PAYMENTS', entity_id: 'auth_1', entity_simulation: { payment_status: 'SUCCESS' } },
  })
  const { json } = await shop.call('GET', '/subscriptions/sub_u7_1')
  expect(json).toMatchObject({ subscription_status: 'ACTIVE', authorization_details: { payment_id: 'auth_1' } })
  expect(await authorise('auth_2', 'link')).toMatchObject({ json: { code: 'payment_mode_invalid_for_action' } })
})

async function openPage(shop: Shop) {
  const { subscription_session_id } = await shop.mandate()
  const page = (await openSession(shop, subscription_session_id)).text
  return { page, action: actionIn(page) }
}

function openSession(shop: Shop, subs_session_id: string) {
  return shop.form('/pg/view/sessions/checkout/subs', { subs_session_id })
}

function actionIn(page: string): string {
  return page.match(/action="(\/pg\/view\/mandates\/[\w-]+)"/)![1]!
}

function fieldsIn(page: string): Record<string, string> {
  const fields = page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)
  return Object.fromEntries([...fields].map(([, name, value]) => [name, value]))
}
