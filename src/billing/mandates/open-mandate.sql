-- Twice the dearest price that this person can choose today, and never more than UPI debits without a PIN: the ceiling of one debit.
create or replace function mandate_ceiling(p_user_id uuid) returns integer language sql as $$
  select least(2 * max((plan_for(p_user_id, p.name)).price_paise), 1500000) from plans p where p.on_sale
$$;

-- Opens a mandate for a person, to be authorised at Cashfree. p_wish: {plan (its name), start: 'now' | 'later', maxPaise, consent:
-- {version, text}, years, newOrderId, coupon, company}. Starting now, the authorisation pays the first period, and an order stands behind it; later (while
-- access runs), it is one rupee that Cashfree gives back, and buys nothing. `refusal` is null, or why there is none: 'mandate'
-- (mandate_id stands already), 'under-way' (money is), 'differs' (order_id is open at Cashfree, and has to be ended there first),
-- 'terms' (the ceiling that was agreed to is not today's), 'nothing-runs' (later, without access), or one of open_order_as_wished.
-- Locks as opening any order and deleting an account do: the person, then orders.
create or replace function open_mandate(
  p_user_id uuid, p_wish jsonb, p_origin jsonb, out refusal text, out mandate_id uuid, out order_id text
) language plpgsql as $$
declare
  starts_now boolean := p_wish ->> 'start' = 'now';
  unsent     orders;
  opened     record;
  m          mandates;
begin
  perform set_config('etf.origin', coalesce(p_origin::text, ''), true);
  perform 1 from users where id = p_user_id for no key update;
  perform 1 from orders o where o.user_id = p_user_id and o.status in ('created', 'active') order by o.id for update;
  select * into m from mandates standing
  where standing.user_id = p_user_id and standing.ended_at is null and standing.cancel_asked_at is null;
  if found then refusal := 'mandate'; mandate_id := m.id; return; end if;
  if entitlement_refusal(p_user_id) is not null then refusal := 'entitlement'; return; end if;
  if purchase_refusal(p_user_id) is not null then refusal := 'consent'; return; end if;
  if exists (select from money_under_way(p_user_id)) then refusal := 'under-way'; return; end if;
  if (p_wish ->> 'maxPaise')::integer is distinct from mandate_ceiling(p_user_id) then refusal := 'terms'; return; end if;
  if not starts_now and not exists (select from subscriptions s where s.user_id = p_user_id and has_access(s)) then
    refusal := 'nothing-runs';
    return;
  end if;
  if starts_now then
    -- An open order is not taken over: a call that creates it at Cashfree may be on its way, and it could be paid by hand as well.
    select o.* into unsent from orders o join plans plan on plan.key = o.plan_key
    where o.user_id = p_user_id and o.status in ('created', 'active') and o.purpose = 'period' and plan.name = p_wish ->> 'plan'
    order by o.created_at desc limit 1;
    if found then
      p_wish := jsonb_strip_nulls(jsonb_build_object('company', unsent.company, 'coupon',
                  (select claim.coupon_code from coupon_claims claim where claim.order_id = unsent.id))) || p_wish;
      if not close_unsent_order(unsent.id, 'user:' || p_user_id) then refusal := 'differs'; order_id := unsent.id; return; end if;
    end if;
    opened := open_order_as_wished(p_user_id, p_wish ->> 'plan', p_wish ->> 'newOrderId', 120, p_wish - 'purpose');
    if opened.refusal is not null then refusal := opened.refusal; order_id := opened.order_id; return; end if;
    order_id := opened.order_id;
  end if;
  insert into mandates (user_id, subscription_id, plan_id, max_paise, authorisation_paise, refund_authorisation, first_order_id,
                        consent_version, consent_text, expires_at)
  select p_user_id, 'sub_' || replace(gen_random_uuid()::text, '-', ''), 'autopay_v1_' || (p_wish ->> 'maxPaise'),
         (p_wish ->> 'maxPaise')::integer, coalesce((select amount_paise from orders o where o.id = opened_id), 100), not starts_now,
         opened_id,
         p_wish -> 'consent' ->> 'version', p_wish -> 'consent' ->> 'text',
         date_trunc('second', now()) + make_interval(years => coalesce((p_wish ->> 'years')::integer, 10))
  from (values (order_id)) as wanted(opened_id)
  returning * into m;
  mandate_id := m.id;
  perform give_to_mandate(order_id, m.id);
  perform record_audit('user:' || p_user_id, 'mandate.opened', order_id, p_user_id, jsonb_build_object('mandate', m.subscription_id,
    'maxPaise', m.max_paise, 'authorisationPaise', m.authorisation_paise, 'givenBack', m.refund_authorisation,
    'consent', m.consent_version));
end $$;
