-- The instant `months` later by the Indian calendar: 31 January plus one month is the last day of February.
create or replace function months_later_in_india(p_from timestamptz, p_months integer) returns timestamptz
language sql immutable as $$
  select ((p_from at time zone 'Asia/Kolkata') + make_interval(months => p_months)) at time zone 'Asia/Kolkata'
$$;

-- Gives the buyer of a paid order its one period, which starts when the running one ends, or now.
-- Called only inside settle_order, which holds the order's lock; takes the lock of the user's subscription.
create or replace function extend_subscription(o orders) returns subscription_periods language plpgsql as $$
declare
  months  integer := (select p.months from plans p where p.key = o.plan_key);
  running subscriptions;
  period  subscription_periods;
begin
  insert into subscriptions (user_id) values (o.user_id) on conflict (user_id) do nothing;
  select * into running from subscriptions where user_id = o.user_id for update;
  period.starts_at := greatest(clock_timestamp(), running.current_period_end);
  insert into subscription_periods (order_id, user_id, plan_key, starts_at, ends_at)
  values (o.id, o.user_id, o.plan_key, period.starts_at, months_later_in_india(period.starts_at, months))
  returning * into period;
  update subscriptions
  set status = 'active',
      is_paid = true,
      -- The plan of the running period is that period's; the one bought now comes after it, by the clock.
      plan_key = case when running.current_period_end > now() then coalesce(running.plan_key, o.plan_key) else o.plan_key end,
      -- A renewal bought early starts later; the period shown as current begins where access began.
      current_period_start = case when running.current_period_end > now() then running.current_period_start
                                  else period.starts_at end,
      current_period_end = period.ends_at,
      updated_at = now()
  where user_id = o.user_id;
  return period;
end $$;

-- The one rule of access: running by its status, and not further past the end than the grace period. The database's clock
-- decides.
-- Whether it was paid for or granted is the periods' to tell.
create or replace function has_access(s subscriptions) returns boolean language sql stable as $$
  select s.status in ('active', 'grace') and now() < s.current_period_end + grace_period()
$$;

-- What the status should be by now: active until the end, then grace, then expired.
create or replace function status_by_now(s subscriptions) returns text language sql stable as $$
  select case
    when s.status in ('pending', 'cancelled', 'expired') then s.status
    when now() < s.current_period_end then 'active'
    when now() < s.current_period_end + grace_period() then 'grace'
    else 'expired'
  end
$$;
