-- Gifts, and what became of them.

-- I2. A gift's order is paid exactly where its gift is, and gives its buyer no period. One that was redeemed, and no other, is
-- a period of its plan for whoever redeemed it; one that is void, and no other, has its whole price gone back.
create or replace function broken_i2_gifts() returns setof text language sql stable as $$
  select o.id from orders o
  left join gifts g on g.order_id = o.id
  left join subscription_periods p on p.gift_id = g.id
  left join plans plan on plan.key = o.plan_key
  where (o.purpose = 'gift' or g.id is not null)
    and ((o.paid_at is not null and g.paid_at is null) or (g.paid_at is not null and o.paid_at is null)
      or o.purpose <> 'gift' or (g.id is not null and (g.buyer_id, g.plan_key) <> (o.user_id, o.plan_key))
      or (g.redeemed_at is not null and (g.paid_at is null or p.id is null))
      or (p.id is not null and ((p.user_id, p.plan_key) is distinct from (g.redeemed_by, g.plan_key)
                                or p.ends_at - p.starts_at < make_interval(days => 28 * plan.months)
                                or p.ends_at - p.starts_at > make_interval(days => 31 * plan.months)))
      or (g.voided_at is not null and p.id is not null and p.voided_at is null)
      or (g.paid_at is not null and g.voided_at is null and price_is_back(o))
      or (g.voided_at is not null and price_is_back(o) is not true
          and not exists (select from incidents i where i.kind = 'dispute-turned' and i.order_id = o.id)))
$$;
