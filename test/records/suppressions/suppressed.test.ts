import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linkTo, open, subjects } from '../../account/mailed.ts'
import { deletionForm, subscriber } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { notify, plain, secret } from './notifications.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ MAIL_WEBHOOK_SECRETS: secret })
})
afterAll(() => app.close())

/** Somebody who paid, and of whose address the provider said this after their first mails had arrived. */
async function told(event: 'hard-bounce' | 'soft-bounce' | 'complaint') {
  const person = await subscriber(app)
  await app.run('deliver-mails')
  await notify(app, 'json', plain(person.email, event))
  return person
}
/** What becomes of mails of these kinds to a person; a star after the kind: one of many. */
async function sent(person: { userId: string; email: string }, kinds: string[]) {
  const key = crypto.randomUUID()
  for (const kind of kinds)
    await app.sql`select enqueue_mail(${kind.replace('*', '')}, ${`${key}-${kind}`}, ${person.userId}, 'Asha', ${person.email}, ${kind.endsWith('*')})`
  await app.run('deliver-mails')
  const rows = await app.sql<{ kind: string; bulk: boolean; lastError: string | null }[]>`
    select kind, bulk, last_error from mails where subject_key like ${`${key}%`} and last_error like 'Not sent:%' order by id`
  return rows.map(({ kind, bulk }) => `${kind}${bulk ? '*' : ''}`)
}
const kinds = [
  'report*',
  'sector-alert*',
  'price-change*',
  'receipt',
  'reset-password',
  'password-changed',
  'verify-email',
  'change-email',
  'rescue',
  'alert',
]
const isSuppressed = async (email: string) =>
  (await app.sql`select from mail_suppressions where email = ${email}`).length > 0

describe('a suppressed address', () => {
  test('that bounces gets nothing but the links that prove that it works', async () => {
    const person = await told('hard-bounce')
    expect(
      await sent(
        person,
        kinds.filter((kind) => kind !== 'rescue'),
      ),
    ).toEqual(['report*', 'sector-alert*', 'price-change*', 'receipt', 'reset-password', 'password-changed'])
    const [row] =
      await app.sql`select status, last_error from mails where to_email = ${person.email} and status = 'skipped' and kind = 'reset-password'`
    expect(row).toMatchObject({
      status: 'skipped',
      lastError: expect.stringContaining('mails to this address bounced'),
    })
  })

  test('that complained still gets receipts, links and notices, and none of many', async () => {
    const person = await told('complaint')
    expect(
      await sent(
        person,
        kinds.filter((kind) => kind !== 'rescue'),
      ),
    ).toEqual(['report*', 'sector-alert*', 'price-change*'])
  })

  test('is not one whose mailbox was full: that is only counted', async () => {
    const person = await told('soft-bounce')
    expect(
      await sent(
        person,
        kinds.filter((kind) => kind !== 'rescue'),
      ),
    ).toEqual([])
    expect(await isSuppressed(person.email)).toBe(false)
  })

  test('is told in the account what to do, and its owner says when it works again', async () => {
    const { visitor, email } = await told('hard-bounce')
    for (const path of ['/account', '/account/security'])
      expect((await visitor.get(path)).body).toContain(`We cannot reach you at ${email}:`)
    const said = await visitor.post('/account/security/reachable', { next: '/account' })
    expect([said.status, said.location]).toEqual([303, '/account'])
    const page = await visitor.get('/account')
    expect(page.body).toContain(`We send mails to ${email} again.`)
    expect(page.body).not.toContain('We cannot reach you')
    expect(await isSuppressed(email)).toBe(false)
    expect((await told('complaint').then((other) => other.visitor.get('/account'))).body).toContain(
      'was marked as spam',
    )
  })

  test('is none any more once a link that went there was opened, or the account has another address', async () => {
    const one = await subscriber(app)
    const link = await linkTo(app, one.email, subjects.verify)
    await notify(app, 'json', plain(one.email, 'complaint'))
    await open(one.visitor, link)
    await one.visitor.post('/verify-email', {})
    expect(await isSuppressed(one.email)).toBe(false)

    const two = await told('hard-bounce')
    const fresh = `fresh.${two.email}`
    await two.visitor.post('/account/security/email', { current_password: two.form.password!, email: fresh })
    expect(await app.sql`select from users where email = ${fresh}`).toHaveLength(1)
    expect([await isSuppressed(two.email), await isSuppressed(fresh)]).toEqual([false, false])
    expect((await visitedAccount(two)).includes('We cannot reach you')).toBe(false)
  })

  test('is in what a person can take with them, and gone with the account', async () => {
    const { visitor, email, username, form } = await told('hard-bounce')
    const file = await visitor.get('/account/data.json')
    expect(JSON.parse(file.body).reportsByMailProvider).toMatchObject([{ event: 'hard-bounce', to: email }])
    const page = await visitor.post('/account/delete', await deletionForm(visitor, username, form.password!))
    expect(page.status).toBe(303)
    expect(await isSuppressed(email)).toBe(false)
    expect(await app.sql`select from mail_notifications where email = ${email}`).toHaveLength(0)
  })

  test('of an account stays; what was told 90 days ago is forgotten, and after a year the address of nobody', async () => {
    const { email } = await told('hard-bounce')
    await app.sql`update mail_notifications set received_at = now() - interval '91 days' where email = ${email}`
    await app.sql`update mail_suppressions set since = now() - interval '2 years' where email = ${email}`
    await app.sql`insert into mail_suppressions (email, kind, provider, since) values ('nobody@example.in', 'complaint', 'ses', now() - interval '366 days')`
    await app.run('clean')
    expect(await app.sql`select from mail_notifications where email = ${email}`).toHaveLength(0)
    expect([await isSuppressed(email), await isSuppressed('nobody@example.in')]).toEqual([true, false])
  })

  async function visitedAccount({ visitor }: { visitor: { get: (path: string) => Promise<{ body: string }> } }) {
    return (await visitor.get('/account')).body
  }
})
