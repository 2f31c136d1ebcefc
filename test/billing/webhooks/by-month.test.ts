import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { markSettled } from '../../../src/billing/webhooks/queries.ts'
import { migrate } from '../../../src/platform/migrate.ts'
import { readMigration } from '../../../src/platform/release.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { newestOrder } from '../../support/ledger.ts'
import { until } from '../../support/until.ts'
import { Visitor } from '../../support/visitor.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const names = async () =>
  (await app.sql<{ name: string }[]>`select name from event_partitions() order by to_at nulls last`).map(
    ({ name }) => name,
  )
const month = async (ahead: number) => {
  const [row] = await app.sql<{ name: string }[]>`
    select 'webhook_events_' || to_char(date_trunc('month', now() at time zone 'Asia/Kolkata') + make_interval(months => ${ahead}), 'YYYY_MM') as name`
  return row!.name
}
const arrived = (at: string, outcome = 'paid') =>
  app.sql.unsafe(`
  insert into webhook_events (received_at, accepted, verdict, headers, body, settled_at, outcome)
  values (${at}, true, 'verified', '{}', 'x', now(), '${outcome}')`)
const placeOf = async (outcome: string) =>
  (
    await app.sql<
      { place: string }[]
    >`select tableoid::regclass::text as place from webhook_events where outcome = ${outcome}`
  )[0]?.place

describe('deliveries stand in the partition of their month', () => {
  test('what came before there were months is the first one, months are made ahead, and one takes the rest', async () => {
    expect(await names()).toEqual([
      'webhook_events_past',
      await month(2),
      await month(3),
      await month(4),
      'webhook_events_default',
    ])
    const order = await newestOrder(app, (await new Visitor(app).register()).email!)
    app.sandbox.control.pay(order.id)
    await until(
      async () =>
        (await app.sql`select from webhook_events where settled_at is not null and order_id = ${order.id}`).length > 0,
    )
    await arrived(`now() + interval '75 days'`, 'later')
    expect(await placeOf('later')).toMatch(/^webhook_events_\d{4}_\d\d$/)
  })

  test('marking one settled touches the months of a day before and after it, and no others', async () => {
    const order = await newestOrder(app, (await new Visitor(app).register()).email!)
    const stored = (at: string) => app.sql<{ id: number; receivedAt: Date }[]>`
      insert into webhook_events (received_at, accepted, verdict, order_id, headers, body, next_settle_at)
      values (${at}::timestamptz, true, 'verified', ${order.id}, '{}', 'x', now() + interval '1 hour') returning id, received_at`
    const third = await month(3)
    const [middle] = await app.sql<{ at: string }[]>`
      select (to_date(${third.slice(-7)}, 'YYYY_MM') + 14)::timestamptz::text as at`
    const [[elsewhere], [meant]] = [await stored('2020-01-01'), await stored(middle!.at)]
    const { id: upTo, receivedAt } = meant!
    const waiting = {
      orderId: order.id,
      upTo,
      firstAt: receivedAt,
      lastAt: receivedAt,
      refunds: false,
      disputes: false,
    }
    const settling = postgres(app.databaseUrl, { max: 1 })
    const touched = await settling.begin(async (sql) => {
      await markSettled(sql as never, [{ ...waiting, outcome: 'paid' }])
      return sql<{ name: string }[]>`
        select distinct relation::regclass::text as name from pg_locks join pg_class c on c.oid = relation
        where pid = pg_backend_pid() and relkind = 'r' and relname like 'webhook_events%'`
    })
    await settling.end()
    expect(touched.map(({ name }) => name)).toEqual([third])
    const left = await app.sql<{ id: number }[]>`
      select id from webhook_events where order_id = ${order.id} and settled_at is null`
    expect(left).toEqual([{ id: elsewhere!.id }])
    // What came at another time is found by the job, whenever that was.
    await app.sql`update webhook_events set next_settle_at = now() where id = ${elsewhere!.id}`
    app.sandbox.control.pay(order.id)
    await app.run('settle-events')
    expect((await app.sql`select from webhook_events where id = ${elsewhere!.id} and settled_at is null`).count).toBe(0)
  })

  test('by midnight in India', async () => {
    const second = await month(2)
    const starts = `(to_date('${second.slice(-7)}', 'YYYY_MM')::timestamp at time zone 'Asia/Kolkata')`
    await arrived(starts, 'at midnight')
    await arrived(`${starts} - interval '1 microsecond'`, 'just before')
    expect(await placeOf('at midnight')).toBe(second)
    expect(await placeOf('just before')).toBe('webhook_events_past')
  })

  test('all parts have the same indexes, and the first one got none anew', async () => {
    const rows = await app.sql<{ indexes: number }[]>`
      select count(i.indexrelid)::int as indexes from pg_inherits p join pg_index i on i.indrelid = p.inhrelid
      where p.inhparent = 'webhook_events'::regclass group by p.inhrelid`
    expect(rows.map(({ indexes }) => indexes)).toEqual(rows.map(() => 9))
  })
})

describe('the job clean', () => {
  test('makes the months that are missing, and moves into them what came meanwhile', async () => {
    const last = await month(3)
    await app.sql.unsafe(`set local lock_timeout = '5s'; drop table ${last}`)
    await arrived(`(to_date('${last.slice(-7)}', 'YYYY_MM') + 3)::timestamptz`, 'astray')
    expect(await placeOf('astray')).toBe('webhook_events_default')
    await app.run('clean')
    expect(await placeOf('astray')).toBe(last)
    expect((await app.sql`select from webhook_events_default`).length).toBe(0)
  })

  test('drops a month before its first delivery is 180 days old, and not one with something to settle', async () => {
    const parts = await names()
    const made = async (from: number) => {
      const [row] = await app.sql<{ name: string; from: string; to: string }[]>`
        select 'webhook_events_' || to_char(m, 'YYYY_MM') as name, (m at time zone 'Asia/Kolkata')::text as from,
               ((m + interval '1 month') at time zone 'Asia/Kolkata')::text as to
        from (select date_trunc('month', now() at time zone 'Asia/Kolkata') - make_interval(months => ${from}) as m) months`
      return row!
    }
    // The past ends eight months ago here, so that there are months before this one.
    const months = await Promise.all([7, 6, 5, 4, 3, 2, 1, 0, -1].map(made))
    await app.sql.unsafe(`
      set local session_replication_role = replica; delete from webhook_events;
      alter table webhook_events detach partition webhook_events_past;
      ${months.map(({ name, from, to }) => `create table ${name} partition of webhook_events for values from ('${from}') to ('${to}')`).join(';')}`)
    const [seventh, sixth, , fourth] = months
    await arrived(`'${seventh!.from}'::timestamptz + interval '1 day'`, 'seventh')
    await arrived(`'${sixth!.from}'::timestamptz + interval '1 day'`, 'sixth')
    await app.sql.unsafe(`
      insert into webhook_events (received_at, accepted, verdict, headers, body, next_settle_at)
      values ('${sixth!.to}'::timestamptz - interval '1 day', true, 'verified', '{}', 'x', now() + interval '1 hour')`)
    await app.run('clean')
    const left = await names()
    expect(left).not.toContain(seventh!.name)
    expect(left).toContain(sixth!.name)
    expect(left).toContain(fourth!.name)
    await app.sql`update webhook_events set settled_at = now() where settled_at is null`
    await app.run('clean')
    const [old] = await app.sql<
      { isOld: boolean }[]
    >`select ${sixth!.to}::text::timestamptz <= now() - interval '149 days' as is_old`
    expect((await names()).includes(sixth!.name)).toBe(!old!.isOld)
    expect((await app.sql`select from webhook_events where received_at < now() - interval '211 days'`).length).toBe(0)
    expect(parts).toContain('webhook_events_past')

    // An administrator has a delivery settled again while its month is being dropped.
    const eighth = await made(8)
    await app.sql.unsafe(
      `create table ${eighth.name} partition of webhook_events for values from ('${eighth.from}') to ('${eighth.to}')`,
    )
    await arrived(`'${eighth.from}'::timestamptz + interval '1 day'`, 'eighth')
    const administrator = postgres(app.databaseUrl, { max: 1, onnotice: () => {} })
    await administrator.unsafe('begin')
    await administrator`update webhook_events set settled_at = null, next_settle_at = now() + interval '1 hour' where outcome = 'eighth'`
    const cleaning = app.sql`select keep_event_partitions(3, 180)`.catch((error: Error) => error.message)
    await until(async () => (await app.sql`select from pg_locks where not granted`).length > 0)
    await administrator.unsafe('commit')
    await administrator.end()
    expect(await cleaning).toMatch(/waits again/)
    expect(await names()).toContain(eighth.name)
  })
})

describe('a database of the release before', () => {
  test('keeps its rows where they are: nothing is rewritten, read under a lock, or numbered anew', async () => {
    await app.sql.unsafe(`
      drop table webhook_events cascade; drop table if exists webhook_events_past;
      delete from migrations where name like '0196-%' or name like '0197-%' or name like '0198-%' or name like 'functions %'`)
    for (const name of ['0004-mails-and-books.sql', '0012-mails.sql', '0015-personal-data.sql', '0040-disputes.sql'])
      for (const statement of (await readMigration(name))
        .split(/;\n/)
        .filter((one) => /(table|on) webhook_events\b/.test(one)))
        await app.sql.unsafe(statement)
    await app.sql.unsafe(`
      insert into webhook_events (accepted, verdict, headers, body, settled_at, received_at)
      select true, 'verified', '{}', 'x', now(), now() - n * interval '1 hour' from generate_series(1, 5000) n`)
    const file = async (table: string) =>
      (await app.sql<{ file: number }[]>`select pg_relation_filenode(${table}::text::regclass)::int as file`)[0]!.file
    const before = await file('webhook_events')
    expect(await migrate(app.databaseUrl)).toEqual([
      '0196-deliveries-before.sql',
      '0197-deliveries-by-time.sql',
      '0198-deliveries-by-month.sql',
    ])
    expect(await file('webhook_events_past')).toBe(before)
    const [after] = await app.sql`select count(*)::int as rows, max(id)::int as last from webhook_events`
    expect(after).toMatchObject({ rows: 5000, last: 5000 })
    await arrived('now()', 'next')
    const [next] = await app.sql<{ id: number }[]>`select id from webhook_events where outcome = 'next'`
    expect(next!.id).toBe(5001)
  })
})
