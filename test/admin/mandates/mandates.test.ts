import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { refreshMandate } from '../../../src/billing/mandates/mandates.ts'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import {
  autopayOf,
  charged,
  type Fixture,
  holdings,
  nearTheEnd,
  open,
  somebody,
} from '../../billing/mandates/fixture.ts'
import { until } from '../../support/until.ts'
import type { Answer } from '../../support/visitor.ts'
import { admin, app, reader, usePanel } from '../panel.ts'

usePanel(['admin', 'reader'], { CASHFREE_SUBSCRIPTIONS: 'on', CASHFREE_TIMEOUT_MS: '2000' })
let fixture: Fixture
beforeAll(() => {
  fixture = { sql: app.sql, services: app.services } as Fixture
})
afterEach(() => app.sandbox.control.clearFaults())

const text = (answer: Answer) =>
  answer.body
    .replaceAll('&nbsp;', ' ')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
const identity = () => ({ your_password: admin.form.password!, your_code: admin.code() })
const audited = (subscriptionId: string, action: string) =>
  app.sql<{ actor: string; origin: unknown }[]>`
    select actor, origin from audit where details ->> 'mandate' = ${subscriptionId} and action = ${action} order by id`

/** Somebody whose mandate is authorised at the look-alike, and their first period paid by it. */
async function autopayer(name: string) {
  const user = await somebody(fixture)
  await app.sql`update users set name = ${name} where id = ${user.id}`
  const { mandate } = await open(fixture, user)
  app.sandbox.control.approveMandate(mandate!.subscriptionId)
  await refreshMandate(app.services, mandate!.subscriptionId, 'webhook')
  return { user, ...(await autopayOf(fixture, user)) }
}

describe('the list of mandates', () => {
  test('is filtered by state, and finds a person, a UMN, a mandate and a payment', async () => {
    const one = await autopayer('Meera Autopay')
    const waiting = await open(fixture, await somebody(fixture))
    const shown = async (query: string) => {
      const page = await admin.visitor.get(`/admin/mandates${query}`)
      expect(page.status).toBe(200)
      return [one, waiting.mandate!].map(({ subscriptionId }) => page.body.includes(subscriptionId))
    }
    expect(await shown('')).toEqual([true, true])
    expect(await shown('?state=active')).toEqual([true, false])
    expect(await shown('?state=waiting')).toEqual([false, true])
    expect(await shown("?state='--")).toEqual([false, false])
    expect(await shown('?q=Nobody')).toEqual([false, false])
    const theirs = `/admin/mandates/${one.subscriptionId}`
    for (const typed of ['Meera', one.user.email, one.umn!, one.subscriptionId, one.firstOrderId!])
      expect((await admin.visitor.get(`/admin/mandates?q=${encodeURIComponent(typed)}`)).location, typed).toBe(theirs)
    const csv = await admin.visitor.get('/admin/mandates.csv?state=active')
    expect(csv.body).toContain('Meera Autopay')
    for (const { body } of [csv, await admin.visitor.get('/admin/mandates'), await admin.visitor.get(theirs)]) {
      expect(body).not.toContain(one.umn!)
      expect(body).toContain(`${one.umn!.slice(0, 4)}…@`)
    }
    expect((await reader.visitor.get('/admin/mandates')).status).toBe(200)
  })

  test('goes on where it ended, each mandate once', async () => {
    const users = await Promise.all(Array.from({ length: 60 }, () => somebody(fixture)))
    await app.sql`
      insert into mandates (user_id, subscription_id, plan_id, max_paise, authorisation_paise, refund_authorisation, consent_version,
                            consent_text, expires_at, created_at, authorised_at, ended_at, ended_by, status, next_look_at)
      select (u ->> 'id')::uuid, 'sub_' || replace(gen_random_uuid()::text, '-', ''), 'p', 99800, 100, true, '1', 'agreed', now(),
             timestamptz '2021-05-05 05:05:05.1234', now(), now(), 'customer', 'CANCELLED', null
      from jsonb_array_elements(${app.sql.json(users.map(({ id }) => ({ id })))}) u`
    const seen: string[] = []
    let path: string | undefined = '/admin/mandates?state=ended'
    while (path) {
      const page = await admin.visitor.get(path)
      seen.push(...[...page.body.matchAll(/href="\/admin\/mandates\/(sub_\w+)"/g)].map((match) => match[1]!))
      path = /href="([^"]+)" rel="next"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&')
    }
    expect(seen.length).toBe(60)
    expect(new Set(seen).size).toBe(60)
    expect(
      (await admin.visitor.get(`/admin/mandates?after=${Buffer.from('["x"]').toString('base64url')}`)).status,
    ).toBe(404)
  })
})

describe('one mandate', () => {
  test('is shown with what was agreed to, its debits and its story, and linked from its person and its orders', async () => {
    const one = await autopayer('Ravi Linked')
    await nearTheEnd(fixture, one.user)
    const paymentId = await charged(fixture, one.user)
    const page = await admin.visitor.get(`/admin/mandates/${one.subscriptionId}`)
    expect(text(page)).toContain('You let us debit up to the ceiling.')
    expect(text(page)).toMatch(/Version test-1/)
    expect(text(page)).toMatch(/Announced ₹499/)
    expect(text(page)).toContain('From initialized to active')
    expect(text(page)).toMatch(/Autopay: Cashfree accepted the debit.*Autopay agreed to/)
    expect(page.body).toContain(`/admin/orders/${paymentId}`)
    expect(page.body).toContain(`/admin/orders/${one.firstOrderId}`)
    const link = `/admin/mandates/${one.subscriptionId}`
    for (const path of [
      `/admin/subscribers/${one.user.id}`,
      `/admin/orders/${paymentId}`,
      `/admin/orders/${one.firstOrderId}`,
    ])
      expect((await admin.visitor.get(path)).body, path).toContain(link)
    for (const unknown of ['sub_1', `sub_${'0'.repeat(32)}`])
      expect((await admin.visitor.get(`/admin/mandates/${unknown}`)).status).toBe(404)
  })

  test('is asked about at Cashfree, where a debit has been paid meanwhile', async () => {
    const one = await autopayer('Asked About')
    await nearTheEnd(fixture, one.user)
    const paymentId = await charged(fixture, one.user)
    app.sandbox.control.settleCharge(paymentId, { status: 'SUCCESS' })
    await admin.visitor.post(`/admin/mandates/${one.subscriptionId}/look`)
    expect(text(await admin.visitor.get(`/admin/mandates/${one.subscriptionId}`))).toContain(
      'Cashfree says that a debit is paid',
    )
    expect(await audited(one.subscriptionId, 'mandate.look-asked')).toMatchObject([{ actor: `user:${admin.id}` }])
    expect(await holdings(fixture, one.user)).toMatchObject({ periods: 2, receipts: 2, incidents: [] })
    app.sandbox.control.faults({ serverError: true })
    await admin.visitor.post(`/admin/mandates/${one.subscriptionId}/look`)
    expect(text(await admin.visitor.get(`/admin/mandates/${one.subscriptionId}`))).toContain(
      'Cashfree does not answer now',
    )
  })

  test('is stopped with password and code, once, at Cashfree too; its open debit is called off', async () => {
    const one = await autopayer('Stop Me')
    await nearTheEnd(fixture, one.user)
    await charged(fixture, one.user)
    const path = `/admin/mandates/${one.subscriptionId}/stop`
    expect(text(await admin.visitor.get(path))).toContain('The debit of ₹499 on')
    expect((await reader.visitor.get(path)).status).toBe(403)
    expect((await reader.visitor.post(path)).status).toBe(403)
    await app.sql`update sessions set confirmed_at = now() - interval '1 hour' where user_id = ${admin.id}`
    expect((await admin.visitor.post(path, { your_password: 'wrong', your_code: '000000' })).status).toBe(422)
    expect(await autopayOf(fixture, one.user)).toMatchObject({ cancelAskedAt: null })
    const confirmed = identity()
    for (let press = 0; press < 2; press++) expect((await admin.visitor.post(path, confirmed)).status).toBe(303)
    expect(await autopayOf(fixture, one.user)).toMatchObject({
      endedBy: 'admin',
      status: 'CANCELLED',
      charges: [{ status: 'CANCELLED' }],
    })
    expect(await audited(one.subscriptionId, 'mandate.end-asked')).toMatchObject([
      { actor: `user:${admin.id}`, origin: expect.anything() },
    ])
    expect(text(await admin.visitor.get(path))).toContain('It is stopped already')
    expect(text(await admin.visitor.get(`/admin/mandates/${one.subscriptionId}`))).toMatch(
      /Ended .*by an administrator/,
    )
    expect(await holdings(fixture, one.user)).toMatchObject({ periods: 1, open: 0 })
  })

  test('has the debit that is due raised now, once, also beside the job; none is offered where none is due', async () => {
    const one = await autopayer('Raise Me')
    const here = `/admin/mandates/${one.subscriptionId}`
    expect((await admin.visitor.get(here)).body).not.toContain(`${here}/raise`)
    expect(text(await admin.visitor.get(`${here}/raise`))).toContain('Nothing to raise now')
    await nearTheEnd(fixture, one.user)
    expect((await admin.visitor.get(here)).body).toContain(`${here}/raise`)
    expect((await reader.visitor.get(here)).body).not.toContain(`${here}/raise`)
    expect(text(await admin.visitor.get(`${here}/raise`))).toContain('debit ₹499 on')
    for (let press = 0; press < 2; press++)
      expect((await admin.visitor.post(`${here}/raise`, identity())).status).toBe(303)
    expect((await autopayOf(fixture, one.user)).charges).toMatchObject([{ status: 'INITIALIZED', attempt: 1 }])
    expect(await audited(one.subscriptionId, 'mandate.raise-asked')).toHaveLength(1)
    expect((await admin.visitor.get(here)).body).not.toContain(`${here}/raise`)
  })
})

describe('an order that a mandate pays', () => {
  test('is compared with the debit, settled by asking about it, and not offered to be ended', async () => {
    const one = await autopayer('Order Behind')
    await nearTheEnd(fixture, one.user)
    const paymentId = await charged(fixture, one.user)
    const path = `/admin/orders/${paymentId}`
    const page = await admin.visitor.get(`${path}?ask=cashfree`)
    expect(text(page)).toContain('Both sides agree.')
    expect(page.body).not.toContain(`${path}/terminate`)
    expect(text(await admin.visitor.get(`${path}/terminate`))).toContain('Autopay pays this order')
    expect(text(await admin.visitor.post(`${path}/terminate`, { key: 'k', ...identity() }))).toContain('no longer open')
    app.sandbox.control.settleCharge(paymentId, { status: 'SUCCESS' })
    expect(text(await admin.visitor.get(`${path}?ask=cashfree`))).toContain('fields differ')
    await admin.visitor.post(`${path}/settle`)
    expect(text(await admin.visitor.get(`${path}?ask=cashfree`))).toContain('Cashfree says it is paid')
    expect(text(await admin.visitor.get(`${path}?ask=cashfree`))).toContain('Both sides agree.')
    expect(text(await admin.visitor.get(`/admin/orders/${one.firstOrderId}?ask=cashfree`))).toContain(
      'Both sides agree.',
    )
    await admin.visitor.post(`/admin/orders/${one.firstOrderId}/settle`)
    expect(text(await admin.visitor.get('/admin/orders'))).toMatch(/Order Behind ₹499 Paid .*Monthly, Autopay/)
  })

  test.each(['a charge', 'the authorisation'])('is refunded from the panel: %s', async (which) => {
    const one = await autopayer('Money Back')
    let orderId = one.firstOrderId!
    if (which === 'a charge') {
      await nearTheEnd(fixture, one.user)
      orderId = await charged(fixture, one.user)
      app.sandbox.control.settleCharge(orderId, { status: 'SUCCESS' })
      await refreshMandate(app.services, one.subscriptionId, 'webhook')
    }
    const [payment] = await app.sql<
      { id: string }[]
    >`select cf_payment_id as id from payments where order_id = ${orderId}`
    const path = `/admin/refunds/of/${payment!.id}`
    const page = await admin.visitor.get(path)
    expect(text(page)).toContain('Autopay goes on: a refund does not stop it.')
    const hidden = Object.fromEntries(
      [...page.body.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map((m) => [m[1]!, m[2]!]),
    )
    const made = await admin.visitor.post(path, { ...hidden, reason: 'asked within 7 days', ...identity() })
    expect(made.status).toBe(303)
    const refundId = `rf_${payment!.id}_1`
    await app.run('send-refunds')
    const stateOf = async () => (await app.sql`select status, last_error from refunds where id = ${refundId}`)[0]
    expect(await stateOf()).toEqual({ status: 'pending', lastError: null })
    app.sandbox.control.settleChargeRefund(refundId)
    await until(async () => {
      await app.sql`update refunds set next_look_at = now() where id = ${refundId} and finished_at is null`
      await app.run('send-refunds')
      return (await stateOf())!.status === 'succeeded'
    })
    expect(await app.sql`select from credit_notes where refund_id = ${refundId}`).toHaveLength(1)
    expect(text(await admin.visitor.get(`/admin/orders/${orderId}?ask=cashfree`))).toContain('Both sides agree.')
    const { checks } = await checkInvariants(app.sql)
    expect(checks.filter(({ wrong }) => wrong > 0)).toEqual([])
  })
})

describe('the figures of Autopay', () => {
  test('count who is on it, how first and second debits went, what the second saved, and what was lost to what', async () => {
    await app.sql`delete from mandate_charges`
    await app.sql`update mandates set ended_at = now() - interval '40 days'`
    const standing = await Promise.all(['Saved', 'Lost', 'Declined', 'Later'].map((name) => autopayer(name)))
    const [saved, lost, declined, later] = standing.map(({ id }) => id)
    const funds = 'DEBIT FAILED | Insufficient Funds In Customer (Remitter) Account'
    const over = { raisedAt: new Date(), finalAt: new Date(), paise: 49_900, periodStart: new Date(), retries: 0 }
    const charges = [
      { mandateId: saved, attempt: 1, status: 'FAILED', failureReason: funds },
      { mandateId: saved, attempt: 2, status: 'SUCCESS', failureReason: null },
      { mandateId: lost, attempt: 1, status: 'FAILED', failureReason: funds },
      { mandateId: lost, attempt: 2, status: 'FAILED', failureReason: 'Account closed' },
      { mandateId: declined, attempt: 1, status: 'CANCELLED', failureReason: null },
      { mandateId: later, attempt: 1, status: 'SUCCESS', failureReason: null, retries: 2 },
    ]
    for (const charge of charges) {
      const paymentId = `c_${charge.mandateId!.replaceAll('-', '')}_20261128${charge.attempt > 1 ? '_2' : ''}`
      await app.sql`
        insert into mandate_charges ${app.sql({ ...over, ...charge, paymentId, scheduledOn: '2020-01-01' } as never)}`
    }
    await app.sql`update mandate_charges set scheduled_on = day_in_india(now()) - 2`
    await app.sql`update mandates set ended_at = now(), ended_by = 'customer' where id = ${lost!}`
    await app.sql`delete from figure_snapshot`
    await app.run('figures')
    const page = text(await admin.visitor.get('/admin'))
    expect(page).toContain('On Autopay now 3')
    expect(page).toMatch(/First debit paid 25% of 4 1 at a later try of the day Second debit paid 50% of 2/)
    expect(page).toMatch(/Saved by the second 1 period, ₹499/)
    expect(page).toMatch(/Account closed, or permission gone 1 50%/)
    expect(page).toMatch(/Declined by the person 1 50%/)
    expect(page).toContain('Ended in 30 days: by its person 1.')
  })
})
