import type { Sql } from '../../../platform/db.ts'

/** What to search for: values of one generated subscriber. */
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

/** Samples of so many receipts, spread over the years; the same ones each time. */
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

/** Those of the first two thousand subscribers with the most orders, in descending order. */
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

/** Ids of the newest refunds. */
export async function listRefundIds(sql: Sql, count: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`select id from refunds order by created_at desc, id desc limit ${count}`
  return rows.map(({ id }) => id)
}

/** Gives the demo's admin this password hash. */
export async function setAdminsPassword(sql: Sql, hash: string): Promise<void> {
  await sql`update users set password_hash = ${hash} where lower(username) = 'admin'`
}

/** Marks the second factor of the admin's sessions as passed. */
export async function passSecondStep(sql: Sql): Promise<void> {
  await sql`
    update sessions set second_factor_at = now(), confirmed_at = now()
    where user_id = (select id from users where lower(username) = 'admin')
  `
}

/** Sequential scans since the statistics were reset, of every table with at least ten thousand rows. */
export async function scansOfLargeTables(sql: Sql): Promise<Record<string, number>> {
  await sql`select pg_stat_force_next_flush()`
  const rows = await sql<{ name: string; reads: number }[]>`
    select relname as name, seq_scan::int as reads from pg_stat_user_tables where n_live_tup >= 10000
  `
  return Object.fromEntries(rows.map(({ name, reads }) => [name, reads]))
}

/** The comment on a database; null when it or the comment does not exist. */
export async function readComment(sql: Sql, database: string): Promise<string | null> {
  const [row] = await sql<{ comment: string | null }[]>`
    select shobj_description(oid, 'pg_database') as comment from pg_database where datname = ${database}
  `
  return row?.comment ?? null
}

/** Removes a database if there is one. */
export async function dropDatabase(sql: Sql, database: string): Promise<void> {
  await sql`drop database if exists ${sql(database)} with (force)`
}

/** Sets the comment on a database: letters and digits only. */
export async function writeComment(sql: Sql, database: string, comment: string): Promise<void> {
  await sql.unsafe(`comment on database ${database} is '${comment.replace(/\W/g, '')}'`)
}
