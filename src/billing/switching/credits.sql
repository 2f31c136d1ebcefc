-- Another plan at once, with the unused days of what was bought credited towards its price.

-- What a switch to a plan would credit now, a row for each period that it would end: bought, not ended, and with days left by
-- the Indian calendar, today among them. Of a period's money that is neither gone, nor on its way back, nor used as a credit,
-- the share of the unused days counts, rounded down. No rows: everything has ended, nothing of the money is left, or the plan
-- is not longer than what was bought.
create or replace function credits_for_switch(p_user_id uuid, p_plan_key text)
returns table (period_id uuid, unused_days integer, credit_paise integer) language sql stable as $$
  with bought as (
    select p.id, plan.months, o.amount_paise, payment,
           days_in_india(p.starts_at, p.ends_at) as days, days_in_india(greatest(p.starts_at, now()), p.ends_at) as unused
    from subscription_periods p
    join orders o on o.id = p.order_id
    join plans plan on plan.key = p.plan_key
    join payments payment on payment.order_id = o.id and payment.applied_at is not null
    where p.user_id = p_user_id and p.voided_at is null and p.ends_at > now()
  ), credited as (
    select id, unused, (paise_left(payment, amount_paise) * unused / days)::integer as paise from bought where unused > 0
  )
  select id, unused, paise from credited
  where paise > 0 and (select target.months from plans target where target.key = p_plan_key) > (select max(months) from bought)
$$;

-- Midnights in India between two instants: the days of a period, the first one counted and that of its end not.
create or replace function days_in_india(p_from timestamptz, p_until timestamptz) returns integer language sql immutable as $$
  select (p_until at time zone 'Asia/Kolkata')::date - (p_from at time zone 'Asia/Kolkata')::date
$$;

-- Writes down what a switch credits, in the statement that opens its order. It counts once the order is paid.
create or replace function keep_credits(o orders) returns void language sql as $$
  insert into order_credits (order_id, period_id, unused_days, credit_paise)
  select o.id, c.period_id, c.unused_days, c.credit_paise from credits_for_switch(o.user_id, o.plan_key) c
$$;

-- From when to when the period of a switch would run if it were paid now: after what runs and is not credited, else from now.
create or replace function period_of_switch(p_user_id uuid, p_plan_key text, out starts_at timestamptz, out ends_at timestamptz)
language sql stable as $$
  select start.at, months_later_in_india(start.at, plan.months)
  from plans plan
  cross join lateral (
    select coalesce(max(p.ends_at), now()) as at from subscription_periods p
    where p.user_id = p_user_id and p.voided_at is null and p.starts_at <= now() and p.ends_at > now()
      and p.id not in (select c.period_id from credits_for_switch(p_user_id, p_plan_key) c)
  ) start
  where plan.key = p_plan_key
$$;
