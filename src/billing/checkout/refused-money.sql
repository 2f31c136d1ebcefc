-- What becomes of orders and money of an account that may not be given what it pays for (entitlement_refusal).

-- Cashfree still takes money for such an order: the caller of settle_order ends it there. One audit row per order and reason.
create or replace function note_termination_asked(o orders, p_refusal text, p_actor text) returns void language sql as $$
  select record_audit(p_actor, 'order.termination-asked', o.id, o.user_id, jsonb_build_object('from', o.status, 'why', p_refusal))
  where not exists (select from audit where order_id = o.id and action = 'order.termination-asked' and details ->> 'why' = p_refusal)
$$;

-- Money arrived: nothing is granted, and an incident for each payment proposes its refund.
create or replace function note_refused_money(o orders, p_refusal text) returns void language plpgsql as $$
declare
  payment payments;
begin
  for payment in
    select * from payments p
    where p.order_id = o.id and p.status = 'SUCCESS' and (gone_or_going(p.cf_payment_id) >= p.amount_paise) is not true
    order by p.cf_payment_id
  loop
    perform open_incident('entitlement-refused', payment.cf_payment_id, o, jsonb_build_object(
      'cfPaymentId', payment.cf_payment_id, 'account', p_refusal, 'preparedRefundPaise', payment.amount_paise,
      'rule', 'refund it after an admin confirms; it counts by itself when the account may have it before that'));
  end loop;
end $$;
