-- The usual case of settle_order, for several answers in one statement after their locks: a period that was opened once, one attempt
-- that nobody has heard of yet, a success over the price, an answer that agrees in every part, an account that may have it. It writes
-- row for row what settle_any_order writes, which has the rules; test/billing/checkout/usual-order.test.ts compares them over random
-- answers. p_answers are objects of orderId, remote and actor, at most one for an order. Answers the orders that it settled; with what
-- is not that case (or may not be), or is in somebody else's hands this moment, nothing is done but the locks.
create or replace function settle_usual_orders(p_answers jsonb, p_seller jsonb) returns setof orders
language plpgsql set plan_cache_mode = force_generic_plan as $$   -- every plan is by keys; making one takes longer than the rest
declare
  usual usual_payment[];
  done  record;
begin
  -- In the order of every settlement: order, subscription; then the account, which what is written refers to. Nobody waits, so that
  -- none of several answers holds up the others. Of one person's orders one is settled: the next begins where this one's period ends.
  -- The statement that locks a row reads it as it stands then. The status is written so that the index of open orders does not offer
  -- itself: statistics of a quiet hour call it empty, and a plan made then would walk all open orders for each payment of a busy one.
  select array_agg(row(id, user_id, cf_payment_id, plan_key, amount_paise, paid_paise, discount_paise, credit_paise, plan_title,
                       starts_at, ends_at, anchor_day, buyer, expires_at, remote, attempt, actor)::usual_payment) into usual
  from (
    select distinct on (user_id) locked.*, next.*
    from (
      select o.id, o.user_id, o.plan_key, o.amount_paise, o.discount_paise, o.credit_paise, plan.title as plan_title, plan.months, s,
             placed_buyer(buyer_from(o, u, d), p_seller) as buyer, attempt ->> 'cfPaymentId' as cf_payment_id,
             (attempt ->> 'amountPaise')::bigint as paid_paise, (remote ->> 'expiresAt')::timestamptz as expires_at,
             remote, attempt, answer ->> 'actor' as actor
      from jsonb_array_elements(p_answers) answer
      cross join lateral (select answer -> 'remote' as remote, answer -> 'remote' -> 'attempts' -> 0 as attempt) said
      join orders o on o.id = answer ->> 'orderId'
      join subscriptions s on s.user_id = o.user_id
      join users u on u.id = o.user_id
      join plans plan on plan.key = o.plan_key
      left join billing_details d on d.user_id = o.user_id
      where o.paid_at is null and o.status || '' in ('created', 'active') and o.purpose = 'period'
        and entitlement_refusal_of(u) is null
        and remote ->> 'status' = 'PAID'
        and case when jsonb_typeof(remote -> 'attempts') = 'array' then jsonb_array_length(remote -> 'attempts') = 1 end
        and attempt ->> 'status' = 'SUCCESS'
        and remote ->> 'orderId' = o.id
        and remote ->> 'amountPaise' = o.amount_paise::text
        and remote ->> 'currency' = o.currency
        and coalesce(remote ->> 'customerId' = customer_id_of(o), true)
        and remote ->> 'cfOrderId' = o.cf_order_id
        and coalesce(attempt ->> 'orderId' = o.id, true)
        and coalesce(attempt ->> 'orderAmountPaise' = o.amount_paise::text, true)
        and coalesce(attempt ->> 'orderCurrency' = o.currency, true)
        and (attempt ->> 'amountPaise')::bigint >= o.amount_paise
        and coalesce(attempt ->> 'currency' = o.currency, true)
      for update of o, s skip locked for key share of u skip locked
    ) locked
    cross join next_period_of(s, months) next
    order by user_id, id
  ) chosen;
  if usual is null then return; end if;

  for done in
  with paid as (
    update orders o
    set status = 'paid', paid_at = clock_timestamp(), held_at = null, money_seen_at = null,
        next_look_at = later_look_at(coalesce(p.expires_at, o.expires_at)),
        gateway_status = 'PAID',
        payment_session_id = coalesce(p.remote ->> 'sessionId', o.payment_session_id),
        expires_at = coalesce(p.expires_at, o.expires_at),
        asked_at = greatest(o.asked_at, now()),
        attempts_asked_at = greatest(o.attempts_asked_at, now()),
        looks = o.looks + 1
    from unnest(usual) p
    where o.id = p.id
      -- Read after the locks. No attempt is known, so neither is a refund or a dispute of one: they refer to it.
      and not exists (select from payments known where known.order_id = o.id)
      and not exists (select from payments known where known.cf_payment_id = p.cf_payment_id)
      and not exists (select from orders other where other.cf_order_id = o.cf_order_id and other.id <> o.id)
      and not exists (select from orders e where e.user_id = o.user_id and e.id <> o.id and e.paid_at > o.created_at)
    returning o as settled, o.paid_at, p.*
  ), counted as (
    -- Should another order bring the same attempt this moment, the statement fails, and each of its payments is settled anew.
    insert into payments (cf_payment_id, order_id, status, amount_paise, currency, method, bank_reference, failure_reason,
                          started_at, completed_at, applied_at)
    select cf_payment_id, id, 'SUCCESS', paid_paise, attempt ->> 'currency', attempt ->> 'method', attempt ->> 'bankReference',
           attempt ->> 'failureReason', (attempt ->> 'startedAt')::timestamptz, (attempt ->> 'completedAt')::timestamptz, paid_at
    from paid
  ), bought as (
    insert into subscription_periods (order_id, user_id, plan_key, starts_at, ends_at)
    select id, user_id, plan_key, starts_at, ends_at from paid
  ), extended as (
    update subscriptions s
    set status = 'active', is_paid = true,
        plan_key = case when s.current_period_end > now() then coalesce(s.plan_key, paid.plan_key) else paid.plan_key end,
        current_period_start = case when starts_at = s.current_period_end then s.current_period_start else starts_at end,
        current_period_end = ends_at, anchor_day = paid.anchor_day, next_plan = null,
        cancel_requested_at = null, cancel_reason = null, cancel_comment = null, updated_at = now()
    from paid
    where s.user_id = paid.user_id
  ), receipt as (
    insert into receipts_due (order_id, user_id, cf_payment_id, issued_at, amount_paise, taxable_paise, cgst_paise, sgst_paise,
                              igst_paise, round_off_paise, seller, buyer, plan_title, sold_from, sold_until, discount_paise,
                              credit_paise)
    select id, user_id, cf_payment_id, clock_timestamp(), amount_paise, tax.taxable_paise, tax.half_paise, tax.half_paise,
           tax.igst_paise, amount_paise - tax.taxable_paise - 2 * tax.half_paise - tax.igst_paise, p_seller, buyer, plan_title,
           starts_at, ends_at, discount_paise, credit_paise
    from paid cross join tax_within(amount_paise, p_seller, buyer) tax
  )
  select settled, record_audit(actor, 'order.paid', id, user_id, jsonb_build_object(
           'cfPaymentId', cf_payment_id, 'amountPaise', paid_paise, 'orderAmountPaise', amount_paise)),
         exists (select from reminders r where r.user_id = paid.user_id) as reminded,
         exists (select from account_links l
                 where l.user_id = paid.user_id and l.purpose = 'renew' and l.ended_at is null) as linked
  from paid
  loop
    if done.reminded then perform note_reminded_payment(done.settled); end if;
    if done.linked then perform end_renewal_links((done.settled).user_id); end if;
    return next done.settled;
  end loop;
end $$;
