import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { having, openSwitch } from '../billing/switching/fixture.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { until } from '../support/until.ts'
import { Visitor } from '../support/visitor.ts'
import { refundInFull, registrant, subscriber } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('the JSON holds everything about a person, and nothing of anybody else', async () => {
  const other = await subscriber(app, { name: 'Other Person', phone: '90000 00002' })
  const { visitor, form, order, cfPaymentId, email, username } = await subscriber(app)
  await until(async () => (await app.sql`select from webhook_events where order_id = ${order.id}`).length > 0)
  await app.run('deliver-mails')
  await refundInFull(app, cfPaymentId, order.id)
  const answer = await visitor.get('/account/data.json')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="my-data-\d{4}-\d\d-\d\d\.json"$/)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const data = answer.json() as Record<string, Record<string, unknown>[]>
  expect(data.profile).toEqual([
    expect.objectContaining({ username, email, name: form.name, phone: '+919876500001', stateCode: '27' }),
  ])
  expect(data.profile![0]!.consentedTo).toMatch(/^\d{4}-\d\d-\d\d$/)
  expect(data.sessions![0]).toMatchObject({ network: expect.any(String), browser: expect.any(String) })
  expect(data.orders!.map((one) => one.id)).toEqual([order.id])
  expect(data.payments).toEqual([expect.objectContaining({ payment: cfPaymentId, amountPaise: 49_900 })])
  for (const section of ['subscription', 'periods', 'receipts', 'refunds', 'creditNotes', 'mails', 'record'])
    expect([section, data[section]!.length > 0]).toEqual([section, true])
  expect(data.reportsByCashfree![0]).toEqual({
    order: order.id,
    type: expect.any(String),
    receivedAt: expect.any(String),
  })

  for (const foreign of [
    other.email,
    other.username,
    other.userId,
    other.order.id,
    other.cfPaymentId,
    'Other Person',
    '9000000002',
  ])
    expect([foreign, answer.body.includes(foreign)]).toEqual([foreign, false])
})

test('what a change of plan credited is in it, and the day of the month from which periods are counted', async () => {
  const person = await having(app, 'monthly')
  const switched = await openSwitch(app, person)
  const data = (await person.visitor.get('/account/data.json')).json() as Record<string, Record<string, unknown>[]>
  expect(data.subscription![0]!.anchorDay).toBe(new Date(Date.now() + 5.5 * 3_600_000).getUTCDate())
  expect(data.credits).toEqual([
    expect.objectContaining({
      order: switched.id,
      creditedOrder: person.orders[0],
      creditPaise: switched.creditPaise,
      unusedDays: expect.any(Number),
    }),
  ])
  const other = (await (await registrant(app)).visitor.get('/account/data.json')).json() as Record<string, unknown[]>
  expect(other.credits).toEqual([])
})

test('no secret is in either file: no password or its hash, no session, no link, no payment session', async () => {
  const { visitor, userId, order } = await registrant(app)
  const secrets = await app.sql<{ text: string }[]>`
    select password_hash as text from users where id = ${userId}
    union all select encode(id_hash, 'hex') from sessions where user_id = ${userId}
    union all select handle::text from sessions where user_id = ${userId}
    union all select encode(secret_hash, 'hex') from account_links where user_id = ${userId} and secret_hash is not null
    union all select encode(id_hash, 'hex') from known_devices where user_id = ${userId}
    union all select payment_session_id from orders where id = ${order.id}`
  const cookies = [...visitor.cookies.values()]
  for (const ending of ['json', 'csv']) {
    const { body } = await visitor.get(`/account/data.${ending}`)
    for (const secret of [...secrets.map(({ text }) => text), ...cookies, 'TestPass123', '$argon2id'])
      expect(body.includes(secret)).toBe(false)
  }
})

test('what an administrator did is in it, without who they are or where they sat', async () => {
  const { visitor, userId } = await registrant(app)
  const admin = '7d3f4c1e-0000-4000-8000-00000000abcd'
  await app.sql`insert into audit (actor, action, user_id, origin) values (${`user:${admin}`}, 'user.suspended', ${userId},
    ${app.sql.json({ address: '203.0.113.77', userAgent: 'AdminBrowser', requestId: 'r' })})`
  const { body } = await visitor.get('/account/data.json')
  const { record } = JSON.parse(body) as { record: Record<string, unknown>[] }
  expect(record.at(-1)).toMatchObject({ action: 'user.suspended', by: 'an administrator', origin: null })
  for (const text of [admin, '203.0.113.77', 'AdminBrowser']) expect(body).not.toContain(text)
})

test('the CSV is one for Excel, in Indian words, and no cell of it is a formula', async () => {
  const { visitor, userId } = await subscriber(app, { name: '=HYPERLINK("http://evil.example","Asha")' })
  await app.sql`update users set suspended_at = null where id = ${userId}`
  const { body, headers } = await visitor.get('/account/data.csv')
  expect(headers.get('content-type')).toContain('text/csv')
  const cookie = [...visitor.cookies].map(([key, value]) => `${key}=${value}`).join('; ')
  const bytes = await (await fetch(`${app.url}/account/data.csv`, { headers: { cookie } })).bytes()
  expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
  const rows: string[][] = parse(body, { bom: true, relax_column_count: true, skip_empty_lines: false })
  for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
  const headed = (section: string) => rows[rows.findIndex((row) => row[0] === section) + 1]!
  expect(headed('orders')).toEqual(expect.arrayContaining(['amount (₹)', 'created at (IST)']))
  expect(rows.flat()).toContain('499')
  expect(rows.flat()).toContain(`'=HYPERLINK("http://evil.example","Asha")`)
  expect(rows.flat()).toContain("'+919876500001")
})

test('a long record comes whole', async () => {
  const { visitor, userId } = await registrant(app)
  await app.sql`insert into audit (actor, action, user_id, details)
    select 'clock', 'noted', ${userId}::uuid, jsonb_build_object('n', n) from generate_series(1, 2345) n`
  const { record } = (await visitor.get('/account/data.json')).json() as { record: { details: { n?: number } }[] }
  expect(record.filter((row) => row.details.n).map((row) => row.details.n)).toEqual(
    Array.from({ length: 2345 }, (_, i) => i + 1),
  )
})

test('visitors get none', async () => {
  for (const ending of ['json', 'csv'])
    expect((await new Visitor(app).get(`/account/data.${ending}`)).location).toContain('/login')
})
