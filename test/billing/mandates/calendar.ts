import postgres from 'postgres'
import { dayInIndia } from '../../../src/platform/dates.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { replaceNow } from '../../support/clock.ts'
import { until } from '../../support/until.ts'
import { open, somebody } from './fixture.ts'

/** The whole product on one clock with the Cashfree look-alike: the database's, which decides what is due. */
export type Calendar = TestApp & { goTo: (at: string) => Promise<void> }

/** Starts it with Autopay on, at ten in the morning of tomorrow in India. */
export async function startCalendar(env: Record<string, string> = {}): Promise<Calendar> {
  const app = await startApp({ CASHFREE_SUBSCRIPTIONS: 'on', ...env }, haveClock)
  const goTo = async (at: string) => {
    const aheadS = (Date.parse(at) - Date.now()) / 1000
    await app.sql`update pinned.clock set ahead = make_interval(secs => ${aheadS})`
    await app.sql`delete from rate_counters`
    await app.sandbox.control.advanceTo(at)
    await app.sandbox.control.settled()
    await untilSettled(app)
  }
  await goTo(`${dayInIndia(new Date(Date.now() + 86_400_000))}T10:00:00+05:30`)
  return { ...app, goTo }
}

/** Waits until everything that was delivered is settled, receipts and all. */
const untilSettled = (app: TestApp) =>
  until(async () => {
    await app.run('settle-events')
    return (await app.sql`select from webhook_events where accepted and settled_at is null`).count === 0
  })

/** Gives a database a clock that can be set, also where columns have the present as their default. */
async function haveClock(url: string): Promise<string> {
  const making = `
    create table pinned.clock as select interval '0' as ahead;
    create function pinned.clock_timestamp() returns timestamptz language sql as
      'select pg_catalog.clock_timestamp() + (select ahead from pinned.clock)';`
  await replaceNow(url, 'pg_catalog.now() + (select ahead from pinned.clock)', making)
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe(`
    do $$
    declare
      one record;
    begin
      for one in
        select c.oid::regclass as name, a.attname, pg_get_expr(d.adbin, d.adrelid) as value
        from pg_attrdef d join pg_class c on c.oid = d.adrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and pg_get_expr(d.adbin, d.adrelid) like '%now()%'
      loop
        execute format('alter table %s alter column %I set default %s', one.name, one.attname,
                       replace(replace(one.value, 'pg_catalog.', ''), 'now()', 'pinned.now()'));
      end loop;
    end $$`)
  await sql.end()
  return url
}

/** Somebody who has just authorised a mandate, whose first period it paid. */
export async function authorised(app: Calendar, more: Parameters<typeof open>[2] = {}) {
  await app.sql`delete from rate_counters` // a minute later
  const user = await somebody(app)
  const { mandate } = await open(app, user, more)
  app.sandbox.control.approveMandate(mandate!.subscriptionId)
  await app.sandbox.control.settled()
  await until(
    async () => (await app.sql`select from mandates where id = ${mandate!.id} and status = 'ACTIVE'`).count === 1,
  )
  await untilSettled(app)
  return { user, mandate: mandate!, subscriptionId: mandate!.subscriptionId }
}

/** A time of the Indian day so many days after the day on which somebody's period ends. */
export async function dayOfEnd(app: Calendar, { id }: { id: string }, days: number, time: string): Promise<string> {
  const [row] = await app.sql<{ day: string }[]>`
    select (day_in_india(current_period_end) + ${days}::integer)::text as day from subscriptions where user_id = ${id}`
  return `${row!.day}T${time}:00+05:30`
}
