import { beforeAll, describe, expect, test } from 'vitest'
import { admin, app, payer, usePanel } from './panel.ts'

let userId: string
usePanel(['admin'])
beforeAll(async () => {
  userId = (await payer({ name: 'Timeline Person' })).id
  await crowd()
})

const crowdSize = 120

/** 120 of everything that the panel lists, all of one millisecond; always two of them of one microsecond. */
async function crowd(): Promise<void> {
  const { sql } = app
  const at = sql`timestamptz '2021-05-05 05:05:05.1234' + n / 2 * interval '1 microsecond'`
  const many = sql`generate_series(1, ${crowdSize}) n`
  await sql`
    with people as (
      insert into users (id, username, email, name, phone, state_code, password_hash, created_at)
      select md5('many' || n)::uuid, 'many' || n || 'x', 'many' || n || 'x@example.in', 'Manifold Crowd', '+919876543210', '27',
             'none', ${at}
      from ${many}
      returning id, created_at
    )
    insert into subscriptions (user_id, status, is_paid, plan_key, current_period_start, current_period_end, created_at)
    select id, 'expired', false, 'annual_v1', created_at, created_at + interval '1 year', created_at from people`
  await sql`
    insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, created_at, closed_at)
    select 'ds_many' || n || 'x', ${userId}, 'monthly_v1', 49900, 'expired', now(), ${at}, now() from ${many}`
  await sql`
    insert into payments (cf_payment_id, order_id, status, amount_paise, currency, method, failure_reason, started_at, created_at)
    select 'many' || n || 'x', 'ds_many' || n || 'x', 'FAILED', 49900, 'INR', 'wallet', 'Invalid amount', ${at}, ${at}
    from ${many}`
  await sql`
    insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, status, next_look_at,
                         created_at, finished_at)
    select 'rf_many' || n || 'x', 'ds_many' || n || 'x', 'many' || n || 'x', ${userId}, 100, 'many', 'cashfree', 'failed', null,
           ${at}, ${at}
    from ${many}`
  await sql`
    insert into incidents (kind, subject_key, user_id, details, opened_at)
    select 'manifold', 'many' || n || 'x', ${userId}, '{}', ${at} from ${many}`
  await sql`
    insert into webhook_events (received_at, accepted, verdict, type, order_id, headers, body)
    select ${at}, false, 'wrong-signature', 'MANIFOLD', 'many' || n || 'x', '{}', '' from ${many}`
  await sql`
    insert into mails (kind, subject_key, user_id, to_name, to_email, status, sent_at, created_at)
    select 'receipt', 'many' || n || 'x', ${userId}, 'Many', 'manifold@example.in', 'sent', ${at}, ${at} from ${many}`
  await sql`
    insert into audit (at, actor, action, order_id, user_id)
    select ${at}, 'manifold', 'manifold.happened', 'ds_many' || n || 'x', ${userId} from ${many}`
}

/** Which of the crowd a page names, each once. */
const namedIn = (body: string) => [...new Set(body.match(/(?<![a-z])many\d+x/g))]

/** The same, of a timeline: as often as its lines lead there. */
const timelineIn = (body: string) =>
  /<ol class="timeline">.*?<\/ol>/s.exec(body)![0].match(/(?<=href="\/admin\/orders\/ds_)many\d+x/g) ?? []

/** Which of the crowd the pages of a list name, from the first to the last, as their "Older" links lead. */
async function walked(path: string, read: (body: string) => string[] = namedIn) {
  const named: string[] = []
  let pages = 0
  for (let next: string | undefined = path; next; pages++) {
    const { status, body } = await admin.visitor.get(next)
    expect(status).toBe(200)
    named.push(...read(body))
    next = /href="([^"]+)" rel="next"/.exec(body)?.[1]?.replaceAll('&amp;', '&')
  }
  return { named, pages }
}

const day = 'from=2021-05-05&to=2021-05-05'
const lists = [
  ['subscribers', '/admin/subscribers', '?status=expired'],
  ['subscribers of a plan', '/admin/subscribers', '?plan=annual'],
  ['subscribers of a name', '/admin/subscribers', '?q=manifold'],
  ['subscribers of a name and a plan', '/admin/subscribers', '?q=manifold&plan=annual'],
  ['orders', '/admin/orders', `?${day}`],
  ['orders of a status', '/admin/orders', '?status=expired'],
  ['attempts to pay', '/admin/orders/payments', `?${day}`],
  ['attempts of a method', '/admin/orders/payments', '?method=wallet'],
  ['refunds', '/admin/refunds', `?${day}`],
  ['refunds of a status', '/admin/refunds', '?status=failed'],
  ['incidents', '/admin/incidents', '?kind=manifold'],
  ['deliveries', '/admin/webhooks', '?type=MANIFOLD'],
  ['deliveries of a day', '/admin/webhooks', '?day=2021-05-05'],
  ['mails', '/admin/mails', '?to=manifold'],
  ['mails of a day', '/admin/mails', '?day=2021-05-05'],
  ['the audit', '/admin/audit', '?actor=manifold'],
  ['the audit of a day', '/admin/audit', '?day=2021-05-05'],
] as const

describe('a list whose rows are all of one millisecond', () => {
  test.each(lists)('%s: each row stands on one page, and once in the export', async (_name, path, query) => {
    const { named, pages } = await walked(path + query)
    expect(pages).toBe(3)
    expect(named).toHaveLength(crowdSize)
    expect(new Set(named).size).toBe(crowdSize)
    const csv = await admin.visitor.get(`${path}.csv${query}`)
    expect(csv.status).toBe(200)
    const lines = csv.body.trim().split('\r\n').slice(1)
    expect(lines).toHaveLength(crowdSize)
    expect(namedIn(csv.body)).toHaveLength(crowdSize)
  })

  test('a person’s timeline tells each thing once', async () => {
    const { named } = await walked(`/admin/subscribers/${userId}`, timelineIn)
    // Each order is told of twice: its attempt failed, and the audit has a line.
    expect(named).toHaveLength(2 * crowdSize)
    expect(new Set(named).size).toBe(crowdSize)
  })
})

test.each(lists.filter(([, , query]) => /(from|day)=/.test(query)))(
  '%s: a day that no calendar here has narrows nothing and breaks nothing',
  async (_name, path, query) => {
    for (const day of ['0000-01-01', '9999-12-31', '2026-02-30', '%00'])
      expect((await admin.visitor.get(path + query.replaceAll('2021-05-05', day))).status).toBe(200)
  },
)

test('a page that no link leads to does not exist, whatever year it names', async () => {
  for (const at of ['0000-01-01T00:00:00.000Z', '-000044-03-15T00:00:00.000Z', '+275760-09-13T00:00:00.000Z']) {
    const after = Buffer.from(JSON.stringify([at, 'x'])).toString('base64url')
    expect((await admin.visitor.get(`/admin/orders?after=${after}`)).status).toBe(404)
  }
})
