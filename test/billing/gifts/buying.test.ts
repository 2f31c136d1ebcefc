import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deletionForm, registrant, subscriber } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { longPending } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { codeTo, deliverNow, giftForm, giftOf, give } from './giving.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const dayIn = async (days: number) =>
  (
    await app.sql<{ day: string }[]>`select ((now() at time zone 'Asia/Kolkata')::date + ${days}::integer)::text as day`
  )[0]!.day
/** Where "It failed: pay again" leads, and the order that it names. */
const restartsOn = (html: string) =>
  [...html.matchAll(/action="([^"]*restart)">\s*<input type="hidden" name="order"\s+value="([^"]*)"/g)].map(
    ([, action, order]) => [action, order],
  )
const mailsAbout = (giftId: string) =>
  app.sql<{ copy: number; status: string; toEmail: string }[]>`
    select copy, status, to_email from mails where kind = 'gift' and subject_key = ${giftId} order by copy`

describe('buying a gift', () => {
  test('opens an order of its own; paid, it says when the code goes out, and the buyer’s own plan is as it was', async () => {
    const buyer = await subscriber(app)
    const day = await dayIn(30)
    const { page, orderId, paidAt } = await give(app, buyer.visitor, { day })
    expect(paidAt).not.toBeNull()
    expect(page.body).toContain('Your gift for Ravi Iyer is ready')
    expect(page.body).toContain('The code goes out to ravi.gift@example.in on')
    expect(await app.sql`select from subscription_periods where user_id = ${buyer.userId}`).toHaveLength(1)
    const checkout = await buyer.visitor.get('/checkout/monthly')
    expect(checkout.body).not.toContain('Ravi Iyer')
    await app.run('queue-gifts')
    expect(await mailsAbout((await giftOf(app, orderId)).giftId)).toEqual([])
    expect((await buyer.visitor.get('/account/gifts')).body).toContain('Code not sent yet')
  })

  test('before paying names the moment at which the code goes out, or that it goes at once where that has passed', async () => {
    const buyer = await registrant(app)
    const { location } = await buyer.visitor.post('/gift', { ...giftForm, day: await dayIn(30) })
    const page = async () => (await buyer.visitor.get(location!)).body.replace(/\s+/g, ' ')
    expect(await page()).toMatch(/Code goes out<\/dt> ?<dd[^>]*>[A-Z][a-z]{2}, .*9:00 am IST/)
    expect(await page()).toContain('Ask within 7 days of paying and you get the full amount back; the gift then ends.')
    await app.sql`update gifts set deliver_on = (now() at time zone 'Asia/Kolkata')::date - 1
                  where order_id = ${location!.split('/').at(-1)!}`
    expect(await page()).toMatch(/Code goes out<\/dt> ?<dd[^>]*>As soon as you have paid</)
  })

  test('ends no link with which the buyer may renew', async () => {
    const buyer = await subscriber(app)
    await app.sql`insert into account_links (user_id, purpose, email, expires_at, plan_name)
                  values (${buyer.userId}, 'renew', ${buyer.email}, now() + interval '30 days', 'monthly')`
    await give(app, buyer.visitor)
    const links =
      await app.sql`select ended_at from account_links where user_id = ${buyer.userId} and purpose = 'renew'`
    expect(links).toEqual([{ endedAt: null }])
  })

  test('beside an open order of the buyer’s own is no second payment', async () => {
    const buyer = await registrant(app)
    const { location } = await buyer.visitor.post('/gift', giftForm)
    for (const id of [buyer.order.id, location!.split('/').at(-1)!]) {
      app.sandbox.control.pay(id)
      await buyer.visitor.get(`/payment/return?order_id=${id}`)
    }
    expect(await app.sql`select from incidents where user_id = ${buyer.userId}`).toEqual([])
    expect(await app.sql`select from receipts where user_id = ${buyer.userId}`).toHaveLength(2)
  })

  test('told again before it is paid, the open order goes to the last one named', async () => {
    const buyer = await registrant(app)
    const first = await buyer.visitor.post('/gift', giftForm)
    const second = await buyer.visitor.post('/gift', { ...giftForm, recipient: 'Meera', email: 'meera@example.in' })
    expect(second.location).toBe(first.location)
    const page = await buyer.visitor.get(second.location!)
    expect(page.status).toBe(200)
    expect(page.body).toContain('meera@example.in')
    expect((await buyer.visitor.get('/gift')).body).toContain('value="Meera"')
  })

  test('the preview shows the mail, keeps what was typed and opens nothing', async () => {
    const buyer = await registrant(app)
    const page = await buyer.visitor.post('/gift', { ...giftForm, preview: 'yes' })
    expect(page.status).toBe(200)
    for (const text of ['Asha Rao gives you a month', 'Happy birthday!', 'value="Ravi Iyer"'])
      expect([text, page.body.includes(text)]).toEqual([text, true])
    expect(await app.sql`select from orders where user_id = ${buyer.userId} and purpose = 'gift'`).toEqual([])
  })

  test.each([
    ['no name', { recipient: ' ' }, 'who it is for'],
    ['markup in the name', { recipient: 'Ravi <b>' }, 'ordinary punctuation'],
    ['no address', { email: 'ravi' }, 'one e-mail address'],
    ['a long message', { message: 'x'.repeat(301) }, 'to 300 characters'],
    ['a day that is none', { day: '2026-02-30' }, 'Please choose a day'],
    ['words for a day', { day: 'tomorrow' }, 'Please choose a day'],
    ['another plan', { plan: 'forever' }, 'how long the gift is'],
    ['a GSTIN without a company', { gstin: '27AAPFU0939F1ZV' }, 'A GSTIN belongs to a company'],
  ])('%s is refused with a sentence, and no order is opened', async (_what, changes, sentence) => {
    const buyer = await registrant(app)
    const answer = await buyer.visitor.post('/gift', { ...giftForm, ...(changes as Record<string, string>) })
    expect([answer.status, answer.body.includes(sentence)]).toEqual([422, true])
    expect(await app.sql`select from orders where user_id = ${buyer.userId} and purpose = 'gift'`).toEqual([])
  })

  test.each([
    [-1, 422],
    [0, 303],
    [90, 303],
    [91, 422],
  ])('a day %i days ahead answers %i', async (ahead, status) => {
    const buyer = await registrant(app)
    expect((await buyer.visitor.post('/gift', { ...giftForm, day: await dayIn(ahead) })).status).toBe(status)
  })

  test('a company that is named stands on the order, and is kept for next time', async () => {
    const buyer = await registrant(app)
    const { orderId } = await give(app, buyer.visitor, { company: 'Rao Traders', gstin: '29 aagcb7383j1z4' })
    const company = { legalName: 'Rao Traders', address: '', gstin: '29AAGCB7383J1Z4' }
    expect(await app.sql`select company from orders where id = ${orderId}`).toEqual([{ company }])
    expect((await buyer.visitor.get('/gift')).body).toContain('29AAGCB7383J1Z4')
  })

  test('waits while another payment of the buyer is at the bank', async () => {
    const buyer = await registrant(app)
    app.sandbox.control.pending(buyer.order.id)
    await buyer.visitor.get(`/payment/return?order_id=${buyer.order.id}`)
    const answer = await buyer.visitor.post('/gift', giftForm)
    expect(answer.location).toBe('/gift')
    expect((await buyer.visitor.get('/gift')).body).toContain('Confirming your payment')
    expect(await app.sql`select from orders where user_id = ${buyer.userId} and purpose = 'gift'`).toEqual([])
  })

  // Pages of the release before name the plan alone.
  test.each(['this', 'the last'])(
    'whose payment failed at the bank is opened anew as it was, from pages of %s release',
    async (release) => {
      const day = await dayIn(12)
      const { visitor, userId } = await subscriber(app)
      const giftsOf = () => app.sql`
      select o.purpose, o.status, g.recipient_email, g.message, g.deliver_on::text as day
      from orders o left join gifts g on g.order_id = o.id where o.user_id = ${userId} and o.paid_at is null order by o.created_at`
      const { location } = await visitor.post('/gift', { ...giftForm, day })
      const id = location!.split('/').at(-1)!
      app.sandbox.control.pending(id)
      await visitor.get(`/payment/return?order_id=${id}`)
      await longPending(app, id)
      for (const path of [
        '/gift',
        location!,
        `/payment/return?order_id=${id}`,
        '/account',
        '/dashboard',
        '/account/plan',
      ])
        expect(restartsOn((await visitor.get(path)).body), path).toEqual([['/checkout/monthly/restart', id]])
      const answer = await visitor.post('/checkout/monthly/restart', release === 'this' ? { order: id } : {})
      expect(answer.location).toMatch(/^\/checkout\/gift\/ds_/)
      expect(answer.location).not.toBe(location)
      expect((await visitor.get(answer.location!)).body).toContain('name="payment_session_id"')
      const gift = { purpose: 'gift', recipientEmail: giftForm.email, message: giftForm.message, day }
      expect(await giftsOf()).toEqual([
        { ...gift, status: 'terminating' },
        { ...gift, status: 'active' },
      ])
      expect((await (await subscriber(app)).visitor.post('/checkout/monthly/restart', { order: id })).status).toBe(404)
    },
  )

  test('that was not paid in time is opened again as it was, with one button', async () => {
    const { visitor, userId } = await subscriber(app)
    const { location } = await visitor.post('/gift', giftForm)
    const id = location!.split('/').at(-1)!
    app.sandbox.control.expire(id)
    await visitor.get(`/payment/return?order_id=${id}`)
    await app.sql`update gifts set deliver_on = deliver_on - 3 where order_id = ${id}`
    expect(restartsOn((await visitor.get(location!)).body)).toEqual([['/checkout/monthly/restart', id]])
    const { location: again } = await visitor.post('/checkout/monthly/restart', { order: id })
    const rows = await app.sql`
      select '/checkout/gift/' || o.id as path, recipient_email as email, deliver_on::text as day
      from gifts g join orders o on o.id = g.order_id where o.user_id = ${userId} and o.status = 'active'`
    expect(rows).toEqual([{ path: again, email: giftForm.email, day: await dayIn(0) }])
  })

  test('opened again is not mixed up with another gift of the plan that waits to be paid: that one is ended', async () => {
    const { visitor, userId } = await subscriber(app)
    const first = (await visitor.post('/gift', giftForm)).location!.split('/').at(-1)!
    app.sandbox.control.expire(first)
    await visitor.get(`/payment/return?order_id=${first}`)
    const second = (await visitor.post('/gift', { ...giftForm, email: 'father@example.in' }))
      .location!.split('/')
      .at(-1)!
    const { location } = await visitor.post('/checkout/monthly/restart', { order: first })
    expect(app.sandbox.control.order(second).status).toBe('TERMINATED')
    const rows = await app.sql`
      select '/checkout/gift/' || o.id as path, recipient_email as email from gifts g join orders o on o.id = g.order_id
      where o.user_id = ${userId} order by o.created_at`
    expect(rows.map(({ email }) => email)).toEqual([giftForm.email, 'father@example.in', giftForm.email])
    expect(rows.at(-1)!.path).toBe(location)
  })

  test('belongs to its buyer: for others neither its checkout nor the gift exists, and visitors log in', async () => {
    const buyer = await registrant(app)
    const { orderId, giftId } = await give(app, buyer.visitor)
    const other = await registrant(app)
    expect((await other.visitor.get(`/checkout/gift/${orderId}`)).status).toBe(404)
    expect((await buyer.visitor.get(`/checkout/gift/${buyer.order.id}`)).status).toBe(404)
    const to = { recipient: 'Me', email: other.email }
    expect((await other.visitor.post(`/account/gifts/${giftId}`, to)).status).toBe(404)
    expect((await new Visitor(app).post('/gift', giftForm)).location).toContain('/login')
  })

  test('can be read about before logging in: what it costs, what happens, and what the buyer needs', async () => {
    const { status, body } = await new Visitor(app).get('/gift')
    expect(status).toBe(200)
    for (const text of [
      '₹499',
      '₹4,990',
      'It works once, within 12 months',
      'href="/login?next=%2Fgift"',
      'Skip payment for now',
    ])
      expect([text, body.includes(text)]).toEqual([text, true])
    expect(body).not.toContain('name="recipient"')
  })
})

describe('the code', () => {
  test('goes out with settlement where its day is over when the money comes', async () => {
    const buyer = await registrant(app)
    const { location } = await buyer.visitor.post('/gift', giftForm)
    const orderId = location!.split('/').at(-1)!
    await app.sql`update gifts set deliver_on = deliver_on - 1 where order_id = ${orderId}`
    app.sandbox.control.pay(orderId)
    const page = await buyer.visitor.get(`/payment/return?order_id=${orderId}`)
    expect(page.body).toContain('The code is on its way to ravi.gift@example.in')
    expect(await mailsAbout((await giftOf(app, orderId)).giftId)).toHaveLength(1)
  })

  test('and whom it was for are forgotten a month after it expired', async () => {
    const buyer = await registrant(app)
    const { orderId } = await give(app, buyer.visitor, { email: 'forgotten@example.in' })
    await app.sql`update gifts set deliver_on = deliver_on - 366 - 29 where order_id = ${orderId}`
    await app.run('clean')
    const recipient = async () =>
      (await app.sql`select recipient_email from gifts where order_id = ${orderId}`)[0]!.recipientEmail
    expect(await recipient()).toBe('forgotten@example.in')
    await app.sql`update gifts set deliver_on = deliver_on - 3 where order_id = ${orderId}`
    await app.run('clean')
    expect(await recipient()).toBe('')
  })

  test('is due at nine on its day in India, and counts until twelve months after it, the day included', async () => {
    const [row] = await app.sql`
      select gift_due_at(g) as due_at, gift_ends_at(g) as ends_at
      from (select (jsonb_populate_record(null::gifts, '{"deliver_on": "2028-02-29"}')).*) g`
    expect(row).toEqual({
      dueAt: new Date('2028-02-29T03:30:00Z'),
      endsAt: new Date('2029-02-28T18:30:00Z'),
    })
  })

  test('goes out once, whatever runs at once, and only its hash is kept', async () => {
    const buyer = await registrant(app)
    const email = 'once@example.in'
    const { orderId, giftId } = await give(app, buyer.visitor, { email, day: await dayIn(5) })
    await deliverNow(app, orderId)
    await Promise.all([app.run('queue-gifts'), app.run('queue-gifts'), app.run('queue-gifts')])
    const code = await codeTo(app, email)
    await app.run('deliver-mails')
    expect(await mailsAbout(giftId)).toEqual([{ copy: 0, status: 'sent', toEmail: email }])
    const stored = await app.sql`select g::text as gift from gifts g where id = ${giftId}`
    expect(JSON.stringify(stored)).not.toContain(code.replaceAll('-', ''))
    const page = await buyer.visitor.get('/account/gifts')
    expect([page.body.includes('Code sent'), page.body.includes(code)]).toEqual([true, false])
    expect((await buyer.visitor.get('/account/data.json')).body).not.toContain(code)
  })

  test('bought privately by somebody who buys for a company too is receipted to the person', async () => {
    const buyer = await registrant(app)
    await buyer.visitor.post('/account/company', { company: 'Rao Traders', address: '', gstin: '' })
    const { orderId } = await give(app, buyer.visitor, { company: '', address: '', gstin: '' })
    const [receipt] = await app.sql`select buyer from receipts where order_id = ${orderId}`
    expect(receipt!.buyer).not.toHaveProperty('legalName')
  })

  test('is not sent before its day, and the buyer may correct the address until then without a mail', async () => {
    const buyer = await registrant(app)
    const { giftId, orderId } = await give(app, buyer.visitor, { email: 'wrong@example.in', day: await dayIn(2) })
    await buyer.visitor.post(`/account/gifts/${giftId}`, { recipient: 'Ravi', email: 'right@example.in' })
    expect(await mailsAbout(giftId)).toEqual([])
    await deliverNow(app, orderId)
    expect((await mailsAbout(giftId)).map(({ toEmail }) => toEmail)).toEqual(['right@example.in'])
  })

  test('sent five times a day at most', async () => {
    const buyer = await registrant(app)
    const { giftId, orderId } = await give(app, buyer.visitor)
    await deliverNow(app, orderId)
    const again = () => buyer.visitor.post(`/account/gifts/${giftId}`, { recipient: 'Ravi', email: 'ravi2@example.in' })
    const answers = []
    for (let time = 0; time < 5; time++) answers.push((await again()).status)
    expect(answers).toEqual([303, 303, 303, 303, 429])
  })

  test('whose mail is refused is shown to the buyer', async () => {
    const buyer = await registrant(app)
    const { giftId, orderId } = await give(app, buyer.visitor)
    await deliverNow(app, orderId)
    await app.sql`update mails set status = 'dead', last_error = '550' where kind = 'gift' and subject_key = ${giftId}`
    const page = await buyer.visitor.get('/account/gifts')
    expect(page.body).toContain('The mail server refused ravi.gift@example.in')
  })

  test('is still sent to a corrected address, although its buyer deletes their account before the mail leaves', async () => {
    const buyer = await registrant(app)
    const { giftId, orderId } = await give(app, buyer.visitor)
    await deliverNow(app, orderId)
    const corrected = 'corrected.gift@example.in'
    await buyer.visitor.post(`/account/gifts/${giftId}`, { recipient: 'Ravi', email: corrected })
    const deletion = await deletionForm(buyer.visitor, buyer.username)
    expect((await buyer.visitor.post('/account/delete', deletion)).status).toBe(303)
    await app.run('clean')
    expect(await codeTo(app, corrected)).toBeTruthy()
  })

  test('works although its buyer deleted their account, and the receipt stays', async () => {
    const buyer = await registrant(app)
    const email = 'orphan@example.in'
    const { orderId } = await give(app, buyer.visitor, { email, day: await dayIn(3) })
    const answer = await buyer.visitor.post('/account/delete', await deletionForm(buyer.visitor, buyer.username))
    expect(answer.status).toBe(303)
    await deliverNow(app, orderId)
    const recipient = await registrant(app)
    expect((await recipient.visitor.post('/redeem', { code: await codeTo(app, email) })).status).toBe(303)
    expect(await app.sql`select from receipts where order_id = ${orderId}`).toHaveLength(1)
  })
})

describe('somebody with a code and no account', () => {
  test('is told what it is, registers without an order, and comes back to redeem it', async () => {
    const buyer = await registrant(app)
    const email = 'newcomer@example.in'
    const { orderId } = await give(app, buyer.visitor, { email })
    await deliverNow(app, orderId)
    const code = await codeTo(app, email)
    const visitor = new Visitor(app)
    const page = await visitor.get(`/redeem?code=${code}`)
    expect(page.body).toContain(`/redeem/register?code=${code}`)
    expect(page.body).toContain(`/login?next=%2Fredeem%3Fcode%3D${code}`)
    expect((await visitor.get(`/redeem/register?code=${code}`)).body).toContain('action="/redeem/register"')
    const form = {
      name: 'Ravi Iyer',
      username: 'ravi.iyer',
      email,
      phone: '9876500001',
      state: '27',
      password: 'TestPass123',
      code,
    }
    expect((await visitor.post('/redeem/register', { ...form, phone: '1' })).body).toContain('10-digit')
    const answer = await visitor.post('/redeem/register', form)
    expect([answer.status, answer.location]).toEqual([303, `/redeem?code=${code}`])
    expect(await app.sql`select from orders o join users u on u.id = o.user_id where u.email = ${email}`).toEqual([])
    expect((await visitor.get(answer.location!)).body).toContain(`value="${code}"`)
    expect((await visitor.post('/redeem', { code })).location).toBe('/dashboard')
  })
})
