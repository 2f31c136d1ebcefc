import { describe, expect, test } from 'vitest'
import { Visitor } from '../../support/visitor.ts'
import { admin, app, customer, usePanel } from '../panel.ts'

usePanel(['admin'], { RECONCILE_MIN_AGE_MS: '0' })

const pageOf = async (id: string) => (await admin.visitor.get(`/admin/subscribers/${id}`)).body
const storyOn = (body: string) =>
  [...body.matchAll(/<p>([^<]+?)(?: <a class="small"[^>]*>[^<]*<\/a>)?<\/p>\s*<\/li>/g)].map(([, text]) => text!.trim())

describe('why an account has access, or none', () => {
  test('somebody who never paid: the order and the last refusal of the bank', async () => {
    const { visitor, order, id } = await customer()
    app.sandbox.control.fail(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const body = await pageOf(id)
    expect(body).toContain('No access yet: nothing was paid or granted.')
    expect(body).toMatch(/waits for payment; the last attempt failed: \w/)
    const story = storyOn(body)
    expect(story.some((line) => /^An attempt to pay by UPI failed: .+ Nothing was granted\.$/.test(line))).toBe(true)
    expect(story.slice(-2).join(' ')).toContain('Registered. No access yet')
  })

  test.each([
    ['return', 'seen when the payer came back'],
    ['reconciler', 'found by the reconciler, with nobody there'],
  ])(
    'somebody whose payment was found by the %s: by which payment, from when to when, with which receipt',
    async (entry, words) => {
      const { visitor, order, id } = await customer()
      app.sandbox.control.webhooks({ paused: true })
      app.sandbox.control.pay(order.id)
      if (entry === 'return') await visitor.get(`/payment/return?order_id=${order.id}`)
      else {
        await app.sql`update orders set next_look_at = now() where id = ${order.id}`
        await app.run('reconcile')
      }
      app.sandbox.control.webhooks({ paused: false })
      const body = await pageOf(id)
      expect(body).toMatch(/Access until \w{3}, \d+ \w{3} \d{4}\./)
      expect(body).toMatch(/Monthly, ₹499 paid: /)
      expect(storyOn(body).find((line) => line.startsWith('Paid'))).toMatch(
        new RegExp(`^Paid ₹499 by UPI; ${words}\\. Access from .+ to .+\\. Receipt R\\d{4}-\\d{6}\\.$`),
      )
    },
  )

  test('somebody whose payment did not agree: held, nothing granted, and the incident', async () => {
    const { visitor, order, id } = await customer()
    await app.sql`update orders set amount_paise = 49901 where id = ${order.id}`
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const body = await pageOf(id)
    expect(body).toContain('is held: what Cashfree says does not agree with it')
    const story = storyOn(body)
    expect(story.some((line) => line.startsWith('Held back: what Cashfree says does not agree'))).toBe(true)
    expect(story).toContain('Incident: Cashfree’s order differs from ours.')
  })

  test('somebody in grace, expired, suspended', async () => {
    const { visitor, order, id } = await customer()
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const ended = async (ago: string) => {
      await app.sql`update subscriptions set current_period_end = now() - ${ago}::interval where user_id = ${id}`
      await app.run('keep-statuses')
      return pageOf(id)
    }
    expect(await ended('1 day')).toContain('In the grace days: access until')
    const expired = await ended('5 days')
    expect(expired).toContain('it ended and was not renewed')
    expect(storyOn(expired)[0]).toBe('The grace days ended. No access any more.')
    await app.sql`update users set suspended_at = now(), suspended_reason = 'stolen card' where id = ${id}`
    const suspended = await pageOf(id)
    expect(suspended).toContain('Suspended: nobody can log in, whatever was paid for.')
    expect(suspended).toContain('because: stolen card')
  })

  test('somebody who leaves: why, and what they wrote, until they stay after all', async () => {
    const { visitor, order, id } = await customer()
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await visitor.post('/account/subscription/cancel', { reason: 'trust', comment: 'Too <slow> for me' })
    const line = storyOn(await pageOf(id)).find((words) => words.startsWith('Cancelled:'))
    expect(line).toContain('Reason: The numbers did not help me. They wrote: “Too &lt;slow&gt; for me”')
    await visitor.post('/account/subscription/resume', {})
    expect(await pageOf(id)).not.toContain('The numbers did not help me')
  })

  test('somebody whose money went back', async () => {
    const { visitor, order, id } = await customer()
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    await app.sql`
      insert into audit (actor, action, order_id, user_id, details)
      values (${`user:${admin.id}`}, 'refund.requested', ${order.id}, ${id}, ${app.sql.json({ refund: 'rf_1', amountPaise: 49_900, reason: 'asked within a week' })}),
             ('refunds', 'refund.succeeded', ${order.id}, ${id}, ${app.sql.json({ refund: 'rf_1', amountPaise: 49_900 })})`
    const story = storyOn(await pageOf(id))
    expect(story).toContain(`Refund of ₹499 promised by ${admin.form.username}, because: asked within a week.`)
    expect(story).toContain('₹499 went back to the customer.')
  })

  test('a long story goes on page by page, every line once', async () => {
    const { id } = await customer()
    await app.sql`
      insert into audit (at, actor, action, user_id, details)
      select now() - make_interval(secs => n / 4), 'clock', 'subscription.grace', ${id}::uuid, jsonb_build_object('n', n)
      from generate_series(1, 120) n`
    let next: string | undefined = `/admin/subscribers/${id}`
    let lines = 0
    for (let page = 0; next && page < 6; page++) {
      const { body, status } = await admin.visitor.get(next)
      expect(status).toBe(200)
      lines += storyOn(body).filter((line) => line.startsWith('The period ended.')).length
      next = /href="([^"]+)" rel="next"/.exec(body)?.[1]?.replaceAll('&amp;', '&')
    }
    expect(lines).toBe(120)
  })

  test('shows orders, receipts, mails and sessions with their links', async () => {
    const { visitor, order, id } = await customer()
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    const [receipt] = await app.sql<{ number: string; mail: number }[]>`
      select r.number, m.id as mail from receipts r join mails m on m.subject_key = r.number where r.order_id = ${order.id}`
    await app.sql`
      insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by)
      select 'rf_promised', order_id, cf_payment_id, ${id}, 100, 'asked', 'user:admin' from payments where order_id = ${order.id}`
    const body = await pageOf(id)
    // In the words of the refund's own page.
    expect(body).toMatch(/rf_promised">₹1, [^<]+<\/a>\s*<span class="chip info">Promised</)
    for (const href of [`/admin/orders/${order.id}`, `/receipts/${receipt!.number}`, `/admin/mails/${receipt!.mail}`])
      expect(body).toContain(`href="${href}"`)
    expect(body).toContain('127.0.0.0/24')
  })

  test('says in words at which browser somebody is signed in', async () => {
    const { email, id } = await customer()
    const agent = 'Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0.0.0 Mobile Safari/537.36'
    const typed = { login: email, password: 'TestPass123' }
    await new Visitor(app).post('/login', typed, { 'user-agent': agent })
    const body = await pageOf(id)
    expect(body).toContain('>Chrome on Android</td>')
    expect(body).not.toContain('Pixel 9')
  })
})
