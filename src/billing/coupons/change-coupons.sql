-- Makes a coupon. What it promises is never edited afterwards. False: there is one of this code already.
create or replace function create_coupon(p_coupon jsonb, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
declare
  coupon coupons := jsonb_populate_record(null::coupons, p_coupon);
begin
  insert into coupons (code, percent, amount_paise, starts_at, ends_at, max_uses, max_discount_paise, plan_names, created_by)
  values (coupon.code, coupon.percent, coupon.amount_paise, coalesce(coupon.starts_at, now()), coupon.ends_at, coupon.max_uses,
          coupon.max_discount_paise, nullif(coupon.plan_names, 'null'), p_actor)
  on conflict (code) do nothing;
  if not found then return false; end if;
  perform record_audit(p_actor, 'coupon.created', p_origin => p_origin, p_details => jsonb_strip_nulls(p_coupon));
  return true;
end $$;

-- Ends a coupon for everybody; orders that are open with it can still be paid. False: it was withdrawn already, or is unknown.
create or replace function withdraw_coupon(p_code text, p_actor text, p_origin jsonb) returns boolean language plpgsql as $$
begin
  update coupons set withdrawn_at = now() where code = p_code and withdrawn_at is null;
  if not found then return false; end if;
  perform record_audit(p_actor, 'coupon.withdrawn', p_origin => p_origin, p_details => jsonb_build_object('code', p_code));
  return true;
end $$;
