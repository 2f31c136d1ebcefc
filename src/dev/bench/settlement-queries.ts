import type { Sql } from '../../platform/db.ts'

/** The statement whose cost is compared: what checkout/queries.ts sends, as bare drivers write it. */
export const settleStatement = 'select outcome, settled from settle_order_unnumbered($1, $2, $3, $4)'

/** Opens orders that the gateway will report as paid: `prefix-1` and on, for users spread over the whole table. */
export async function openPayableOrders(sql: Sql, orders: { prefix: string; count: number; from: number; of: number }) {
  const { prefix, count, from, of } = orders
  const rows = await sql<{ id: string }[]>`
    insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, next_look_at, cf_order_id)
    select ${prefix}::text || '-' || k, md5('bench user ' || 1 + ((${from}::bigint + k) * 7919) % ${of}::bigint)::uuid,
           'monthly_v1', 49900, 'active', now() + interval '30 minutes', now() + interval '1 day', 'cf-' || ${prefix}::text || '-' || k
    from generate_series(1, ${count}::int) k
    returning id
  `
  return rows.map((row) => row.id)
}

/** Number of receipts, from the row that counts them: it grows by one with every settlement. */
export async function countReceipts(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select coalesce(sum(last_serial), 0)::int as count from receipt_series`
  return row!.count
}

/** How many of these orders are paid. */
export async function countPaid(sql: Sql, prefix: string): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from orders where id like ${`${prefix}-%`} and status = 'paid'
  `
  return row!.count
}

/** Skips the mails of settlements that are done, so that their delivery does not disturb the next measurement. */
export async function skipMails(sql: Sql): Promise<void> {
  await sql`update mails set status = 'skipped' where status = 'queued'`
}
