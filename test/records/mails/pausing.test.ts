import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { anotherWorker, endPause, mailsBy, pauseOf, queueMails } from './queue.ts'
import { type MailServer, startMailServer } from './server.ts'

let app: TestApp
let server: MailServer
beforeAll(async () => {
  server = await startMailServer()
  app = await startApp({ SMTP_PORT: String(server.port), MAIL_CONNECTIONS: '4' })
})
afterAll(async () => {
  await app.close()
  await server.stop()
})
afterEach(async () => {
  server.answer = () => null
  server.taken.length = 0
  await app.sql`update mails set status = 'sent' where status = 'queued'`
  await app.sql`update mail_queue set paused_since = null, paused_until = null, resumed_at = null, pauses = 0`
})

/** How often the server was asked about a recipient, and refuses us each time. */
function refuseUs(responseCode: number, says?: string, at: 'MAIL' | 'RCPT' | 'DATA' = 'RCPT') {
  let asked = 0
  server.answer = (to) => {
    if ((to === '') === (at === 'MAIL')) asked++
    return { responseCode, at, ...(says ? { says } : {}) }
  }
  return () => asked
}

describe('a mail server that refuses us', () => {
  test.each([
    [421, 'RCPT', 'Too many connections'],
    [450, 'RCPT', 'Too fast'],
    [454, 'DATA', 'Throttling failure: Maximum sending rate exceeded.'],
    [452, 'RCPT', '4.3.1 Out of disk'],
    [451, 'DATA', '4.7.0 Temporary rate limit'],
    [451, 'MAIL', 'Try later'],
    [550, 'MAIL', '5.7.1 Sender suspended'],
    [550, 'RCPT', '5.4.5 Daily user sending quota exceeded'],
  ] as const)('%i at %s (%s) pauses all mails, and counts as nobody’s attempt', async (code, at, says) => {
    await queueMails(app, `refused${code}${at}`, 100)
    const asked = refuseUs(code, says, at)
    await app.run('deliver-mails')
    expect(asked()).toBeLessThanOrEqual(at === 'DATA' ? 2 * 4 : 4)
    const pause = await pauseOf(app)
    expect(pause).toMatchObject({ isOn: true, reason: expect.stringContaining(String(code)) })
    expect(pause.leftS).toBeLessThan(6)
    const before = asked()
    await app.run('deliver-mails')
    expect(asked()).toBe(before)
    const mails = await mailsBy(app, `refused${code}${at}`)
    expect(mails.every(({ status, attempts }) => status === 'queued' && attempts === 0)).toBe(true)
    server.answer = () => null
    await endPause(app)
    await app.run('deliver-mails')
    expect(await pauseOf(app)).toMatchObject({ isOn: false })
    expect(server.taken.filter(({ to }) => to.startsWith('refused'))).toHaveLength(100)
  })

  test('a server that refuses connections pauses all mails as well, and no mail loses an attempt', async () => {
    await queueMails(app, 'away', 60)
    await server.stop()
    await app.run('deliver-mails')
    expect(await pauseOf(app)).toMatchObject({ isOn: true, reason: expect.stringContaining('ECONNREFUSED') })
    const mails = await mailsBy(app, 'away')
    expect(mails.every(({ status, attempts }) => status === 'queued' && attempts === 0)).toBe(true)
    expect(mails.filter(({ lastError }) => lastError !== null).length).toBeLessThanOrEqual(4)
    await server.open()
    await endPause(app)
    await app.run('deliver-mails')
    expect(server.taken).toHaveLength(60)
  })

  test.each([
    [450, '4.2.1 Mailbox busy'],
    [450, '4.1.1 Unverified address'],
    [452, '4.2.2 Mailbox full'],
    [451, 'Local error'],
    [451, '4.7.1 Greylisting in action'],
    [550, '5.1.1 No such user'],
  ])('%i %s speaks of one mailbox: the others go on', async (responseCode, says) => {
    const name = `own${responseCode}${says.replace(/\W/g, '')}`.toLowerCase()
    await queueMails(app, name, 10)
    server.answer = (to) => (to === `${name}3@example.in` ? { responseCode, at: 'RCPT', says } : null)
    await app.run('deliver-mails')
    expect(await pauseOf(app)).toMatchObject({ isOn: false })
    expect(server.taken).toHaveLength(9)
  })

  test('is asked by one probe after the pause, which doubles each time it is refused', async () => {
    await queueMails(app, 'probe', 20)
    const asked = refuseUs(421)
    await app.run('deliver-mails')
    for (const [least, most] of [
      [8, 12],
      [17, 23],
      [35, 45],
    ] as const) {
      const before = asked()
      await endPause(app)
      await app.run('deliver-mails')
      expect(asked() - before).toBe(1)
      const { leftS } = await pauseOf(app)
      expect(leftS).toBeGreaterThan(least)
      expect(leftS).toBeLessThan(most)
    }
    for (let i = 0; i < 10; i++) {
      await endPause(app)
      await app.run('deliver-mails')
    }
    expect((await pauseOf(app)).leftS).toBeLessThan(11 * 60)
    // Only probes were attempts, each with another mail.
    expect((await mailsBy(app, 'probe')).filter(({ attempts }) => attempts === 1)).toHaveLength(13)
  })

  test('is left alone by every other worker too: of two, one sends the probe', async () => {
    await queueMails(app, 'both', 40)
    const asked = refuseUs(421)
    await app.run('deliver-mails')
    const other = anotherWorker(app)
    const before = asked()
    await other.deliver()
    expect(asked()).toBe(before)
    await endPause(app)
    await Promise.all([other.deliver(), app.run('deliver-mails')])
    expect(asked()).toBe(before + 1)
    await other.close()
  })

  test('takes the probe: then all go out, and the next refusal soon after makes no longer pause', async () => {
    await queueMails(app, 'again', 30)
    refuseUs(421)
    await app.run('deliver-mails')
    let taken = 0
    server.answer = (to) => (to && ++taken > 10 ? { responseCode: 421, at: 'RCPT' } : null)
    await endPause(app)
    await app.run('deliver-mails')
    expect(server.taken.length).toBeGreaterThan(0)
    expect((await pauseOf(app)).leftS).toBeLessThan(6)
  })

  test('a probe that is refused for its own mailbox ends the pause as well', async () => {
    await queueMails(app, 'ends', 5)
    refuseUs(421)
    await app.run('deliver-mails')
    let first = ''
    server.answer = (to) => {
      if (to) first ||= to
      return to === first && to ? { responseCode: 550, at: 'RCPT', says: '5.1.1 No such user' } : null
    }
    await endPause(app)
    await app.run('deliver-mails')
    expect(await pauseOf(app)).toMatchObject({ isOn: false })
    const mails = await mailsBy(app, 'ends')
    expect(mails.map(({ status }) => status).sort()).toEqual(['dead', 'sent', 'sent', 'sent', 'sent'])
  })

  test('a worker that died with the probe keeps the others waiting for a minute, no longer', async () => {
    await queueMails(app, 'died', 5)
    refuseUs(421)
    await app.run('deliver-mails')
    await endPause(app)
    await app.sql`select claim_mails(8, true, null)`
    const { leftS } = await pauseOf(app)
    expect(leftS).toBeGreaterThan(55)
    expect(leftS).toBeLessThanOrEqual(60)
    server.answer = () => null
    await endPause(app)
    await app.run('deliver-mails')
    expect(await pauseOf(app)).toMatchObject({ isOn: false })
  })

  test.each([
    ['550', '5.7.1 Our system has detected that this message is likely unsolicited mail'],
    ['554', 'Message rejected: Sending paused for this account'],
  ])('for good (%s %s): gives up a few mails before it knows that all are meant, and no more', async (code, says) => {
    await queueMails(app, `account${code}`, 100, { bulk: true })
    const asked = refuseUs(Number(code), says, 'DATA')
    await app.run('deliver-mails')
    expect(await pauseOf(app)).toMatchObject({ isOn: true })
    for (let probe = 0; probe < 3; probe++) {
      const before = asked()
      await endPause(app)
      await app.run('deliver-mails')
      expect(asked() - before).toBeLessThanOrEqual(2)
    }
    const mails = await mailsBy(app, `account${code}`)
    expect(mails.filter(({ status }) => status === 'dead').length).toBeLessThanOrEqual(4)
    server.answer = () => null
    await endPause(app)
    await app.run('deliver-mails')
    expect(server.taken.length).toBeGreaterThanOrEqual(93)
  })

  test('does not stop the others when it refuses one mail that way again and again', async () => {
    await queueMails(app, 'poison', 1)
    await queueMails(app, 'weekly', 20, { bulk: true })
    server.answer = (to) =>
      to.startsWith('poison') ? { responseCode: 451, at: 'DATA', says: '4.7.1 Service unavailable' } : null
    for (let pause = 0; pause < 4; pause++) {
      await app.run('deliver-mails')
      await endPause(app)
    }
    expect(server.taken.filter(({ to }) => to.startsWith('weekly'))).toHaveLength(20)
    expect(await mailsBy(app, 'poison')).toMatchObject([{ status: 'queued' }])
  })

  test('pauses for ten minutes at most, also when the database’s clock was set back meanwhile', async () => {
    await queueMails(app, 'clock', 2)
    await app.sql`update mail_queue set paused_since = now() + interval '1 day', paused_until = now() + interval '1 day'`
    await app.run('deliver-mails')
    expect(server.taken.map(({ to }) => to).sort()).toEqual(['clock1@example.in', 'clock2@example.in'])
  })

  test('the first mail after it is one to a person, not a report', async () => {
    await queueMails(app, 'report', 50, { bulk: true })
    refuseUs(421)
    await app.run('deliver-mails')
    await queueMails(app, 'person', 1)
    server.answer = () => null
    await endPause(app)
    await app.run('deliver-mails')
    expect(server.taken[0]!.to).toBe('person1@example.in')
  })
})
