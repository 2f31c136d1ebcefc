-- The only writer of disputes. p_remote is an array of payments/gateway.ts RemoteDispute, everything Cashfree has for the
-- order. Safe to repeat; an answer that comes late undoes nothing. Answers what it came to; 'unverified' while a webhook
-- has named a dispute that Cashfree's own list does not have yet.
create or replace function settle_disputes(p_order_id text, p_remote jsonb, p_actor text) returns text
language plpgsql as $$
declare
  o       orders;
  entry   jsonb;
  changed boolean := false;
begin
  if jsonb_typeof(p_remote) is distinct from 'array' then raise exception 'p_remote must be an array'; end if;
  select * into o from orders where id = p_order_id for update;
  if not found then return 'unknown-order'; end if;
  perform 1 from subscriptions where user_id = holder_of_access(o) for update;   -- locks in the order of settle_refunds
  for entry in select * from jsonb_array_elements(p_remote) loop
    changed := settle_dispute(o, entry, p_actor) or changed;
  end loop;
  if exists (select from webhook_events e
             where e.order_id = o.id and e.accepted and e.settled_at is null and e.dispute_id is not null
               and not exists (select from disputes d where d.id = e.dispute_id or e.dispute_id = 'unnamed' and d.order_id = o.id)
               and not exists (select from incidents i where i.kind = 'dispute-unconfirmed' and i.subject_key = e.dispute_id
                                                         and i.resolved_at is not null)) then   -- a person knows better
    return 'unverified';
  end if;
  return case when changed then 'changed' else 'unchanged' end;
end $$;

-- One dispute; true when its state, or the money it is about, is another than before.
create or replace function settle_dispute(o orders, p_entry jsonb, p_actor text) returns boolean language plpgsql as $$
declare
  payment payments;
  known   disputes;
  d       disputes;
begin
  select * into known from disputes where id = p_entry ->> 'disputeId';
  if coalesce(p_entry ->> 'orderId', o.id) <> o.id or known.order_id <> o.id then
    perform open_incident('dispute-mismatch', p_entry ->> 'disputeId', o, jsonb_build_object(
      'ours', jsonb_build_object('orderId', coalesce(known.order_id, o.id)), 'theirs', p_entry));
    return false;
  end if;
  select * into payment from payments where cf_payment_id = p_entry ->> 'cfPaymentId' and order_id = o.id;
  if known.id is not null and not is_news(known, p_entry) then p_entry := known_as_entry(known); end if;

  insert into disputes as was (id, order_id, cf_payment_id, user_id, type, gateway_status, status, amount_paise, currency,
                               reason_code, reason, remarks, respond_by, opened_at, gateway_updated_at)
  values (p_entry ->> 'disputeId', o.id, payment.cf_payment_id, o.user_id, p_entry ->> 'type', p_entry ->> 'status',
          'unclear', (p_entry ->> 'amountPaise')::bigint, p_entry ->> 'currency', p_entry ->> 'reasonCode',
          p_entry ->> 'reason', p_entry ->> 'remarks', (p_entry ->> 'respondBy')::timestamptz,
          coalesce((p_entry ->> 'openedAt')::timestamptz, now()), (p_entry ->> 'updatedAt')::timestamptz)
  on conflict (id) do update
  set (cf_payment_id, type, gateway_status, amount_paise, currency, reason_code, reason, remarks, respond_by,
       gateway_updated_at, looks) =
      (coalesce(excluded.cf_payment_id, was.cf_payment_id), excluded.type, excluded.gateway_status,
       coalesce(excluded.amount_paise, was.amount_paise), coalesce(excluded.currency, was.currency),
       excluded.reason_code, excluded.reason, excluded.remarks, coalesce(excluded.respond_by, was.respond_by),
       coalesce(excluded.gateway_updated_at, was.gateway_updated_at),
       case when p_actor = 'webhook' then 0 else was.looks + 1 end)   -- after a webhook more may follow soon
  returning * into d;
  d := with_status(d, dispute_status_of(d, o));
  if (known.status, known.gateway_status, known.amount_paise) is not distinct from (d.status, d.gateway_status, d.amount_paise) then
    return false;
  end if;

  perform record_audit(p_actor, 'dispute.' || d.status, o.id, o.user_id, jsonb_build_object('dispute', d.id,
    'amountPaise', d.amount_paise, 'type', d.type, 'theirStatus', d.gateway_status, 'from', known.status));
  perform follow_dispute(o, d, known.status);
  if d.status = 'lost' and known.status = 'lost' and d.amount_paise < known.amount_paise then   -- some of it came back
    perform open_incident('dispute-turned', d.id || ' ' || d.amount_paise, o, jsonb_build_object('dispute', d.id,
      'cfPaymentId', d.cf_payment_id, 'kind', d.type, 'theirStatus', d.gateway_status, 'amountPaise', d.amount_paise,
      'amountBeforePaise', known.amount_paise));
  end if;
  return true;
end $$;

-- Our word for where it stands. Lost is money, so nothing is called lost that is not clear in every part: a known kind
-- that takes money (the bank's first question takes none, unless we gave in), an amount in the order's currency, and the
-- payment of this order that brought at least that much. What is not clear goes to a person.
create or replace function dispute_status_of(d disputes, o orders) returns text language sql stable as $$
  select case
    when d.gateway_status ~ '_(CREATED|INSUFFICIENT_EVIDENCE)$' then 'open'       -- documents that were not enough: once more
    when d.gateway_status ~ '_(DOCS_RECEIVED|UNDER_REVIEW)$' then 'under-review'
    when d.gateway_status ~ '_MERCHANT_WON$' then 'won'
    when (d.gateway_status ~ '_MERCHANT_ACCEPTED$' or (d.gateway_status ~ '_MERCHANT_LOST$' and d.type <> 'RETRIEVAL'))
      and d.type in ('RETRIEVAL', 'DISPUTE', 'CHARGEBACK', 'PRE_ARBITRATION', 'ARBITRATION')
      and coalesce(d.currency, o.currency) = o.currency
      and d.amount_paise <= (select amount_paise from payments where cf_payment_id = d.cf_payment_id and status = 'SUCCESS')
      then 'lost'
    else 'unclear'
  end
$$;

-- Whether this is later than what is known: by Cashfree's time of the change; within one, a dispute only moves on. Pre-
-- arbitration may follow a chargeback that was won.
create or replace function is_news(known disputes, p_entry jsonb) returns boolean language sql stable as $$
  select case
    when (p_entry ->> 'updatedAt')::timestamptz <> known.gateway_updated_at
      then (p_entry ->> 'updatedAt')::timestamptz > known.gateway_updated_at
    else dispute_rank(p_entry ->> 'type', p_entry ->> 'status') >= dispute_rank(known.type, known.gateway_status)
  end
$$;
create or replace function dispute_rank(p_type text, p_status text) returns integer language sql immutable as $$
  select 10 * coalesce(array_position(array['RETRIEVAL', 'DISPUTE', 'CHARGEBACK', 'PRE_ARBITRATION', 'ARBITRATION'], p_type), 0)
       + case substring(p_status from '_(CREATED|DOCS_RECEIVED|INSUFFICIENT_EVIDENCE|UNDER_REVIEW|MERCHANT_[A-Z]+)$')
           when 'CREATED' then 1 when 'DOCS_RECEIVED' then 2 when 'INSUFFICIENT_EVIDENCE' then 3 when 'UNDER_REVIEW' then 4
           else case when p_status ~ '_MERCHANT_' then 5 else 0 end end
$$;

-- A dispute as it is known, in the form of an entry of Cashfree’s list.
create or replace function known_as_entry(known disputes) returns jsonb language sql stable as $$
  select jsonb_build_object('disputeId', known.id, 'type', known.type, 'status', known.gateway_status,
    'amountPaise', known.amount_paise, 'currency', known.currency, 'reasonCode', known.reason_code, 'reason', known.reason,
    'remarks', known.remarks, 'respondBy', known.respond_by, 'openedAt', known.opened_at, 'updatedAt', known.gateway_updated_at)
$$;

-- Gives it the status and its times. What is not closed is asked about again: soon at first, then every six hours.
create or replace function with_status(d disputes, p_status text) returns disputes language plpgsql as $$
begin
  update disputes
  set status = p_status,
      closed_at = case when p_status in ('won', 'lost') then coalesce(closed_at, now()) end,
      lost_at = coalesce(lost_at, case when p_status = 'lost' then now() end),
      next_look_at = case when p_status not in ('won', 'lost')
                          then now() + least(interval '1 minute' * power(2, least(looks, 12)), interval '6 hours') end
  where id = d.id returning * into d;
  return d;
end $$;

-- What follows when a dispute comes to stand elsewhere: who has to know, and the declared rule of access. While it is open
-- access goes on, and so it does when it is won; the rule for lost money is end_period_when_price_is_back.
create or replace function follow_dispute(o orders, d disputes, p_before text) returns void language plpgsql as $$
declare
  facts jsonb := jsonb_build_object('dispute', d.id, 'cfPaymentId', d.cf_payment_id, 'kind', d.type,
    'theirStatus', d.gateway_status, 'amountPaise', d.amount_paise, 'reason', d.reason, 'respondBy', d.respond_by,
    'backPaise', gone_or_going(d.cf_payment_id));
begin
  -- Of an order that was not paid for yet, what is left of its money may be another now: settling says what becomes of it.
  perform check_order_now(o.id);
  if d.status = 'lost' then
    perform end_period_when_price_is_back(o);
    perform open_incident('dispute-lost', d.id, o, facts);
    perform note_credited_money_gone(o, d.cf_payment_id);
    if gone_or_going(d.cf_payment_id) > (select amount_paise from payments where cf_payment_id = d.cf_payment_id) then
      perform open_incident('refunded-twice', d.cf_payment_id, o, jsonb_build_object(
        'payment', d.cf_payment_id, 'backPaise', gone_or_going(d.cf_payment_id)));
    end if;
  elsif d.status = 'unclear' then
    perform open_incident('dispute-unclear', d.id || ' ' || d.gateway_status, o, facts);
  elsif d.lost_at is not null and p_before = 'lost' then
    perform open_incident('dispute-turned', d.id || ' ' || d.gateway_status, o, facts);
  elsif d.status = 'open' or (p_before is null and d.status = 'under-review') then
    perform open_incident('dispute-opened', d.id || ' ' || d.gateway_status, o, facts);
  end if;
end $$;
