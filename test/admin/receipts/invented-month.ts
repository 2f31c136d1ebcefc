import type { Sql } from '../../../src/platform/db.ts'

/** Numbers drawn from a seed, so that a run can be made again. */
export type Invention = { invoices: number; random: number; seller: { gstin: string; stateCode: string } }

/**
 * Writes paid orders of consumers and companies of all states, with discounts and credits, over the present month and the one
 * before, through the functions that write receipts and credit notes; then refunds, whole and in parts, some of them a month
 * after their invoice, and corrections. Instants are set afterwards.
 */
export async function inventMonths(sql: Sql, { invoices, random, seller }: Invention): Promise<void> {
  const paper = {
    name: 'Sector Tools LLP',
    address: '1 MG Road, Pune',
    email: 'help@example.in',
    sac: '997331',
    ...seller,
  }
  await sql`
    insert into users (username, email, name, phone, state_code, password_hash)
    select 'inv' || n, 'inv' || n || '@example.in', '=cmd|' || n, '+919' || lpad(n::text, 9, '0'), code, 'none'
    from (select row_number() over () as n, code from
          (select lpad(s::text, 2, '0') as code from generate_series(1, 38) s where s not in (25, 28)) states,
          generate_series(1, 3)) people`
  const dice = sql`(hashint8extended(n, ${random}) & 1023)::int`
  await sql`
    insert into orders (id, user_id, plan_key, amount_paise, discount_paise, credit_paise, status, paid_at, expires_at, company)
    select 'inv_' || n, u.id, p.key, p.price_paise - off.discount - off.credit, off.discount, off.credit, 'paid', now(), now(),
           case when dice % 4 = 0 then jsonb_build_object('legalName', 'Company "' || n || '", Ltd', 'address', 'Somewhere',
             'gstin', lpad((1 + dice % 24)::text, 2, '0') || 'AAPFU0939F1Z' || chr(65 + dice % 26)) end
    from (select n, ${dice} as dice from generate_series(1, ${invoices}) n) sold
    join (select id, row_number() over (order by username) as k from users where username like 'inv%') u on u.k = 1 + n % 108
    join plans p on p.key = case when dice % 3 = 0 then 'annual_v1' else 'monthly_v1' end,
    lateral (select case when dice % 5 = 0 then 100 * (dice % 77) + dice % 7 else 0 end as discount,
                    case when dice % 7 = 0 then dice % 9999 else 0 end as credit) off`
  await sql`
    insert into payments (cf_payment_id, order_id, status, amount_paise, method, applied_at)
    select 'pay_' || id, id, 'SUCCESS', amount_paise, 'upi', now() from orders where id like 'inv\\_%'`
  for (let from = 1; from <= invoices; from += 1_000)
    await sql`
      select write_receipt(o, 'pay_' || o.id, ${sql.json(paper)}, buyer_of(o), null)
      from generate_series(${from}::int, ${Math.min(from + 999, invoices)}) n join orders o on o.id = 'inv_' || n`
  await sql`
    insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, status, finished_at)
    select 'inv_' || n || '_' || part, o.id, 'pay_' || o.id, o.user_id,
           case when dice % 2 = 0 then o.amount_paise when part = 1 then 1 + dice else o.amount_paise - 1 - dice end,
           'asked', 'cashfree', 'succeeded', now()
    from (select n, ${dice} as dice from generate_series(1, ${invoices}) n) sold
    join orders o on o.id = 'inv_' || n, generate_series(1, 2) part
    where dice % 11 = 0 and (dice % 2 = 1 or part = 1)`
  await sql`select issue_credit_note(r) from (select * from refunds where id like 'inv\\_%' order by id) r`
  await sql`
    select correct_receipt(r.number, '{"legalName": "Right Ltd", "address": "", "gstin": "29AAPFU0939F1ZR"}', 'test', '{}')
    from receipts r where r.serial % 97 = 0 and not exists (select from credit_notes n where n.receipt_number = r.number)`
  await spread(sql)
}

/** Invoices over two months, the refunds of the older ones in the newer month; corrections stand where they were made. */
async function spread(sql: Sql) {
  const month = sql`date_trunc('month', now() at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata'`
  await sql`
    update receipts set issued_at = case when serial % 3 = 0 then ${month} - interval '1 microsecond' - make_interval(mins => serial % 30000)
      else ${month} + make_interval(secs => serial % 1000) end
    where replaces is null`
  await sql`update receipts set issued_at = ${month} + interval '1 hour' where replaces is not null`
  await sql`update credit_notes set issued_at = ${month} + make_interval(secs => 2000 + serial)`
}
