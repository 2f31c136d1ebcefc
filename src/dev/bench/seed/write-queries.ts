import type { Sql } from '../../../platform/db.ts'

/** The tables that are filled. */
export const filled = [
  'users',
  'orders',
  'payments',
  'subscriptions',
  'subscription_periods',
  'receipts',
  'refunds',
  'credit_notes',
  'incidents',
  'mails',
  'audit',
  'webhook_events',
] as const

/** Whether anybody ever opened an order in this database. */
export async function hasOrders(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ found: boolean }[]>`select exists (select from orders) as found`
  return row!.found
}

/**
 * Statements that write all that the product would have written about what was drawn, in the order in which it happened;
 * each of a group touches another table, and receipts read the periods. Then the audit is sealed. To be run without triggers.
 */
export function writeStatements(): string[][] {
  return [[...accounts(), ...money(), ...records()], receipts(), ['select seal_audit(2147483647)']]
}

const accounts = () => [
  `insert into users (id, username, email, name, phone, state_code, password_hash, created_at, email_verified_at)
   select user_id, username, username || '@example.in', name,
          '+91' || (6 + floor(seed_chance(n, 50) * 4))::int || lpad((n * 7919 % 1000000000)::text, 9, '0'), state_code,
          'none', registered_at, case when seed_chance(n, 51) < 0.8 then registered_at + interval '4 minutes' end
   from seed_people order by registered_at`,
  `insert into subscriptions (user_id, status, is_paid, plan_key, current_period_start, current_period_end, created_at, updated_at)
   select user_id, status, status in ('active', 'grace'), case when status <> 'pending' then plan_key end, starts_at,
          case when status = 'cancelled' then void_at else last_end end, registered_at, coalesce(last_at, registered_at)
   from (
     select p.*, s.*,
            case when s.last_at is null then 'pending'
                 when s.void_at is not null and (s.last_end is null or s.last_end <= s.void_at) then 'cancelled'
                 when now() < s.last_end then 'active'
                 when now() < s.last_end + grace_period() then 'grace'
                 else 'expired' end as status
     from seed_people p
     left join (select n as sale_n, max(paid_at) as last_at, max(voided_at) as void_at,
                       max(ends_at) filter (where voided_at is null) as last_end,
                       coalesce(min(starts_at) filter (where voided_at is null and ends_at > now()),
                                max(starts_at) filter (where voided_at is null), max(starts_at)) as starts_at
                from seed_sales group by n) s on s.sale_n = p.n
   ) people order by registered_at`,
  `insert into subscription_periods (order_id, user_id, plan_key, starts_at, ends_at, created_at, voided_at)
   select order_id, user_id, plan_key, starts_at, ends_at, paid_at, voided_at from seed_sales order by paid_at`,
]

const money = () => [
  `insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, cf_order_id, gateway_status, paid_at,
                       closed_at, asked_at, next_look_at, looks, created_at)
   select * from (
     select order_id, user_id, plan_key, amount_paise, 'paid', created_at + interval '30 minutes',
            (2000000000 + dice)::text, 'PAID', paid_at, null::timestamptz, paid_at, null::timestamptz, 2, created_at
     from seed_sales
     union all
     select order_id, user_id, plan_key, amount_paise, 'expired', created_at + interval '30 minutes',
            (3000000000 + dice)::text, 'EXPIRED', null, created_at + interval '31 minutes', created_at + interval '31 minutes',
            case when created_at > now() - interval '26 hours' then created_at + interval '26 hours' end, 12, created_at
     from seed_abandoned
   ) opened order by created_at`,
  `insert into payments (cf_payment_id, order_id, status, amount_paise, currency, method, bank_reference, failure_reason,
                         applied_at, started_at, completed_at, created_at, updated_at)
   select cf_payment_id, order_id, status, amount_paise, 'INR', method,
          case when status = 'SUCCESS' then lpad(floor(seed_chance(cf_payment_id::bigint, 60) * 1e12)::bigint::text, 12, '0') end,
          reason, case when applied then at end, at - interval '30 seconds', at - interval '1 second', at, at
   from seed_attempts order by at`,
  `insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by, status, gateway_status,
                        cf_refund_id, looks, next_look_at, created_at, finished_at)
   select 'rf_' || a.cf_payment_id || '_1', r.order_id, a.cf_payment_id, r.user_id, r.amount_paise, 'asked by e-mail',
          'user:seed', case r.refund when 'failed' then 'failed' else 'succeeded' end,
          case r.refund when 'failed' then 'FAILED' else 'SUCCESS' end, 'cfr' || a.cf_payment_id, 3, null, r.asked_at, r.finished_at
   from seed_refunds r join seed_attempts a on a.order_id = r.order_id and a.applied order by r.asked_at`,
  `insert into incidents (kind, subject_key, order_id, user_id, details, opened_at, resolved_at, resolved_by, resolution)
   select kind, subject, order_id, user_id, details, at, case when closed then at + interval '1 day' end,
          case when closed then 'user:seed' end, case when closed then 'Told the customer and settled it.' end
   from (
     select 'paid-twice' as kind, cf_payment_id as subject, order_id, user_id,
            jsonb_build_object('cfPaymentId', cf_payment_id, 'preparedRefundPaise', amount_paise) as details, at,
            at < now() - interval '20 days' as closed
     from seed_attempts where status = 'SUCCESS' and not applied
     union all
     select 'refund-failed', 'rf_' || a.cf_payment_id || '_1', r.order_id, r.user_id,
            jsonb_build_object('refund', 'rf_' || a.cf_payment_id || '_1', 'amountPaise', r.amount_paise), r.finished_at,
            r.finished_at < now() - interval '20 days'
     from seed_refunds r join seed_attempts a on a.order_id = r.order_id and a.applied where r.refund = 'failed'
   ) wrong order by at`,
]

const receipts = () => {
  const seller = `'{"name":"D''s Sector ETF RS Analyzer","gstin":null,"stateCode":"27"}'::jsonb`
  const buyer = `jsonb_build_object('name', p.name, 'email', p.username || '@example.in', 'stateCode', p.state_code)`
  const number = (letter: string, year: string, serial: string) =>
    `'${letter}' || ${year} || '-' || lpad(${serial}::text, greatest(6, length(${serial}::text)), '0')`
  return [
    `insert into receipts (number, order_id, user_id, cf_payment_id, financial_year, serial, issued_at, amount_paise,
                           taxable_paise, seller, buyer, sold_from, sold_until)
     select ${number('R', 's.year', 's.serial')}, s.order_id, s.user_id, a.cf_payment_id, s.year, s.serial, s.paid_at,
            s.amount_paise, s.amount_paise, ${seller}, ${buyer}, period.starts_at, period.ends_at
     from seed_sales s join seed_people p using (n) join seed_attempts a on a.order_id = s.order_id and a.applied
     join subscription_periods period on period.order_id = s.order_id
     order by s.paid_at`,
    `insert into receipt_series (financial_year, last_serial) select year, max(serial) from seed_sales group by year`,
    `insert into credit_notes (number, refund_id, receipt_number, user_id, financial_year, serial, issued_at, amount_paise,
                               taxable_paise, seller, buyer)
     select ${number('C', 'r.year', 'r.serial')}, 'rf_' || a.cf_payment_id || '_1', ${number('R', 'r.receipt_year', 'r.receipt_serial')},
            r.user_id, r.year, r.serial, r.finished_at, r.amount_paise, r.amount_paise, ${seller}, ${buyer}
     from seed_refunds r join seed_people p using (user_id) join seed_attempts a on a.order_id = r.order_id and a.applied
     where r.refund <> 'failed' order by r.finished_at`,
    `insert into credit_note_series (financial_year, last_serial)
     select year, max(serial) from seed_refunds where refund <> 'failed' group by year`,
    `insert into mails (kind, subject_key, user_id, to_name, to_email, status, attempts, last_error, sent_at, next_attempt_at, created_at)
     select kind, subject, user_id, p.name, p.username || '@example.in', case when is_dead then 'dead' else 'sent' end,
            case when is_dead then 8 else 1 end, case when is_dead then '550 5.1.1 no such mailbox' end,
            case when not is_dead then at + interval '9 seconds' end, at, at
     from (
       select 'receipt' as kind, ${number('R', 'year', 'serial')} as subject, user_id, paid_at as at,
              paid_at > now() - interval '20 days' and seed_chance(dice, 40) < 0.0002 as is_dead from seed_sales
       union all
       select 'refund', 'rf_' || a.cf_payment_id || '_1', r.user_id, r.finished_at, false
       from seed_refunds r join seed_attempts a on a.order_id = r.order_id and a.applied where r.refund <> 'failed'
     ) written join seed_people p using (user_id) order by at`,
  ]
}

const records = () => [
  `insert into audit (at, actor, action, order_id, user_id, details)
   select * from (
     select registered_at, 'user:' || user_id, 'user.registered', null::text, user_id, '{}'::jsonb from seed_people
     union all
     select created_at, 'user:' || user_id, 'order.opened', order_id, user_id,
            jsonb_build_object('plan', plan_key, 'amountPaise', amount_paise) from seed_sales
     union all
     select created_at, 'user:' || user_id, 'order.opened', order_id, user_id,
            jsonb_build_object('plan', plan_key, 'amountPaise', amount_paise) from seed_abandoned
     union all
     select created_at + interval '31 minutes', 'reconciler', 'order.expired', order_id, user_id, '{"from": "active"}' from seed_abandoned
     union all
     select s.paid_at, s.actor, 'order.paid', s.order_id, s.user_id, jsonb_build_object('cfPaymentId', a.cf_payment_id,
            'amountPaise', s.amount_paise, 'orderAmountPaise', s.amount_paise)
     from seed_sales s join seed_attempts a on a.order_id = s.order_id and a.applied
     union all
     select ends_at, 'clock', 'subscription.grace', null, user_id, '{"from": "active"}' from seed_sales
     where voided_at is null and ends_at < least(now(), coalesce(renewed_at, 'infinity'))
     union all
     select ends_at + grace_period(), 'clock', 'subscription.expired', null, user_id, '{"from": "grace"}' from seed_sales
     where voided_at is null and ends_at + grace_period() < least(now(), coalesce(renewed_at, 'infinity'))
     union all
     select did.at, did.actor, 'refund.' || did.word, r.order_id, r.user_id,
            jsonb_build_object('refund', 'rf_' || a.cf_payment_id || '_1', 'amountPaise', r.amount_paise)
     from seed_refunds r join seed_attempts a on a.order_id = r.order_id and a.applied
     cross join lateral (values (r.asked_at, 'user:seed', 'requested'),
       (r.finished_at, 'webhook', case r.refund when 'failed' then 'failed' else 'succeeded' end)) did (at, actor, word)
   ) happened (at) order by at`,
  `insert into webhook_events (received_at, accepted, verdict, type, order_id, cf_payment_id, event_time, headers, body,
                               outcome, settle_attempts, settled_at)
   select received, true, 'verified', type, order_id, cf_payment_id, at, '{"x-webhook-version": "2025-01-01"}',
          convert_to(json_build_object('type', type, 'data', json_build_object('order', json_build_object('order_id', order_id),
            'payment', json_build_object('cf_payment_id', cf_payment_id)))::text, 'UTF8'),
          case when not applied then 'waiting' when actor = 'return' then 'already-paid' else 'paid' end, 1,
          received + interval '80 milliseconds' + power(seed_chance(cf_payment_id::bigint, 70), 12) * interval '40 seconds'
   from (select *, at + case when actor = 'return' then interval '2 seconds' else interval '-0.1 seconds' end as received,
                'PAYMENT_' || case status when 'USER_DROPPED' then 'USER_DROPPED' else status end || '_WEBHOOK' as type
         from seed_attempts where actor <> 'reconciler') delivered
   order by received`,
]
