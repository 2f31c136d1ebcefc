import type { Sql } from '../../platform/db.ts'

/** The tables that grow with subscribers. Plans and refunds are a page or two here, so scanning them is right. */
export const growing = [
  'users',
  'orders',
  'payments',
  'subscriptions',
  'subscription_periods',
  'receipts',
  'mails',
  'audit',
]

/**
 * Statements that fill an empty database with so many subscribers, consistently: one in twenty never paid, the others
 * bought a year within the last 360 days. Groups run one after the other; the statements of a group touch different tables
 * and may run in parallel. The session must not fire foreign key triggers.
 */
export function fillStatements(subscribers: number): string[][] {
  const buyer = `'{"name":"A Subscriber","email":"subscriber@example.in","stateCode":"27"}'::jsonb`
  const seller = `'{"name":"Bench","gstin":null,"stateCode":"27"}'::jsonb`
  const people = [
    `create unlogged table bench_people as
     select n, md5('bench user ' || n)::uuid as user_id, paid_at, financial_year_of(paid_at) as year
     from (select n, now() - interval '360 days' * (1 - n::float8 / ${subscribers + 1}) as paid_at
           from generate_series(1, ${subscribers}) n) moments`,
  ]
  const numbered = [
    `create unlogged table bench_buyers as
     select n, user_id, paid_at, year, (row_number() over (partition by year order by n))::int as serial
     from bench_people where n % 20 <> 0`,
  ]
  const tables = [
    `insert into users (id, username, email, name, phone, state_code, password_hash, created_at)
     select user_id, 'sub' || n, 'sub' || n || '@example.in', 'Subscriber ' || n, '+919' || lpad(n::text, 9, '0'), '27',
            'none', paid_at from bench_people`,
    `insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, cf_order_id, gateway_status, paid_at,
                         asked_at, looks, created_at)
     select 'seed-' || n, user_id, 'annual_v1', 499000, 'paid', paid_at + interval '30 minutes', n::text, 'PAID', paid_at,
            paid_at, 1, paid_at - interval '2 minutes' from bench_buyers`,
    `insert into payments (cf_payment_id, order_id, status, amount_paise, currency, method, applied_at, started_at,
                           completed_at, created_at, updated_at)
     select 'cf-seed-' || n, 'seed-' || n, 'SUCCESS', 499000, 'INR', 'upi', paid_at, paid_at, paid_at, paid_at, paid_at
     from bench_buyers`,
    `insert into subscriptions (user_id, status, is_paid, plan_key, current_period_start, current_period_end, created_at)
     select p.user_id, case when b.n is null then 'pending' else 'active' end, b.n is not null,
            case when b.n is not null then 'annual_v1' end, b.paid_at, anchored_months_later(b.paid_at, 12, day_of_month_in_india(b.paid_at)), p.paid_at
     from bench_people p left join bench_buyers b using (n)`,
    `insert into subscription_periods (order_id, user_id, plan_key, starts_at, ends_at, created_at)
     select 'seed-' || n, user_id, 'annual_v1', paid_at, anchored_months_later(paid_at, 12, day_of_month_in_india(paid_at)), paid_at from bench_buyers`,
    `insert into receipts (number, order_id, user_id, cf_payment_id, financial_year, serial, issued_at, amount_paise,
                           taxable_paise, seller, buyer, sold_from, sold_until)
     select 'R' || year || '-' || lpad(serial::text, 6, '0'), 'seed-' || n, user_id, 'cf-seed-' || n, year, serial,
            paid_at, 499000, 499000, ${seller}, ${buyer}, paid_at, anchored_months_later(paid_at, 12, day_of_month_in_india(paid_at))
     from bench_buyers`,
    `insert into mails (kind, subject_key, user_id, to_name, to_email, status, sent_at, created_at)
     select 'receipt', 'R' || year || '-' || lpad(serial::text, 6, '0'), user_id, 'Subscriber', 'sub' || n || '@example.in',
            'sent', paid_at, paid_at from bench_buyers`,
    `insert into audit (at, actor, action, order_id, user_id)
     select paid_at, who, what, 'seed-' || n, user_id
     from bench_buyers, lateral (values ('user:' || user_id, 'order.opened'), ('webhook', 'order.paid')) happened (who, what)`,
    `insert into receipt_series (financial_year, last_serial) select year, max(serial) from bench_buyers group by year`,
  ]
  return [people, numbered, tables, ['drop table bench_people, bench_buyers']]
}

/** Makes an empty database on the same server. */
export async function createDatabase(sql: Sql, name: string): Promise<void> {
  await sql`create database ${sql(name)}`
}

/** Adds invented instruments until there are `count`. Returns all symbols. */
export async function followInstruments(sql: Sql, count: number): Promise<string[]> {
  await sql`
    insert into instruments (symbol, name, kind)
    select 'BENCH' || n, 'Bench ' || n, 'sector'
    from generate_series(1, greatest(0, ${count}::int - (select count(*)::int from instruments))) n
  `
  return (await sql<{ symbol: string }[]>`select symbol from instruments order by symbol`).map((row) => row.symbol)
}

/** Indexes that belong to no constraint, with the statements that create them. */
export async function looseIndexes(sql: Sql, tables: readonly string[]): Promise<{ name: string; create: string }[]> {
  return sql<{ name: string; create: string }[]>`
    select c.relname as name, replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ') as create   -- of partitions as well
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_class t on t.oid = i.indrelid
    where c.relnamespace = 'public'::regnamespace
      and not exists (select from pg_constraint k where k.conindid = c.oid)
      and t.relname in ${sql([...tables])}
  `
}

/** Gives every generated subscriber this password hash, so that all of them can log in. */
export async function setPasswords(sql: Sql, hash: string): Promise<void> {
  await sql`update users set password_hash = ${hash} where username like 'sub%'`
}

/** The newest session of a subscriber: the hash it is stored by, and the user id. */
export async function findSession(sql: Sql, username: string): Promise<{ session: Buffer; user: string }> {
  const [row] = await sql<{ session: Buffer; user: string }[]>`
    select s.id_hash as session, u.id as user
    from users u
    join sessions s on s.user_id = u.id
    where u.username = ${username}
    order by s.created_at desc
    limit 1
  `
  return row!
}

/** Sequential scans by table since the statistics were reset, of tables that grow with subscribers. */
export async function wholeTableReads(sql: Sql): Promise<Record<string, number>> {
  await sql`select pg_stat_force_next_flush()`
  const rows = await sql<{ name: string; reads: number }[]>`
    select relname as name, seq_scan::int as reads
    from pg_stat_user_tables
    where relname in ${sql(growing)}
  `
  return Object.fromEntries(rows.map((row) => [row.name, row.reads]))
}

/** Hides the sectors and adds so many invented ones. Returns their symbols. */
export async function insertSectors(sql: Sql, count: number): Promise<string[]> {
  const rows = await sql<{ symbol: string }[]>`
    with hidden as (
      update instruments set shown = false where kind <> 'benchmark'
    )
    insert into instruments (symbol, name, kind)
    select 'BENCH' || n, 'Sector number ' || n, 'sector' from generate_series(1, ${count}) n
    returning symbol
  `
  return rows.map((row) => row.symbol)
}

/** The benchmark's symbol. */
export async function findBenchmark(sql: Sql): Promise<string> {
  const [row] = await sql<{ symbol: string }[]>`select symbol from instruments where kind = 'benchmark'`
  return row!.symbol
}

/** Invalidates what was computed, as an import does. */
export async function renewMarket(sql: Sql): Promise<void> {
  await sql`update market_state set version = version + 1, changed_at = now()`
}

/** Makes this session report the plan, with times and buffers, of every statement inside the functions it calls. */
export const explainEverything = `
  load 'auto_explain';
  set auto_explain.log_min_duration = 0;
  set auto_explain.log_nested_statements = on;
  set auto_explain.log_analyze = on;
  set auto_explain.log_buffers = on;
  set auto_explain.log_triggers = on;
  set client_min_messages = log`

/** A time of the week that is due now, and the day after the one its weekly report is about. */
export async function findReportSlot(
  sql: Sql,
): Promise<{ at: Date; weekday: number; minute: number; dayAfter: string }> {
  const [slot] = await sql<{ at: Date; weekday: number; minute: number; dayAfter: string }[]>`
    select at, extract(isodow from clock)::int as weekday,
           (extract(hour from clock) * 60 + extract(minute from clock))::int as minute,
           (report_issue('weekly', at) + 1)::text as day_after
    from (select at, at at time zone 'Asia/Kolkata' as clock from date_trunc('minute', now()) at) slot
  `
  return slot!
}

/** Makes everybody's weekly report due. Returns how many will be sent: those with access. */
export async function makeReportsDue(sql: Sql, slot: { at: Date; weekday: number; minute: number }): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    with confirmed as (
      update users set email_verified_at = now() returning id
    ), chosen as (
      insert into report_choices (user_id, cadence, weekday, minute, link, next_due_at)
      select id, 'weekly', ${slot.weekday}, ${slot.minute}, substr(md5(id::text) || md5(id::text || 'x'), 1, 43), ${slot.at}
      from confirmed
      returning user_id
    )
    select count(*)::int as count from chosen join subscriptions s using (user_id) where has_access(s)
  `
  return row!.count
}

/** Ends the leases of a killed worker. */
export async function endLeases(sql: Sql): Promise<void> {
  await sql`update mails set next_attempt_at = now() where status = 'queued' and next_attempt_at > now()`
}

/** How many reports were not sent. */
export async function mailsLeft(sql: Sql): Promise<{ skipped: number; queued: number }> {
  const [row] = await sql<{ skipped: number; queued: number }[]>`
    select (count(*) filter (where status = 'skipped'))::int as skipped, (count(*) filter (where status = 'queued'))::int as queued
    from mails where kind = 'report'
  `
  return row!
}

/** The first receipt numbers. */
export async function listReceiptNumbers(sql: Sql, count: number): Promise<string[]> {
  const rows = await sql<{ number: string }[]>`select number from receipts order by number limit ${count}`
  return rows.map(({ number }) => number)
}

/** The two newest sessions whose prices are out, the older one first. */
export async function findNewestSessions(sql: Sql): Promise<[string, string]> {
  const rows = await sql<{ day: string }[]>`
    select day::text as day
    from (select (now() at time zone 'Asia/Kolkata' - prices_due_after())::date - back as day from generate_series(0, 30) back) days
    where trades_on(day)
    order by day desc
    limit 2
  `
  return [rows[1]!.day, rows[0]!.day]
}

/**
 * Turns alerts on for everybody with access, with rules of many kinds: either map, all sectors, stars or chosen ones, other
 * ranks. Returns how many.
 */
export async function turnAlertsOn(sql: Sql): Promise<number> {
  await sql`update users set email_verified_at = now()`
  await sql`
    insert into alert_choices (user_id, is_on, step, scope, quadrant, top, mansfield, high, link)
    select user_id, true, case when n % 2 = 0 then 'week' else 'day' end, (array['all', 'starred', 'chosen'])[1 + n % 3], n % 5 <> 0,
           1 + n % 12, true, true, substr(md5(user_id::text) || md5(user_id::text || 'x'), 1, 43)
    from (select user_id, row_number() over (order by user_id) as n from subscriptions s where has_access(s)) numbered
  `
  for (let part = 0; part < 4; part++) {
    await sql`
      insert into stars (user_id, symbol)
      select user_id, symbol from alert_choices cross join instruments
      where scope = 'starred' and top % 4 = ${part} and (top + ascii(right(symbol, 6))) % 3 = 0
    `
    await sql`
      insert into alert_sectors (user_id, symbol)
      select user_id, symbol from alert_choices cross join instruments
      where scope = 'chosen' and top % 4 = ${part} and (top + ascii(right(symbol, 6))) % 3 = 0
    `
  }
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from alert_choices`
  return row!.count
}

/** Closes the exchange on a day, or opens it again. */
export async function setOpen(sql: Sql, day: string, isOpen: boolean): Promise<void> {
  if (isOpen) await sql`delete from holidays where day = ${day} and name = 'bench'`
  else await sql`insert into holidays (day, name) values (${day}, 'bench')`
}

/** How many digests there are, and how many changes in them. */
export async function countDigests(sql: Sql): Promise<{ digests: number; changes: number }> {
  const [row] = await sql<{ digests: number; changes: number }[]>`
    select count(*)::int as digests, coalesce(sum(jsonb_array_length(changes)), 0)::int as changes
    from alert_digests d
    join mails m on m.kind = 'sector-alert' and m.subject_key = concat_ws(':', d.user_id, d.issue)
  `
  return row!
}
