-- Periods, and the access they give.

-- I2. One period for every paid order and none for any other; it belongs to the buyer and is as long as the plan.
-- (Days, not dates: a refund of an earlier order moves later periods forward, and months differ in length.)
create or replace function broken_i2_periods() returns setof text language sql stable as $$
  select coalesce(o.id, p.order_id) from (select * from orders where purpose <> 'gift') o
  full join (select * from subscription_periods where order_id is not null) p on p.order_id = o.id
  left join plans plan on plan.key = o.plan_key
  where (o.paid_at is not null) <> (p.order_id is not null)
     or p.user_id <> o.user_id
     or p.plan_key <> o.plan_key
     or p.ends_at - p.starts_at < make_interval(days => 28 * plan.months)
     or p.ends_at - p.starts_at > make_interval(days => 31 * plan.months)
$$;

-- I2. A period is ended early when its whole price went back, by refunds and lost disputes, or by a person who gives a
-- reason, or by a switch that was paid; and always when the whole price went back. After a lost dispute that was won later, or
-- took less in the end, the period stays ended, and an incident lets a person decide.
create or replace function broken_i2_voided() returns setof text language sql stable as $$
  with back as (
    select p.order_id, sum(gone.paise) as paise, sum(gone.paise) filter (where gone.stays) as staying
    from payments p
    join (select cf_payment_id, amount_paise as paise, true as stays from refunds where status = 'succeeded'
          union all
          select cf_payment_id, amount_paise, status = 'lost' from disputes where lost_at is not null) gone
      on gone.cf_payment_id = p.cf_payment_id
    where p.applied_at is not null
    group by p.order_id
  )
  select coalesce(period.order_id, period.id::text) from subscription_periods period
  left join gifts g on g.id = period.gift_id
  left join orders o on o.id = coalesce(period.order_id, g.order_id)
  left join back on back.order_id = o.id
  where (period.voided_at is null and back.staying >= o.amount_paise)
     or (period.voided_at is not null and (back.paise >= o.amount_paise) is not true
         and not (period.voided_by is not null and period.void_reason is not null)
         and not exists (select from orders switch where switch.id = period.switched_to and switch.paid_at is not null)
         and not exists (select from incidents i where i.kind = 'dispute-turned' and i.order_id = o.id))
$$;

-- I2. What was granted or cancelled by hand has its audit row with the reason.
create or replace function broken_i2_by_hand() returns setof text language sql stable as $$
  select p.id::text from subscription_periods p
  where p.granted_by is not null
    and not exists (select from audit a where a.user_id = p.user_id and a.action = 'subscription.granted'
                      and a.details ->> 'period' = p.id::text and a.details ->> 'reason' = p.grant_reason)
  union all
  select p.id::text from subscription_periods p
  where p.voided_by is not null
    and not exists (select from audit a where a.user_id = p.user_id and a.action = 'subscription.cancelled'
                      and a.details -> 'periods' ? p.id::text and a.details ->> 'reason' = p.void_reason)
$$;

-- I3. The periods of one person do not overlap, unless voided.
create or replace function broken_i3_overlaps() returns setof text language sql stable as $$
  select coalesce(order_id, id::text) from (
    select order_id, id, starts_at, lag(ends_at) over (partition by user_id order by starts_at) as earlier_end
    from subscription_periods where voided_at is null
  ) chained
  where starts_at < earlier_end
$$;

-- I3. Everybody has one subscription, which ends with the last period that is not voided. It is paid when a period that
-- was bought, or given as a gift, ends after the present access began.
create or replace function broken_i3_subscriptions() returns setof text language sql stable as $$
  select u.id::text from users u
  left join subscriptions s on s.user_id = u.id
  left join (select user_id, max(ends_at) as last_end, max(ends_at) filter (where granted_by is null) as last_paid_end
             from subscription_periods where voided_at is null group by user_id) p
    on p.user_id = u.id
  where s.user_id is null
     or (s.status in ('active', 'grace') and s.current_period_end is distinct from p.last_end)
     or (s.status = 'pending' and p.last_end is not null)
     or s.is_paid is distinct from ((s.status in ('active', 'grace') and p.last_paid_end > s.current_period_start) is true)
     or (s.status = 'cancelled' and s.current_period_end > now())
     or (s.status not in ('active', 'grace') and p.last_end > now())
$$;

-- False grants: access without a period that counts and ended less than a grace period ago, by the database's clock (I22). It
-- counts when its order is paid, or when somebody granted it and says why.
create or replace function broken_i2_false_grants() returns setof text language sql stable as $$
  select s.user_id::text from subscriptions s
  where has_access(s)
    and not exists (select from subscription_periods p left join gifts g on g.id = p.gift_id
                    left join orders o on o.id = coalesce(p.order_id, g.order_id)
                    where p.user_id = s.user_id and p.voided_at is null and p.ends_at + grace_period() > now()
                      and (o.paid_at is not null or (p.granted_by is not null and p.grant_reason is not null)))
$$;
