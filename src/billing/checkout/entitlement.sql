-- Who may not be given what they pay for, and what becomes of their orders and their money.

-- Why this account may not be given what it pays for: 'suspended', 'deleted', 'unknown'. Null: it may. Everything that opens
-- an order or grants what one bought asks this, so that a state to come is added here alone.
create or replace function entitlement_refusal(p_user_id uuid) returns text language sql stable as $$
  select case
    when person.id is null then 'unknown'
    when person.deleted_at is not null then 'deleted'
    when person.suspended_at is not null then 'suspended'
  end
  from (values (p_user_id)) as asked(id) left join users person on person.id = asked.id
$$;

-- Orders that Cashfree has never heard of need nobody's leave to end. They stay watched like any other.
create or replace function close_unsent_orders(p_user_id uuid, p_actor text) returns void language sql as $$
  with closed as (
    update orders set status = 'terminated', closed_at = now() where user_id = p_user_id and status = 'created'
    returning id, user_id
  )
  insert into audit (actor, action, order_id, user_id, details)
  select p_actor, 'order.terminated', id, user_id, jsonb_build_object('from', 'created') from closed
$$;

-- Cashfree still takes money for an order of somebody who may not be given what it buys: whoever asked ends it there. Noted
-- once an order.
create or replace function note_termination_asked(o orders, p_refusal text, p_actor text) returns void language sql as $$
  insert into audit (actor, action, order_id, user_id, details)
  select p_actor, 'order.termination-asked', o.id, o.user_id, jsonb_build_object('from', o.status, 'why', p_refusal)
  where not exists (select from audit where order_id = o.id and action = 'order.termination-asked' and details ->> 'why' = p_refusal)
$$;

-- Money for somebody who may not be given what it buys: every payment is told with its refund prepared, and nothing is granted.
drop function if exists withhold_from_deleted(orders, text);   -- it granted first, and ended what it had granted
create or replace function note_refused_money(o orders, p_refusal text) returns void language plpgsql as $$
declare
  payment payments;
begin
  for payment in
    select * from payments p
    where p.order_id = o.id and p.status = 'SUCCESS' and (refunded_or_going(p.cf_payment_id) >= p.amount_paise) is not true
    order by p.cf_payment_id
  loop
    perform open_incident('entitlement-refused', payment.cf_payment_id, o, jsonb_build_object(
      'cfPaymentId', payment.cf_payment_id, 'account', p_refusal, 'preparedRefundPaise', payment.amount_paise,
      'rule', 'refund it after an admin confirms; it counts by itself when the account may have it before that'));
  end loop;
end $$;
