-- Subscribers who each paid one monthly order a few days ago, with everything that follows from it.
insert into users (id, username, email, name, phone, state_code, password_hash)
select md5('u' || n)::uuid, 'u' || n, 'u' || n || '@example.in', 'Asha Rao', '+919876500001', '27', 'none'
from generate_series(1, :subscribers) n;

insert into orders (id, user_id, plan_key, amount_paise, status, expires_at, gateway_status, paid_at, created_at)
select 'ds_' || n, md5('u' || n)::uuid, 'monthly_v1', 49900, 'paid', now() - interval '5 days', 'PAID',
       now() - interval '5 days', now() - interval '5 days'
from generate_series(1, :subscribers) n;

insert into payments (cf_payment_id, order_id, status, amount_paise, currency, applied_at)
select n::text, 'ds_' || n, 'SUCCESS', 49900, 'INR', now() from generate_series(1, :subscribers) n;

insert into payments (cf_payment_id, order_id, status, amount_paise, currency)
select 'f' || n, 'ds_' || n, 'FAILED', 49900, 'INR' from generate_series(1, :subscribers) n;

insert into subscription_periods (order_id, user_id, plan_key, starts_at, ends_at)
select 'ds_' || n, md5('u' || n)::uuid, 'monthly_v1', now() - interval '5 days', now() + interval '25 days'
from generate_series(1, :subscribers) n;

insert into subscriptions (user_id, status, is_paid, plan_key, current_period_start, current_period_end)
select user_id, 'active', true, plan_key, starts_at, ends_at from subscription_periods;

insert into receipts (number, order_id, user_id, cf_payment_id, financial_year, serial, issued_at, amount_paise,
                      taxable_paise, seller, buyer, sold_from, sold_until)
select 'R' || financial_year_of(now()) || '-' || lpad(n::text, greatest(6, length(n::text)), '0'), 'ds_' || n, md5('u' || n)::uuid, n::text,
       financial_year_of(now()), n, now(), 49900, 49900, '{}', '{}', now() - interval '5 days', now() + interval '25 days'
from generate_series(1, :subscribers) n;
insert into receipt_series select financial_year_of(now()), :subscribers;

insert into mails (kind, subject_key, user_id, to_email, status)
select 'receipt', number, user_id, 'x@example.in', 'sent' from receipts;

insert into audit (actor, action, order_id, user_id)
select 'webhook', action, id, user_id from orders cross join (values ('order.opened'), ('order.paid')) as did (action);

insert into webhook_events (accepted, verdict, type, order_id, headers, body, settled_at, outcome)
select true, 'verified', 'PAYMENT_SUCCESS_WEBHOOK', id, '{}', 'body', now(), 'paid' from orders;

analyze users, orders, payments, subscription_periods, subscriptions, receipts, mails, audit, webhook_events;
