-- Money of an order that counted as a credit towards another: it bought that one, so it cannot be refunded here.

-- Whether all of an order's price is back with its payer, by refunds that arrived or because their bank took it in a dispute.
create or replace function price_is_back(o orders) returns boolean language sql stable as $$
  select exists (
    select from payments p
    where p.order_id = o.id and p.applied_at is not null
      and lost_to_disputes(p.cf_payment_id) + coalesce((
            select sum(r.amount_paise) from refunds r
            where r.cf_payment_id = p.cf_payment_id and r.status = 'succeeded'), 0) >= o.amount_paise)
$$;

-- Paise of an order that a switch used. Once all of the switch's own price went back, it used none.
create or replace function credited_paise(p_order_id text) returns bigint language sql stable as $$
  select coalesce(sum(c.credit_paise), 0)::bigint
  from subscription_periods p
  join order_credits c on c.period_id = p.id and c.order_id = p.switched_to
  join orders switch on switch.id = c.order_id
  where p.order_id = p_order_id and not price_is_back(switch)
$$;

-- More of a payment is gone or going than was left after a switch used its share (in Cashfree's dashboard, or through the
-- bank): what it bought stays, and a person is told.
create or replace function note_credited_money_gone(o orders, p_cf_payment_id text) returns void language plpgsql as $$
declare
  credited bigint := credited_paise(o.id);
begin
  if credited > 0 and gone_or_going(p_cf_payment_id) + credited >
     (select amount_paise from payments where cf_payment_id = p_cf_payment_id and applied_at is not null) then
    perform open_incident('credited-money-gone', o.id, o, jsonb_build_object('cfPaymentId', p_cf_payment_id,
      'creditPaise', credited, 'backPaise', gone_or_going(p_cf_payment_id)));
  end if;
end $$;
