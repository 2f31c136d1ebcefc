import { beforeAll, describe, expect, test } from 'vitest'
import { admin, app, payer, reader, usePanel } from '../panel.ts'

let form: Record<string, string>
let order: { id: string; userId: string }
usePanel()
beforeAll(async () => {
  ;({ form, order } = await payer())
  await admin.visitor.post('/admin/plans/monthly_v1/price', { price: '599' })
})

const count = (body: string) => [...body.matchAll(/<th scope="row">/g)].length

describe('the audit', () => {
  test('is filtered by who, what, on whom, order and day', async () => {
    const today = new Date(Date.now() + 330 * 60_000).toISOString().slice(0, 10)
    const cases: [string, string, boolean][] = [
      ['action=order.paid', order.id, true],
      ['action=plan.repriced', order.id, false],
      [`actor=user:${admin.id}`, 'plan.repriced', true],
      [`actor=${admin.form.username!.toUpperCase()}`, 'plan.repriced', true],
      [`actor=${admin.form.email}`, 'plan.repriced', true],
      [`actor=${form.username}&action=plan.repriced`, 'No matching entries', true],
      ['actor=webhook&action=plan.repriced', 'No matching entries', true],
      ['actor=nobody-at-all', 'No matching entries', true],
      [`order=${order.id}&action=order.paid`, order.id, true],
      [`person=${form.email!.toUpperCase()}&action=order.paid`, order.id, true],
      [`person=${form.username}&action=order.paid`, order.id, true],
      [`person=${order.userId}&action=order.paid`, order.id, true],
      [`person=${admin.form.email}&action=order.paid`, order.id, false],
      [`day=${today}&action=order.paid`, order.id, true],
      ['day=2020-01-01', 'No matching entries', true],
      ['person=nobody-at-all', 'There is no such account', true],
    ]
    for (const [query, text, there] of cases) {
      const page = await reader.visitor.get(`/admin/audit?${query}`)
      const table = page.body.slice(page.body.indexOf('<h1>'))
      const shown =
        text === order.id
          ? table.includes(`/admin/orders/${order.id}"`)
          : table.includes(`${text}</td>`) || table.includes(text)
      expect([query, page.status, shown]).toEqual([query, 200, there])
    }
  })

  test('says what was before and after, in words, and from where', async () => {
    const page = await reader.visitor.get('/admin/audit?action=plan.repriced')
    expect(count(page.body)).toBe(1)
    expect(page.body).toContain('Price ₹499 → ₹599')
    expect(page.body).toContain('Key monthly_v1 → monthly_v2')
    expect(page.body).toContain(admin.form.username)
  })

  test('is exported with its filters, and harmless to a spreadsheet', async () => {
    await app.sql`insert into audit (actor, action, details) values ('command', '=1+1', '{"reason": "=cmd()"}')`
    const csv = await reader.visitor.get('/admin/audit.csv?actor=command')
    expect(csv.body).toContain('"\'=1+1"')
    expect(csv.body).not.toContain('plan.repriced')
  })

  test('shows text that people brought as text', async () => {
    await app.sql`insert into audit (actor, action, details, origin)
      values ('command', 'x.y', ${app.sql.json({ reason: '<img src=x onerror=alert(1)>' })}, ${app.sql.json({ address: '<i>', userAgent: '<script>' })})`
    const page = await reader.visitor.get('/admin/audit?action=x.y')
    expect(page.body).not.toMatch(/<img src=x|<i>|<script>/)
    expect(page.body).toContain('&lt;img src=x')
  })
})

describe('verifying', () => {
  test('says that all is as written, with the hash at the end of the chain', async () => {
    await app.run('seal-audit')
    const page = await reader.visitor.post('/admin/audit/verify')
    expect(page.status).toBe(200)
    expect(page.body).toMatch(/All \d+ sealed rows are as they were written/)
    const [head] = await app.sql<{ hash: string }[]>`select encode(hash, 'hex') as hash from audit_head`
    expect(page.body).toContain(head!.hash)
    expect((await reader.visitor.get('/admin/audit/verify')).body).toContain(head!.hash)
  })

  test('names the row that somebody changed behind our back', async () => {
    await app.sql`alter table audit disable trigger user`
    const [changed] = await app.sql<{ id: number }[]>`
      update audit set actor = 'user:somebody-else' where action = 'plan.repriced' returning id`
    await app.sql`alter table audit enable trigger user`
    const page = await reader.visitor.post('/admin/audit/verify')
    expect(page.body).toMatch(/1 of \d+ seals do not match/)
    expect(page.body).toContain(`<td>${changed!.id}</td>`)
  })

  test('suggests administrators and machines, and finds whoever is not among them by name', async () => {
    const { body } = await reader.visitor.get('/admin/audit')
    expect(body).toContain('<input id="actor" name="actor"')
    for (const name of [admin.form.username, 'webhook', 'clock'])
      expect([name, body.includes(`<option value="${name}">`)]).toEqual([name, true])
  })

  test('an actor that is no account does not break the list', async () => {
    expect((await reader.visitor.get('/admin/audit')).status).toBe(200)
  })
})
