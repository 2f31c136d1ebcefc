import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { Visitor } from '../../support/visitor.ts'
import { remoteAttempt, remoteOrder } from '../payments/remote-orders.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

test('settling reads its own order, not all open ones, also where statistics of a quiet hour say there are none', async () => {
  await app.sql`
    insert into users (username, email, name, phone, state_code, password_hash)
    select 'open' || n, 'open' || n || '@example.in', 'Open', '+9198' || lpad(n::text, 8, '0'), '27', 'none'
    from generate_series(1, 2000) n`
  await app.sql`
    insert into orders (id, user_id, plan_key, amount_paise, status, closed_at, expires_at)
    select 'was_' || username, id, 'annual_v1', 100, 'expired', now(), now() from users where username like 'open%'`
  await app.sql`analyze orders`
  await app.sql`
    insert into orders (id, user_id, plan_key, amount_paise, status, expires_at)
    select username, id, 'monthly_v1', 49900, 'active', now() + interval '30 minutes' from users where username like 'open%'`
  const { email } = await new Visitor(app).register()
  const { id } = await newestOrder(app, email!)
  const answer = remoteOrder(id, { attempts: [remoteAttempt(id)] })
  const entries = await app.sql.begin(async (sql) => {
    const read = async () => {
      const [row] = await sql<{ read: number }[]>`
        select pg_stat_get_xact_tuples_returned('one_open_order'::regclass)::int as read`
      return row!.read
    }
    const before = await read()
    const [settled] = await sql<{ outcome: string }[]>`
      select settle_order(${id}, ${sql.json(answer as never)}, 'webhook', ${sql.json(app.services.config.seller)}) as outcome`
    expect(settled!.outcome).toBe('paid')
    return (await read()) - before
  })
  expect(entries).toBeLessThan(100)
})
