import { describe, expect, test } from 'vitest'
import { linkTo, mailsTo, open, subjects } from '../../account/mailed.ts'
import { adminOf } from '../../support/admin.ts'
import { untilLocked } from '../../support/until.ts'
import { type Answer, Visitor } from '../../support/visitor.ts'
import { admin, app, customer, reader, usePanel } from '../panel.ts'

usePanel(['admin', 'reader'])

const hidden = ({ body }: Answer) =>
  Object.fromEntries(
    [...body.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [name!, value!]),
  )
/** The form of an action as its page shows it, and a way to send it. */
async function formOf(id: string, name: string, by = admin) {
  const path = `/admin/subscribers/${id}/${name}`
  const page = await by.visitor.get(path)
  return { page, send: (typed: Record<string, string> = {}) => by.visitor.post(path, { ...hidden(page), ...typed }) }
}
const notice = async (id: string) =>
  /<p class="notice \w+" role="\w+">([^<]*)/.exec((await admin.visitor.get(`/admin/subscribers/${id}`)).body)?.[1]
const confirmed = async (email: string) => {
  await app.run('deliver-mails')
  await app.sql`update users set email_verified_at = now() where email = ${email}`
}
const emailOf = async (id: string) =>
  (await app.sql<{ email: string }[]>`select email from users where id = ${id}`)[0]!.email
const audited = (id: string, action: string) =>
  app.sql<{ actor: string; details: Record<string, string> }[]>`
    select actor, details from audit where user_id = ${id} and action = ${action} and actor <> 'visitor' order by id`

describe('the confirmation e-mail, sent again', () => {
  test('goes to the address of the account; only its link works now, and it is audited', async () => {
    const { id, email, visitor } = await customer()
    const first = await linkTo(app, email, subjects.verify)
    const { page, send } = await formOf(id, 'confirmation')
    expect(page.body).toContain(email)
    expect(await send()).toMatchObject({ status: 303, location: `/admin/subscribers/${id}` })
    expect(await notice(id)).toBe(`The link goes to ${email}.`)
    expect(await audited(id, 'email.verification-sent')).toMatchObject([{ actor: `user:${admin.id}` }])
    expect((await open(new Visitor(app), first)).body).toContain('no longer works')
    await open(visitor, await linkTo(app, email, subjects.verify))
    expect((await visitor.post('/verify-email')).status).toBe(303)
  })

  test('clicked twice is one mail, and after three in an hour none', async () => {
    const { id, email } = await customer()
    const { send } = await formOf(id, 'confirmation')
    expect((await Promise.all([send(), send()])).map(({ status }) => status)).toEqual([303, 303])
    expect((await send()).status).toBe(303)
    expect(await notice(id)).toContain('a moment ago')
    expect(await mailsTo(app, email, subjects.verify)).toHaveLength(1)
    const again = await formOf(id, 'confirmation')
    expect((await again.send()).status).toBe(303)
    const tooMany = await (await formOf(id, 'confirmation')).send()
    expect([tooMany.status, tooMany.headers.get('retry-after')]).toEqual([429, '3600'])
    expect(tooMany.body).toContain('Three such links were sent in the last hour')
  })

  test('is not offered for a confirmed address; a page that is too old sends nothing', async () => {
    const { id, email } = await customer()
    const { send } = await formOf(id, 'confirmation')
    await confirmed(email)
    const answer = await send()
    expect(answer.status).toBe(409)
    expect(answer.body).toContain('confirmed')
    expect((await admin.visitor.get(`/admin/subscribers/${id}`)).body).not.toContain('Resend confirmation')
    expect(await audited(id, 'email.verification-sent')).toHaveLength(0)
  })
})

describe('a reset link', () => {
  test('opens the page for a new password; the administrator never sees it', async () => {
    const { id, email } = await customer()
    const { send } = await formOf(id, 'reset-link')
    expect((await send()).status).toBe(303)
    const link = await linkTo(app, email, subjects.reset)
    const token = new URL(link, app.url).searchParams.get('token')!
    expect((await admin.visitor.get(`/admin/subscribers/${id}`)).body).not.toContain(token)
    expect(await audited(id, 'password.reset-sent')).toMatchObject([{ actor: `user:${admin.id}` }])
    expect((await open(new Visitor(app), link)).status).toBe(200)
    expect((await send()).status).toBe(303)
    expect(await mailsTo(app, email, subjects.reset)).toHaveLength(1)
  })

  test('is refused while the account is suspended, and after it was deleted', async () => {
    const { id, email } = await customer()
    const { send } = await formOf(id, 'reset-link')
    await app.sql`update users set suspended_at = now(), suspended_reason = 'card misuse' where id = ${id}`
    expect((await send()).status).toBe(409)
    expect((await admin.visitor.get(`/admin/subscribers/${id}/reset-link`)).body).toContain('Lift the suspension first')
    await app.sql`update users set suspended_at = null, suspended_reason = null, deleted_at = now() where id = ${id}`
    expect((await send()).status).toBe(404)
    expect(await mailsTo(app, email, subjects.reset)).toHaveLength(0)
  })
})

describe('a mistyped address', () => {
  test('that was never confirmed is corrected at once: a link to the new one, a notice to the old one', async () => {
    const { id, email } = await customer()
    const right = `right.${email}`
    const verify = await linkTo(app, email, subjects.verify)
    const { page, send } = await formOf(id, 'email')
    expect(page.body).toContain('at once')
    expect((await send({ email: ` ${right} `, reason: 'told me by phone' })).status).toBe(303)
    expect(await notice(id)).toContain(`The address is now ${right}.`)
    expect(await emailOf(id)).toBe(right)
    expect(await mailsTo(app, right, subjects.verify)).toHaveLength(1)
    const [told] = await mailsTo(app, email, /address was changed/)
    expect(told!.text).toContain('our support was asked to correct the address')
    expect(told!.text).not.toContain(right)
    expect(told!.text).not.toContain('127.0.0')
    expect((await open(new Visitor(app), verify)).body).toContain('no longer works')
    expect(await audited(id, 'email.corrected')).toMatchObject([
      { actor: `user:${admin.id}`, details: { reason: 'told me by phone', before: 'a•••@example.in' } },
    ])
  })

  test('that was confirmed changes only when the new one is, and the old one hears of both', async () => {
    const { id, email, visitor } = await customer()
    await confirmed(email)
    const right = `right.${email}`
    const { page, send } = await formOf(id, 'email')
    expect(page.body).toContain('when the link at the new address is used')
    expect((await send({ email: right, reason: 'asked by mail' })).status).toBe(303)
    expect(await emailOf(id)).toBe(email)
    const [asked] = await mailsTo(app, email, subjects.emailAsked)
    expect(asked!.text).toContain('our support was asked to have our mails sent to')
    await open(visitor, await linkTo(app, right, subjects.change))
    expect((await visitor.post('/verify-email')).status).toBe(303)
    expect(await emailOf(id)).toBe(right)
    expect(await mailsTo(app, email, /address was changed/)).toHaveLength(1)
  })

  test.each([false, true])('clicked twice (confirmed: %s) is one change and one link', async (isConfirmed) => {
    const { id, email } = await customer()
    if (isConfirmed) await confirmed(email)
    const right = `twice.${email}`
    const { send } = await formOf(id, 'email')
    const typed = { email: right, reason: 'double click' }
    const answers = await Promise.all([send(typed), send(typed)])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect((await send(typed)).status).toBe(303)
    expect(await mailsTo(app, right, /./)).toHaveLength(1)
    expect(await audited(id, isConfirmed ? 'email.change-asked' : 'email.corrected')).toHaveLength(1)
  })

  test('is refused when it is none, the present one, somebody else’s, or without a reason; what was typed stays', async () => {
    const { id, email } = await customer()
    const somebody = await customer()
    const cases: [Record<string, string>, string][] = [
      [{ email: 'asha@', reason: 'typo' }, 'asha@'],
      [{ email, reason: 'typo' }, 'has this address already'],
      [{ email: somebody.email, reason: 'typo' }, 'Another account has this address.'],
      [{ email: `x.${email}`, reason: '' }, 'Say why'],
    ]
    for (const [typed, sentence] of cases) {
      const answer = await (await formOf(id, 'email')).send(typed)
      expect([answer.status, sentence]).toEqual([422, sentence])
      expect(answer.body).toContain(sentence)
      expect(answer.body).toContain(`value="${typed.email}"`)
    }
    expect(await emailOf(id)).toBe(email)
    expect(await audited(id, 'email.corrected')).toHaveLength(0)
  })

  test('is refused as well when somebody else takes the right one at this very moment', async () => {
    const { id, email } = await customer()
    const somebody = await customer()
    const right = `right.${email}`
    const { send } = await formOf(id, 'email')
    let answer: Promise<Answer> | undefined
    await app.sql.begin(async (holding) => {
      await holding`update users set email = ${right} where id = ${somebody.id}`
      answer = send({ email: right, reason: 'typo' })
      await untilLocked(app.sql)
    })
    expect(await answer).toMatchObject({
      status: 422,
      body: expect.stringContaining('Another account has this address.'),
    })
    expect(await emailOf(id)).toBe(email)
  })

  test('is not corrected from a page that shows an older address', async () => {
    const { id, email } = await customer()
    const { send } = await formOf(id, 'email')
    await app.sql`update users set email = ${`moved.${email}`} where id = ${id}`
    const answer = await send({ email: `right.${email}`, reason: 'typo' })
    expect(answer.status).toBe(409)
    expect(answer.body).toContain('changed in the meantime')
    expect(await emailOf(id)).toBe(`moved.${email}`)
  })

  test('needs password and code given just now, and is never one’s own', async () => {
    const { id, email } = await customer()
    const stale = await adminOf(app, 'admin', false)
    const { page, send } = await formOf(id, 'email', stale)
    expect(page.body).toContain('Confirm that it is you')
    const typed = { email: `right.${email}`, reason: 'typo' }
    expect((await send({ ...typed, your_password: 'wrong-password', your_code: '000000' })).status).toBe(422)
    expect(await emailOf(id)).toBe(email)
    const own = await formOf(admin.id, 'email')
    expect(own.page.body).toContain('This is your own account')
    const posted = await admin.visitor.post(`/admin/subscribers/${admin.id}/email`, {
      ...typed,
      seen: admin.form.email!,
    })
    expect(posted.status).toBe(409)
    expect(await emailOf(admin.id)).toBe(admin.form.email)
  })
})

test('who may only look sees none of these buttons, and is refused', async () => {
  const { id, email } = await customer()
  const { body } = await reader.visitor.get(`/admin/subscribers/${id}`)
  for (const name of ['confirmation', 'reset-link', 'email']) {
    expect(body).not.toContain(`${id}/${name}`)
    expect((await reader.visitor.get(`/admin/subscribers/${id}/${name}`)).status).toBe(403)
    expect((await reader.visitor.post(`/admin/subscribers/${id}/${name}`, { email: `x.${email}` })).status).toBe(403)
  }
  expect(await mailsTo(app, email, subjects.reset)).toHaveLength(0)
  for (const nobody of ['00000000-0000-4000-8000-000000000000', 'junk'])
    expect((await admin.visitor.get(`/admin/subscribers/${nobody}/email`)).status).toBe(404)
})
