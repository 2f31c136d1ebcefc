-- The usual case of settle_order in one statement after its locks: a period that was opened once, one attempt that nobody has
-- heard of yet, a success over the price, an answer that agrees in every part, an account that may have it. It writes row for row
-- what settle_any_order writes, which has the rules; test/billing/checkout/usual-order.test.ts compares them over random
-- answers. False: it is not that case (or may not be), and nothing is done but the locks.
create or replace function settle_usual_order(p_order_id text, p_remote jsonb, p_actor text, p_seller jsonb) returns boolean
language plpgsql as $$
declare
  attempt jsonb;
  done    record;
begin
  if jsonb_typeof(p_remote -> 'attempts') is distinct from 'array' or jsonb_array_length(p_remote -> 'attempts') <> 1 then
    return false;
  end if;
  attempt := p_remote -> 'attempts' -> 0;
  if (attempt ->> 'status' = 'SUCCESS') is not true then return false; end if;
  -- In the order of every settlement: order, subscription. What is read next is what stands once both are ours. The status is
  -- written so that the index of open orders does not offer itself: statistics of a quiet hour call it empty, and a plan made then
  -- would walk all open orders for each payment of a busy one.
  perform 1 from orders o join subscriptions s on s.user_id = o.user_id
  where o.id = p_order_id and o.paid_at is null and o.status || '' in ('created', 'active') and o.purpose = 'period'
  for update of o for update of s;
  if not found then return false; end if;

  with usual as materialized (
    select o.id, o.user_id, o.plan_key, o.amount_paise, o.discount_paise, o.credit_paise, plan.title as plan_title,
           next.starts_at, next.ends_at, next.anchor_day, placed_buyer(buyer_from(o, u, d), p_seller) as buyer
    from orders o
    join subscriptions s on s.user_id = o.user_id
    join users u on u.id = o.user_id
    join plans plan on plan.key = o.plan_key
    left join billing_details d on d.user_id = o.user_id
    cross join next_period_of(s, plan.months) next
    where o.id = p_order_id
      and entitlement_refusal_of(u) is null
      and p_remote ->> 'orderId' = o.id
      and p_remote ->> 'amountPaise' = o.amount_paise::text
      and p_remote ->> 'currency' = o.currency
      and coalesce(p_remote ->> 'customerId' = customer_id_of(o), true)
      and p_remote ->> 'cfOrderId' = o.cf_order_id
      and coalesce(attempt ->> 'orderId' = o.id, true)
      and coalesce(attempt ->> 'orderAmountPaise' = o.amount_paise::text, true)
      and coalesce(attempt ->> 'orderCurrency' = o.currency, true)
      and (attempt ->> 'amountPaise')::bigint >= o.amount_paise
      and coalesce(attempt ->> 'currency' = o.currency, true)
      -- No attempt is known, so neither is a refund or a dispute of one: they refer to it.
      and not exists (select from payments p where p.order_id = o.id)
      and not exists (select from payments p where p.cf_payment_id = attempt ->> 'cfPaymentId')
      and not exists (select from orders other where other.cf_order_id = o.cf_order_id and other.id <> o.id)
      and not exists (select from orders e where e.user_id = o.user_id and e.id <> o.id and e.paid_at > o.created_at)
  ), counted as (
    insert into payments (cf_payment_id, order_id, status, amount_paise, currency, method, bank_reference, failure_reason,
                          started_at, completed_at, applied_at)
    select attempt ->> 'cfPaymentId', id, 'SUCCESS', (attempt ->> 'amountPaise')::bigint, attempt ->> 'currency',
           attempt ->> 'method', attempt ->> 'bankReference', attempt ->> 'failureReason',
           (attempt ->> 'startedAt')::timestamptz, (attempt ->> 'completedAt')::timestamptz, clock_timestamp()
    from usual
    on conflict (cf_payment_id) do nothing   -- another order's, this very moment: then nothing below is done
    returning cf_payment_id, amount_paise, applied_at
  ), paid as (
    update orders o
    set status = 'paid', paid_at = counted.applied_at, held_at = null, money_seen_at = null,
        next_look_at = later_look_at(coalesce((p_remote ->> 'expiresAt')::timestamptz, o.expires_at)),
        gateway_status = 'PAID',
        payment_session_id = coalesce(p_remote ->> 'sessionId', o.payment_session_id),
        expires_at = coalesce((p_remote ->> 'expiresAt')::timestamptz, o.expires_at),
        asked_at = greatest(o.asked_at, now()),
        attempts_asked_at = greatest(o.attempts_asked_at, now()),
        looks = o.looks + 1
    from counted
    where o.id = p_order_id
    returning o.user_id, o.amount_paise
  ), bought as (
    insert into subscription_periods (order_id, user_id, plan_key, starts_at, ends_at)
    select usual.id, usual.user_id, usual.plan_key, starts_at, ends_at from usual, counted
  ), extended as (
    update subscriptions s
    set status = 'active', is_paid = true,
        plan_key = case when s.current_period_end > now() then coalesce(s.plan_key, usual.plan_key) else usual.plan_key end,
        current_period_start = case when starts_at = s.current_period_end then s.current_period_start else starts_at end,
        current_period_end = ends_at, anchor_day = usual.anchor_day, next_plan = null,
        cancel_requested_at = null, cancel_reason = null, cancel_comment = null, updated_at = now()
    from usual, counted
    where s.user_id = usual.user_id
  ), receipt as (
    insert into receipts_due (order_id, user_id, cf_payment_id, issued_at, amount_paise, taxable_paise, cgst_paise, sgst_paise,
                              igst_paise, round_off_paise, seller, buyer, plan_title, sold_from, sold_until, discount_paise,
                              credit_paise)
    select usual.id, usual.user_id, cf_payment_id, clock_timestamp(), usual.amount_paise, tax.taxable_paise, tax.half_paise,
           tax.half_paise, tax.igst_paise, usual.amount_paise - tax.taxable_paise - 2 * tax.half_paise - tax.igst_paise, p_seller,
           buyer, plan_title, starts_at, ends_at, usual.discount_paise, usual.credit_paise
    from counted, usual cross join tax_within(usual.amount_paise, p_seller, buyer) tax
  )
  select paid.user_id, record_audit(p_actor, 'order.paid', p_order_id, paid.user_id, jsonb_build_object(
           'cfPaymentId', cf_payment_id, 'amountPaise', counted.amount_paise, 'orderAmountPaise', paid.amount_paise)),
         exists (select from reminders r where r.user_id = paid.user_id) as reminded,
         exists (select from account_links l where l.user_id = paid.user_id and l.purpose = 'renew' and l.ended_at is null) as linked
  into done
  from paid, counted;
  if not found then return false; end if;
  if done.reminded then perform note_reminded_payment(o) from orders o where o.id = p_order_id; end if;
  if done.linked then perform end_renewal_links(done.user_id); end if;
  return true;
end $$;
