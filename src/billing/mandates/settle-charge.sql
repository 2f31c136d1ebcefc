-- Settles the order behind one charge. Null: nothing is said of it, or nothing is new. FAILED may be followed by another try until the
-- day is over in India, or the mandate. p_is_whole: all of the mandate's debits were listed, so that one that is missing is not at Cashfree.
create or replace function settle_charge(
  c mandate_charges, m mandates, p_debit jsonb, p_is_whole boolean, p_actor text, p_seller jsonb
) returns text language plpgsql as $$
declare
  o          orders;
  today      date := day_in_india(now());
  said       text := p_debit ->> 'status';
  is_final   boolean;
  unwanted   text;
  outcome    text;
begin
  if p_debit is null then return settle_missing_charge(c, m, p_is_whole, p_actor, p_seller); end if;
  select * into o from orders where id = c.payment_id;
  -- One that was decided is not undecided by an older answer, nor one that was paid failed by it. One that we gave up and Cashfree has
  -- after all is called off there.
  if c.final_at is not null and (o.paid_at is not null or said <> 'SUCCESS')
     and (c.status = said or (is_decided(c.status) and not is_decided(said)) or (c.status = 'SUCCESS' and said = 'FAILED'))
  then return null; end if;
  -- CANCELLED is the end; so is FAILED after its day or that of its mandate, and what is not decided three days after its day: it neither
  -- keeps the person from paying for ever, nor the next charge from coming.
  is_final := said = 'CANCELLED' or (said = 'FAILED' and (today > c.scheduled_on or m.ended_at is not null or c.final_at is not null))
              or (not is_decided(said) and today > c.scheduled_on + 3);
  outcome := settle_any_order(o.id, jsonb_build_object('orderId', o.id,
    'status', case when said = 'SUCCESS' then 'PAID' when is_final then 'TERMINATED' else 'ACTIVE' end,
    'amountPaise', coalesce((p_debit ->> 'amountPaise')::bigint, o.amount_paise), 'currency', coalesce(p_debit ->> 'currency', o.currency),
    'attempts', attempts_from(jsonb_build_array(p_debit))), p_actor, p_seller);
  is_final := is_final or (said = 'SUCCESS' and outcome in ('paid', 'already-paid', 'given-back'));
  unwanted := case when not is_final and said <> 'SUCCESS'
                   then coalesce(charge_is_unwanted(c, m), case outcome when 'to-end' then 'closed' when 'held' then 'differs' end) end;
  if c.raised_at is null then
    perform record_audit(p_actor, 'mandate.charge-raised', c.payment_id, m.user_id, jsonb_build_object('mandate', m.subscription_id));
  end if;
  if unwanted is not null and c.cancel_asked_at is null then
    perform record_audit(p_actor, 'mandate.charge-cancel-asked', c.payment_id, m.user_id,
      jsonb_build_object('mandate', m.subscription_id, 'why', unwanted));
  end if;
  if is_final and c.final_at is null and said <> 'SUCCESS' then
    perform record_audit(p_actor, 'mandate.charge-failed', c.payment_id, m.user_id, jsonb_build_object('mandate', m.subscription_id,
      'status', said, 'retries', p_debit -> 'retries', 'class', failure_class(p_debit ->> 'failureReason')));
  end if;
  update mandate_charges one
  set status = said, cf_payment_id = coalesce(p_debit ->> 'cfPaymentId', cf_payment_id),
      retries = greatest(retries, (p_debit ->> 'retries')::integer), failure_reason = p_debit ->> 'failureReason',
      asked_at = coalesce(asked_at, now()), raised_at = coalesce(raised_at, now()),
      withdrawn_why = coalesce(withdrawn_why, unwanted),
      cancel_asked_at = coalesce(cancel_asked_at, case when unwanted is not null then now() end),
      final_at = coalesce(final_at, case when is_final then now() end),
      next_look_at = case when is_final or final_at is not null then null when unwanted is not null then now() + interval '10 minutes'
                          else greatest(start_of_day_in_india(scheduled_on), now()) + interval '30 minutes' end
  where one.payment_id = c.payment_id;
  return outcome;
end $$;

-- A charge that Cashfree's whole list does not have. Asked for ten minutes ago or more and not wanted any more (or too late for its day):
-- it is withdrawn. One that had been accepted is over when its day and the next are.
create or replace function settle_missing_charge(c mandate_charges, m mandates, p_is_whole boolean, p_actor text, p_seller jsonb)
returns text language plpgsql as $$
declare
  why text;
begin
  if c.final_at is not null or not p_is_whole then return null; end if;
  update mandate_charges set next_look_at = greatest(next_look_at, now() + interval '10 minutes')
  where payment_id = c.payment_id and next_look_at is not null;
  if c.raised_at is null then
    why := coalesce(charge_is_unwanted(c, m), case when c.scheduled_on < earliest_charge_day(now()) then 'late' end);
    if why is not null and (c.asked_at > now() - interval '10 minutes') is not true then
      perform withdraw_charge(c, m, why, p_actor);
    end if;
    return null;
  end if;
  if day_in_india(now()) <= c.scheduled_on + 1 then return null; end if;
  update mandate_charges set status = 'ABSENT', final_at = now(), next_look_at = null where payment_id = c.payment_id;
  perform record_audit(p_actor, 'mandate.charge-failed', c.payment_id, m.user_id,
    jsonb_build_object('mandate', m.subscription_id, 'status', 'ABSENT'));
  return settle_any_order(c.payment_id, jsonb_build_object('orderId', c.payment_id, 'status', 'TERMINATED', 'amountPaise', c.paise,
    'currency', 'INR', 'attempts', '[]'::jsonb), p_actor, p_seller);
end $$;

-- Which of the debits is this charge: ours by its payment id, and of this mandate. The success, where one is listed.
create or replace function debit_of(c mandate_charges, m mandates, p_debits jsonb) returns jsonb language sql immutable as $$
  select debit from jsonb_array_elements(p_debits) debit
  where debit ->> 'paymentId' = c.payment_id and debit ->> 'type' = 'CHARGE'
    and coalesce(debit ->> 'subscriptionId', m.subscription_id) = m.subscription_id
  order by debit ->> 'status' = 'SUCCESS' desc, debit ->> 'startedAt' desc
  limit 1
$$;
