import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { Visitor } from '../../support/visitor.ts'
import { basic, notify, older, plain, postmark, secret, sesBounce, sesComplaint } from './notifications.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ MAIL_WEBHOOK_SECRETS: `${secret},${older}` })
})
afterAll(() => app.close())

async function person(): Promise<string> {
  return (await new Visitor(app).register()).email!
}
const suppressed = async (email: string) =>
  (await app.sql<{ kind: string }[]>`select kind from mail_suppressions where email = lower(${email})`)[0]?.kind
const told = (email: string) => app.sql`select from mail_notifications where email = lower(${email})`

describe('what a mail provider tells', () => {
  test.each([
    ['ses', 'a permanent bounce', (email: string) => sesBounce(email), 'hard-bounce'],
    ['ses', 'a transient bounce', (email: string) => sesBounce(email, 'Transient'), undefined],
    ['ses', 'a complaint', (email: string) => sesComplaint(email), 'complaint'],
    ['ses', 'raw, without SNS around it', (email: string) => JSON.parse(sesBounce(email).Message), 'hard-bounce'],
    ['postmark', 'a hard bounce', (email: string) => postmark(email), 'hard-bounce'],
    ['postmark', 'a full mailbox', (email: string) => postmark(email, { Type: 'SoftBounce' }), undefined],
    ['postmark', 'a complaint', (email: string) => postmark(email, { RecordType: 'SpamComplaint' }), 'complaint'],
    ['json', 'a hard bounce', (email: string) => plain(email, 'hard-bounce'), 'hard-bounce'],
    ['json', 'a soft bounce', (email: string) => plain(email, 'soft-bounce'), undefined],
    ['json', 'a complaint', (email: string) => plain(email, 'complaint'), 'complaint'],
  ])('%s, %s: is stored, and suppresses the address if it is hard', async (provider, _what, told, kind) => {
    const email = await person()
    expect(await notify(app, provider, told(email.toUpperCase()))).toEqual({ status: 200, says: 'stored' })
    expect(await suppressed(email)).toBe(kind)
    expect(await app.sql`select from mail_notifications where email = ${email}`).toHaveLength(1)
  })

  test('twice is once, also when it comes twenty times at the same moment, and after a person lifted it', async () => {
    const email = await person()
    const bounce = sesBounce(email)
    await Promise.all(Array.from({ length: 20 }, () => notify(app, 'ses', bounce)))
    expect(await told(email)).toHaveLength(1)
    expect(
      await app.sql`
      select from audit a join users u on u.id = a.user_id where u.email = ${email} and action = 'mail.suppressed'`,
    ).toHaveLength(1)
    await app.sql`delete from mail_suppressions where email = ${email}`
    expect((await notify(app, 'ses', bounce)).says).toBe('stored')
    expect(await suppressed(email)).toBeUndefined()
    await notify(app, 'ses', sesBounce(email))
    expect(await suppressed(email)).toBe('hard-bounce')
  })

  test('a bounce weighs more than a complaint, whichever comes first', async () => {
    const [first, second] = [await person(), await person()]
    for (const event of ['hard-bounce', 'complaint']) await notify(app, 'json', plain(first, event))
    for (const event of ['complaint', 'hard-bounce']) await notify(app, 'json', plain(second, event))
    expect([await suppressed(first), await suppressed(second)]).toEqual(['hard-bounce', 'hard-bounce'])
  })

  test('of an address that we never wrote to is not kept', async () => {
    expect(await notify(app, 'ses', sesBounce('stranger@example.org'))).toEqual({ status: 200, says: 'stored' })
    expect(await told('stranger@example.org')).toHaveLength(0)
    expect(await suppressed('stranger@example.org')).toBeUndefined()
  })

  test.each([
    ['ses', sesComplaint('x@example.in', 'not-spam'), 'nothing to do'],
    ['ses', { Type: 'UnsubscribeConfirmation', MessageId: 'm', Message: 'bye' }, 'nothing to do'],
    ['ses', { Type: 'Notification', MessageId: 'm', Message: '{"half": ' }, 'not understood'],
    ['ses', { notificationType: 'Bounce', mail: { messageId: 'm' }, bounce: 'yes' }, 'not understood'],
    ['postmark', { RecordType: 'Delivery', Recipient: 'x@example.in' }, 'nothing to do'],
    ['postmark', { RecordType: 'Bounce', Type: 'AutoResponder', ID: 1, Email: 'x@example.in' }, 'nothing to do'],
    ['postmark', ['x'], 'not understood'],
    ['postmark', { RecordType: { toString: 1 } }, 'not understood'],
    ['json', { id: 'm', event: 'opened', email: 'x@example.in' }, 'not understood'],
    ['json', 'null', 'not understood'],
    ['json', '42', 'not understood'],
  ])('%s %j is answered 200: %s', async (provider, body, says) => {
    expect(await notify(app, provider, body)).toEqual({ status: 200, says })
  })

  test('with characters that PostgreSQL cannot keep is kept without them', async () => {
    const email = await person()
    const body = { ...plain(email, 'soft-bounce'), reason: 'zero \0 and half \ud800 a pair', id: 'zero\0\ud800' }
    expect(await notify(app, 'json', body)).toEqual({ status: 200, says: 'stored' })
    expect(await told(email)).toHaveLength(1)
  })
})

describe('who may tell', () => {
  test.each([
    ['nothing', ''],
    ['another secret', basic(`${secret}x`)],
    ['the secret as a user', `Basic ${Buffer.from(`${secret}:`).toString('base64')}`],
    ['an empty one', 'Bearer '],
    ['no scheme', secret],
  ])('not somebody with %s: 401, and nothing is stored', async (_what, authorization) => {
    const email = await person()
    expect(await notify(app, 'ses', sesBounce(email), authorization)).toEqual({ status: 401, says: 'wrong secret' })
    expect(await told(email)).toHaveLength(0)
  })

  test('whoever has either of two secrets while they are changed, as password or as Bearer', async () => {
    for (const authorization of [basic(secret), basic(older), `Bearer ${secret}`, `bearer ${older}`])
      expect((await notify(app, 'json', plain('x@example.in', 'complaint'), authorization)).status).toBe(200)
  })

  test('junk is 400, too much is 413, another provider is 404', async () => {
    expect(await notify(app, 'ses', 'hello')).toEqual({ status: 400, says: 'not JSON' })
    expect(await notify(app, 'json', `"${'x'.repeat(300_000)}"`)).toEqual({ status: 413, says: 'too large' })
    expect((await notify(app, 'other', {})).status).toBe(404)
  })

  test('guesses are slowed down by their network', async () => {
    const guarded = await startApp({ MAIL_WEBHOOK_SECRETS: secret, RATE_LIMIT_SCALE: '0.05' })
    const statuses = []
    for (let i = 0; i < 5; i++) statuses.push((await notify(guarded, 'ses', {}, basic(`guess ${i}`))).status)
    expect(statuses).toEqual([401, 401, 401, 429, 429])
    expect((await notify(guarded, 'json', plain('x@example.in', 'complaint'))).status).toBe(200)
    await guarded.close()
  })

  test('SNS asks without a password first, every time: however often, that is no guess', async () => {
    const guarded = await startApp({ MAIL_WEBHOOK_SECRETS: secret, RATE_LIMIT_SCALE: '0.05' })
    for (let i = 0; i < 10; i++) expect((await notify(guarded, 'ses', {}, '')).status).toBe(401)
    await guarded.close()
  })

  test('what cannot be stored is answered 503, so that it comes again', async () => {
    const email = await person()
    await app.sql`alter table mail_notifications rename to mail_notifications_away`
    const failing = await notify(app, 'ses', sesBounce(email))
    await app.sql`alter table mail_notifications_away rename to mail_notifications`
    expect(failing.status).toBeGreaterThanOrEqual(500)
    expect(failing.says).toBe('not stored')
  })
})

describe('a subscription of SNS', () => {
  const asks = (SubscribeURL: string) => ({
    Type: 'SubscriptionConfirmation',
    MessageId: 'm',
    Message: 'You have chosen …',
    SubscribeURL,
  })
  const query = '/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:ap-south-1:1:mails&Token=abc'
  const opened: string[] = []
  let answer = 200
  const real = globalThis.fetch
  /** SNS's own hosts cannot be reached from here: what would go there is kept and answered. */
  function standIn() {
    vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
      if (String(url).startsWith(app.url)) return real(url, init)
      opened.push(String(url))
      return new Response('<ConfirmSubscriptionResponse/>', { status: answer })
    })
  }
  afterEach(() => {
    vi.unstubAllGlobals()
    opened.length = 0
    answer = 200
  })

  test('is confirmed at the address it names', async () => {
    standIn()
    const url = `https://sns.ap-south-1.amazonaws.com${query}`
    expect(await notify(app, 'ses', asks(url))).toEqual({ status: 200, says: 'confirmed' })
    expect(opened).toEqual([url])
  })

  test('is told to ask again when SNS does not answer well', async () => {
    standIn()
    answer = 403
    expect((await notify(app, 'ses', asks(`https://sns.us-east-1.amazonaws.com${query}`))).status).toBe(503)
  })

  test.each([
    `http://sns.ap-south-1.amazonaws.com${query}`,
    `https://sns.ap-south-1.amazonaws.com.evil.example${query}`,
    `https://evil.example/sns.ap-south-1.amazonaws.com${query}`,
    `https://x@sns.ap-south-1.amazonaws.com:8443${query}`,
    `https://s3.ap-south-1.amazonaws.com${query}`,
    `https://sns.ap-south-1.amazonaws.com/?Action=DeleteTopic`,
    `https://sns.ap-south-1.amazonaws.com/other${query}`,
    `http://169.254.169.254/latest/meta-data/`,
    'no address',
  ])('is not confirmed at %s', async (url) => {
    standIn()
    expect(await notify(app, 'ses', asks(url))).toEqual({ status: 200, says: 'not an address of SNS' })
    expect(opened).toEqual([])
  })

  test('is not confirmed for somebody without our secret', async () => {
    standIn()
    const url = `https://sns.ap-south-1.amazonaws.com${query}`
    expect((await notify(app, 'ses', asks(url), basic('somebody else’s secret, long'))).status).toBe(401)
    expect(opened).toEqual([])
  })
})
