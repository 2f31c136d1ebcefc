import { describe, expect, test } from 'vitest'
import { whatToDo } from '../../../src/admin/incidents/labels.ts'
import { meanings } from '../../../src/records/incidents/kinds.ts'
import { type Admin, adminOf } from '../../support/admin.ts'
import { newestOrder, nothingGranted, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { admin, app, customer, reader, usePanel } from '../panel.ts'

usePanel(['admin', 'reader'], { ALERT_EMAIL: 'ops@example.in' })

/** An order for which too little was paid, and its incident. */
async function paidTooLittle() {
  const { visitor, order } = await customer()
  app.sandbox.control.pay(order.id, { amount: 400 })
  await visitor.get(`/payment/return?order_id=${order.id}`)
  const [incident] = await app.sql<{ id: number }[]>`select id from incidents where order_id = ${order.id}`
  return { visitor, order, id: incident!.id }
}

const resolve = (who: Admin, id: number, resolution: string) =>
  who.visitor.post(`/admin/incidents/${id}/resolution`, { resolution })
const note = (kind: string, subject: string, details: object) => app.sql`
  insert into incidents (kind, subject_key, details) values (${kind}, ${subject}, ${app.sql.json(details as never)})
  on conflict on constraint one_incident_per_kind_and_subject do nothing`
const noted = (subject: string) => app.sql<{ id: number; occurrence: number; resolvedAt: Date | null }[]>`
  select id, occurrence, resolved_at from incidents where subject_key = ${subject} order by occurrence`

describe('an incident', () => {
  test('shows both sides with what differs, what it means, what to do, and where to go', async () => {
    const { id, order } = await paidTooLittle()
    const list = await reader.visitor.get('/admin/incidents')
    expect(list.body).toContain(`/admin/incidents/${id}"`)
    const page = await reader.visitor.get(`/admin/incidents/${id}`)
    expect(page.status).toBe(200)
    expect(page.body).toContain('Both sides')
    expect(page.body).toContain('₹499')
    expect(page.body).toContain('What to do:')
    expect(page.body).toContain(`/admin/orders/${order.id}"`)
    expect(page.body).toContain(`/admin/subscribers/${order.userId}"`)
    expect(page.body).not.toContain('name="resolution"')
    expect((await reader.visitor.get('/admin/incidents/999999')).status).toBe(404)
  })

  test('an order paid twice leads to its prepared refund', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`)
    app.sandbox.control.pay(order.id, { newAttempt: true })
    const found = () => app.sql<{ id: number; subjectKey: string }[]>`
      select id, subject_key from incidents where kind = 'paid-twice' and order_id = ${order.id}`
    await until(async () => (await found()).length > 0)
    const [incident] = await found()
    const page = await admin.visitor.get(`/admin/incidents/${incident!.id}`)
    const link = `/admin/refunds/of/${incident!.subjectKey}`
    expect(page.body).toContain(link)
    expect((await admin.visitor.get(link)).status).toBe(200)
  })

  test('of whatever kind is explained with what the panel can do: no commands for a shell', () => {
    for (const said of [meanings, whatToDo])
      expect(Object.entries(said).filter(([, text]) => /npm |`[a-z]+ run/.test(text))).toEqual([])
    expect(Object.keys(whatToDo).sort()).toEqual(Object.keys(meanings).sort())
  })

  test('is resolved once by two admins; the second is told, and what they typed is not lost', async () => {
    const { id, order } = await paidTooLittle()
    const other = await adminOf(app)
    const answers = await Promise.all([resolve(admin, id, 'refunded by hand'), resolve(other, id, 'called the <bank>')])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    const late = answers.find(({ status }) => status === 409)!
    expect(late.body).toContain('was closed in the meantime')
    expect(late.body).toMatch(/Your note was not kept/)
    expect(late.body).toMatch(/called the &lt;bank&gt;|refunded by hand/)
    const entries =
      await app.sql`select actor, origin from audit where action = 'incident.resolved' and order_id = ${order.id}`
    expect(entries).toHaveLength(1)
    expect(entries[0]!.origin).toMatchObject({ address: expect.any(String) })
    expect(await tracesOf(app, order.id)).toMatchObject(nothingGranted)
    const list = await admin.visitor.get('/admin/incidents?state=resolved')
    expect(list.body).toContain(`/admin/incidents/${id}"`)
    const file = (await admin.visitor.get(`/admin/incidents.csv?state=resolved`)).body
    expect(file).toMatch(/refunded by hand|called the/)
    // For scripts the kind, which stays, beside what people read.
    expect(file).toMatch(/^\ufeff?"Number","Kind","Title"/)
    expect(file).toContain(`\r\n${id},"payment-mismatch","Wrong amount was paid",`)
  })

  test('needs a note, and more than looking rights', async () => {
    const { id } = await paidTooLittle()
    const empty = await resolve(admin, id, '  ')
    expect([empty.status, empty.body.includes('Please say what was done')]).toEqual([422, true])
    expect((await resolve(reader, id, 'fine')).status).toBe(403)
    expect((await resolve(admin, 999_999, 'fine')).status).toBe(404)
    expect((await app.sql`select resolved_at from incidents where id = ${id}`)[0]!.resolvedAt).toBeNull()
  })
})

describe('what comes again', () => {
  test('while it is open, or with the same facts after it was resolved, opens nothing', async () => {
    await note('refund-onhold', 'again-1', { theirs: 1 })
    await note('refund-onhold', 'again-1', { theirs: 2 })
    expect(await noted('again-1')).toHaveLength(1)
    await resolve(admin, (await noted('again-1'))[0]!.id, 'done')
    await note('refund-onhold', 'again-1', { theirs: 1 })
    expect(await noted('again-1')).toHaveLength(1)
  })

  test('with other facts after it was resolved is a new incident with its own alert, however many notice it at once', async () => {
    await note('refund-onhold', 'again-2', { theirs: 1 })
    await app.run('alert')
    await resolve(admin, (await noted('again-2'))[0]!.id, 'done')
    await Promise.all(Array.from({ length: 5 }, () => note('refund-onhold', 'again-2', { theirs: 2 })))
    const rows = await noted('again-2')
    expect(rows.map(({ occurrence, resolvedAt }) => [occurrence, resolvedAt === null])).toEqual([
      [1, false],
      [2, true],
    ])
    await app.run('alert')
    const alerts =
      await app.sql`select subject_key from mails where kind = 'alert' and subject_key in ${app.sql(rows.map(({ id }) => `incident:${id}`))}`
    expect(alerts).toHaveLength(2)
    const page = await admin.visitor.get(`/admin/incidents/${rows[1]!.id}`)
    expect(page.body).toContain(`/admin/incidents/${rows[0]!.id}"`)
  })

  test('an order that is held and looked at again every hour stays resolved', async () => {
    const { id, order, visitor } = await paidTooLittle()
    await resolve(admin, id, 'the customer knows')
    await app.sql`update orders set next_look_at = now() where id = ${order.id}`
    await app.run('reconcile')
    await visitor.get(`/payment/return?order_id=${order.id}`)
    expect(await app.sql`select from incidents where order_id = ${order.id}`).toHaveLength(1)
  })
})
