import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { dayInIndia } from '../../src/platform/dates.ts'
import { mostRunning } from '../../src/records/announcements/queries.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { admin, app, customer, payer, reader, usePanel } from './panel.ts'

usePanel(['admin', 'reader'])

const day = (fromToday: number) => dayInIndia(new Date(Date.now() + fromToday * 86_400_000))
const announce = (typed: Record<string, string> = {}, by = admin) =>
  by.visitor.post('/admin/announcements', {
    text: 'We move servers tonight.',
    audience: 'everyone',
    key: randomUUID(),
    ...typed,
  })
const lineOn = (body: string) => /<aside class="announcement"[\s\S]*?<p>([\s\S]*?)<\/p>/.exec(body)?.[1]
/** A browser with a cookie gets pages of its own, which no cache keeps. */
const browser = () => {
  const visitor = new Visitor(app)
  visitor.cookies.set('seen', 'before')
  return visitor
}
/** What a page shows once this process has asked again. */
const soon = async (visitor: Visitor, path: string, line: string | undefined) => {
  await until(async () => lineOn((await visitor.get(path)).body) === line)
}
const newest = async () =>
  (await app.sql<{ id: number }[]>`select id::int from announcements order by id desc limit 1`)[0]!.id

beforeEach(async () => {
  await app.sql`update announcements set is_on = false`
  await soon(browser(), '/terms', undefined)
})

describe('an announcement', () => {
  test('for everyone stands on the site and the dashboard, as text, with its link; not in the panel, not where one pays', async () => {
    const { visitor } = await customer()
    const answer = await announce({
      text: ' Fewer <b>words</b>, & more ',
      link: '/methodology?x=1#z',
      link_text: 'How it works',
    })
    expect(answer).toMatchObject({ status: 303, location: '/admin/announcements' })
    const line = 'Fewer &lt;b&gt;words&lt;/b&gt;, &amp; more <a href="/methodology?x=1#z">How it works</a>'
    await soon(new Visitor(app), '/', line)
    for (const path of ['/dashboard', '/account', '/terms'])
      expect([path, lineOn((await visitor.get(path)).body)]).toEqual([path, line])
    for (const path of ['/checkout/monthly', '/checkout/annual'])
      expect([path, lineOn((await visitor.get(path)).body)]).toEqual([path, undefined])
    expect(lineOn((await admin.visitor.get('/admin')).body)).toBeUndefined()
  })

  test('for subscribers is seen by who has access alone, and before one for everyone', async () => {
    const { visitor: pays } = await payer()
    const { visitor: pending } = await customer()
    await announce({ text: 'For all' })
    await announce({ text: 'For those who pay', audience: 'subscribers' })
    await announce({ text: 'For all, newer' })
    await soon(pays, '/dashboard', 'For those who pay')
    await soon(pending, '/dashboard', 'For all, newer')
    expect(lineOn((await browser().get('/terms')).body)).toBe('For all, newer')
  })

  test('runs from its first day to the end of its last, and is switched off and on', async () => {
    const visitor = browser()
    await announce({ text: 'Tomorrow', from: day(1), until: day(2) })
    const id = await newest()
    const page = async () => (await admin.visitor.get('/admin/announcements')).body
    expect(await page()).toContain('Coming')
    await announce({ text: 'Today', from: day(0), until: day(0) })
    await soon(visitor, '/terms', 'Today')
    await app.sql`update announcements set starts_at = now() - interval '1 hour' where id = ${id}`
    await app.sql`update announcements set starts_at = starts_at - interval '2 days', ends_at = now() - interval '1 second'
                  where text = 'Today'`
    await soon(visitor, '/terms', 'Tomorrow')
    expect(await page()).toContain('Over')
    expect((await admin.visitor.post(`/admin/announcements/${id}/off`)).status).toBe(303)
    await soon(visitor, '/terms', undefined)
    expect((await admin.visitor.post(`/admin/announcements/${id}/off`)).status).toBe(303)
    expect((await admin.visitor.post(`/admin/announcements/${id}/on`)).status).toBe(303)
    await soon(visitor, '/terms', 'Tomorrow')
    const audit = await app.sql<{ action: string; details: { announcement: number } }[]>`
      select action, details from audit where action like 'announcement.switched%' order by id`
    expect(audit.filter(({ details }) => details.announcement === id).map(({ action }) => action)).toEqual([
      'announcement.switched-off',
      'announcement.switched-on',
    ])
  })

  test('closed in a browser stays closed there, and nowhere else; a newer one is shown', async () => {
    const [one, another] = [browser(), browser()]
    await announce({ text: 'First' })
    await soon(one, '/terms', 'First')
    const id = await newest()
    const answer = await one.post(`/announcements/${id}/closed`, { back: '/terms?a=b' })
    expect(answer).toMatchObject({ status: 303, location: '/terms?a=b' })
    expect(lineOn((await one.get('/')).body)).toBeUndefined()
    expect(lineOn((await another.get('/')).body)).toBe('First')
    await announce({ text: 'Second' })
    await soon(one, '/terms', 'Second')
    const fragment = await another.post(`/announcements/${id}/closed`, {}, { 'hx-request': 'true' })
    expect([fragment.status, fragment.body]).toEqual([200, ''])
    for (const back of ['//evil.example', 'https://evil.example', '/\\evil.example', ''])
      expect((await one.post(`/announcements/${id}/closed`, { back })).location).toBe('/')
  })

  test('as many as run at a time stay closed, the cookie small however many were closed', async () => {
    const visitor = browser()
    await app.sql`update announcements set is_on = false`
    for (let i = 1; i <= mostRunning; i++) await announce({ text: `Line ${i}` })
    await soon(visitor, '/terms', `Line ${mostRunning}`)
    const running = await app.sql<{ id: number }[]>`select id from announcements where is_on order by id`
    for (const { id } of running) await visitor.post(`/announcements/${id}/closed`)
    expect(lineOn((await visitor.get('/terms')).body)).toBeUndefined()
    for (let id = 1; id <= 12; id++) await visitor.post(`/announcements/${1_000_000 + id}/closed`)
    expect(visitor.cookies.get('sid')!.length).toBeLessThan(800)
    await app.sql`update announcements set is_on = false`
    for (const junk of ['0', '-1', 'x', '1e3', '9'.repeat(40)])
      expect([junk, (await visitor.post(`/announcements/${junk}/closed`)).status]).toEqual([junk, 400])
  })

  test('of a page that all visitors share holds nothing of one visitor’s address', async () => {
    await announce({ text: 'Shared' })
    await soon(new Visitor(app), '/?coupon=&mark=unmistakable', 'Shared')
    expect((await new Visitor(app).get('/')).body).not.toContain('unmistakable')
  })
})

test('sent twice it is one; with a wrong field none, and what was typed stays', async () => {
  const key = randomUUID()
  const before = (await app.sql`select from announcements`).length
  await Promise.all([announce({ key }), announce({ key })])
  expect(await app.sql`select from announcements`).toHaveLength(before + 1)
  const wrong: [Record<string, string>, string][] = [
    [{ text: ' ' }, 'Please write what to announce.'],
    [{ text: 'x'.repeat(201) }, 'At most 200 characters'],
    [{ link: '//evil.example' }, 'a page of this site'],
    [{ link: 'https://evil.example' }, 'a page of this site'],
    [{ link: 'javascript:alert(1)' }, 'a page of this site'],
    [{ link_text: 'Here' }, 'the page that these words lead to'],
    [{ audience: 'admins' }, 'Please choose who sees it.'],
    [{ until: day(-1) }, 'This day is over'],
    [{ from: day(3), until: day(2) }, 'before the first'],
    [{ from: '2026-02-31' }, 'Please enter a day.'],
    [{ from: '0000-01-01' }, 'Please enter a day.'],
    [{ until: '275760-09-13' }, 'Please enter a day.'],
  ]
  for (const [typed, sentence] of wrong) {
    const answer = await announce({ text: 'Kept as typed', ...typed })
    expect([sentence, answer.status]).toEqual([sentence, 422])
    expect(answer.body).toContain(sentence)
    if (!typed.text) expect(answer.body).toContain('Kept as typed')
  }
  expect((await announce({ key: 'none' })).status).toBe(409)
  expect((await announce({ text: '\ud800\u0000' })).status).toBeLessThan(500)
})

test('who may only look reads the list and changes nothing', async () => {
  await announce()
  const { body } = await reader.visitor.get('/admin/announcements')
  expect(body).toContain('We move servers tonight.')
  expect(body).not.toContain('Switch off')
  expect(body).not.toContain('New announcement')
  expect((await announce({}, reader)).status).toBe(403)
  expect((await reader.visitor.post(`/admin/announcements/${await newest()}/off`)).status).toBe(403)
})
