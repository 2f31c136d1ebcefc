-- Coupons: what they take off a price, who may use them, and the claims of orders on them.

-- What a coupon takes off a price: its amount, or its percent rounded half up to the paisa; never so much that less than a
-- rupee is left to pay, which is the least that Cashfree takes.
create or replace function coupon_discount(p_code text, p_price_paise integer) returns integer language sql stable as $$
  select greatest(0, least(coalesce(c.amount_paise, round(p_price_paise * c.percent / 100.0)::integer), p_price_paise - 100))
  from coupons c where c.code = p_code
$$;

-- Why this person may not use a coupon for a plan of this price now; null: they may. Locks the coupon until the order is opened,
-- so that of two people at the last use one gets it. 'coupon-unknown', 'coupon-not-yet', 'coupon-ended' (over or withdrawn),
-- 'coupon-plan', 'coupon-used' (by this person; a refund does not give it back), 'coupon-used-up' (uses or rupees).
create or replace function coupon_refusal(p_code text, p_user_id uuid, p_plan_name text, p_price_paise integer) returns text
language plpgsql as $$
declare
  coupon coupons;
  given  record;
begin
  select * into coupon from coupons where code = p_code for update;
  if not found then return 'coupon-unknown'; end if;
  select count(*) as uses, coalesce(sum(discount_paise), 0) as paise, coalesce(bool_or(user_id = p_user_id), false) as by_them
  into given from coupon_claims where coupon_code = p_code and released_at is null;
  return case
    when clock_timestamp() < coupon.starts_at then 'coupon-not-yet'
    when coupon.withdrawn_at is not null or (clock_timestamp() >= coupon.ends_at) is true then 'coupon-ended'
    when not coalesce(coupon.plan_names ? p_plan_name, true) then 'coupon-plan'
    when given.by_them then 'coupon-used'
    when given.uses >= coupon.max_uses or given.paise + coupon_discount(p_code, p_price_paise) > coupon.max_discount_paise
      then 'coupon-used-up'
    when coupon_discount(p_code, p_price_paise) = 0 then 'coupon-too-much'
  end;
end $$;

-- Claims a coupon for an order, in the statement that opens it. The caller asked coupon_refusal.
create or replace function claim_coupon(o orders, p_code text) returns void language sql as $$
  insert into coupon_claims (order_id, coupon_code, user_id, discount_paise) values (o.id, p_code, o.user_id, o.discount_paise)
$$;

-- An order that died unpaid lets go of its coupon: its buyer and others may use it again.
create or replace function release_coupon(p_order_id text) returns void language sql as $$
  update coupon_claims set released_at = now() where order_id = p_order_id and released_at is null
$$;

-- An order that died unpaid and was paid after all had released its coupon: it was paid with it, so the claim counts, even above
-- the cap. Where its buyer has used the coupon for another order meanwhile, this claim stays released: they used it twice, by
-- paying twice, and the discount of both stands.
create or replace function keep_claim(o orders) returns void language sql as $$
  update coupon_claims claim set released_at = null
  where claim.order_id = o.id and claim.released_at is not null
    and not exists (select from coupon_claims other where other.coupon_code = claim.coupon_code
                      and other.user_id = claim.user_id and other.released_at is null)
$$;
