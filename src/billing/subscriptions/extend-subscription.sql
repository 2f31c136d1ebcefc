-- The instant `months` later by the Indian calendar: 31 January plus one month is the last day of February.
create or replace function months_later_in_india(p_from timestamptz, p_months integer) returns timestamptz
language sql immutable as $$
  select ((p_from at time zone 'Asia/Kolkata') + make_interval(months => p_months)) at time zone 'Asia/Kolkata'
$$;

-- The same instant of the day so many months later, on the anchor day or, where that month is shorter, on its last day: an
-- anchor of 31 goes from 31 January to 28 February, 31 March and 30 April. By the Indian calendar.
create or replace function anchored_months_later(p_from timestamptz, p_months integer, p_anchor_day integer) returns timestamptz
language plpgsql immutable as $$
declare
  here  timestamp := p_from at time zone 'Asia/Kolkata';
  month timestamp := date_trunc('month', here) + make_interval(months => p_months);
begin
  return (month + make_interval(days => least(p_anchor_day, days_in_month(month)) - 1) + (here - date_trunc('day', here)))
         at time zone 'Asia/Kolkata';
end $$;

-- The day of an instant by the Indian calendar: 1 to 31.
create or replace function day_of_month_in_india(p_at timestamptz) returns integer language sql immutable as $$
  select extract(day from p_at at time zone 'Asia/Kolkata')::integer
$$;

create or replace function days_in_month(p_in timestamp) returns integer language sql immutable as $$
  select extract(day from date_trunc('month', p_in) + interval '1 month' - interval '1 day')::integer
$$;

-- The day on which periods after the present end begin: the one the subscription remembers while the end falls on it, which
-- days that were granted and refunds of earlier periods may change; then, and where none is remembered, the end's own.
create or replace function anchor_of(s subscriptions) returns integer language sql immutable as $$
  select case when least(s.anchor_day, days_in_month(s.current_period_end at time zone 'Asia/Kolkata'))
                   = day_of_month_in_india(s.current_period_end) and s.anchor_day is not null
              then s.anchor_day else day_of_month_in_india(s.current_period_end) end::integer
$$;

-- The period that so many months bought now are: from the end of the access that runs, grace included, which so is not free;
-- from now, with a new anchor, where none runs. What pages promise and what settlement gives is this.
create or replace function next_period(
  p_user_id uuid, p_months integer, out starts_at timestamptz, out ends_at timestamptz, out anchor_day integer
) language plpgsql stable as $$
declare
  running subscriptions;
begin
  select * into running from subscriptions where user_id = p_user_id;
  select next.* into starts_at, ends_at, anchor_day from next_period_of(running, p_months) next;
end $$;

-- The same, where the row is at hand.
create or replace function next_period_of(
  running subscriptions, p_months integer, out starts_at timestamptz, out ends_at timestamptz, out anchor_day integer
) language plpgsql stable as $$
begin
  if has_access(running) then
    starts_at := running.current_period_end;
    anchor_day := anchor_of(running);
  else
    starts_at := clock_timestamp();
    anchor_day := day_of_month_in_india(starts_at);
  end if;
  ends_at := anchored_months_later(starts_at, p_months, anchor_day);
end $$;

-- Gives the buyer of a paid order its one period. Called only inside settle_order, which holds the order's lock; takes the
-- lock of the user's subscription.
create or replace function extend_subscription(o orders) returns subscription_periods language plpgsql as $$
declare
  coming record;
  period subscription_periods;
begin
  insert into subscriptions (user_id) values (o.user_id) on conflict (user_id) do nothing;
  perform 1 from subscriptions where user_id = o.user_id for update;
  select next.* into coming from plans plan, next_period(o.user_id, plan.months) next where plan.key = o.plan_key;
  insert into subscription_periods (order_id, user_id, plan_key, starts_at, ends_at)
  values (o.id, o.user_id, o.plan_key, coming.starts_at, coming.ends_at)
  returning * into period;
  perform begin_period(period, coming.anchor_day, p_is_paid => true);
  return period;
end $$;

-- The subscription after a period was appended to it. Whoever gets one stays: a wish to leave is over.
create or replace function begin_period(p subscription_periods, p_anchor_day integer, p_is_paid boolean) returns void
language sql as $$
  update subscriptions s
  set status = 'active',
      is_paid = p_is_paid or (s.is_paid and p.starts_at = s.current_period_end),
      -- The plan of the running period is that period's; the one bought now comes after it, by the clock.
      plan_key = case when s.current_period_end > now() then coalesce(s.plan_key, p.plan_key) else coalesce(p.plan_key, s.plan_key) end,
      -- A renewal starts later, or when the last period ended; the period shown as current begins where access began.
      current_period_start = case when p.starts_at = s.current_period_end then s.current_period_start else p.starts_at end,
      current_period_end = p.ends_at,
      anchor_day = p_anchor_day,
      cancel_requested_at = null, cancel_reason = null, cancel_comment = null,
      updated_at = now()
  where s.user_id = p.user_id
$$;

-- How long access goes on after the end: not at all for who chose to leave.
create or replace function grace_of(s subscriptions) returns interval language sql stable as $$
  select case when s.cancel_requested_at is null then grace_period() else interval '0' end
$$;

-- The one rule of access: running by its status, and not further past the end than the grace period. The database's clock
-- decides.
-- Whether it was paid for or granted is the periods' to tell.
create or replace function has_access(s subscriptions) returns boolean language sql stable as $$
  select s.status in ('active', 'grace') and now() < s.current_period_end + grace_of(s)
$$;

-- What the status should be by now: active until the end, then grace, then expired; cancelled for who chose to leave.
create or replace function status_by_now(s subscriptions) returns text language sql stable as $$
  select case
    when s.status in ('pending', 'cancelled', 'expired') then s.status
    when now() < s.current_period_end then 'active'
    when s.cancel_requested_at is not null then 'cancelled'
    when now() < s.current_period_end + grace_period() then 'grace'
    else 'expired'
  end
$$;
