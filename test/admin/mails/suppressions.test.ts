import { beforeAll, describe, expect, test } from 'vitest'
import { admin, app, customer, reader, usePanel } from '../panel.ts'

usePanel()
let email: string
let userId: string
let id: number
beforeAll(async () => {
  const person = await customer()
  email = person.email
  userId = person.order.userId
  const [row] = await app.sql<{ id: number }[]>`
    insert into mail_suppressions (email, kind, reason, provider)
    values (lower(${email}), 'hard-bounce', 'smtp; 550 5.1.1 <b>no such user</b>', 'ses') returning id`
  id = row!.id
})

describe('suppressed addresses in the panel', () => {
  test('are listed with the reason, found by their beginning, and shown on the person’s page', async () => {
    const list = await reader.visitor.get('/admin/mails/suppressions')
    for (const text of [email, 'Bounces', '550 5.1.1 &lt;b&gt;no such user', `/admin/subscribers/${userId}`])
      expect(list.body).toContain(text)
    expect(
      (await reader.visitor.get(`/admin/mails/suppressions?to=${email.slice(0, 6).toUpperCase()}`)).body,
    ).toContain(email)
    expect((await reader.visitor.get('/admin/mails/suppressions?to=nobody')).body).not.toContain(email)
    const person = await reader.visitor.get(`/admin/subscribers/${userId}`)
    expect(person.body).toContain('Mails to this address bounce')
    expect(person.body).not.toContain('Lift the suppression</button>')
  })

  test('say that no provider tells of them where none is connected', async () => {
    expect((await reader.visitor.get('/admin/mails/suppressions')).body).toContain('Set MAIL_WEBHOOK_SECRETS')
  })

  test('are lifted once, from the person’s page or the list, and the audit knows who did', async () => {
    expect((await reader.visitor.post(`/admin/mails/suppressions/${id}/lift`, {})).status).toBe(403)
    const lifted = await admin.visitor.post(`/admin/mails/suppressions/${id}/lift`, {
      next: `/admin/subscribers/${userId}`,
    })
    expect(lifted.location).toBe(`/admin/subscribers/${userId}`)
    const page = await admin.visitor.get(`/admin/subscribers/${userId}`)
    expect(page.body).toContain(`Mails go to ${email} again.`)
    expect(page.body).not.toContain('Mails to this address bounce')
    await admin.visitor.post(`/admin/mails/suppressions/${id}/lift`, { next: 'https://evil.example' })
    expect((await admin.visitor.get('/admin/mails/suppressions')).body).toContain('not suppressed any more')
    const rows = await app.sql<{ actor: string; kind: string }[]>`
      select actor, details->>'kind' as kind from audit where action = 'mail.suppression-lifted' and user_id = ${userId}`
    expect(rows).toMatchObject([{ actor: expect.stringMatching(/^user:/), kind: 'hard-bounce' }])
  })
})
