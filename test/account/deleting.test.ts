import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refundPayment } from '../../src/billing/refunds/refunds.ts'
import { grantDays } from '../../src/billing/subscriptions/subscriptions.ts'
import { insertKnownBrowser } from '../../src/identity/known-browsers/queries.ts'
import { queueReportNow } from '../../src/market/reports/queries.ts'
import { checkInvariants } from '../../src/operations/integrity/integrity.ts'
import { dayInIndia } from '../../src/platform/dates.ts'
import { readMigration } from '../../src/platform/release.ts'
import { insertRegistrationSource } from '../../src/records/visits/queries.ts'
import { codeTo, deliverNow, give } from '../billing/gifts/giving.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { newestOrder, nothingGranted, tracesOf } from '../support/ledger.ts'
import { until, untilLocked } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { deletionForm, refundInFull, registrant, subscriber } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
beforeEach(() => {
  app.sandbox.control.clearFaults()
  app.sandbox.control.webhooks({ paused: false })
})

const accountOf = async (userId: string) => {
  const [row] = await app.sql`
    select u.username, u.email, u.name, u.phone, u.deleted_at, s.status, s.is_paid, has_access(s) is true as has_access
    from users u join subscriptions s on s.user_id = u.id where u.id = ${userId}`
  return row!
}
const brokenBooks = async () => {
  const { checks, money } = await checkInvariants(app.sql)
  return [
    ...checks.filter((check) => check.wrong > 0).map(({ broken, ids }) => [broken, ids]),
    ...money.filter((sum) => sum.missing !== 0),
  ]
}
const incidentsOf = (orderId: string) =>
  app.sql<{ kind: string }[]>`select kind from incidents where order_id = ${orderId}`

/** Every table that still holds one of these texts in any column. */
async function tablesNaming(texts: string[]): Promise<string[]> {
  const tables = await app.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`
  const found: string[] = []
  for (const { name } of tables) {
    const [row] = await app.sql.unsafe(
      `select count(*)::int as n from "${name}" t where ${texts.map((_, i) => `strpos(lower(t::text), lower($${i + 1})) > 0`).join(' or ')}`,
      texts,
    )
    if (row!.n > 0) found.push(name)
  }
  return found.sort()
}

describe('deleting an account', () => {
  test('takes the person out of every table but the papers that tax law keeps, and the books stay right', async () => {
    const name = 'Zubeida Qadri-Unmistakable'
    const { visitor, email, username, userId, order, cfPaymentId } = await subscriber(app, {
      name,
      phone: '91234 56780',
    })
    await until(async () => (await app.sql`select from webhook_events where order_id = ${order.id}`).length > 0)
    await app.run('deliver-mails')
    const answer = await visitor.post('/account/delete', await deletionForm(visitor, username))
    expect([answer.status, answer.location]).toEqual([303, '/'])
    expect((await visitor.get('/')).body).toContain('Your account is deleted.')
    await app.run('deliver-mails')
    await app.run('clean')

    expect(await tablesNaming([name, email, username, '9123456780'])).toEqual(['receipts'])
    expect(await accountOf(userId)).toMatchObject({
      name: 'Deleted account',
      phone: null,
      status: 'cancelled',
      isPaid: false,
      hasAccess: false,
    })
    const events =
      await app.sql`select octet_length(body) as bytes, headers, redacted_at from webhook_events where order_id = ${order.id}`
    for (const event of events) expect(event).toMatchObject({ bytes: 0, headers: {}, redactedAt: expect.any(Date) })
    expect(await app.sql`select from receipts where order_id = ${order.id}`).toHaveLength(1)
    expect(await brokenBooks()).toEqual([])

    // What is owed can still go back, to the account or card that paid, and nobody is written to.
    await refundInFull(app, cfPaymentId, order.id)
    await app.run('deliver-mails')
    expect(await app.sql`select kind from mails where user_id = ${userId} and status = 'queued'`).toHaveLength(0)
    expect((await app.mailbox.list()).filter((mail) => mail.recipients.some((to) => to.endsWith('.invalid')))).toEqual(
      [],
    )
    expect(await brokenBooks()).toEqual([])
  })

  test('forgets what they wrote: why they left, complaints, gifts, their company; invoices keep what the law needs', async () => {
    const mark = 'Unforgettable'
    const company = { company: `${mark} Traders LLP`, address: `12 ${mark} Road, Pune`, gstin: '' }
    const person = await subscriber(app)
    const { visitor, username, email, userId } = person
    await app.sql`update users set email_verified_at = now() where id = ${userId}`
    const complain = async (writer: Visitor, reference: string) => {
      const key = /name="key" value="([^"]+)"/.exec((await writer.get('/complaint')).body)![1]!
      const typed = { name: `${mark} Rao`, email: email.toUpperCase(), reference, text: `${mark} trouble` }
      expect((await writer.post('/complaint', { ...typed, key })).status).toBe(303)
    }
    await complain(new Visitor(app), `${mark} 1`)
    await complain(visitor, `${mark} 2`)
    await complain(visitor, `${mark} 3`)
    await app.sql`update complaints set answer = ${`${mark} answer`}, answered_by = 'user:x', answered_at = now()
                  where reference = ${`${mark} 3`}`
    const gift = { recipient: `${mark} Iyer`, message: `${mark} birthday`, ...company }
    const sent = await give(app, visitor, { ...gift, email: 'unforgettable-one@example.in' })
    const waits = await give(app, visitor, {
      ...gift,
      email: 'unforgettable-two@example.in',
      day: dayInIndia(new Date(Date.now() + 40 * 86_400_000)),
    })
    await deliverNow(app, sent.orderId)
    await app.run('deliver-mails')
    // What they were given themselves.
    const giver = await subscriber(app)
    const given = await give(app, giver.visitor, { recipient: `${mark} Self`, email, message: `${mark} thanks` })
    await deliverNow(app, given.orderId)
    const code = await codeTo(app, email)
    expect((await visitor.post('/redeem', { code })).status).toBe(303)
    const left = await visitor.post('/account/subscription/cancel', { reason: 'trust', comment: `${mark} numbers` })
    expect(left.status).toBe(303)

    expect((await visitor.post('/account/delete', await deletionForm(visitor, username))).status).toBe(303)
    await app.run('deliver-mails')
    await app.run('clean')
    expect(await tablesNaming([mark, email])).toEqual(['gifts', 'receipts']) // a gift waits for its day
    const bought =
      await app.sql`select recipient_email, message from gifts where buyer_id = ${userId} order by deliver_on`
    expect(bought).toMatchObject([
      { recipientEmail: '', message: '' },
      { recipientEmail: 'unforgettable-two@example.in', message: `${mark} birthday` },
    ])
    expect(await app.sql`select cancel_reason from subscriptions where user_id = ${userId}`).toMatchObject([
      { cancelReason: null },
    ])
    expect(await app.sql`select from audit where details::text like '%trust%'`).toHaveLength(0)
    expect(await app.sql`select from complaints where answered_at is null`).toHaveLength(0)

    await deliverNow(app, waits.orderId)
    await app.run('deliver-mails')
    await app.run('clean')
    expect(await tablesNaming([mark, email])).toEqual(['receipts'])
    expect(await brokenBooks()).toEqual([])
  })

  test('and what earlier releases left of deleted accounts is forgotten by a migration', async () => {
    const { visitor, username, userId, order } = await subscriber(app)
    await visitor.post('/account/delete', await deletionForm(visitor, username))
    const left = 'Leftover'
    await app.sql`update subscriptions set cancel_reason = 'other', cancel_comment = ${left} where user_id = ${userId}`
    await app.sql`update orders set company = ${app.sql.json({ legalName: left })} where id = ${order.id}`
    await app.sql`
      insert into complaints (form_key, user_id, name, email, reference, text)
      values ('left', ${userId}, 'Deleted account', 'x@deleted.invalid', ${left}, ${left})`
    await app.sql.unsafe(await readMigration('0097-what-deleted-accounts-left.sql'))
    expect(await tablesNaming([left])).toEqual([])
    expect(await app.sql`select from complaints where user_id = ${userId} and answered_at is null`).toHaveLength(0)
  })

  test('leaves the complaints of others alone who once had the address, where it was never confirmed', async () => {
    const { visitor, username, email } = await registrant(app)
    const other = new Visitor(app)
    const key = /name="key" value="([^"]+)"/.exec((await other.get('/complaint')).body)![1]!
    await other.post('/complaint', { name: 'Meera', email, reference: '', text: 'Not theirs', key })
    await visitor.post('/account/delete', await deletionForm(visitor, username))
    expect(await app.sql`select from complaints where text = 'Not theirs' and email = ${email}`).toHaveLength(1)
  })

  test('keeps nothing of what a request asked that was on its way at that moment', async () => {
    const { visitor, userId, username } = await registrant(app)
    expect((await visitor.post('/account/delete', await deletionForm(visitor, username))).status).toBe(303)
    const wanted = {
      is_on: true,
      step: 'week',
      scope: 'all',
      quadrant: true,
      mansfield: false,
      high: false,
      sectors: [],
    }
    const [star] = await app.sql`select set_star(${userId}, 'ITBEES', true, 50) as outcome`
    await app.sql`select choose_alerts(${userId}, ${app.sql.json(wanted)}, ${'x'.repeat(43)}, 'visitor', null)`
    expect(star).toEqual({ outcome: 'unknown' })
    expect(await app.sql`select from stars where user_id = ${userId}`).toHaveLength(0)
    expect(await app.sql`select from alert_choices where user_id = ${userId}`).toHaveLength(0)
  })

  test('leaves nothing behind of what is written about the person at that very moment', async () => {
    const { visitor, userId } = await subscriber(app)
    const by = { actor: 'test', origin: null }
    const writes = [
      () => visitor.post('/account/reports', { cadence: 'weekly', weekday: '6', time: '08:00', ranks: 'yes' }),
      () => queueReportNow(app.sql, userId, { key: 'pressed-once', link: 'x'.repeat(43), most: 3 }, by),
      () => app.sql`select note_visit(${userId}, '2026-11-20')`,
      () => insertRegistrationSource(app.sql, userId, 'a-friend'),
      () => insertKnownBrowser(app.sql, userId, randomBytes(32)),
    ]
    for (const table of ['registration_sources', 'known_devices'])
      await app.sql.unsafe(`delete from ${table} where user_id = $1`, [userId])
    for (const write of writes) {
      let writing: Promise<unknown> | undefined
      await app.sql.begin(async (deletion) => {
        await deletion`update users set deleted_at = now() where id = ${userId}`
        writing = Promise.all([write()])
        await untilLocked(app.sql)
      })
      await writing
      await app.sql`update users set deleted_at = null where id = ${userId}`
    }
    for (const table of ['report_choices', 'dashboard_visits', 'registration_sources', 'known_devices'])
      expect([table, (await app.sql.unsafe(`select from ${table} where user_id = $1`, [userId])).length]).toEqual([
        table,
        0,
      ])
  })

  test('ends every session; neither the old name nor the new one logs in, and the name is free again', async () => {
    const { visitor, email, username, userId } = await registrant(app)
    const phone = new Visitor(app)
    await phone.post('/login', { login: email, password: 'TestPass123' })
    const cookies = new Map(visitor.cookies)
    const answer = await visitor.post('/account/delete', await deletionForm(visitor, username))
    expect([answer.status, answer.headers.get('clear-site-data')]).toEqual([303, '"cache", "storage"'])
    const replayed = new Visitor(app)
    for (const [key, value] of cookies) replayed.cookies.set(key, value)
    for (const one of [phone, replayed, visitor]) expect((await one.get('/account')).location).toContain('/login')
    const { username: deleted } = await accountOf(userId)
    for (const login of [email, username, deleted])
      expect((await new Visitor(app).post('/login', { login, password: 'TestPass123' })).status).toBe(422)
    const again = new Visitor(app)
    await again.register({ email, username })
    expect((await again.get('/account/data')).status).toBe(200)
  })

  test('a receipt that waits still goes to its buyer and one last mail tells of it; then the address is forgotten', async () => {
    const { visitor, email, username, userId } = await subscriber(app)
    await visitor.post('/account/delete', await deletionForm(visitor, username))
    await app.run('deliver-mails')
    const mails = (await app.mailbox.list()).filter((mail) => mail.recipients.includes(email))
    expect(mails.map((mail) => mail.subject).sort()).toEqual([
      'Your account was deleted',
      expect.stringMatching(/receipt/i),
    ])
    expect(mails.find((mail) => /deleted/.test(mail.subject))!.text).toContain('Wasn’t you?')
    await app.run('clean')
    const left = await app.sql<{ kind: string; toEmail: string; status: string }[]>`
      select kind, to_email, status from mails where user_id = ${userId}`
    expect(left.filter((mail) => mail.toEmail === email)).toEqual([])
    expect(left.find((mail) => mail.kind === 'receipt')?.status).toBe('sent')
  })

  test('ends the open order at Cashfree first', async () => {
    const { visitor, username, order } = await registrant(app)
    expect((await visitor.post('/account/delete', await deletionForm(visitor, username))).status).toBe(303)
    expect(app.sandbox.control.order(order.id).status).toBe('TERMINATED')
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'terminated' })
    expect(await brokenBooks()).toEqual([])
  })

  test('an order that Cashfree never heard of is ended here', async () => {
    app.sandbox.control.faults({ serverError: { endpoint: 'orders.create' } })
    const { visitor, username, order } = await registrant(app)
    app.sandbox.control.clearFaults()
    expect(order.status).toBe('created')
    expect((await visitor.post('/account/delete', await deletionForm(visitor, username))).status).toBe(303)
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'terminated' })
    expect(await brokenBooks()).toEqual([])
  })

  test('money that comes afterwards is booked and held, grants nothing, and its refund is prepared', async () => {
    const { visitor, username, userId, order } = await registrant(app)
    await visitor.post('/account/delete', await deletionForm(visitor, username))
    // An attempt begun before the end succeeds after it, as Cashfree allows.
    app.sandbox.control.pay(order.id)
    await app.sql`update orders set next_look_at = now(), created_at = now() - interval '1 hour' where id = ${order.id}`
    await app.run('reconcile')
    await until(async () => (await tracesOf(app, order.id)).heldAt !== null)
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'terminated', ...nothingGranted })
    expect(await incidentsOf(order.id)).toContainEqual({ kind: 'entitlement-refused' })
    expect(await accountOf(userId)).toMatchObject({ status: 'cancelled', hasAccess: false })
    await app.run('deliver-mails')
    expect((await app.mailbox.list()).filter((mail) => mail.recipients.some((to) => to.endsWith('.invalid')))).toEqual(
      [],
    )
    expect(await brokenBooks()).toEqual([])
    const [payment] = await app.sql<
      { cfPaymentId: string }[]
    >`select cf_payment_id from payments where order_id = ${order.id} and status = 'SUCCESS'`
    await refundInFull(app, payment!.cfPaymentId, order.id)
    await app.sql`update orders set next_look_at = now() where id = ${order.id}`
    await app.run('reconcile')
    expect(await tracesOf(app, order.id)).toMatchObject({ ...nothingGranted, heldAt: null })
    expect(await brokenBooks()).toEqual([])
  })

  test('an order that contradicted ours, was never paid and is over stands in nobody’s way', async () => {
    const { visitor, username, userId, order } = await registrant(app)
    app.sandbox.control.faults({ wrongCustomer: { count: 1_000 } })
    await visitor.get(`/payment/return?order_id=${order.id}`)
    app.sandbox.control.expire(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await tracesOf(app, order.id)).toMatchObject({ status: 'expired', heldAt: expect.any(Date) })
    expect((await visitor.post('/account/delete', await deletionForm(visitor, username))).status).toBe(303)
    expect((await accountOf(userId)).deletedAt).not.toBeNull()
  })

  test('days that were given as a present end as well, with their reason on record', async () => {
    const { visitor, username, userId } = await registrant(app)
    const grant = { userId, days: 30, reason: 'a present', key: 'k-present', seenEnd: null }
    await grantDays(app.sql, grant, { actor: 'user:admin', origin: null })
    expect(await accountOf(userId)).toMatchObject({ hasAccess: true })
    expect((await visitor.post('/account/delete', await deletionForm(visitor, username))).status).toBe(303)
    expect(await accountOf(userId)).toMatchObject({ hasAccess: false, status: 'cancelled' })
    expect(await brokenBooks()).toEqual([])
  })

  test('at the very moment of a payment, one of the two comes first and nothing is lost', async () => {
    for (let round = 0; round < 6; round++) {
      const { visitor, username, userId, order } = await registrant(app)
      const form = await deletionForm(visitor, username)
      const other = new Visitor(app)
      for (const [name, value] of visitor.cookies) other.cookies.set(name, value)
      app.sandbox.control.pay(order.id)
      const [deleted] = await Promise.all([
        visitor.post('/account/delete', form),
        other.get(`/payment/return?order_id=${order.id}`),
      ])
      expect([303, 409]).toContain(deleted.status)
      await app.run('reconcile')
      await until(async () => (await tracesOf(app, order.id)).status === 'paid')
      const { deletedAt, hasAccess } = await accountOf(userId)
      expect(hasAccess).toBe(deletedAt === null)
      expect(await tracesOf(app, order.id)).toMatchObject({ status: 'paid', periods: 1, receipts: 1, applied: 1 })
    }
    expect(await brokenBooks()).toEqual([])
  })
})

describe('deleting is refused', () => {
  const refused = async (
    person: Awaited<ReturnType<typeof registrant>>,
    status: number,
    words: string,
    changes = {},
  ) => {
    const form = { ...(await deletionForm(person.visitor, person.username)), ...changes }
    const answer = await person.visitor.post('/account/delete', form)
    expect([answer.status, answer.body.includes(words)]).toEqual([status, true])
    expect((await accountOf(person.userId)).deletedAt).toBeNull()
    return answer
  }

  test('without the password or the username, and what was typed stays, the password never', async () => {
    const person = await registrant(app)
    const answer = await refused(person, 422, 'Incorrect password. Please try again.', { password: 'WrongPass999' })
    expect(answer.body).toContain(`value="${person.username}"`)
    expect(answer.body).not.toContain('WrongPass999')
    await refused(person, 422, 'Please type your username exactly.', { confirmation: 'someone.else' })
    await refused(person, 422, 'Please type your username exactly.', { confirmation: '' })
  })

  test('while Cashfree cannot say whether a payment is under way', async () => {
    const person = await registrant(app)
    app.sandbox.control.faults({ serverError: true })
    await refused(person, 409, 'Cashfree cannot say just now')
  })

  test('while an attempt waits at the bank, and it works once that has ended', async () => {
    const person = await registrant(app)
    app.sandbox.control.pending(person.order.id)
    await refused(person, 409, 'still under way at the bank')
    app.sandbox.control.fail(person.order.id)
    const answer = await person.visitor.post('/account/delete', await deletionForm(person.visitor, person.username))
    expect(answer.status).toBe(303)
  })

  test('while a refund is under way', async () => {
    const person = await subscriber(app)
    const { cfPaymentId } = person
    await refundPayment(app.services, {
      cfPaymentId,
      ordinal: 1,
      amountPaise: 100,
      reason: 'part',
      actor: 'user:admin',
    })
    await refused(person, 409, 'A refund to you is still under way')
  })

  test('when a payment came since the page was shown', async () => {
    const person = await registrant(app)
    const form = await deletionForm(person.visitor, person.username)
    app.sandbox.control.pay(person.order.id)
    const answer = await person.visitor.post('/account/delete', form)
    expect([answer.status, answer.body.includes('changed in the meantime')]).toEqual([409, true])
    expect(answer.body).toMatch(/\d+ days of access/)
  })

  test.each(['+275760-09-13T00:00:00.000Z', '-000044-03-15T00:00:00Z', 'soon'])(
    'when the page cannot have shown an end like %j',
    async (seen) => {
      const person = await subscriber(app)
      await refused(person, 409, 'changed in the meantime', { seen })
    },
  )

  test('for an administrator, whoever they say they are', async () => {
    const person = await registrant(app)
    await app.sql`update users set role = 'admin' where id = ${person.userId}`
    await app.sql`update sessions set second_factor_at = now() where user_id = ${person.userId}`
    const answer = await person.visitor.post('/account/delete', {
      password: 'TestPass123',
      confirmation: person.username,
      seen: '',
    })
    expect([answer.status, answer.body.includes('administrator’s account')]).toEqual([409, true])
    expect((await accountOf(person.userId)).deletedAt).toBeNull()
  })

  test('for visitors', async () => {
    const answer = await new Visitor(app).post('/account/delete', {})
    expect(answer.location).toContain('/login')
  })

  test('twice at once is once', async () => {
    const { visitor, username, userId } = await subscriber(app)
    const form = await deletionForm(visitor, username)
    const answers = await Promise.all([visitor.post('/account/delete', form), visitor.post('/account/delete', form)])
    expect(answers.map((answer) => answer.status)).toContain(303)
    expect(await app.sql`select from audit where user_id = ${userId} and action = 'account.deleted'`).toHaveLength(1)
    expect(await newestOrder(app, (await accountOf(userId)).email)).toMatchObject({ status: 'paid' })
  })
})
