import { beforeAll, describe, expect, test } from 'vitest'
import { plural } from '../../../src/admin/labels.ts'
import { refundPayment } from '../../../src/billing/refunds/refunds.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { app, customer, payer, reader, usePanel } from '../panel.ts'

usePanel(['reader'], { RECONCILE_MIN_AGE_MS: '0' })

/** The page as text, spaces made single. */
async function home(): Promise<string> {
  const { status, body } = await reader.visitor.get('/admin')
  expect(status).toBe(200)
  const main = body.slice(body.indexOf('<main'), body.indexOf('</main>'))
  return main
    .replaceAll(/<title[^>]*>.*?<\/title>/gs, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
}

test('on a new installation it counts at once, says what will be here, and every zero is honest', async () => {
  expect(await app.sql`select from figure_snapshot`).toHaveLength(0)
  const page = await home()
  expect(page).toContain('Nothing needs you.')
  expect(page).toContain('Nobody has registered yet')
  expect(page).toContain('Active subscribers 0')
  expect(page).toContain('The records have not been checked yet')
  expect(page).not.toMatch(/NaN|undefined|null|[-−]₹0/)
  expect(page).not.toContain('Why payments fail')
  expect(await app.sql`select from figure_snapshot`).toHaveLength(1)
})

test('it is for administrators alone', async () => {
  expect((await new Visitor(app).get('/admin')).status).toBe(303)
  const { visitor } = await customer()
  expect((await visitor.get('/admin')).status).toBe(404)
})

test('a page view counts nobody anew; the job does', async () => {
  const [before] = await app.sql`select taken_at from figure_snapshot`
  await home()
  expect(await app.sql`select taken_at from figure_snapshot`).toMatchObject([before!])
  await app.run('figures')
  expect(await app.sql`select taken_at from figure_snapshot`).not.toMatchObject([before!])
})

describe('a morning with payments', () => {
  beforeAll(async () => {
    const { id: twice } = (await payer()).order
    app.sandbox.control.pay(twice)
    await app.sql`update orders set next_look_at = now() where id = ${twice}`
    await app.run('reconcile')
    const { id: back } = (await payer({ plan: 'annual' })).order
    const [payment] = await app.sql<
      { cfPaymentId: string }[]
    >`select cf_payment_id from payments where order_id = ${back}`
    const { cfPaymentId } = payment!
    await refundPayment(app.services, {
      cfPaymentId,
      ordinal: 1,
      amountPaise: 100_000,
      reason: 'late',
      actor: 'user:x',
      origin: null,
    })
    await until(async () => {
      await app.sql`update refunds set next_look_at = now() where finished_at is null`
      await app.run('send-refunds')
      return (await app.sql`select from refunds where status = 'succeeded'`).length > 0
    })
    app.sandbox.control.webhooks({ paused: true })
    const { id: lost } = (await customer()).order
    app.sandbox.control.pay(lost)
    await app.sql`update orders set next_look_at = now() where id = ${lost}`
    await app.run('reconcile')
    await customer()
    await app.run('figures')
  })

  test('an order paid twice is revenue once, a refund is taken off, and the second payment asks for a person', async () => {
    const page = await home()
    // ₹499 twice and ₹4,990, less ₹1,000.
    expect(page).toContain('Revenue today ₹4,988 3 paid, ₹1,000 back')
    expect(page).toMatch(/Revenue, gross ₹5,988 ₹0 ₹5,988/)
    expect(page).toMatch(/Refunded −₹1,000 ₹0 −₹1,000/)
    expect(page).toMatch(/What needs you One order was paid twice 1 /)
  })

  test('subscribers and their recurring revenue follow, person by person', async () => {
    const page = await home()
    expect(page).toContain('Active subscribers 3')
    // 2 × ₹499 and ₹4,990 / 12.
    expect(page).toMatch(/30 days ago ₹0 New \+₹1,414 Came back ₹0 Changed plan ₹0 Left ₹0 Now ₹1,414/)
    expect(page).toContain('Registered 5 100%')
    expect(page).toMatch(/2 have not paid yet/)
  })

  test('the share of orders that succeed stands before that of attempts', async () => {
    expect(await home()).toMatch(/Success rate \d+% of \d+ orders? in 30 days; \d+% of \d+ attempts? /)
    expect([1, 2, 100_000].map((many) => plural(many, 'order'))).toEqual(['1 order', '2 orders', '1,00,000 orders'])
  })

  test('what only the reconciler heard of is told as found by our own check', async () => {
    expect(await home()).toContain('Found by check ₹499 this month, 1 order without webhook or return')
  })
})

describe('what needs a person', () => {
  test('each line leads to the list it speaks of', async () => {
    const { id } = (await customer()).order
    await app.sql`update orders set held_at = now() - interval '3 hours' where id = ${id}`
    await app.sql`insert into mails (kind, subject_key, to_email, status) values ('renewal', 'x', 'x@example.in', 'dead')`
    await app.sql`
      insert into webhook_events (received_at, accepted, verdict, order_id, headers, body, next_settle_at)
      values (now() - interval '5 minutes', true, 'verified', ${id}, '{}', 'x', now())`
    await app.sql`
      insert into job_runs (name, every_ms, started_at, ended_at, error)
      values ('remind', 60000, now(), now(), 'no route to host'), ('clean', 1000, now() - interval '1 day', now() - interval '1 day', null)
      on conflict (name) do update set ended_at = excluded.ended_at, error = excluded.error`
    const { body } = await reader.visitor.get('/admin')
    for (const href of [
      '/admin/orders?held=yes',
      '/admin/incidents?kind=paid-twice',
      '/admin/mails?status=dead',
      '/admin/webhooks?accepted=waiting',
      '/admin/jobs',
    ])
      expect(body).toContain(`<a href="${href}">`)
    const page = await home()
    expect(page).toMatch(/Orders held 1 .* since 3 h/)
    expect(page).toContain('Job remind failed no route to host')
    expect(page).toContain('Job clean is late')
  })

  test('books that do not agree are said once, with the time of the check', async () => {
    await app.sql`insert into book_checks (checked_at, took_ms, broken, report) values (now() - interval '2 hours', 5, 3, '{}')`
    expect(await home()).toMatch(/The records do not agree .*3 of the checks found a problem/)
    await app.sql`insert into incidents (kind, subject_key, details) values ('books-broken', 'today', '[]')`
    const page = await home()
    expect(page).toContain('The nightly check found errors 1')
    expect(page).not.toContain('The records do not agree')
    expect(page).toMatch(/The records were checked 2 h ago, .*: not in order/)
  })

  test('words that somebody else chose are shown as words', async () => {
    await app.sql`update job_runs set error = '<img src=x onerror=alert(1)>' where name = 'remind'`
    const { body } = await reader.visitor.get('/admin')
    expect(body).not.toContain('<img src=x')
    expect(body).toContain('&lt;img src=x')
  })
})

describe('the age of the market data', () => {
  /** A price of the benchmark so many days ago, in an import of this origin. */
  const priced = (origin: 'sample' | 'upload', days: number) => app.sql`
    with import as (
      insert into imports (status, origin, created_by, committed_at) values ('committed', ${origin}, 'test', now())
      returning id
    )
    insert into prices (import_id, symbol, day, close, basis, file, line)
    select import.id, i.symbol, (now() at time zone 'Asia/Kolkata')::date - ${days}::int, 100, 'traded', 0, 1
    from import, instruments i
    where i.kind = 'benchmark'`
  const holidays = () => app.sql`
    insert into holidays (day, name)
    select day, 'closed' from generate_series(now() - interval '20 days', now(), interval '1 day') day on conflict do nothing`

  // Whatever the date: the days behind it are weekdays and weekends, nothing else.
  beforeAll(
    () => app.sql`
    with closed as (delete from holidays where day > now() - interval '20 days')
    delete from special_sessions where day > now() - interval '20 days'`,
  )

  test('is said with the way to mend it: no prices, a sample, real ones', async () => {
    expect(await home()).toContain('Market data : no prices yet.')
    await priced('sample', 14)
    const { body } = await reader.visitor.get('/admin')
    expect(body).toContain('<a href="/admin/market">Market data</a>')
    expect(body).toMatch(/<span class="chip warn">up to [A-Z]\w\w, \d+ \w+ 20\d\d, (9|10) trading days behind<\/span>/)
    expect(await home()).toContain('invented sample prices, up to')
    expect(await home()).not.toContain('Prices are old')
    await app.sql`update imports set status = 'undone', undone_at = now()`
  })

  test('needs a person from the fourth trading day on, weekends and holidays aside', async () => {
    await priced('upload', 14)
    expect(await home()).toMatch(/Prices are old .*trading days behind\. Import what is missing\./)
    expect((await reader.visitor.get('/admin')).body).toContain('<a href="/admin/market"><b>Prices are old</b>')
    await holidays()
    const page = await home()
    expect(page).toMatch(/Market data : up to .*, up to date\./)
    expect(page).not.toContain('Prices are old')
    // What counts are sessions: two special ones on days that are closed otherwise.
    await app.sql`
      insert into special_sessions
      select (now() at time zone 'Asia/Kolkata')::date - ago, 'closed' from unnest(array[0, 2, 5, 40]) ago on conflict do nothing`
    expect(await home()).toMatch(/Market data : up to .*, 2 trading days behind\./)
    await app.sql`delete from special_sessions where name = 'closed'`
    await app.sql`delete from holidays where name = 'closed'`
    await priced('upload', 1)
    expect(await home()).toMatch(/Market data : up to .*, up to date\./)
  })
})

test('figures that nobody keeps up are shown with their age', async () => {
  expect(await home()).not.toContain('is not running')
  await app.sql`update figure_snapshot set taken_at = now() - interval '12 minutes'`
  expect(await home()).toMatch(/These figures are 12 min old\. .* figures is not running\./)
})

test('a day that was not computed is missing, not zero', async () => {
  await app.sql`update users set created_at = now() - interval '3 days' where email = ${reader.form.email!}`
  await app.sql`insert into daily_figures select f.* from metrics_of_day((now() at time zone 'Asia/Kolkata')::date - 3) f`
  await app.sql`delete from daily_figures where day between (now() at time zone 'Asia/Kolkata')::date - 2 and (now() at time zone 'Asia/Kolkata')::date - 1`
  const page = await home()
  expect(page).toMatch(/Revenue, gross ₹5,988 not known/)
  expect(page).toContain('are not counted yet; this follows within the hour')
  await app.run('figures')
  expect(await home()).not.toContain('not known')
})
