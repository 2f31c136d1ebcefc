import { describe, expect, test } from 'vitest'
import { Visitor } from '../../support/visitor.ts'
import { admin, app, customer, payer, usePanel } from '../panel.ts'

usePanel(['admin'])

const find = (q: string, more: Record<string, string> = {}) =>
  admin.visitor.get(`/admin/subscribers?${new URLSearchParams({ q, ...more })}`)
/** The ids of the accounts that a page lists, in its order. */
const listed = (body: string) =>
  [...body.matchAll(/<th scope="row"[^>]*><a href="\/admin\/subscribers\/([0-9a-f-]{36})"/g)].map(([, id]) => id)

describe('looking for a person', () => {
  test('finds them by any word of their name, from its beginning, whatever its case', async () => {
    const { id } = await customer({ name: 'Lakshmi Venkataraman Iyer' })
    for (const q of ['Lakshmi', 'venkat', 'IYER', 'iyer laks', 'Lakshmi Venkataraman Iyer'])
      expect(listed((await find(q)).body), q).toEqual([id])
    for (const q of ['kshmi', 'lakshmi rao', 'iyerx']) expect(listed((await find(q)).body), q).toEqual([])
  })

  test('finds them by user name, e-mail, phone in any format, and account id, before everybody else', async () => {
    const { id, form } = await customer({ name: 'Phone Person', phone: '9812345678' })
    for (const q of [
      form.username!,
      form.username!.toUpperCase(),
      form.email!,
      '98123 45678',
      '+91-98123-45678',
      '09812345678',
      id,
    ]) {
      const { body } = await find(q)
      expect(listed(body)[0], q).toBe(id)
      expect(body, q).toContain('Exact match')
    }
    expect(listed((await find(form.email!.slice(0, 14))).body)).toContain(id)
  })

  test('finds them by the number of an order, a payment, a receipt, and by the bank’s reference', async () => {
    const { id, order } = await payer({ name: 'Number Person' })
    const [row] = await app.sql<
      { cfPaymentId: string; bankReference: string | null; number: string; cfOrderId: string }[]
    >`
      select p.cf_payment_id, p.bank_reference, r.number, o.cf_order_id
      from orders o join payments p on p.order_id = o.id join receipts r on r.order_id = o.id where o.id = ${order.id}`
    for (const q of [
      order.id,
      row!.cfPaymentId,
      row!.bankReference!,
      row!.number,
      row!.number.toLowerCase(),
      row!.cfOrderId,
    ])
      expect(listed((await find(` ${q} `)).body), q).toEqual([id])
  })

  test('finds who has cancelled while what they paid for still runs, and nobody else', async () => {
    const name = { name: 'Leaving Person' }
    const [leaves, stays, left] = [await payer(name), await payer(name), await payer(name)]
    for (const { visitor } of [leaves, left]) await visitor.post('/account/subscription/cancel', {})
    await app.sql`
      update subscriptions set current_period_end = now(), current_period_start = current_period_start - interval '1 month'
      where user_id = ${left.id}`
    const { body } = await find('Leaving', { status: 'leaving' })
    expect(listed(body)).toEqual([leaves.id])
    expect(body).toContain('Cancelled, still running')
    expect(listed((await find('', { status: 'leaving' })).body)).toEqual([leaves.id])
    expect(listed((await find('Leaving')).body)).toHaveLength(3)
    await stays.visitor.post('/account/subscription/cancel', {})
    await stays.visitor.post('/account/subscription/resume')
    expect(listed((await find('Leaving', { status: 'leaving' })).body)).toEqual([leaves.id])
  })

  test('of nobody says so, whatever is typed', async () => {
    for (const q of [
      "'; drop table users; --",
      '%',
      '_',
      '\\',
      "a' & !b:*",
      '(((',
      '!!!',
      '<script>alert(1)</script>',
      '\u0000',
      'x'.repeat(200),
    ]) {
      const answer = await find(q)
      expect(answer.status, q).toBe(200)
      expect(answer.body).not.toContain('<script>alert')
    }
    expect((await find('nobody-is-called-so')).body).toContain('No matching subscribers')
    expect((await admin.visitor.get('/admin/subscribers?after=junk')).status).toBe(404)
    const forged = Buffer.from(JSON.stringify([new Date().toISOString(), 'not an id'])).toString('base64url')
    expect((await admin.visitor.get(`/admin/subscribers?after=${forged}`)).status).toBe(404)
  })

  test('shows names that hold HTML as text, and finds them', async () => {
    const { id } = await customer({ name: 'Eve Zed' })
    await app.sql`update users set name = 'Eve <img src=x onerror=alert(1)> Zed' where id = ${id}`
    const { body } = await find('Zed')
    expect(listed(body)).toEqual([id])
    expect(body).not.toContain('<img src=x')
    expect((await admin.visitor.get(`/admin/subscribers/${id}`)).body).not.toContain('<img src=x')
  })
})

describe('the list', () => {
  test('is filtered by subscription, plan, role and confirmed address', async () => {
    const paying = await payer({ name: 'Filter One' })
    const pending = await customer({ name: 'Filter Two' })
    await app.sql`update users set email_verified_at = now() where id = ${paying.id}`
    const names = async (more: Record<string, string>) => listed((await find('filter', more)).body)
    expect(await names({})).toEqual([pending.id, paying.id])
    expect(await names({ status: 'active' })).toEqual([paying.id])
    expect(await names({ status: 'pending' })).toEqual([pending.id])
    expect(await names({ plan: 'monthly' })).toEqual([paying.id])
    expect(await names({ plan: 'annual' })).toEqual([])
    expect(await names({ verified: 'yes' })).toEqual([paying.id])
    expect(await names({ verified: 'no' })).toEqual([pending.id])
    expect(await names({ role: 'subscriber' })).toEqual([pending.id, paying.id])
    expect(await names({ role: 'admin' })).toEqual([])
    expect(listed((await admin.visitor.get('/admin/subscribers?role=admin')).body)).toContain(admin.id)
  })

  test('goes on page by page, each person once, with and without a word, while others register', async () => {
    await app.sql.unsafe(`
      insert into users (id, username, email, name, phone, state_code, password_hash, created_at)
      select md5('many' || n)::uuid, 'many' || n, 'many' || n || '@example.in', case when n % 2 = 0 then 'Kumar Many' else 'Rani Many' end,
             '+919876500001', '27', 'none', now() - make_interval(mins => n / 3) from generate_series(1, 240) n;
      insert into subscriptions (user_id, created_at) select id, created_at from users where username like 'many%'`)
    for (const q of ['many', 'kumar']) {
      const [{ count }] = (await app.sql`select count(*)::int from users where name ilike ${`%${q}%`}`) as unknown as [
        { count: number },
      ]
      const seen: (string | undefined)[] = []
      let next: string | undefined = `/admin/subscribers?q=${q}`
      for (let page = 0; next && page < 10; page++) {
        const { body } = await admin.visitor.get(next)
        seen.push(...listed(body))
        await customer({ name: 'Kumar Newcomer' })
        const older: string | undefined = /href="([^"]+)" rel="next"/.exec(body)?.[1]
        next = older?.replaceAll('&amp;', '&')
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.length).toBe(count)
    }
  })

  test('is exported at the same filters, with what a spreadsheet would run made harmless', async () => {
    const { form } = await payer({ name: '=HYPERLINK("x") Exported' })
    const answer = await admin.visitor.get('/admin/subscribers.csv?q=exported&status=active')
    expect(answer.headers.get('content-disposition')).toMatch(/attachment; filename="subscribers-\d{4}-\d\d-\d\d\.csv"/)
    const lines = answer.body.trim().split('\r\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toContain('Access until (IST)')
    expect(lines[1]).toContain(`"'=HYPERLINK(""x"") Exported"`)
    expect(lines[1]).toContain(form.email!)
    const exact = await admin.visitor.get(`/admin/subscribers.csv?q=${encodeURIComponent(form.email!)}`)
    expect(exact.body.trim().split('\r\n')).toHaveLength(2)
    const all = await admin.visitor.get('/admin/subscribers.csv?q=many')
    expect(all.body.trim().split('\r\n')).toHaveLength(241)
  })

  test('is for administrators: to a subscriber it does not exist, a visitor logs in first', async () => {
    const { visitor, id } = await customer()
    for (const path of [
      '/admin/subscribers',
      '/admin/subscribers.csv',
      `/admin/subscribers/${id}`,
      `/admin/subscribers/${id}/grant`,
    ]) {
      expect((await visitor.get(path)).status, path).toBe(404)
      expect((await new Visitor(app).get(path)).location, path).toMatch(/^\/login/)
    }
  })
})
