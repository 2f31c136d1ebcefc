-- The user's open order for a plan: the one there is, or a new one at the price that this person pays today. p_wish says what
-- is bought and how: {purpose: 'period' | 'switch' | 'gift', coupon: text | null, company: {legalName, address, gstin} | null,
-- gift: {recipientName, recipientEmail, message, deliverOn}}; whatever is left out stays as it is at an open order. Safe to call
-- from any number of tabs at once; all get the same row. `refusal` is null, or why there is no such order: 'entitlement' (this
-- account may not be given what it would pay for), 'consent' (withdrawn, so nothing is bought), 'plan' (not on sale), 'differs'
-- (order_id is open with another coupon or credit, and has to be ended at Cashfree first), 'nothing-to-credit', 'too-little' (less
-- than Cashfree takes), 'coupon-purpose' (no code on a gift), 'autopay' (order_id is open, and a mandate pays it), or a coupon_refusal.
create or replace function open_order_as_wished(
  p_user_id uuid, p_plan_name text, p_new_id text, p_minutes integer, p_wish jsonb, out refusal text, out order_id text
) language plpgsql as $$
declare
  wanted      text := coalesce(p_wish ->> 'purpose', 'period');
  code        text := upper(nullif(p_wish ->> 'coupon', ''));
  plan        plans;
  o           orders;
  credit      integer := 0;
  discount    integer := 0;
  wants_other boolean;
begin
  -- Lock before reading: where the price changes at this very moment, two tabs would otherwise open an order each, of one version
  -- and of the other. A deletion or suspension of the account waits here as well.
  perform 1 from users where id = p_user_id for no key update;
  if entitlement_refusal(p_user_id) is not null then refusal := 'entitlement'; return; end if;
  if purchase_refusal(p_user_id) = 'consent' then refusal := 'consent'; return; end if;
  if wanted = 'gift' and code is not null then refusal := 'coupon-purpose'; return; end if;
  plan := plan_for(p_user_id, p_plan_name);
  if plan.key is null then refusal := 'plan'; return; end if;
  if wanted = 'switch' then
    perform 1 from subscriptions where user_id = p_user_id for update;   -- a refund may be taking what is credited
    credit := coalesce((select sum(c.credit_paise) from credits_for_switch(p_user_id, plan.key) c), 0);
    if credit = 0 then refusal := 'nothing-to-credit'; return; end if;
  end if;
  if code is not null then perform lock_coupon(code); end if;
  -- One that was opened before the price changed keeps its version until it ends: nobody has two to pay.
  select open.* into o from orders open join plans version on version.key = open.plan_key
  where open.user_id = p_user_id and open.status in ('created', 'active') and version.name = p_plan_name and open.purpose = wanted
  order by open.created_at desc limit 1;
  if found then
    order_id := o.id;
    if o.mandate_id is not null then refusal := 'autopay'; return; end if;
    wants_other := p_wish ? 'coupon' and code is distinct from (select coupon_code from coupon_claims claim where claim.order_id = o.id);
    -- A code that is refused ends nothing: the order that is open stays as it is.
    if wants_other and code is not null then
      refusal := coupon_refusal(code, p_user_id, p_plan_name, plan.price_paise - credit);
      if refusal is not null then return; end if;
    end if;
    if wants_other or credit <> o.credit_paise then refusal := 'differs'; return; end if;
    perform keep_wishes(o, p_wish);
    return;
  end if;

  if code is not null then
    refusal := coupon_refusal(code, p_user_id, p_plan_name, plan.price_paise - credit);
    if refusal is not null then return; end if;
    discount := coupon_discount(code, plan.price_paise - credit);
  end if;
  if plan.price_paise - credit - discount < 100 then refusal := 'too-little'; return; end if;
  o := new_order(p_new_id, p_user_id, plan, wanted, discount, credit, p_minutes);
  order_id := o.id;
  if code is not null then perform claim_coupon(o, code); end if;
  if wanted = 'switch' then perform keep_credits(o); end if;
  perform keep_wishes(o, p_wish);
  perform record_audit('user:' || p_user_id, 'order.opened', o.id, p_user_id, jsonb_strip_nulls(jsonb_build_object(
    'plan', plan.key, 'amountPaise', o.amount_paise, 'purpose', nullif(wanted, 'period'), 'coupon', code,
    'discountPaise', nullif(discount, 0), 'creditPaise', nullif(credit, 0))));
end $$;

-- Why an order could not be opened in the place of this one, if that were ended; null: it could. It is tried, and undone whatever
-- comes of it: so that nobody loses an order that they could pay before it is known that they get another.
create or replace function refusal_to_replace(p_user_id uuid, p_plan_name text, p_order_id text, p_wish jsonb) returns text
language plpgsql as $$
declare
  o orders;
begin
  perform 1 from users where id = p_user_id for no key update;   -- in the order in which opening locks
  select * into o from orders where id = p_order_id and user_id = p_user_id and status in ('created', 'active') for update;
  if found then perform terminate_order(o, 'user:' || p_user_id, '{}'); end if;
  raise exception using errcode = 'ETF00', message =
    coalesce((open_order_as_wished(p_user_id, p_plan_name, gen_random_uuid()::text, 1, p_wish)).refusal, '');
exception when sqlstate 'ETF00' then
  return nullif(nullif(sqlerrm, ''), 'differs');   -- another that is open by now is replaced in its turn
end $$;

-- What an open order may still be told: whom the receipt is made out to, and whom a gift is for. Neither changes the amount.
create or replace function keep_wishes(o orders, p_wish jsonb) returns void language plpgsql as $$
begin
  if p_wish ? 'company' then perform address_order_to(o, nullif(p_wish -> 'company', 'null')); end if;
  if o.purpose = 'gift' and p_wish ? 'gift' then perform keep_gift(o, p_wish -> 'gift'); end if;
end $$;

-- As processes of the release before call it: a plain purchase.
create or replace function open_order(p_user_id uuid, p_plan_name text, p_new_id text, p_minutes integer)
returns setof orders language sql as $$
  select o.* from open_order_as_wished(p_user_id, p_plan_name, p_new_id, p_minutes, '{}') opened
  join orders o on o.id = opened.order_id
$$;
