import type { Sql } from '../../../platform/db.ts'

/** Things that stand in the generated books, to be looked for: one subscriber's, and so many of them. */
export type Sample = {
  userId: string
  name: string
  username: string
  email: string
  phone: string
  orderId: string
  cfPaymentId: string
  bankReference: string
  receiptNumber: string
  refundId: string | null
}

/** So many receipts from all over the years with whom and what they belong to; the same ones each time. */
export async function listSamples(sql: Sql, count: number): Promise<Sample[]> {
  return sql<Sample[]>`
    with series as (
      select financial_year, last_serial, sum(last_serial) over () as total from receipt_series
    ), drawn as (
      select s.financial_year, 1 + (k * 7919::bigint * 104729) % s.last_serial as serial
      from series s, generate_series(1, greatest(1, ceil(${count}::int * s.last_serial / s.total)::int)) k
    )
    select u.id as user_id, u.name, u.username, u.email, u.phone, r.order_id, r.cf_payment_id, pay.bank_reference,
           r.number as receipt_number, f.id as refund_id
    from drawn d
    join receipts r on r.financial_year = d.financial_year and r.serial = d.serial
    join users u on u.id = r.user_id
    join payments pay on pay.cf_payment_id = r.cf_payment_id
    left join refunds f on f.cf_payment_id = r.cf_payment_id
    order by md5(r.number)
    limit ${count}
  `
}

/** Of the first two thousand subscribers those with the most orders, the most first. */
export async function listHeaviest(sql: Sql, count: number) {
  return sql<{ userId: string; orders: number }[]>`
    with eldest as (
      select user_id from subscriptions order by created_at, user_id limit 2000
    )
    select user_id, (select count(*)::int from orders o where o.user_id = e.user_id) as orders
    from eldest e
    order by orders desc, user_id
    limit ${count}
  `
}

/** Some refunds, the newest. */
export async function listRefundIds(sql: Sql, count: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`select id from refunds order by created_at desc, id desc limit ${count}`
  return rows.map(({ id }) => id)
}

/** Gives the demo's admin this password hash. */
export async function setAdminsPassword(sql: Sql, hash: string): Promise<void> {
  await sql`update users set password_hash = ${hash} where lower(username) = 'admin'`
}

/** The admin's sessions have passed the second step, the one without which they are nobody. */
export async function passSecondStep(sql: Sql): Promise<void> {
  await sql`
    update sessions set second_factor_at = now(), confirmed_at = now()
    where user_id = (select id from users where lower(username) = 'admin')
  `
}

/** How often each table of ten thousand rows and more was read whole, since the server last forgot. */
export async function readsOfLargeTables(sql: Sql): Promise<Record<string, number>> {
  await sql`select pg_stat_force_next_flush()`
  const rows = await sql<{ name: string; reads: number }[]>`
    select relname as name, seq_scan::int as reads from pg_stat_user_tables where n_live_tup >= 10000
  `
  return Object.fromEntries(rows.map(({ name, reads }) => [name, reads]))
}

/** What was written beside a database when it had been filled; null for another or none. */
export async function noteOn(sql: Sql, database: string): Promise<string | null> {
  const [row] = await sql<{ note: string | null }[]>`
    select shobj_description(oid, 'pg_database') as note from pg_database where datname = ${database}
  `
  return row?.note ?? null
}

/** Removes a database if there is one. */
export async function dropDatabase(sql: Sql, database: string): Promise<void> {
  await sql`drop database if exists ${sql(database)} with (force)`
}

/** Writes a note beside a database: letters and digits only. */
export async function writeNote(sql: Sql, database: string, note: string): Promise<void> {
  await sql.unsafe(`comment on database ${database} is '${note.replace(/\W/g, '')}'`)
}
