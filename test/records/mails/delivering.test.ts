import PostalMime from 'postal-mime'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { jobsOf } from '../../../src/operations/jobs/jobs.ts'
import { connectMailer, mailerOf } from '../../../src/platform/mailer.ts'
import { textOfPdf } from '../../billing/receipts/pdf-text.ts'
import { atAnHour } from '../../billing/reminders/fixture.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { pauseOf } from './queue.ts'
import { type MailServer, startMailServer } from './server.ts'

let app: TestApp
let server: MailServer
beforeAll(async () => {
  server = await startMailServer()
  app = await startApp({ SMTP_PORT: String(server.port) })
  app.sandbox.control.webhooks({ paused: true })
})
afterAll(async () => {
  await app.close()
  await server.stop()
})
afterEach(async () => {
  server.answer = () => null
  await app.sql`update mails set status = 'sent' where status = 'queued'`
  await endPause()
})

/** Someone who has just paid; their receipt waits to be mailed. */
async function paid(name?: string): Promise<string> {
  const visitor = new Visitor(app)
  const form = await visitor.register(name ? { name } : {})
  const order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  await visitor.get(`/payment/return?order_id=${order.id}`)
  return form.email!
}
const mailTo = async (email: string) =>
  (
    await app.sql<{ status: string; attempts: number; lastError: string | null; waitS: number }[]>`
    select status, attempts, last_error, extract(epoch from next_attempt_at - now())::float as wait_s
    from mails where to_email = ${email} and kind = 'receipt'`
  )[0]!
const endPause = () => app.sql`update mail_queue set paused_since = null, paused_until = null, resumed_at = null`
const makeDue = async () => {
  await endPause()
  await app.sql`update mails set next_attempt_at = now() where status = 'queued'`
}
const taken = (email: string) =>
  server.taken.filter(({ to, messageId }) => to === email && !messageId.startsWith('<verify-email.'))

describe('delivering mails', () => {
  test('a mail server that is down delays and loses nothing', async () => {
    const emails = [await paid(), await paid(), await paid()]
    await server.stop()
    await app.run('deliver-mails')
    for (const email of emails) expect(await mailTo(email)).toMatchObject({ status: 'queued', attempts: 0 })
    expect(await pauseOf(app)).toMatchObject({ isOn: true, reason: expect.stringContaining('ECONNREFUSED') })
    await server.open()
    await makeDue()
    await app.run('deliver-mails')
    for (const email of emails) {
      expect(await mailTo(email)).toMatchObject({ status: 'sent', lastError: null })
      expect(taken(email)).toHaveLength(1)
    }
  })

  test('a reply that was lost makes the same mail come again, under the same Message-ID', async () => {
    const email = await paid()
    server.answer = () => 'drop-after-data'
    await app.run('deliver-mails')
    expect(await mailTo(email)).toMatchObject({ status: 'queued' })
    server.answer = () => null
    await makeDue()
    await app.run('deliver-mails')
    const mails = taken(email)
    expect(mails).toHaveLength(2)
    expect(mails[0]!.messageId).toMatch(/^<receipt\.R\d{4}-\d{6}@example\.in>$/)
    expect(mails[1]!.messageId).toBe(mails[0]!.messageId)
  })

  test('a process that died while sending leaves the mail to the next one, after a minute', async () => {
    const email = await paid()
    await app.sql`update mails set attempts = 1, leased_until = now() + interval '1 minute', next_attempt_at = now() + interval '1 minute' where to_email = ${email}`
    await app.run('deliver-mails')
    expect(taken(email)).toHaveLength(0)
    await makeDue()
    await app.run('deliver-mails')
    expect(taken(email)).toHaveLength(1)
  })

  test.each(['RCPT', 'DATA'] as const)(
    '"never" (550 at %s) is the end of it, and is kept for a person to see',
    async (at) => {
      const email = await paid()
      server.answer = () => ({ responseCode: 550, at })
      await app.run('deliver-mails')
      expect(await mailTo(email)).toMatchObject({
        status: 'dead',
        attempts: 1,
        lastError: expect.stringContaining('550'),
      })
      server.answer = () => null
      await app.run('deliver-mails')
      expect(taken(email)).toHaveLength(0)
    },
  )

  test.each([
    [451, 'busy'],
    [450, '4.2.0 Mailbox busy'],
    [452, '4.2.2 Mailbox full'],
    [450, '4.7.1 Greylisted, come back in a minute'],
  ])('"not now" (%i %s) is tried again', async (responseCode, says) => {
    const email = await paid()
    server.answer = () => ({ responseCode, says, at: 'RCPT' })
    await app.run('deliver-mails')
    expect(await mailTo(email)).toMatchObject({ status: 'queued', attempts: 1 })
    server.answer = () => null
    await makeDue()
    await app.run('deliver-mails')
    expect(taken(email)).toHaveLength(1)
  })

  test('one that still fails after three days is given up on', async () => {
    const email = await paid()
    await app.sql`update mails set created_at = now() - interval '73 hours' where to_email = ${email}`
    server.answer = () => ({ responseCode: 451, at: 'RCPT' })
    await app.run('deliver-mails')
    expect(await mailTo(email)).toMatchObject({ status: 'dead' })
  })

  test('one that cannot be composed, or whose address is refused, holds up no other', async () => {
    const [{ id: userId } = { id: '' }] = await app.sql<{ id: string }[]>`select id from users limit 1`
    for (let i = 0; i < 20; i++)
      await app.sql`insert into mails (kind, subject_key, user_id, to_email, next_attempt_at)
                    values (${i % 2 ? 'receipt' : 'unheard-of'}, ${`poison-${i}`}, ${userId}, ${`poison${i}@example.in`}, now() - interval '1 hour')`
    const email = await paid()
    await app.run('deliver-mails')
    expect(taken(email)).toHaveLength(1)
    const poison =
      await app.sql`select from mails where subject_key like 'poison-%' and status = 'queued' and last_error is not null`
    expect(poison).toHaveLength(20)
  })

  test('two workers at once send each mail once', async () => {
    const emails = await Promise.all(Array.from({ length: 12 }, () => paid()))
    const deliver = jobsOf(app.services, mailerOf(app.config)).find(({ name }) => name === 'deliver-mails')!
    await Promise.all([app.run('deliver-mails'), deliver.run(), app.run('deliver-mails')])
    for (const email of emails) expect(taken(email)).toHaveLength(1)
  })

  test('a name with every trick in it reaches one recipient, as text', async () => {
    const name = `Asha, "Bcc: x@evil.example" ; Rao & Sons`
    const email = await paid(name)
    await app.run('deliver-mails')
    const [mail] = taken(email)
    expect(mail!.raw).not.toMatch(/^bcc:/im)
    expect(server.taken.some(({ to }) => to.includes('evil'))).toBe(false)
    expect(mail!.raw.match(/^to: /gim)).toHaveLength(1)
  })

  test('every Message-ID is one that a strict server accepts, whatever the mail is about', async () => {
    const email = await paid()
    await app.run('deliver-mails')
    await atAnHour(app, true)
    await app.sql`update subscriptions set current_period_end = now() + interval '3 days' where user_id = (select id from users where email = ${email})`
    await app.run('remind')
    await app.run('deliver-mails')
    const ids = taken(email).map(({ messageId }) => messageId)
    expect(ids).toHaveLength(2)
    for (const id of ids) expect(id).toMatch(/^<[\w-]+(\.[\w-]+)*@example\.in>$/)
  })

  test('links lead to BASE_URL, whatever host the payer’s request named', async () => {
    const visitor = new Visitor(app)
    const form = await visitor.register()
    const order = await newestOrder(app, form.email!)
    app.sandbox.control.pay(order.id)
    await visitor.get(`/payment/return?order_id=${order.id}`, {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
    })
    await app.run('deliver-mails')
    const [mail] = taken(form.email!)
    expect(mail!.raw).not.toContain('evil.example')
    expect(mail!.raw.replaceAll('=\r\n', '').replaceAll('=3D', '=')).toContain(`${app.url}/receipts/R`)
  })
})

describe('a mail as it arrives', () => {
  /** The header block, byte by byte as sent: a line each, folded ones with their line break. */
  const headersOf = (raw: string) => raw.slice(0, raw.indexOf('\r\n\r\n')).split(/\r\n(?![ \t])/)
  const header = (raw: string, name: string) =>
    headersOf(raw).filter((line) => line.toLowerCase().startsWith(`${name}: `))
  const rawTo = (email: string) => taken(email)[0]!.raw

  test('says that a machine wrote it, where answers go, and its Message-ID on one line', async () => {
    const email = await paid()
    await app.run('deliver-mails')
    const raw = rawTo(email)
    expect(header(raw, 'auto-submitted')).toEqual(['Auto-Submitted: auto-generated'])
    expect(header(raw, 'x-auto-response-suppress')).toEqual(['X-Auto-Response-Suppress: OOF, AutoReply'])
    expect(header(raw, 'reply-to')).toHaveLength(1)
    expect(header(raw, 'reply-to')[0]).toContain(`<${app.config.seller.email}>`)
    expect(header(raw, 'message-id')).toEqual([expect.stringMatching(/^Message-ID: <receipt\.R\d{4}-\d+@[\w.-]+>$/i)])
    expect(header(raw, 'list-unsubscribe')).toEqual([])
  })

  test.each([[false], [true]])(
    'has headers that are longer than a line on one line each all the same (one of many: %s)',
    async (bulk) => {
      const address = `long-headers-${bulk}@example.in`
      const mailer = connectMailer({
        host: '127.0.0.1',
        port: server.port,
        sender: `receipts@${'long.'.repeat(12)}example.in`,
        senderName: 'Ours',
        replyTo: 'help@example.in',
        password: '',
        connections: 8,
      })
      const link = `<https://etf.example.in/reports/${'x'.repeat(90)}/stop>`
      await mailer.send({
        to: { name: 'Asha', address },
        messageKey: `report.${'0'.repeat(36)}:weekly:2026-11-20`,
        bulk,
        template: 'password-changed',
        data: {
          account: { name: 'Asha' },
          act: { at: new Date(), action: 'x', network: null },
          seller: app.config.seller,
          forgotUrl: 'https://etf.example.in/forgot',
          securityUrl: 'https://etf.example.in/account/security',
        },
        headers: { 'List-Unsubscribe': link, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
      })
      mailer.close()
      const { raw } = server.taken.find(({ to }) => to === address)!
      expect(header(raw, 'list-unsubscribe')).toEqual([`List-Unsubscribe: ${link}`])
      expect(header(raw, 'list-unsubscribe-post')).toEqual(['List-Unsubscribe-Post: List-Unsubscribe=One-Click'])
      expect(header(raw, 'message-id')).toEqual([expect.stringMatching(/^Message-ID: <report\.\S{60,}>$/i)])
    },
  )

  test('carries the receipt as PDF, the same that the page offers', async () => {
    const email = await paid('ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ')
    await app.run('deliver-mails')
    const [file] = (await PostalMime.parse(rawTo(email))).attachments
    expect(file).toMatchObject({
      filename: expect.stringMatching(/^R\d{4}-\d+\.pdf$/),
      mimeType: 'application/pdf',
      disposition: 'attachment',
    })
    const text = textOfPdf(Buffer.from(file!.content as ArrayBuffer))
    expect(text).toContain('ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ')
    expect(text).toContain(file!.filename!.replace('.pdf', ''))
    expect((await PostalMime.parse(rawTo(email))).text).toContain('It is attached as PDF, too.')
  })

  test('that is sent again after a server that broke has the same Message-ID', async () => {
    const email = await paid()
    server.answer = (to) => (to === email ? 'drop-after-data' : null)
    await app.run('deliver-mails')
    server.answer = () => null
    await makeDue()
    await app.run('deliver-mails')
    const ids = taken(email).map(({ raw }) => header(raw, 'message-id')[0])
    expect(ids.length).toBeGreaterThan(1)
    expect(new Set(ids).size).toBe(1)
  })

  test('goes without its PDF, and does not speak of it, when that cannot be made', async () => {
    const email = await paid()
    // Whatever it is: here a number that no receipt can print.
    await app.sql`update receipts set seller = seller || '{"name": null}' where number = (select subject_key from mails where to_email = ${email} and kind = 'receipt')`
    await app.run('deliver-mails')
    const mail = await PostalMime.parse(rawTo(email))
    expect(mail.attachments).toEqual([])
    expect(mail.text).toContain('Total: ')
    expect(mail.text).not.toContain('attached')
    expect((await mailTo(email)).status).toBe('sent')
  })
})
