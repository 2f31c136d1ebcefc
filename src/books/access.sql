-- What a payment turns into: periods and access.

-- I2. One period for every paid order and none for any other; it belongs to the buyer and is as long as the plan.
-- (Days, not dates: a refund of an earlier order moves later periods forward, and months differ in length.)
create or replace function broken_i2_periods() returns setof text language sql stable as $$
  select coalesce(o.id, p.order_id) from orders o
  full join subscription_periods p on p.order_id = o.id
  left join plans plan on plan.key = o.plan_key
  where (o.paid_at is not null) <> (p.order_id is not null)
     or p.user_id <> o.user_id
     or p.plan_key <> o.plan_key
     or p.ends_at - p.starts_at < make_interval(days => 28 * plan.months)
     or p.ends_at - p.starts_at > make_interval(days => 31 * plan.months)
$$;

-- I2. What ended a period is a refund of its whole price.
create or replace function broken_i2_voided() returns setof text language sql stable as $$
  select period.order_id from subscription_periods period
  join orders o on o.id = period.order_id
  where (period.voided_at is not null) <> (
    coalesce((select sum(r.amount_paise) from refunds r
              join payments p on p.cf_payment_id = r.cf_payment_id and p.applied_at is not null
              where r.order_id = period.order_id and r.status = 'succeeded'), 0) >= o.amount_paise)
$$;

-- I3. The periods of one person that count do not overlap.
create or replace function broken_i3_overlaps() returns setof text language sql stable as $$
  select order_id from (
    select order_id, starts_at, lag(ends_at) over (partition by user_id order by starts_at) as earlier_end
    from subscription_periods where voided_at is null
  ) chained
  where starts_at < earlier_end
$$;

-- I3. Everybody has one subscription row and it ends when the last period that counts ends.
create or replace function broken_i3_subscriptions() returns setof text language sql stable as $$
  select u.id::text from users u
  left join subscriptions s on s.user_id = u.id
  left join (select user_id, max(ends_at) as last_end from subscription_periods where voided_at is null group by user_id) p
    on p.user_id = u.id
  where s.user_id is null
     or (s.is_paid and s.current_period_end is distinct from p.last_end)
     or (s.status = 'pending' and p.last_end is not null)
     or (s.is_paid and s.status not in ('active', 'grace'))
     or (not s.is_paid and s.status in ('active', 'grace'))
     or (s.status = 'cancelled' and s.current_period_end > now())
     or (not s.is_paid and p.last_end > now())
$$;

-- False grants: access without a period that counts and ends less than three days ago, by the database's clock (I22).
create or replace function broken_i2_false_grants() returns setof text language sql stable as $$
  select s.user_id::text from subscriptions s
  where has_access(s)
    and not exists (select from subscription_periods p join orders o on o.id = p.order_id and o.paid_at is not null
                    where p.user_id = s.user_id and p.voided_at is null and p.ends_at + interval '3 days' > now())
$$;
