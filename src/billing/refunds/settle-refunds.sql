-- Writes the intent to refund part or all of one captured payment. The id is p_cf_payment_id and p_ordinal: asking
-- again with the same ordinal finds the same row, so a double click or two admins make one refund.
-- p_left_paise is what was left of the payment on the page that was confirmed; null asks for no such agreement.
-- Answers 'requested', 'exists', or why not: 'unknown-payment', 'not-captured', 'disputed', 'too-much', 'differs', 'too-late'.
create or replace function request_refund(
  p_cf_payment_id text, p_ordinal integer, p_amount_paise integer, p_reason text, p_actor text, p_origin jsonb,
  p_left_paise bigint
) returns text language plpgsql as $$
declare
  new_id  text := 'rf_' || p_cf_payment_id || '_' || p_ordinal;
  o       orders;
  payment payments;
  known   refunds;
  rest    bigint;
begin
  select * into o from orders where id = (select order_id from payments where cf_payment_id = p_cf_payment_id) for update;
  if not found then return 'unknown-payment'; end if;
  perform 1 from subscriptions where user_id = o.user_id for update;   -- a switch may be using the same money as a credit
  select * into payment from payments where cf_payment_id = p_cf_payment_id;
  select * into known from refunds where id = new_id;
  if found then
    return case when known.amount_paise = p_amount_paise then 'exists' else 'differs' end;
  end if;
  if payment.status is distinct from 'SUCCESS' then return 'not-captured'; end if;
  -- The bank may take the same money back: it would be lost twice.
  if exists (select from disputes where cf_payment_id = p_cf_payment_id and closed_at is null) then return 'disputed'; end if;
  if coalesce(payment.completed_at, payment.created_at) < now() - interval '6 months' then return 'too-late'; end if;
  rest := paise_left(payment, payment.amount_paise);
  if (p_amount_paise <= rest) is not true then return 'too-much'; end if;
  if p_ordinal is distinct from 1 + (select count(*) from refunds where cf_payment_id = p_cf_payment_id
                                                                    and requested_by <> 'cashfree') then
    return 'differs';
  end if;
  if p_left_paise is not null and p_left_paise is distinct from rest then
    return 'differs';
  end if;
  insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by)
  values (new_id, o.id, p_cf_payment_id, o.user_id, p_amount_paise, p_reason, p_actor);
  perform record_audit(p_actor, 'refund.requested', o.id, o.user_id,
    jsonb_build_object('refund', new_id, 'amountPaise', p_amount_paise, 'reason', p_reason), p_origin);
  return 'requested';
end $$;

-- The only writer of refund states. p_remote is an array of payments/gateway.ts RemoteRefund, everything Cashfree has
-- for the order; refunds made in Cashfree's dashboard get their row here. Safe to repeat. Answers what it came to.
create or replace function settle_refunds(p_order_id text, p_remote jsonb, p_actor text, p_seller jsonb) returns text
language plpgsql as $$
declare
  o       orders;
  entry   jsonb;
  outcome text;
  changed integer := 0;
  strange integer := 0;
begin
  if jsonb_typeof(p_remote) is distinct from 'array' then raise exception 'p_remote must be an array'; end if;
  select * into o from orders where id = p_order_id for update;
  if not found then return 'unknown-order'; end if;
  -- Locks are taken in one order everywhere: order, subscription, series. Several refunds of one order would otherwise
  -- take the series for the first and the subscription for the last, against another order of this person.
  perform 1 from subscriptions where user_id = holder_of_access(o) for update;
  for entry in select * from jsonb_array_elements(p_remote) loop
    outcome := settle_refund(o, entry, p_actor, p_seller);
    if outcome = 'changed' then changed := changed + 1; end if;
    if outcome = 'unverified' then strange := strange + 1; end if;
  end loop;
  return case when strange > 0 then 'unverified' when changed > 0 then 'changed' else 'unchanged' end;
end $$;

-- The payment that a refund of Cashfree's own making is taken from. Cashfree refunds orders: of one paid twice it may
-- name the payment that we have given back already, and then the other one is meant. None while it names one unknown to us.
create or replace function payment_behind(o orders, p_entry jsonb) returns text language sql stable as $$
  select p.cf_payment_id
  from payments named
  join payments p on p.order_id = o.id and (p.cf_payment_id = named.cf_payment_id or p.status = 'SUCCESS')
  where named.cf_payment_id = p_entry ->> 'cfPaymentId' and named.order_id = o.id
  order by gone_or_going(p.cf_payment_id) + (p_entry ->> 'amountPaise')::bigint <= p.amount_paise desc nulls last,
           p.cf_payment_id = named.cf_payment_id desc
  limit 1
$$;

-- One refund: 'changed', 'unchanged', or 'unverified' while the payment that it is of is not known yet.
create or replace function settle_refund(o orders, p_entry jsonb, p_actor text, p_seller jsonb) returns text
language plpgsql as $$
declare
  -- An id of another making may have signs that ours never have; then Cashfree's own number stands for it.
  refund_id   text := case when p_entry ->> 'refundId' ~ '^[A-Za-z0-9_]{3,40}$' then p_entry ->> 'refundId'
                           else 'cf_' || (p_entry ->> 'cfRefundId') end;
  next_status text := refund_status_of(p_entry ->> 'status');
  r           refunds;
begin
  insert into refunds (id, order_id, cf_payment_id, user_id, amount_paise, reason, requested_by)
  select refund_id, o.id, payment_behind(o, p_entry), o.user_id, (p_entry ->> 'amountPaise')::integer,
         coalesce(nullif(p_entry ->> 'note', ''), 'refunded by Cashfree or in its dashboard'), 'cashfree'
  where payment_behind(o, p_entry) is not null and (p_entry ->> 'amountPaise')::integer > 0
  on conflict (id) do nothing;
  select * into r from refunds where id = refund_id;
  if not found then return 'unverified'; end if;
  -- Cashfree refunds orders, not payments: of an order paid twice it may name the other one. Which one we meant is ours
  -- to know, so only order and amount must agree.
  if (r.order_id = o.id and r.amount_paise = (p_entry ->> 'amountPaise')::integer) is not true then
    perform open_incident('refund-mismatch', r.id, o, jsonb_build_object(
      'ours', jsonb_build_object('orderId', r.order_id, 'amountPaise', r.amount_paise), 'theirs', p_entry));
    update refunds set next_look_at = null where id = r.id;
    return 'unchanged';
  end if;
  -- A success is the end of it. A failed or held refund that the bank completes after all is heard.
  if r.status = 'succeeded' or (r.finished_at is not null and next_status <> 'succeeded') then return 'unchanged'; end if;
  update refunds
  set status = next_status,
      gateway_status = p_entry ->> 'status',
      cf_refund_id = coalesce(p_entry ->> 'cfRefundId', cf_refund_id),
      bank_reference = coalesce(p_entry ->> 'bankReference', bank_reference),
      looks = looks + 1,
      last_error = null,
      finished_at = case when next_status in ('succeeded', 'failed', 'cancelled') then now() end,
      next_look_at = case when next_status in ('pending', 'onhold')
                          then now() + least(interval '1 minute' * power(2, least(looks, 12)), interval '6 hours') end
  where id = r.id;
  if next_status = r.status then return 'unchanged'; end if;
  perform record_audit(p_actor, 'refund.' || next_status, o.id, o.user_id,
    jsonb_build_object('refund', r.id, 'amountPaise', r.amount_paise, 'from', r.status));
  if next_status = 'succeeded' then perform complete_refund(o, r.id, p_seller); end if;
  if next_status = 'succeeded' and gone_or_going(r.cf_payment_id) >
     (select amount_paise from payments where cf_payment_id = r.cf_payment_id) then
    perform open_incident('refunded-twice', r.cf_payment_id, o,
      jsonb_build_object('payment', r.cf_payment_id, 'backPaise', gone_or_going(r.cf_payment_id)));
  end if;
  if next_status = 'succeeded' then perform note_credited_money_gone(o, r.cf_payment_id); end if;
  if next_status in ('failed', 'onhold') then
    perform open_incident('refund-' || next_status, r.id, o,
      jsonb_build_object('refund', r.id, 'amountPaise', r.amount_paise, 'theirs', p_entry, 'at', now()));
  end if;
  return 'changed';
end $$;

-- Cashfree's word for a refund in ours; an unknown word waits.
create or replace function refund_status_of(p_word text) returns text language sql immutable as $$
  select case upper(p_word)
    when 'SUCCESS' then 'succeeded'
    when 'FAILED' then 'failed'
    when 'CANCELLED' then 'cancelled'
    when 'ONHOLD' then 'onhold'
    else 'pending'
  end
$$;

-- The declared rule of access, the only place of it: once the whole price of the order is back with the payer, by refunds
-- that arrived or because their bank took it in a dispute, the period it paid for ends, or the gift; less than that keeps
-- it. Extra payments never bought a period.
-- A switch whose price is back gives back what it had replaced, unless that is paid for no more itself.
create or replace function end_period_when_price_is_back(o orders) returns void language plpgsql as $$
declare
  replaced orders[];
begin
  if not price_is_back(o) then return; end if;
  if o.purpose = 'gift' then
    perform void_gift(o.id);
    return;
  end if;
  perform 1 from subscriptions where user_id = o.user_id for update;
  if not exists (select from subscription_periods where order_id = o.id and voided_at is null) then return; end if;
  replaced := array(select old from subscription_periods p join orders old on old.id = p.order_id where p.switched_to = o.id);
  perform void_period(o.id);
  if not restore_replaced_periods(o) then
    perform open_incident('switch-not-undone', o.id, o, jsonb_build_object('switch', o.id));
  end if;
  perform end_period_when_price_is_back(old) from unnest(replaced) old;
end $$;

-- The money reached the customer: credit note, mail, and what it does to access.
create or replace function complete_refund(o orders, p_refund_id text, p_seller jsonb) returns void language plpgsql as $$
declare
  r refunds;
begin
  select * into r from refunds where id = p_refund_id;
  if exists (select from payments where cf_payment_id = r.cf_payment_id and order_id = o.id and applied_at is not null) then
    perform end_period_when_price_is_back(o);
    perform issue_credit_note(r);
  end if;
  perform enqueue_mail('refund', r.id, u.id, u.name, u.email) from users u where u.id = r.user_id;
end $$;

-- Somebody asks Cashfree about a refund by hand: the job waits a minute with its own question, and the audit says who asked.
-- Nothing where the refund succeeded, for there is nothing more to learn.
create or replace function hasten_refund(p_id text, p_actor text, p_origin jsonb) returns setof refunds language plpgsql as $$
declare
  r refunds;
begin
  perform 1 from orders where id = (select order_id from refunds where id = p_id) for update;
  update refunds
  set next_look_at = case when finished_at is null then now() + interval '1 minute' end
  where id = p_id and status <> 'succeeded'
  returning * into r;
  if not found then return; end if;
  perform record_audit(p_actor, 'refund.asked', r.order_id, r.user_id,
    jsonb_build_object('refund', r.id, 'status', r.status), p_origin);
  return next r;
end $$;

-- Cashfree understood the request and refused it: the refund failed before it began, and an administrator is told.
create or replace function refuse_refund(p_id text, p_reason text) returns void language plpgsql as $$
declare
  o     orders;
  facts jsonb := jsonb_build_object('refund', p_id, 'why', p_reason);
begin
  select * into o from orders where id = (select order_id from refunds where id = p_id) for update;
  update refunds
  set status = 'failed', finished_at = now(), next_look_at = null, last_error = p_reason
  where id = p_id and status = 'requested';
  if not found then return; end if;
  perform record_audit('refunds', 'refund.failed', o.id, o.user_id, facts);
  perform open_incident('refund-failed', p_id, facts, o.id, o.user_id);
end $$;
