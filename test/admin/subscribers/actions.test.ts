import { describe, expect, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import { type Admin, adminOf } from '../../support/admin.ts'
import { subscriberOf } from '../../support/ledger.ts'
import { type Answer, Visitor } from '../../support/visitor.ts'
import { admin, app, customer, other, payer, reader, usePanel } from '../panel.ts'

usePanel(['admin', 'other', 'reader'])

const hidden = ({ body }: Answer) =>
  Object.fromEntries(
    [...body.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [name!, value!]),
  )
/** The form of an act as its page shows it, and a way to send it. */
async function formOf(id: string, act: string, by: Admin = admin) {
  const path = `/admin/subscribers/${id}/${act.replace(/\?.*/, '')}`
  const page = await by.visitor.get(`/admin/subscribers/${id}/${act}`)
  const fields = hidden(page)
  return {
    page,
    fields,
    send: (typed: Record<string, string> = {}, as: Admin = by) => as.visitor.post(path, { ...fields, ...typed }),
  }
}
const auditOf = (id: string, action: string) =>
  app.sql<{ actor: string; details: Record<string, unknown>; origin: object | null }[]>`
    select actor, details, origin from audit where user_id = ${id} and action = ${action} order by id`
const sound = async () => expect((await checkInvariants(app.sql)).checks.filter(({ wrong }) => wrong > 0)).toEqual([])

describe('granting days', () => {
  test('shows the new end before, gives it after, and writes down who, why, and from where', async () => {
    const { id, email } = await payer()
    const before = (await subscriberOf(app, email)).currentPeriodEnd!
    const { page, send } = await formOf(id, 'grant?days=10')
    expect(page.body).toContain('Grant 10 days')
    const answer = await send({ reason: 'site was down' })
    expect(answer).toMatchObject({ status: 303, location: `/admin/subscribers/${id}` })
    expect((await subscriberOf(app, email)).currentPeriodEnd!.getTime() - before.getTime()).toBe(10 * 86_400_000)
    const [note] = await auditOf(id, 'subscription.granted')
    expect(note).toMatchObject({ actor: `user:${admin.id}`, details: { days: 10, reason: 'site was down' } })
    expect(note!.origin).toMatchObject({ userAgent: expect.any(String) })
    const shown = await admin.visitor.get(`/admin/subscribers/${id}`)
    expect(shown.body).toContain('10 days granted to')
    expect(shown.body).toContain(`10 days granted by ${admin.form.username}, because: site was down`)
    await sound()
  })

  test('posted twice at once is one grant, answered the same', async () => {
    const { id } = await payer()
    const { send } = await formOf(id, 'grant?days=5')
    const answers = await Promise.all([send({ reason: 'double click' }), send({ reason: 'double click' })])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(await auditOf(id, 'subscription.granted')).toHaveLength(1)
    expect(
      await app.sql`select from subscription_periods where user_id = ${id} and granted_by is not null`,
    ).toHaveLength(1)
  })

  test('by two administrators who look at the same page is one grant; the other keeps what was typed', async () => {
    const { id } = await payer()
    const mine = await formOf(id, 'grant?days=5', admin)
    const theirs = await formOf(id, 'grant?days=5', other)
    const answers = await Promise.all([mine.send({ reason: 'first of two' }), theirs.send({ reason: 'second of two' })])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    const refused = answers.find(({ status }) => status === 409)!
    expect(refused.body).toContain('changed in the meantime')
    expect(refused.body).toMatch(/value="(first|second) of two"/)
    expect(await auditOf(id, 'subscription.granted')).toHaveLength(1)
    const again = await theirs.send({ ...hidden(refused), reason: 'looked again' })
    expect(again.status).toBe(303)
    await sound()
  })

  test('asks for password and code when they were given long ago, and does nothing without', async () => {
    const { id } = await payer()
    const stale = await adminOf(app, 'admin', false)
    const { page, send } = await formOf(id, 'grant', stale)
    expect(page.body).toContain('Confirm that it is you')
    const refused = await send({ reason: 'not me', your_password: 'wrong-password-1', your_code: '000000' })
    expect(refused.status).toBe(422)
    expect(refused.body).toContain('value="not me"')
    expect(refused.body).not.toContain('wrong-password-1')
    expect(await auditOf(id, 'subscription.granted')).toHaveLength(0)
    const done = await send({ reason: 'it is me', your_password: stale.form.password!, your_code: stale.code() })
    expect(done.status).toBe(303)
    expect(await auditOf(id, 'subscription.granted')).toHaveLength(1)
  })

  test.each([
    ['', 'Say why'],
    ['  x ', 'Say why'],
    ['y'.repeat(301), 'At most 300'],
  ])('without a proper reason (%s) is answered with the form', async (reason, sentence) => {
    const { id } = await customer()
    const { send } = await formOf(id, 'grant')
    const answer = await send({ reason })
    expect(answer.status).toBe(422)
    expect(answer.body).toContain(sentence)
    expect(await auditOf(id, 'subscription.granted')).toHaveLength(0)
  })

  test('grants the number in sight: one changed after looking is shown first, and the look button only shows', async () => {
    const { id, email } = await payer()
    const before = (await subscriberOf(app, email)).currentPeriodEnd!
    const { send } = await formOf(id, 'grant')
    const changed = await send({ wanted: '10', reason: 'site was down' })
    expect(changed.status).toBe(409)
    expect(changed.body).toContain('You changed the number')
    expect(changed.body).toContain('Grant 10 days')
    expect(await send({ wanted: '10', look: 'yes' })).toMatchObject({
      status: 303,
      location: `/admin/subscribers/${id}/grant?days=10`,
    })
    expect((await subscriberOf(app, email)).currentPeriodEnd).toEqual(before)
    const again = await send({ ...hidden(changed), wanted: ' 10', reason: 'site was down' })
    expect(again.status).toBe(303)
    expect((await subscriberOf(app, email)).currentPeriodEnd!.getTime() - before.getTime()).toBe(10 * 86_400_000)
  })

  test.each(['0', '367', '-3', '1.5', 'many', '1e2'])('of %s days is refused, looking and doing', async (days) => {
    const { id } = await customer()
    const { page, send } = await formOf(id, `grant?days=${encodeURIComponent(days)}`)
    expect(page.status).toBe(422)
    expect(page.body).toContain('1 to 366')
    expect((await send({ days, reason: 'a reason' })).status).toBe(422)
    expect(await auditOf(id, 'subscription.granted')).toHaveLength(0)
  })
})

describe('cancelling', () => {
  test('shows what is lost, ends access, and says on the page and to the person that it did', async () => {
    const { id, visitor, email } = await payer()
    const { page, send } = await formOf(id, 'cancellation')
    expect(page.body).toMatch(/Days lost<\/dt><dd>(28|29|30|31)</)
    expect(page.body).toContain('₹499')
    expect((await send({ reason: 'asked by mail' })).status).toBe(303)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'cancelled', isPaid: false })
    const [note] = await auditOf(id, 'subscription.cancelled')
    expect(note).toMatchObject({
      actor: `user:${admin.id}`,
      details: { reason: 'asked by mail', after: { status: 'cancelled' } },
    })
    const shown = (await admin.visitor.get(`/admin/subscribers/${id}`)).body
    expect(shown).toContain('Why does this account have no access?')
    expect(shown).toContain('by hand, because: asked by mail')
    expect((await visitor.get('/dashboard')).body).toContain('cancelled')
    await sound()
  })

  test('posted twice at once, or by two, is one; where nothing runs there is nothing to do', async () => {
    const { id } = await payer()
    const mine = await formOf(id, 'cancellation')
    const theirs = await formOf(id, 'cancellation', other)
    const answers = await Promise.all([
      mine.send({ reason: 'double' }),
      mine.send({ reason: 'double' }),
      theirs.send({ reason: 'double' }),
    ])
    expect(await auditOf(id, 'subscription.cancelled')).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 303).length).toBeGreaterThanOrEqual(1)
    expect(answers.every(({ status }) => status === 303 || status === 409)).toBe(true)
    expect((await formOf(id, 'cancellation')).page.body).toContain('no access to cancel')
  })
})

describe('suspending', () => {
  test('ends the sessions and refuses log-ins until it is lifted; what was paid runs on', async () => {
    const { id, visitor, form, email } = await payer()
    const login = () => new Visitor(app).post('/login', { login: form.username!, password: form.password! })
    const { send } = await formOf(id, 'suspension')
    expect((await send({ reason: 'charge-back' })).status).toBe(303)
    expect((await visitor.get('/dashboard')).location).toMatch(/^\/login/)
    expect((await login()).status).not.toBe(303)
    expect(await subscriberOf(app, email)).toMatchObject({ status: 'active', isPaid: true })
    const shown = (await admin.visitor.get(`/admin/subscribers/${id}`)).body
    expect(shown).toContain('Suspended: nobody can log in')
    expect(shown).toContain('charge-back')
    const lifting = await formOf(id, 'lifting')
    expect((await lifting.send()).status).toBe(303)
    expect((await lifting.send()).status).toBe(303)
    expect((await login()).status).toBe(303)
    expect(await auditOf(id, 'user.suspended')).toMatchObject([
      { details: { before: 'free', after: 'suspended', reason: 'charge-back' } },
    ])
    expect(await auditOf(id, 'user.reinstated')).toHaveLength(1)
  })

  test('is done once, and not to oneself; two who suspend each other leave one of them', async () => {
    const { id } = await customer()
    const { send } = await formOf(id, 'suspension')
    const answers = await Promise.all([send({ reason: 'spam' }), send({ reason: 'spam' })])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(await auditOf(id, 'user.suspended')).toHaveLength(1)
    expect((await send({ reason: 'another reason' })).status).toBe(409)
    expect((await admin.visitor.post(`/admin/subscribers/${admin.id}/suspension`, { reason: 'myself' })).status).toBe(
      409,
    )

    const [one, two] = [await adminOf(app), await adminOf(app)]
    await Promise.all([
      one.visitor.post(`/admin/subscribers/${two.id}/suspension`, { reason: 'each other' }),
      two.visitor.post(`/admin/subscribers/${one.id}/suspension`, { reason: 'each other' }),
    ])
    expect(
      await app.sql`select from users where id in ${app.sql([one.id, two.id])} and suspended_at is null`,
    ).toHaveLength(1)
  })
})

describe('a role', () => {
  const role = (id: string, by: Admin, seen: string, becomes: string) =>
    by.visitor.post(`/admin/subscribers/${id}/role`, { seen, role: becomes })

  test('is changed by another administrator, ends the sessions, and needs password and code', async () => {
    const subject = await adminOf(app)
    const { page, send } = await formOf(subject.id, 'role')
    expect(page.body).toContain('Admin (full access)')
    expect((await send({})).status).toBe(422)
    expect((await send({ role: 'emperor' })).status).toBe(422)
    expect((await send({ role: 'admin-read' })).status).toBe(303)
    expect((await subject.visitor.get('/admin')).location).toMatch(/^\/login/)
    expect(await auditOf(subject.id, 'user.role-changed')).toMatchObject([
      { details: { before: 'admin', after: 'admin-read' } },
    ])
    expect((await send({ role: 'subscriber' })).status).toBe(409)
    expect((await role(subject.id, admin, 'admin-read', 'subscriber')).status).toBe(303)
    expect(await app.sql`select from second_factors where user_id = ${subject.id}`).toHaveLength(0)

    const stale = await adminOf(app, 'admin', false)
    expect((await role(subject.id, stale, 'subscriber', 'admin')).status).toBe(422)
    expect(await app.sql`select from users where id = ${subject.id} and role = 'subscriber'`).toHaveLength(1)
  })

  test('is never one’s own to change', async () => {
    expect((await role(admin.id, admin, 'admin', 'subscriber')).status).toBe(409)
    expect((await admin.visitor.get(`/admin/subscribers/${admin.id}/role`)).body).toContain('your own account')
  })

  test('of two who demote each other at once one stays, so that somebody can always act', async () => {
    for (let round = 0; round < 3; round++) {
      const [one, two] = [await adminOf(app), await adminOf(app)]
      const answers = await Promise.all([
        role(two.id, one, 'admin', 'admin-read'),
        role(one.id, two, 'admin', 'admin-read'),
      ])
      expect(answers.filter(({ location }) => location?.startsWith('/admin/subscribers/'))).toHaveLength(1)
      expect(await app.sql`select from users where id in ${app.sql([one.id, two.id])} and role = 'admin'`).toHaveLength(
        1,
      )
    }
  })

  test('of the last administrator who may change things is kept by the database itself', async () => {
    await app.sql`update users set suspended_at = now(), suspended_reason = 'aside' where role = 'admin' and id <> ${admin.id}`
    const [row] = await app.sql<
      { outcome: string }[]
    >`select change_role(${admin.id}, 'admin', 'subscriber', ${`user:${other.id}`}, null) as outcome`
    expect(row!.outcome).toBe('not-you')
    await app.sql`update users set suspended_at = null, suspended_reason = null where suspended_reason = 'aside'`
  })
})

describe('signing somebody out, and sending a receipt again', () => {
  test('ends every session', async () => {
    const { id, visitor, form } = await customer()
    const second = new Visitor(app)
    await second.post('/login', { login: form.username!, password: form.password! })
    const { page, send } = await formOf(id, 'sign-out')
    expect(page.body).toMatch(/Sessions ended<\/dt><dd>2</)
    expect(page.body).toContain('API keys go on working')
    expect((await send()).status).toBe(303)
    for (const browser of [visitor, second]) expect((await browser.get('/dashboard')).location).toMatch(/^\/login/)
    expect((await send()).status).toBe(303)
    expect(await auditOf(id, 'sessions.ended')).toMatchObject([{ details: { before: 2, after: 0 } }])
  })

  test('sends the same receipt to today’s address, once for a double click, and again when asked again', async () => {
    const { id, order } = await payer()
    const [receipt] = await app.sql<{ number: string }[]>`select number from receipts where order_id = ${order.id}`
    await app.sql`update users set email = 'moved@example.in' where id = ${id}`
    const { page, send } = await formOf(id, `receipt?number=${receipt!.number}`)
    expect(page.body).toContain('moved@example.in')
    expect((await Promise.all([send(), send()])).map(({ status }) => status)).toEqual([303, 303])
    await app.run('deliver-mails')
    const sent = async () =>
      (await app.mailbox.list()).filter(
        (mail) => mail.recipients.includes('moved@example.in') && mail.subject.includes(receipt!.number),
      )
    expect(await sent()).toHaveLength(1)
    const once = await formOf(id, `receipt?number=${receipt!.number}`)
    expect((await once.send()).status).toBe(303)
    await app.run('deliver-mails')
    expect(await sent()).toHaveLength(2)
    const stranger = await payer()
    expect(
      (await admin.visitor.get(`/admin/subscribers/${stranger.id}/receipt?number=${receipt!.number}`)).status,
    ).toBe(404)
  })
})

describe('who may act', () => {
  const names = ['grant', 'cancellation', 'suspension', 'lifting', 'sign-out', 'role', 'receipt']

  test('an administrator who only looks sees everything, is offered nothing, and is refused', async () => {
    const { id } = await payer()
    const { status, body } = await reader.visitor.get(`/admin/subscribers/${id}`)
    expect(status).toBe(200)
    expect(body).toContain('What happened')
    for (const name of names) {
      expect(body).not.toContain(`/${id}/${name}`)
      expect((await reader.visitor.get(`/admin/subscribers/${id}/${name}`)).status, name).toBe(403)
      expect((await reader.visitor.post(`/admin/subscribers/${id}/${name}`, { reason: 'let me' })).status, name).toBe(
        403,
      )
    }
    expect(await app.sql`select from audit where user_id = ${id} and actor = ${`user:${reader.id}`}`).toHaveLength(0)
  })

  test('subscribers and visitors find nothing there', async () => {
    const { id, visitor } = await payer()
    for (const name of names) {
      expect((await visitor.post(`/admin/subscribers/${id}/${name}`, { reason: 'mine' })).status, name).toBe(404)
      expect((await new Visitor(app).post(`/admin/subscribers/${id}/${name}`)).location, name).toMatch(/^\/login/)
    }
  })

  test('nobody acts on a deleted account, nor on one that does not exist', async () => {
    const { id, order } = await payer()
    const [receipt] = await app.sql<{ number: string }[]>`select number from receipts where order_id = ${order.id}`
    await app.sql`update users set deleted_at = now() where id = ${id}`
    const { body } = await admin.visitor.get(`/admin/subscribers/${id}`)
    expect(body).toContain('Deleted')
    for (const name of names) {
      expect(body).not.toContain(`/${id}/${name}`)
      const form = await formOf(id, name === 'receipt' ? `receipt?number=${receipt!.number}` : name)
      expect(form.page.body, name).toContain('This account was deleted')
      const typed = { reason: 'a reason', days: '5', role: 'admin', seen: 'subscriber', number: receipt!.number }
      const answer = await form.send(typed)
      expect(answer.status, name).toBeGreaterThanOrEqual(400)
      expect(answer.status, name).toBeLessThan(500)
    }
    expect(await app.sql`select from audit where user_id = ${id} and actor = ${`user:${admin.id}`}`).toHaveLength(0)
    for (const unknown of ['00000000-0000-4000-8000-000000000000', 'junk', `${id}x`])
      expect((await admin.visitor.get(`/admin/subscribers/${unknown}`)).status).toBe(404)
    expect((await admin.visitor.get(`/admin/subscribers/${admin.id}/constructor`)).status).toBe(404)
  })
})
