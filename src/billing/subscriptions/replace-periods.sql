-- A switch puts the period that it bought in the place of others, and gives those back when all of its price goes back.

-- Ends these periods now in favour of the paid order's own, which starts at once: after what runs and is not among them (days
-- granted, a gift), at the old end within grace, else now. What was to come otherwise follows after it, as long as it was.
-- Nothing that was given or paid is lost. The caller holds the lock of the subscription.
create or replace function replace_periods(o orders, p_replaced uuid[]) returns subscription_periods language plpgsql as $$
declare
  moment timestamptz := clock_timestamp();
  was    subscriptions;
  period subscription_periods;
begin
  select * into was from subscriptions where user_id = o.user_id;
  update subscription_periods
  set voided_at = moment, switched_to = o.id
  where id = any (p_replaced) and voided_at is null and ends_at > moment;
  period.starts_at := coalesce(
    (select max(p.ends_at) from subscription_periods p
     where p.user_id = o.user_id and p.voided_at is null and p.starts_at <= moment and p.ends_at > moment),
    case when was.current_period_end <= moment and has_access(was) then was.current_period_end end,
    moment);
  period.ends_at := months_later_in_india(period.starts_at, (select months from plans where key = o.plan_key));
  perform move_periods_to(o.user_id, period.starts_at, period.ends_at);
  insert into subscription_periods (order_id, user_id, plan_key, starts_at, ends_at)
  values (o.id, o.user_id, o.plan_key, period.starts_at, period.ends_at) returning * into period;
  perform recount_subscription(o.user_id, moment);
  update subscriptions
  set anchor_day = extract(day from period.starts_at at time zone 'Asia/Kolkata'), next_plan = null,
      cancel_requested_at = null, cancel_reason = null, cancel_comment = null
  where user_id = o.user_id;
  return period;
end $$;

-- All of the price of a switch is back with its payer and its period ended: what it had replaced counts again, with the days
-- that were unused then, from now. The periods move as a whole, so each is as long as it was bought. What was to come follows.
-- Where something else runs already, long after the switch ended, the days cannot go back to their place: false, and nothing
-- is done. The caller holds the lock of the subscription.
create or replace function restore_replaced_periods(o orders) returns boolean language plpgsql as $$
declare
  moment timestamptz := now();   -- as void_period, which has just closed the gap
  place  timestamptz;
  old    subscription_periods;
  unused interval;
begin
  if not exists (select from subscription_periods where switched_to = o.id) then return true; end if;
  select max(p.ends_at) into place from subscription_periods p
  where p.user_id = o.user_id and p.voided_at is null and p.starts_at < moment and p.ends_at > moment;
  if place is not null and exists (select from subscription_periods where switched_to = o.id and starts_at < voided_at) then
    return false;
  end if;
  place := coalesce(place, moment);
  perform move_periods_to(o.user_id, place, place + (
    select sum(length_of(greatest(starts_at, voided_at), ends_at)) from subscription_periods where switched_to = o.id));
  for old in select * from subscription_periods where switched_to = o.id order by starts_at loop
    unused := length_of(greatest(old.starts_at, old.voided_at), old.ends_at);
    update subscription_periods
    set starts_at = place + unused - length_of(old.starts_at, old.ends_at), ends_at = place + unused,
        voided_at = null, switched_to = null
    where id = old.id;
    place := place + unused;
  end loop;
  perform recount_subscription(o.user_id, moment);
  return true;
end $$;

-- Moves what starts at `p_from` or later so that the first of it starts at `p_to`, one after the other. The last goes first
-- where they move on, the first where they move back, so that two never start at the same instant in between.
create or replace function move_periods_to(p_user_id uuid, p_from timestamptz, p_to timestamptz) returns void
language plpgsql as $$
declare
  place record;
begin
  for place in
    select id, p_to + (sum(length) over (order by starts_at) - length) as starts_at, p_to + sum(length) over (order by starts_at) as ends_at
    from (select *, length_of(starts_at, ends_at) as length from subscription_periods
          where user_id = p_user_id and voided_at is null and starts_at >= p_from) coming
    order by extract(epoch from coming.starts_at) * sign(extract(epoch from p_from - p_to))
  loop
    update subscription_periods set starts_at = place.starts_at, ends_at = place.ends_at where id = place.id;
  end loop;
end $$;

-- In seconds: subtracted as days, it would be an hour off where the server's own time zone changes its clock.
create or replace function length_of(p_from timestamptz, p_until timestamptz) returns interval language sql immutable as $$
  select make_interval(secs => extract(epoch from p_until - p_from)::float8)
$$;
