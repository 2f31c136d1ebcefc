-- no transaction
-- What the panel filters by is the same in nearly every row: paid, a success by UPI, active, sent, of Cashfree's notice or the payer's
-- return. Those are met soon on the way through the newest rows, so only the others are in an index, and a payment adds nothing to it.
create index concurrently if not exists orders_unpaid_by_status on orders (status, created_at desc, id desc) where status <> 'paid';
create index concurrently if not exists payments_without_success on payments
  (status, coalesce(started_at, created_at) desc, cf_payment_id desc) where status <> 'SUCCESS';
create index concurrently if not exists payments_by_other_method on payments
  (method, coalesce(started_at, created_at) desc, cf_payment_id desc) where method <> 'upi';
create index concurrently if not exists subscriptions_not_active on subscriptions (status, created_at desc, user_id desc)
  where status <> 'active';
create index concurrently if not exists mails_not_sent on mails (status, id) where status <> 'sent';
create index concurrently if not exists audit_by_other_actor on audit (actor, id) where actor not in ('webhook', 'return');
drop index concurrently if exists orders_by_status;
drop index concurrently if exists payments_by_status;
drop index concurrently if exists payments_by_method;
drop index concurrently if exists subscriptions_by_status;
-- How many run on a plan is counted up to a thousand, along subscriptions_by_plan.
drop index concurrently if exists subscriptions_of_plan;
drop index concurrently if exists mails_by_status;
drop index concurrently if exists audit_by_actor;
