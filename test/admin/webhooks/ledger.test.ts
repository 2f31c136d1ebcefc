import { beforeAll, describe, expect, test } from 'vitest'
import { readNow } from '../../../src/admin/home/queries.ts'
import type { Admin } from '../../support/admin.ts'
import { newestOrder, paidOnce, tracesOf } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'
import { admin, app, reader, usePanel } from '../panel.ts'

let order: { id: string; userId: string }
let delivery: number
let refused: number
usePanel()
beforeAll(async () => {
  const form = await new Visitor(app).register()
  order = await newestOrder(app, form.email!)
  app.sandbox.control.pay(order.id)
  const settled = () =>
    app.sql<{ id: number }[]>`select id from webhook_events where order_id = ${order.id} and settled_at is not null`
  await until(async () => (await settled()).length > 0)
  delivery = (await settled())[0]!.id
  const body = '<script>alert(1)</script>'
  await fetch(`${app.url}/webhooks/cashfree`, {
    method: 'POST',
    body,
    headers: { 'x-webhook-signature': 'c2VjcmV0LXNpZ25hdHVyZQ==', 'x-webhook-timestamp': '1' },
  })
  const rows = () => app.sql<{ id: number }[]>`select id from webhook_events where not accepted`
  await until(async () => (await rows()).length > 0)
  refused = (await rows())[0]!.id
})

const replay = (who: Admin, id: number) => who.visitor.post(`/admin/webhooks/${id}/replay`)

describe('the ledger of webhooks', () => {
  test('says of every delivery what it was and what came of it, and filters', async () => {
    const all = await admin.visitor.get('/admin/webhooks')
    expect(all.status).toBe(200)
    expect(all.body).toContain(order.id)
    expect(all.body).toContain('Wrong signature')
    for (const [query, has, hasNot] of [
      ['accepted=yes', delivery, refused],
      ['accepted=no', refused, delivery],
      ['verdict=wrong-signature', refused, delivery],
      ['type=PAYMENT_SUCCESS_WEBHOOK', delivery, refused],
      [`order=${order.id}`, delivery, refused],
    ] as const) {
      const page = await admin.visitor.get(`/admin/webhooks?${query}`)
      expect([query, page.body.includes(`/admin/webhooks/${has}"`)]).toEqual([query, true])
      expect([query, page.body.includes(`/admin/webhooks/${hasNot}"`)]).toEqual([query, false])
    }
    expect((await admin.visitor.get('/admin/webhooks?day=2020-01-01')).body).toContain('No matching deliveries')
    const today = new Date(Date.now() + 330 * 60_000).toISOString().slice(0, 10)
    expect((await admin.visitor.get(`/admin/webhooks?day=${today}`)).body).toContain(`/admin/webhooks/${delivery}"`)
  })

  test('shows those that were taken and wait to be settled, until they are', async () => {
    const waiting = '/admin/webhooks?accepted=waiting'
    const [row] = await app.sql<{ id: number }[]>`
      insert into webhook_events (accepted, verdict, headers, body, next_settle_at)
      values (true, 'verified', '{}', 'waits', now() + interval '1 hour') returning id`
    const { body } = await admin.visitor.get(waiting)
    expect([...body.matchAll(/\/admin\/webhooks\/(\d+)"/g)].map((match) => Number(match[1]))).toEqual([row!.id])
    const file = await admin.visitor.get('/admin/webhooks.csv?accepted=waiting')
    expect(file.body.trim().split('\r\n')).toHaveLength(2)
    await app.sql`update webhook_events set settled_at = now() where id = ${row!.id}`
    expect((await admin.visitor.get(waiting)).body).toContain('Everything accepted has been settled')
    await app.sql`delete from webhook_events where id = ${row!.id}`
  })

  test('goes on page by page without losing or repeating a row', async () => {
    await app.sql`insert into webhook_events (accepted, verdict, headers, body, settled_at)
                  select true, 'test-ping', '{}', 'x', now() from generate_series(1, 120)`
    const seen: string[] = []
    for (let path: string | null = '/admin/webhooks?verdict=test-ping'; path; ) {
      const { body } = await admin.visitor.get(path)
      seen.push(...[...body.matchAll(/href="\/admin\/webhooks\/(\d+)"/g)].map((match) => match[1]!))
      path = /href="(\/admin\/webhooks\?[^"]*after=[^"]*)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? null
    }
    expect(seen).toHaveLength(120)
    expect(new Set(seen).size).toBe(120)
    expect(seen).toEqual([...seen].sort((a, b) => Number(b) - Number(a)))
  })

  test('shows what was sent as text, and of the signature only its beginning', async () => {
    const page = await reader.visitor.get(`/admin/webhooks/${refused}`)
    expect(page.body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page.body).not.toContain('<script>alert')
    expect(page.body).toContain('c2Vj…')
    expect(page.body).not.toContain('c2VjcmV0')
    expect((await admin.visitor.get(`/admin/webhooks/${delivery}`)).body).toContain('PAYMENT_SUCCESS_WEBHOOK')
  })

  test('is exported with its filters and without the bodies', async () => {
    const csv = await reader.visitor.get(`/admin/webhooks.csv?order=${order.id}`)
    expect(csv.headers.get('content-type')).toContain('text/csv')
    expect(csv.headers.get('content-disposition')).toMatch(/attachment; filename="webhooks-\d{4}-\d\d-\d\d\.csv"/)
    expect(csv.body).toContain(order.id)
    expect(csv.body).not.toContain('wrong-signature')
    expect(csv.body).not.toContain('customer')
  })
})

describe('replaying', () => {
  test('twice at once changes nothing in the books and says who asked, and from where', async () => {
    const answers = await Promise.all([replay(admin, delivery), replay(admin, delivery)])
    expect(answers.map(({ status, location }) => [status, location])).toEqual([
      [303, `/admin/webhooks/${delivery}`],
      [303, `/admin/webhooks/${delivery}`],
    ])
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
    const noted =
      await app.sql`select actor, origin from audit where action = 'webhook.replayed' and order_id = ${order.id}`
    expect(noted).toHaveLength(2)
    expect(noted[0]).toMatchObject({ actor: `user:${admin.id}`, origin: { address: expect.any(String) } })
    expect((await admin.visitor.get(`/admin/webhooks/${delivery}`)).body).toContain('paid already')
  })

  test('of an old delivery is no delay of the site', async () => {
    await app.sql`update webhook_events set received_at = now() - interval '40 minutes' where id = ${delivery}`
    expect((await replay(admin, delivery)).status).toBe(303)
    const { lagHour, lagDay } = await readNow(app.sql)
    for (const { worstS } of [lagHour, lagDay]) expect(worstS ?? 0).toBeLessThan(30 * 60)
  })

  test('is refused to who may only look, for what was refused by its signature, and for what does not exist', async () => {
    expect((await replay(reader, delivery)).status).toBe(403)
    expect((await reader.visitor.get(`/admin/webhooks/${delivery}`)).body).not.toContain('Replay this delivery')
    expect((await replay(admin, refused)).status).toBe(404)
    for (const id of ['999999999', '0', 'abc', '99999999999999999999'])
      expect([id, (await admin.visitor.get(`/admin/webhooks/${id}`)).status]).toEqual([id, 404])
    expect(
      (await admin.visitor.get(`/admin/webhooks?after=${Buffer.from('["2026-01-01","x"]').toString('base64url')}`))
        .status,
    ).toBe(404)
  })

  test('while Cashfree is away the delivery waits, and the page says so', async () => {
    app.sandbox.control.faults({ serverError: { endpoint: 'orders.get' } })
    expect((await replay(admin, delivery)).status).toBe(303)
    app.sandbox.control.clearFaults()
    const [row] = await app.sql`select settled_at, outcome from webhook_events where id = ${delivery}`
    expect(row!.settledAt).toBeNull()
    await app.sql`update webhook_events set next_settle_at = now() where id = ${delivery}`
    await app.run('settle-events')
    expect(await tracesOf(app, order.id)).toMatchObject(paidOnce)
  })
})
