-- The account behind an audit's actor or a refund's author ('user:<id>'); null for what is no person: jobs, endpoints, commands.
create or replace function user_behind(p_actor text) returns uuid language sql immutable as $$
  select case when p_actor ~ '^user:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then substr(p_actor, 6)::uuid end
$$;

-- The orders that a number somebody quotes belongs to: of the order (ours or Cashfree's), a payment, a refund, a
-- receipt, a credit note, or the bank's reference of either. Exact; each is one index lookup.
create or replace function orders_named(p_text text) returns setof text language sql stable rows 5 as $$
  select id from orders where id = p_text
  union
  select id from orders where cf_order_id = p_text
  union
  select order_id from payments where cf_payment_id = p_text
  union
  select order_id from payments where bank_reference = p_text
  union
  select order_id from refunds where id = p_text
  union
  select order_id from refunds where bank_reference = p_text
  union
  select order_id from receipts where number = upper(p_text)
  union
  select r.order_id from credit_notes n join receipts r on r.number = n.receipt_number where n.number = upper(p_text)
$$;

-- The refunds that such a number belongs to: that very refund, else all of the order.
create or replace function refunds_named(p_text text) returns setof text language sql stable rows 5 as $$
  with named as (
    select id from refunds where id = p_text
    union
    select id from refunds where bank_reference = p_text
    union
    select refund_id from credit_notes where number = upper(p_text) and refund_id is not null
  )
  select id from named
  union
  select id from refunds where not exists (select from named) and order_id in (select orders_named(p_text))
$$;
