import { beforeAll, describe, expect, test } from 'vitest'
import { checkInvariants } from '../../../src/operations/integrity/integrity.ts'
import type { Admin } from '../../support/admin.ts'
import { admin, app, customer, reader, usePanel } from '../panel.ts'

let email: string
let receipt: number
usePanel()
beforeAll(async () => {
  const { visitor, order, ...person } = await customer()
  email = person.email
  await app.sql`update users set name = '<b>Bold</b> & Sons' where email = ${email}`
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  await app.run('deliver-mails')
  receipt = await mailOf('receipt')
})

async function mailOf(kind: string): Promise<number> {
  const [row] = await app.sql<
    { id: number }[]
  >`select id from mails where kind = ${kind} and to_email = ${email} order by id limit 1`
  return row!.id
}
const copies = (id: number) => app.sql<{ id: number; copy: number; toEmail: string; status: string }[]>`
  select c.id, c.copy, c.to_email, c.status from mails m join mails c on c.kind = m.kind and c.subject_key = m.subject_key
  where m.id = ${id} order by c.copy`
const resend = (who: Admin, id: number, copy: string) => who.visitor.post(`/admin/mails/${id}/copies`, { copy })

describe('the log of mails', () => {
  test('filters by status, kind, day and the beginning of an address', async () => {
    await app.sql`insert into mails (kind, subject_key, to_email, status, last_error) values ('renewal', 'R0000-000001', 'Other@example.in', 'dead', '550 no such user')`
    const today = new Date(Date.now() + 330 * 60_000).toISOString().slice(0, 10)
    for (const query of ['status=sent', 'kind=receipt', `to=${email.slice(0, 9).toUpperCase()}`, `day=${today}`, '']) {
      const page = await reader.visitor.get(`/admin/mails?${query}`)
      expect([query, page.status, page.body.includes(`/admin/mails/${receipt}"`)]).toEqual([query, 200, true])
    }
    for (const query of ['status=dead', 'kind=refund', 'to=nobody', 'day=2020-01-01', 'to=%25']) {
      const page = await reader.visitor.get(`/admin/mails?${query}`)
      expect([query, page.status, page.body.includes(`/admin/mails/${receipt}"`)]).toEqual([query, 200, false])
    }
    const csv = await reader.visitor.get('/admin/mails.csv?status=dead')
    expect(csv.body).toContain('550 no such user')
    expect(csv.body).not.toContain(email)
  })

  test('shows how a mail reads, its HTML as a document of its own that can do nothing', async () => {
    const page = await reader.visitor.get(`/admin/mails/${receipt}`)
    expect(page.body).toContain('We received ₹499')
    expect(page.body).not.toContain('<b>Bold</b>')
    const preview = await reader.visitor.get(`/admin/mails/${receipt}/preview`)
    expect(preview.status).toBe(200)
    expect(preview.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox",
    )
    expect(preview.body).toContain('<html')
    expect(preview.body).not.toContain('<b>Bold</b>')
  })

  test('says when what a mail was about no longer applies', async () => {
    const [row] = await app.sql<{ id: number }[]>`
      insert into mails (kind, subject_key, to_email, status, sent_at)
      select 'renewal', user_id || ':2020-01-01:7', ${email}, 'sent', now() from orders limit 1 returning id`
    expect((await admin.visitor.get(`/admin/mails/${row!.id}`)).body).toContain('no longer applies')
    expect((await admin.visitor.get(`/admin/mails/${row!.id}/preview`)).status).toBe(404)
    const [gone] = await app.sql<{ id: number }[]>`select id from mails where subject_key = 'R0000-000001'`
    expect((await admin.visitor.get(`/admin/mails/${gone!.id}`)).body).toContain('cannot be composed')
    expect((await admin.visitor.get('/admin/mails/999999')).status).toBe(404)
  })
})

describe('sending again', () => {
  test('a double click is one more mail, another Message-ID, one line in the audit, and the books still agree', async () => {
    const form = await admin.visitor.get(`/admin/mails/${receipt}`)
    expect(form.body).toContain('name="copy" value="1"')
    const answers = await Promise.all([
      resend(admin, receipt, '1'),
      resend(admin, receipt, '1'),
      resend(admin, receipt, '1'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303])
    expect(new Set(answers.map(({ location }) => location)).size).toBe(1)
    expect((await copies(receipt)).map(({ copy }) => copy)).toEqual([0, 1])
    await app.run('deliver-mails')
    const arrived = (await app.mailbox.list()).filter(
      (mail) => mail.recipients.includes(email) && mail.subject.includes('received'),
    )
    expect(arrived).toHaveLength(2)
    expect(new Set(arrived.map(({ messageId }) => messageId)).size).toBe(2)
    const noted = await app.sql`select actor, details, origin from audit where action = 'mail.resent'`
    expect(noted).toHaveLength(1)
    expect(noted[0]).toMatchObject({ actor: `user:${admin.id}`, details: { kind: 'receipt', copy: 1 } })
    expect(noted[0]!.origin).toMatchObject({ address: expect.any(String) })
    const report = await checkInvariants(app.sql)
    expect(report.checks.find(({ broken }) => broken === 'broken_i6_mails')).toMatchObject({ wrong: 0 })
  })

  test('a number that is not the next one is a conflict on the page', async () => {
    for (const copy of ['7', '', '-1', '0x2', '99999999']) {
      const answer = await resend(admin, receipt, copy)
      expect([copy, answer.status]).toEqual([copy, 409])
      expect(answer.body).toContain('was sent again in the meantime')
    }
    expect(await copies(receipt)).toHaveLength(2)
  })

  test('goes to the address the account has now', async () => {
    const moved = `moved.${email}`
    await app.sql`update users set email = ${moved} where email = ${email}`
    expect((await resend(admin, receipt, '2')).status).toBe(303)
    expect((await copies(receipt)).at(-1)).toMatchObject({ copy: 2, toEmail: moved })
    await app.sql`update users set email = ${email} where email = ${moved}`
  })

  test('is refused to who may only look', async () => {
    expect((await resend(reader, receipt, '3')).status).toBe(403)
    expect((await reader.visitor.post(`/admin/mails/${receipt}/retry`)).status).toBe(403)
    expect((await reader.visitor.get(`/admin/mails/${receipt}`)).body).not.toContain('Send a copy')
  })
})

test('a mail that was given up on is queued again as itself, with its days to try counted anew', async () => {
  const [dead] = await app.sql<{ id: number }[]>`
    insert into mails (kind, subject_key, to_email, status, last_error, created_at)
    values ('unknown-kind', 'x', 'a@example.in', 'dead', '451 later', now() - interval '10 days') returning id`
  const retries = await Promise.all([1, 2].map(() => admin.visitor.post(`/admin/mails/${dead!.id}/retry`)))
  expect(retries.map(({ status }) => status)).toEqual([303, 303])
  expect(await app.sql`select from audit where action = 'mail.retried'`).toHaveLength(1)
  await app.run('deliver-mails')
  const [row] = await app.sql`select status, attempts, last_error from mails where id = ${dead!.id}`
  expect(row).toMatchObject({ status: 'queued', attempts: 1, lastError: 'nobody composes mails of kind unknown-kind' })
})
