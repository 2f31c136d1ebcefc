-- Gives the buyer of a paid switch its period, and ends the periods whose unused days it credited. Called only inside
-- settle_order, which holds the order's lock. The credit is what the order was opened with, however late it is paid: days used
-- meanwhile were enjoyed. Where money that was credited went back meanwhile, or another switch has used it, the period is given
-- all the same, because it was paid for, and an incident asks a person.
create or replace function switch_subscription(o orders) returns void language plpgsql as $$
declare
  short  jsonb;
  period subscription_periods;
begin
  perform 1 from subscriptions where user_id = o.user_id for update;   -- a refund of a credited order waits, or was first
  select jsonb_agg(jsonb_build_object('orderId', p.order_id, 'creditPaise', c.credit_paise, 'leftPaise', kept.paise))
  into short
  from order_credits c
  join subscription_periods p on p.id = c.period_id
  join orders bought on bought.id = p.order_id
  join payments payment on payment.order_id = bought.id and payment.applied_at is not null
  cross join lateral paise_left(payment, bought.amount_paise) as kept (paise)
  where c.order_id = o.id and kept.paise < c.credit_paise;

  period := replace_periods(o, array(select c.period_id from order_credits c where c.order_id = o.id));
  perform record_audit('settlement', 'subscription.switched', o.id, o.user_id, jsonb_build_object('plan', o.plan_key,
    'creditPaise', o.credit_paise, 'startsAt', period.starts_at, 'endsAt', period.ends_at));
  if short is not null then
    perform open_incident('credited-money-gone', o.id, o, jsonb_build_object('switch', o.id, 'credited', short));
  end if;
end $$;
