import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedSample } from '../../../src/market/prices/sample-prices.ts'
import { registrant } from '../../account/people.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { Visitor } from '../../support/visitor.ts'
import { linkOf, queuedFor, reader, reportsTo, weekly } from './readers.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await seedSample(app.sql, '2026-11-21')
})
afterAll(() => app.close())

const choiceOf = async (userId: string) =>
  (
    await app.sql<{ cadence: string; weekday: number; minute: number; heat: boolean; link: string; nextDueAt: Date }[]>`
    select cadence, weekday::int as weekday, minute::int as minute, heat, link, next_due_at
    from report_choices where user_id = ${userId}`
  )[0]
const keyOn = (body: string) => /name="key" value="([^"]*)"/.exec(body)![1]!
const audited = async (userId: string) =>
  (await app.sql<{ actor: string; action: string }[]>`
    select actor, action from audit where user_id = ${userId} and action like 'reports.%' order by id`) as {
    actor: string
    action: string
  }[]
/** As a mail provider sends it: from anywhere, without a cookie. */
const oneClick = (link: string, init: RequestInit = {}) =>
  fetch(`${app.url}/reports/${link}/stop`, { method: 'POST', redirect: 'manual', ...init })

describe('choosing reports', () => {
  test('nothing is chosen for anybody, and looking at the page chooses nothing', async () => {
    const { visitor, userId } = await reader(app)
    expect((await visitor.get('/account/reports')).body).toContain('No reports yet')
    expect(await choiceOf(userId)).toBeUndefined()
  })

  test('the page says in words what was chosen, and when the next one comes', async () => {
    const { visitor, userId } = await reader(app)
    const saved = await visitor.post('/account/reports', { ...weekly, time: '20:05', heat: '' })
    expect([saved.status, saved.location]).toEqual([303, '/account/reports'])
    const { nextDueAt, ...choice } = (await choiceOf(userId))!
    expect(choice).toMatchObject({ cadence: 'weekly', weekday: 6, minute: 1205, heat: false })
    expect(nextDueAt.getTime()).toBeGreaterThan(Date.now())
    const { body } = await visitor.get('/account/reports')
    expect(body).toContain('Every Saturday at 8:05 pm IST')
    // Of invented prices nothing is mailed by schedule, and so says the page.
    expect(body).toContain('no report is mailed on schedule until real prices are imported')
    expect(body).not.toMatch(/Next on/)
    await app.sql`update imports set origin = 'upload' where origin = 'sample'`
    const real = (await visitor.get('/account/reports')).body
    await app.sql`update imports set origin = 'sample' where origin = 'upload'`
    expect(real).toMatch(/Next on <b>Sat, /)
    expect(real).not.toContain('sample data')
    expect(await audited(userId)).toEqual([{ actor: `user:${userId}`, action: 'reports.chosen' }])
  })

  test.each([
    [{ cadence: 'hourly' }, 'Please choose weekly'],
    [{ weekday: '8' }, 'Please choose a day'],
    [{ time: '25:00' }, 'Please give a time'],
    [{ ranks: '', heat: '', map: '' }, 'at least one part'],
  ])('wrong input %j keeps what was typed and changes nothing', async (wrong, sentence) => {
    const { visitor, userId } = await reader(app)
    const answer = await visitor.post('/account/reports', { ...weekly, time: '09:30', ...wrong })
    expect(answer.status).toBe(422)
    expect(answer.body).toContain(sentence)
    if (!('time' in wrong)) expect(answer.body).toContain('value="09:30"')
    expect(await choiceOf(userId)).toBeUndefined()
  })

  test('“off” is never refused: a form with anything wrong in it leaves the rest as it was', async () => {
    const { visitor, userId } = await reader(app)
    await visitor.post('/account/reports', { ...weekly, time: '20:05' })
    const wrong = { cadence: 'off', weekday: '8', time: '25:00', ranks: '', heat: '', map: '' }
    expect((await visitor.post('/account/reports', wrong)).location).toBe('/account/reports')
    expect(await choiceOf(userId)).toMatchObject({
      cadence: 'off',
      weekday: 6,
      minute: 1205,
      heat: true,
      nextDueAt: null,
    })
  })

  test('who has not confirmed the address may choose, is told how to confirm it, and is sent nothing', async () => {
    const { visitor, userId } = await reader(app)
    await app.sql`update users set email_verified_at = null where id = ${userId}`
    await visitor.post('/account/reports', weekly)
    const { body } = await visitor.get('/account/reports')
    expect(body).toContain('Please confirm your e-mail')
    const asked = await visitor.post('/account/reports/now', { key: keyOn(body) })
    expect([asked.status, asked.body.includes('Please confirm your e-mail first.')]).toEqual([409, true])
    expect(await queuedFor(app, userId)).toEqual([])
  })

  test('without an active plan there is no preview and none now, and the page says what happens', async () => {
    const { visitor, userId } = await registrant(app)
    await app.sql`update users set email_verified_at = now() where id = ${userId}`
    await visitor.post('/account/reports', weekly)
    const { body } = await visitor.get('/account/reports')
    expect(body).toContain('Reports need an active plan')
    expect((await visitor.get('/account/reports/preview')).status).toBe(404)
    expect((await visitor.post('/account/reports/now', { key: 'abcdefgh1234' })).status).toBe(409)
    expect(await queuedFor(app, userId)).toEqual([])
  })

  test('visitors are sent to log in, and posts from another site change nothing', async () => {
    const visitor = new Visitor(app)
    for (const path of ['/account/reports', '/account/reports/preview', '/account/reports/preview.txt'])
      expect((await visitor.get(path)).location).toContain('/login')
    const { visitor: signedIn, userId } = await reader(app)
    const forged = await signedIn.post('/account/reports', weekly, { 'sec-fetch-site': 'cross-site' })
    expect([forged.status, await choiceOf(userId)]).toEqual([403, undefined])
  })

  test('a deleted account takes its choice along', async () => {
    const { visitor, userId } = await reader(app)
    await visitor.post('/account/reports', weekly)
    await app.sql`select forget_person(u, 'x', now()) from users u where id = ${userId}`
    expect(await choiceOf(userId)).toBeUndefined()
  })
})

describe('“Send me one now” and the preview', () => {
  test('three a day; a double click is one', async () => {
    const { visitor, userId, email } = await reader(app)
    const key = keyOn((await visitor.get('/account/reports')).body)
    const twice = await Promise.all([
      visitor.post('/account/reports/now', { key }),
      visitor.post('/account/reports/now', { key }),
    ])
    expect(twice.map(({ status }) => status)).toEqual([303, 303])
    for (const another of ['second-key', 'third-key'])
      expect((await visitor.post('/account/reports/now', { key: another })).status).toBe(303)
    const fourth = await visitor.post('/account/reports/now', { key: 'fourth-key' })
    expect([fourth.status, fourth.body.includes('You have had 3 today')]).toEqual([429, true])
    expect(await reportsTo(app, email)).toHaveLength(3)
    expect((await queuedFor(app, userId)).map(({ bulk }) => bulk)).toEqual([false, false, false])
    await app.sql`update report_choices set asked_on = asked_on - 1 where user_id = ${userId}`
    expect((await visitor.post('/account/reports/now', { key: 'tomorrow-key' })).status).toBe(303)
  })

  test('a key that is none is refused', async () => {
    const { visitor, userId } = await reader(app)
    for (const key of ['', 'a b', ':now:', 'x'.repeat(41)])
      expect((await visitor.post('/account/reports/now', { key: key.slice(0, 60) })).status).toBe(
        key.length > 40 ? 303 : 422,
      )
    expect((await queuedFor(app, userId)).length).toBe(1)
  })

  test('the preview is a document that can do nothing, leaves no trace and holds no link to the choice', async () => {
    const { visitor, userId } = await reader(app)
    await visitor.post('/account/reports', weekly)
    const link = await linkOf(app, userId)
    const counts = () => app.sql`select (select count(*) from mails) as mails, (select count(*) from audit) as audit,
      (select jsonb_agg(c order by user_id) from report_choices c) as choices`
    const before = await counts()
    const html = await visitor.get('/account/reports/preview')
    const text = await visitor.get('/account/reports/preview.txt')
    expect(html.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox",
    )
    expect(html.body).toContain('src="data:image/png;base64,')
    expect(text.headers.get('content-type')).toContain('text/plain')
    for (const { body } of [html, text]) {
      expect(body).not.toContain(link)
      expect(body.toLowerCase()).toContain('sample data')
    }
    expect(await counts()).toEqual(before)
  })
})

describe('the manage link in a mail', () => {
  test('shows and changes the choice without a log-in, and nothing else', async () => {
    const { visitor, userId, email, form } = await reader(app)
    await visitor.post('/account/reports', weekly)
    const link = await linkOf(app, userId)
    const stranger = new Visitor(app)
    const page = await stranger.get(`/reports/${link}`)
    expect(page.status).toBe(200)
    expect(page.headers.get('x-robots-tag')).toBe('noindex')
    expect(page.body).toContain('Every Saturday at 8:00 am IST')
    expect(page.body).toContain(`${email[0]}•••@example.in`)
    for (const secret of [email, form.name!, form.username!, form.phone!, userId])
      expect(page.body).not.toContain(secret)
    expect((await stranger.post(`/reports/${link}`, { ...weekly, cadence: 'daily', time: '19:00' })).status).toBe(303)
    expect(await choiceOf(userId)).toMatchObject({ cadence: 'daily', minute: 1140 })
    for (const path of ['/account', '/account/reports', '/dashboard'])
      expect((await stranger.get(path)).location).toContain('/login')
    expect((await stranger.post(`/reports/${link}`, { cadence: 'off' })).status).toBe(303)
    expect(await choiceOf(userId)).toMatchObject({ cadence: 'off', nextDueAt: null })
    expect((await audited(userId)).map(({ actor }) => actor)).toEqual([`user:${userId}`, 'link', 'link'])
  })

  test('wrong input on it changes nothing, and another site’s post is refused', async () => {
    const { visitor, userId } = await reader(app)
    await visitor.post('/account/reports', weekly)
    const link = await linkOf(app, userId)
    const stranger = new Visitor(app)
    expect((await stranger.post(`/reports/${link}`, { ...weekly, time: 'noon' })).status).toBe(422)
    const forged = await stranger.post(`/reports/${link}`, { cadence: 'off' }, { 'sec-fetch-site': 'cross-site' })
    expect([forged.status, (await choiceOf(userId))!.cadence]).toEqual([403, 'weekly'])
  })

  test('a new link ends the old one; nobody’s link is nobody’s', async () => {
    const { visitor, userId } = await reader(app)
    await visitor.post('/account/reports', weekly)
    const old = await linkOf(app, userId)
    expect((await visitor.post('/account/reports/link')).status).toBe(303)
    const fresh = await linkOf(app, userId)
    expect(fresh).not.toBe(old)
    expect((await visitor.get(`/reports/${fresh}`)).status).toBe(200)
    for (const link of [old, 'x'.repeat(43), 'short', "'or%20true--", '%00']) {
      expect((await visitor.get(`/reports/${link}`)).status).toBe(404)
      expect((await visitor.post(`/reports/${link}`, { cadence: 'off' })).status).toBe(404)
      expect((await oneClick(link)).status).toBe(404)
    }
    expect((await choiceOf(userId))!.cadence).toBe('weekly')
  })
})

describe('one-click unsubscribe (RFC 8058)', () => {
  test.each([
    [
      'with the body of the standard',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'List-Unsubscribe=One-Click' },
    ],
    [
      'as a multipart form',
      {
        body: (() => {
          const form = new FormData()
          form.set('List-Unsubscribe', 'One-Click')
          return form
        })(),
      },
    ],
    ['without a body', {}],
    ['from a browser on another site', { headers: { 'sec-fetch-site': 'cross-site', origin: 'https://mail.example' } }],
  ] as [string, RequestInit][])('%s it stops the reports, without a redirect or a cookie', async (_how, init) => {
    const { visitor, userId } = await reader(app)
    await visitor.post('/account/reports', weekly)
    const link = await linkOf(app, userId)
    const answer = await oneClick(link, init)
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []])
    expect(await choiceOf(userId)).toMatchObject({ cadence: 'off', nextDueAt: null })
    expect((await oneClick(link, init)).status).toBe(200)
    expect((await audited(userId)).filter(({ actor }) => actor === 'one-click')).toHaveLength(1)
  })

  test('looking at the address stops nothing, for scanners look at every link in a mail', async () => {
    const { visitor, userId } = await reader(app)
    await visitor.post('/account/reports', weekly)
    const link = await linkOf(app, userId)
    for (const method of ['GET', 'HEAD'])
      expect((await fetch(`${app.url}/reports/${link}/stop`, { method, redirect: 'manual' })).status).toBe(303)
    expect((await new Visitor(app).get(`/reports/${link}`)).status).toBe(200)
    expect((await choiceOf(userId))!.cadence).toBe('weekly')
  })

  test('every report names the address in its headers, and it is the link’s', async () => {
    const { visitor, userId, email } = await reader(app)
    await visitor.post('/account/reports', weekly)
    const { body } = await visitor.get('/account/reports')
    await visitor.post('/account/reports/now', { key: keyOn(body) })
    const [mail] = await reportsTo(app, email)
    const link = await linkOf(app, userId)
    expect(mail!.headers).toMatchObject({
      'list-unsubscribe': `<${app.config.baseUrl}/reports/${link}/stop>`,
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
    })
    expect(mail!.text).toContain(`${app.config.baseUrl}/reports/${link}`)
  })
})
