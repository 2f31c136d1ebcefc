-- Ends the period an order paid for, now: its buyer's or, of a gift, that of whoever redeemed it. Periods bought or granted
-- after it move forward to close the gap, so that what was paid and not refunded is enjoyed in full. Called inside
-- settle_refunds, which holds the order's lock.
create or replace function void_period(p_order_id text) returns void language plpgsql as $$
declare
  bought uuid := coalesce(
    (select id from subscription_periods where order_id = p_order_id),
    (select period.id from gifts g join subscription_periods period on period.gift_id = g.id where g.order_id = p_order_id));
  gone  subscription_periods;
  gap   interval;
  left_over subscription_periods;
begin
  -- Lock before reading: another refund of this person may be moving the very period.
  perform 1 from subscriptions where user_id = (select user_id from subscription_periods where id = bought) for update;
  select * into gone from subscription_periods where id = bought and voided_at is null;
  if not found then return; end if;
  update subscription_periods set voided_at = now() where id = gone.id;
  -- In seconds: subtracted as days, it would be an hour off where the server's own time zone changes its clock.
  gap := make_interval(secs => extract(epoch from gone.ends_at - greatest(gone.starts_at, least(now(), gone.ends_at)))::float8);
  -- The earliest first, so that two periods never start at the same instant in between.
  for left_over in
    select * from subscription_periods
    where user_id = gone.user_id and voided_at is null and starts_at >= gone.ends_at
    order by starts_at
  loop
    update subscription_periods set starts_at = starts_at - gap, ends_at = ends_at - gap where id = left_over.id;
  end loop;
  perform recount_subscription(gone.user_id, now());
end $$;

-- Computes a subscription anew from the periods that count, after one of them was taken away at p_now.
create or replace function recount_subscription(p_user_id uuid, p_now timestamptz) returns void language plpgsql as $$
declare
  starts    timestamptz;
  ends      timestamptz;
  paid_ends timestamptz;
begin
  select max(ends_at), min(starts_at) filter (where ends_at > p_now), max(ends_at) filter (where granted_by is null)
  into ends, starts, paid_ends
  from subscription_periods where user_id = p_user_id and voided_at is null;
  if ends is null or ends <= p_now then
    update subscriptions
    set status = 'cancelled', is_paid = false, updated_at = p_now,
        current_period_end = least(current_period_end, p_now)
    where user_id = p_user_id;
  else
    update subscriptions
    set status = 'active', updated_at = p_now, current_period_start = starts, current_period_end = ends,
        is_paid = (paid_ends > starts) is true,
        plan_key = running_plan(subscriptions)
    where user_id = p_user_id;
  end if;
end $$;

-- What ended a period before its time: 'switch' (its unused days were credited towards another plan), 'by-hand' (void_reason
-- says why), 'dispute' (the payer's bank took the price back) or 'refund' (all of the price was refunded). Null: it was not
-- ended early.
create or replace function end_cause(p subscription_periods) returns text language sql stable as $$
  select case
    when p.voided_at is null then null
    when p.switched_to is not null then 'switch'
    when p.void_reason is not null then 'by-hand'
    when exists (select from disputes d
                 where d.order_id = coalesce(p.order_id, (select g.order_id from gifts g where g.id = p.gift_id))
                   and d.status = 'lost') then 'dispute'
    else 'refund'
  end
$$;
