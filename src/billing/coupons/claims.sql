-- An order that died unpaid and was paid after all had released its coupon: it was paid with it, so the claim counts.
create or replace function keep_claim(o orders) returns void language sql as $$
  update coupon_claims set released_at = null where order_id = o.id and released_at is not null
$$;
