-- What the panel's lists of orders, payments and refunds walk along, newest first, and what its search looks up.
create index orders_newest on orders (created_at desc, id desc);
create index orders_by_status on orders (status, created_at desc, id desc);
create index orders_by_plan on orders (plan_key, created_at desc, id desc);
create index orders_held on orders (created_at desc, id desc) where held_at is not null;
create index orders_by_gateway_id on orders (cf_order_id) where cf_order_id is not null;

-- Why a payment failed, in the few words that a person acts on. Cashfree's own sentences are many and change.
create function failure_group(p_reason text) returns text language sql immutable as $$
  select case
    when p_reason is null then null
    when p_reason ~* 'cancel|by the (customer|user)|dropped|abandon|closed' then 'customer'
    when p_reason ~* 'insufficient|not enough|low balance|no balance' then 'funds'
    when p_reason ~* '\y(pin|otp|cvv|password)\y|authenticat|incorrect|wrong|invalid (vpa|upi|card)' then 'credentials'
    when p_reason ~* 'expired|timed? ?out|in time|not respond|no response|unavailable|down' then 'time'
    when p_reason ~* 'fraud|risk|limit|blocked|restricted|not permitted' then 'blocked'
    when p_reason ~* 'declin|reject|bank|debit' then 'bank'
    else 'other'
  end
$$;
-- An attempt's place in a list never changes: when it began, or when it was first heard of.
create index payments_newest on payments (coalesce(started_at, created_at) desc, cf_payment_id desc);
create index payments_by_status on payments (status, coalesce(started_at, created_at) desc, cf_payment_id desc);
create index payments_by_method on payments (method, coalesce(started_at, created_at) desc, cf_payment_id desc);
create index payments_by_failure on payments (failure_group(failure_reason), coalesce(started_at, created_at) desc, cf_payment_id desc)
  where failure_reason is not null;
create index payments_by_bank_reference on payments (bank_reference) where bank_reference is not null;

create index refunds_newest on refunds (created_at desc, id desc);
create index refunds_by_status on refunds (status, created_at desc, id desc);
create index refunds_under_way on refunds (created_at desc, id desc) where finished_at is null;
create index refunds_by_bank_reference on refunds (bank_reference) where bank_reference is not null;

-- Revenue of a day or a month: what was receipted, less what was credited.
create index receipts_by_time on receipts (issued_at) include (amount_paise);
create index credit_notes_by_time on credit_notes (issued_at) include (amount_paise);
