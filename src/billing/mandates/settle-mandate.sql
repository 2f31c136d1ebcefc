-- Makes one mandate agree with what Cashfree says of it and of its debits, all of it or nothing: webhook, return, poll and the answers to
-- our own calls all end here. Whether money counts is not decided here: what is said of a debit is translated into what settle_any_order
-- is told of the order behind it. p_remote is a RemoteMandate (payments/mandate-gateway.ts) or, where Cashfree was asked about debits
-- alone, {charges: RemoteCharge[]}. Safe to repeat, in any order, late, by several at once.
-- `outcome` is 'settled', 'unverified' (the list of debits could not be read: unknown, not empty), 'mismatch' (it speaks of another
-- mandate; nothing was done), or 'unknown-mandate'. `settled` says what came of each order: [{orderId, outcome, receiptDue}]. What
-- Cashfree is to be asked for next: cancel_charges (payment ids), then cancel_mandate.
-- Locks: the mandate, its orders, then whatever settling an order locks.
create or replace function settle_mandate(
  p_subscription_id text, p_remote jsonb, p_actor text, p_seller jsonb,
  out outcome text, out cancel_mandate boolean, out cancel_charges text[], out settled jsonb
) language plpgsql as $$
declare
  m         mandates;
  debits    jsonb := case when jsonb_typeof(p_remote -> 'charges') = 'array' then p_remote -> 'charges' end;
  is_whole  boolean := p_remote ? 'status';
  is_absent boolean := p_remote ->> 'status' is not distinct from 'ABSENT';
  done      text;
  one       record;
begin
  cancel_mandate := false;
  cancel_charges := '{}';
  settled := '[]';
  select * into m from mandates where subscription_id = p_subscription_id for update;   -- concurrent settlements queue here
  if not found then outcome := 'unknown-mandate'; return; end if;
  if note_mandate_contradictions(m, p_remote) then
    outcome := 'mismatch';
    perform look_at_mandate_later(m, 'unverified', settled, cancel_charges);
    return;
  end if;
  if is_absent then debits := '[]'; end if;
  m := note_mandate(m, p_remote, p_actor);
  outcome := case when debits is null then 'unverified' else 'settled' end;
  perform 1 from orders o
  where o.id = m.first_order_id or o.id in (select c.payment_id from mandate_charges c where c.mandate_id = m.id)
  order by o.id for update;

  if is_whole and debits is not null then
    if m.first_order_id is not null then
      done := settle_authorisation(m, p_remote, debits, p_actor, p_seller);
      settled := settled || outcome_of(m.first_order_id, done);
    end if;
    m := end_where_unwanted(m, done, debits, is_absent, p_actor);
  end if;
  if debits is not null then
    m := note_other_debits(m, debits);
    for one in
      select c, debit_of(c, m, debits) as debit from mandate_charges c where c.mandate_id = m.id order by c.payment_id
    loop
      done := settle_charge(one.c, m, one.debit, is_whole, p_actor, p_seller);
      settled := settled || outcome_of((one.c).payment_id, done);
    end loop;
  end if;
  cancel_charges := array(select c.payment_id from mandate_charges c
                          where c.mandate_id = m.id and c.cancel_asked_at is not null and debit_of(c, m, debits) is not null
                            and (c.final_at is null or not is_decided(c.status)) order by c.payment_id);
  cancel_mandate := is_whole and not is_absent and not is_over(p_remote ->> 'status')
                    and (m.cancel_asked_at is not null or m.ended_at is not null);
  if is_whole then perform look_at_mandate_later(m, outcome, settled, cancel_charges); end if;
  perform queue_mandate_mails(m.id);
end $$;

-- What came of settling one order, for the caller; nothing where there was nothing to settle.
create or replace function outcome_of(p_order_id text, p_outcome text) returns jsonb language sql stable as $$
  select case when p_outcome is null then '[]' else jsonb_build_array(jsonb_build_object('orderId', p_order_id, 'outcome', p_outcome,
           'receiptDue', exists (select from receipts_due due where due.order_id = p_order_id))) end
$$;

-- Whether the answer speaks of another mandate. What else differs from what we asked for is told in an incident as well: money under it
-- counts by itself, or not.
create or replace function note_mandate_contradictions(m mandates, p_remote jsonb) returns boolean language plpgsql as $$
declare
  found jsonb := (
    select coalesce(jsonb_agg(jsonb_build_object('field', field, 'ours', ours, 'theirs', theirs)), '[]')
    from (values ('subscriptionId', m.subscription_id, p_remote ->> 'subscriptionId'),
                 ('cfSubscriptionId', m.cf_subscription_id, p_remote ->> 'cfSubscriptionId'),
                 ('planId', m.plan_id, p_remote ->> 'planId'),
                 ('maxAmountPaise', m.max_paise::text, p_remote ->> 'maxAmountPaise'),
                 ('authorisationRefund', m.refund_authorisation::text, p_remote ->> 'authorisationRefund')) as compared(field, ours, theirs)
    where ours <> theirs);
begin
  if found = '[]' then return false; end if;
  perform open_incident('mandate-mismatch', m.subscription_id, jsonb_build_object('contradictions', found), m.first_order_id, m.user_id);
  return found @> '[{"field": "subscriptionId"}]' or found @> '[{"field": "cfSubscriptionId"}]';
end $$;

-- Keeps what Cashfree says of the mandate itself. One that is over stays so, whatever an older answer says.
create or replace function note_mandate(m mandates, p_remote jsonb, p_actor text) returns mandates language plpgsql as $$
declare
  was       mandates := m;
  said      text := case when m.ended_at is null or is_over(p_remote ->> 'status') then nullif(p_remote ->> 'status', 'ABSENT') end;
  forgotten boolean := entitlement_refusal(m.user_id) is not distinct from 'deleted';
begin
  if not p_remote ? 'status' then return m; end if;
  update mandates
  set status = coalesce(said, status),
      status_at = case when said <> status then now() else status_at end,
      cf_subscription_id = coalesce(cf_subscription_id, p_remote ->> 'cfSubscriptionId'),
      umn = case when not forgotten then coalesce(p_remote ->> 'reference', umn) end,
      payer_address = case when not forgotten then coalesce(p_remote ->> 'payerAddress', payer_address) end,
      authorised_at = coalesce(authorised_at, case when said = 'ACTIVE'
        or p_remote ->> 'authorisationStatus' in ('ACTIVE', 'SUCCESS') then now() end),
      ended_at = coalesce(ended_at, case when is_over(said) then now() end),
      ended_by = case when ended_at is not null or not is_over(said) then ended_by
                      when said = 'CUSTOMER_CANCELLED' then 'customer' else coalesce(ended_by, 'cashfree') end,
      looks = looks + 1
  where id = m.id returning * into m;
  if m.status <> was.status then
    perform record_audit(p_actor, 'mandate.status-changed', m.first_order_id, m.user_id,
      jsonb_build_object('mandate', m.subscription_id, 'from', was.status, 'to', m.status));
  end if;
  return m;
end $$;

-- Settles the order that the authorisation pays. Null: nothing is new.
create or replace function settle_authorisation(
  m mandates, p_remote jsonb, p_debits jsonb, p_actor text, p_seller jsonb
) returns text language plpgsql as $$
declare
  o        orders;
  auths    jsonb := (select coalesce(jsonb_agg(debit), '[]') from jsonb_array_elements(p_debits) debit
                     where debit ->> 'type' = 'AUTH' and coalesce(debit ->> 'subscriptionId', m.subscription_id) = m.subscription_id);
  attempts jsonb := attempts_from(auths);
  status   text;
begin
  select * into o from orders where id = m.first_order_id;
  status := case
    when attempts @> '[{"status": "SUCCESS"}]' then 'PAID'
    -- Cashfree never had it, and nobody is on the way there any more.
    when p_remote ->> 'status' = 'ABSENT' then
      case when m.cf_subscription_id is null and (now() > o.expires_at or m.cancel_asked_at < now() - interval '10 minutes')
           then 'EXPIRED' end
    when not is_over(m.status) then 'ACTIVE'
    -- What the bank had begun before the end may still come, for a day.
    when jsonb_array_length(auths) > jsonb_array_length(attempts) and m.ended_at > now() - interval '1 day' then 'ACTIVE'
    when m.status in ('EXPIRED', 'LINK_EXPIRED') then 'EXPIRED'
    else 'TERMINATED' end;
  if status is null then return null; end if;
  if o.paid_at is not null and not exists (
    select from jsonb_array_elements(attempts) attempt
    where not exists (select from payments p where p.cf_payment_id = attempt ->> 'cfPaymentId' and p.order_id = o.id
                                               and p.status = attempt ->> 'status'))
  then return null; end if;
  return settle_any_order(o.id, jsonb_build_object('orderId', o.id, 'status', status, 'currency', o.currency, 'attempts', attempts,
    'amountPaise', coalesce((p_remote ->> 'authorisationAmountPaise')::bigint, o.amount_paise)), p_actor, p_seller);
end $$;

-- Debits as the attempts of an order, those that are decided: others are not the payer's to wait for at a bank. Each names its own amount
-- and currency as the order's: under a mandate no fee comes on top. When a success came is not said; it is when we first heard of it.
create or replace function attempts_from(p_debits jsonb) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(jsonb_build_object(
           'cfPaymentId', debit -> 'cfPaymentId', 'status', debit -> 'status', 'amountPaise', debit -> 'amountPaise',
           'currency', debit -> 'currency', 'orderAmountPaise', debit -> 'amountPaise', 'orderCurrency', debit -> 'currency',
           'method', 'upi', 'bankReference', debit -> 'cfTxnId', 'failureReason', debit -> 'failureReason',
           'startedAt', debit -> 'startedAt', 'completedAt', coalesce((select p.completed_at from payments p where p.cf_payment_id = debit ->> 'cfPaymentId'), now()))), '[]')
  from jsonb_array_elements(p_debits) debit
  where is_decided(debit ->> 'status')
$$;

-- Asks for the end of a mandate that nobody should have: its owner is gone or leaves, its order is closed or cannot be had, or nobody
-- authorised it within two hours. One that Cashfree never had is over then.
create or replace function end_where_unwanted(m mandates, p_settled text, p_debits jsonb, p_is_absent boolean, p_actor text)
returns mandates language plpgsql as $$
declare
  -- Neither authorised nor paid, and nothing at the bank.
  is_late boolean := m.authorised_at is null and m.authorisation_payment is null and m.status <> 'BANK_APPROVAL_PENDING'
    and now() > m.created_at + interval '2 hours'
    and not exists (select from orders o where o.id = m.first_order_id and o.paid_at is not null)
    and not exists (select from jsonb_array_elements(p_debits) debit
                    where debit ->> 'type' = 'AUTH' and not is_decided(debit ->> 'status'));
  wanted_by text := case
    when entitlement_refusal(m.user_id) = 'deleted' then 'deletion'
    when exists (select from subscriptions s where s.user_id = m.user_id and s.cancel_requested_at is not null) then 'customer'
    when p_settled = 'to-end' or is_late then 'site' end;
begin
  if m.ended_at is not null then return m; end if;
  if m.cancel_asked_at is null and wanted_by is not null then m := ask_end(m, wanted_by, p_actor); end if;
  if p_is_absent and m.cf_subscription_id is null and m.cancel_asked_at is not null
     and now() > m.created_at + interval '10 minutes' then
    update mandates set status = 'ABSENT', status_at = now(), ended_at = now() where id = m.id returning * into m;
    perform record_audit(p_actor, 'mandate.status-changed', m.first_order_id, m.user_id,
      jsonb_build_object('mandate', m.subscription_id, 'from', 'CREATED', 'to', 'ABSENT'));
  end if;
  return m;
end $$;

-- The rupee that Cashfree gives back is noted on the mandate. Money that is neither that nor an order's is told in an incident, and grants
-- nothing.
create or replace function note_other_debits(m mandates, p_debits jsonb) returns mandates language plpgsql as $$
declare
  debit jsonb;
begin
  for debit in
    select one from jsonb_array_elements(p_debits) one
    where one ->> 'status' = 'SUCCESS'
      and (coalesce(one ->> 'subscriptionId', m.subscription_id) <> m.subscription_id
           or case one ->> 'type'
                when 'AUTH' then m.first_order_id is null
                when 'CHARGE' then not exists (select from mandate_charges c
                                               where c.mandate_id = m.id and c.payment_id = one ->> 'paymentId')
                else true end)
    order by one ->> 'cfPaymentId'
  loop
    if debit ->> 'type' = 'AUTH' and coalesce(debit ->> 'subscriptionId', m.subscription_id) = m.subscription_id
       and (debit ->> 'amountPaise')::bigint = m.authorisation_paise and coalesce(debit ->> 'currency', 'INR') = 'INR'
       and coalesce(m.authorisation_payment, debit ->> 'cfPaymentId') = debit ->> 'cfPaymentId' then
      update mandates set authorisation_payment = debit ->> 'cfPaymentId' where id = m.id returning * into m;
    else
      perform open_incident('mandate-mismatch', debit ->> 'cfPaymentId', jsonb_build_object('mandate', m.subscription_id, 'theirs', debit,
        'rule', 'compare it with Cashfree, and refund it there if it is not ours to keep'), null, m.user_id);
    end if;
  end loop;
  return m;
end $$;

-- When Cashfree is asked about a mandate again: while it waits for its person, more and more rarely; once a day while it stands, and for
-- three days after its end, because money may come late; soon where an end was asked for, something is held, or a list was not read.
create or replace function look_at_mandate_later(m mandates, p_outcome text, p_settled jsonb, p_cancelling text[]) returns void
language sql as $$
  update mandates
  set next_look_at = case
    when m.ended_at is null and m.cancel_asked_at is not null or p_outcome = 'unverified' or p_cancelling <> '{}'
      then now() + interval '10 minutes'
    when p_settled @> '[{"outcome": "held"}]' or p_settled @> '[{"outcome": "unverified"}]' then now() + interval '1 hour'
    when m.ended_at is not null then case when now() < m.ended_at + interval '3 days' then now() + interval '1 day' end
    when m.authorised_at is null and now() < m.created_at + interval '2 hours'
      then now() + greatest(interval '1 minute', (now() - m.created_at) / 4)
    else now() + interval '1 day' end
  where id = m.id
$$;
