-- Coupons: what they take off a price, who may use them, and the claims of orders on them.

-- What a coupon takes off a price: its amount, or its percent rounded half up to the paisa; never so much that less than a
-- rupee is left to pay, which is the least that Cashfree takes.
create or replace function coupon_discount(p_code text, p_price_paise integer) returns integer language sql stable as $$
  select greatest(0, least(coalesce(c.amount_paise, round(p_price_paise * c.percent / 100.0)::integer), p_price_paise - 100))
  from coupons c where c.code = p_code
$$;

-- Why this person may not use a coupon for a plan of this price now; null: they may. 'coupon-unknown', 'coupon-not-yet',
-- 'coupon-ended' (over or withdrawn), 'coupon-plan', 'coupon-used' (this person paid with it; a refund does not give it back),
-- 'coupon-open' (another order of theirs waits to be paid with it), 'coupon-used-up' (uses or rupees), 'coupon-too-much'.
create or replace function coupon_refusal(p_code text, p_user_id uuid, p_plan_name text, p_price_paise integer) returns text
language sql stable as $$
  select case
    when coupon.code is null then 'coupon-unknown'
    when clock_timestamp() < coupon.starts_at then 'coupon-not-yet'
    when coupon.withdrawn_at is not null or (clock_timestamp() >= coupon.ends_at) is true then 'coupon-ended'
    when not coalesce(coupon.plan_names ? p_plan_name, true) then 'coupon-plan'
    when given.paid_by_them then 'coupon-used'
    when given.by_them then 'coupon-open'
    when given.uses >= coupon.max_uses or given.paise + coupon_discount(p_code, p_price_paise) > coupon.max_discount_paise
      then 'coupon-used-up'
    when coupon_discount(p_code, p_price_paise) = 0 then 'coupon-too-much'
  end
  from (values (p_code)) as typed(code)
  left join coupons coupon on coupon.code = typed.code
  cross join lateral (
    select count(*) as uses, coalesce(sum(claim.discount_paise), 0) as paise,
           bool_or(claim.user_id = p_user_id) is true as by_them,
           bool_or(claim.user_id = p_user_id and o.paid_at is not null) is true as paid_by_them
    from coupon_claims claim join orders o on o.id = claim.order_id
    where claim.coupon_code = typed.code and claim.released_at is null
  ) given
$$;

-- Until the order is opened nobody else claims this coupon: of two people at the last use one gets it. Locked before its claims
-- are read, and after the subscription, as settle_order does.
create or replace function lock_coupon(p_code text) returns void language sql as $$
  select from coupons where code = p_code for update
$$;

-- Claims a coupon for an order, in the statement that opens it. The caller locked the coupon and asked coupon_refusal.
create or replace function claim_coupon(o orders, p_code text) returns void language sql as $$
  insert into coupon_claims (order_id, coupon_code, user_id, discount_paise) values (o.id, p_code, o.user_id, o.discount_paise)
$$;

-- An order that died unpaid, or is about to, lets go of its coupon: its buyer and others may use it again.
create or replace function release_coupon(p_order_id text) returns void language sql as $$
  update coupon_claims set released_at = now() where order_id = p_order_id and released_at is null
$$;

-- An order that died unpaid and was paid after all had released its coupon: it was paid with it, so the claim counts again, above
-- the caps, and beside another claim of its buyer's, if need be. Who is opening an order with the coupon right now was first, or
-- finds it used.
create or replace function keep_claim(o orders) returns void language plpgsql as $$
declare
  code text := (select coupon_code from coupon_claims where order_id = o.id and released_at is not null);
begin
  if code is null then return; end if;
  perform lock_coupon(code);
  update coupon_claims set released_at = null, paid_late = true where order_id = o.id;
end $$;
