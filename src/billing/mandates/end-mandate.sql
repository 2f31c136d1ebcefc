-- Asks for the end of a mandate: from this moment nothing is debited under it that Cashfree has not already begun. Cashfree is asked
-- after the commit, at once by whoever called and else at the next look. p_by is who wants it: 'customer', 'site', 'admin', 'deletion'.
-- Answers 'asked', 'repeated', 'over', or 'unknown-mandate'.
create or replace function end_mandate(p_subscription_id text, p_by text, p_actor text, p_origin jsonb) returns text
language plpgsql as $$
declare
  m mandates;
begin
  select * into m from mandates where subscription_id = p_subscription_id for update;
  if not found then return 'unknown-mandate'; end if;
  if m.ended_at is not null then return 'over'; end if;
  if m.cancel_asked_at is not null then return 'repeated'; end if;
  perform set_config('etf.origin', coalesce(p_origin::text, current_setting('etf.origin', true), ''), true);
  perform ask_end(m, p_by, p_actor);
  return 'asked';
end $$;

-- The same for whatever mandate a person has. Before this caller locks orders or the person: mandates come first.
create or replace function end_mandates(p_user_id uuid, p_by text, p_actor text) returns void language sql as $$
  select end_mandate(standing.subscription_id, p_by, p_actor, null)
  from (select subscription_id from mandates where user_id = p_user_id and ended_at is null order by id) standing
$$;

-- Writes that the end is wanted, and withdraws what Cashfree was never asked for. The caller holds the mandate's lock.
create or replace function ask_end(m mandates, p_by text, p_actor text) returns mandates language plpgsql as $$
begin
  update mandates set cancel_asked_at = now(), ended_by = p_by, next_look_at = now() where id = m.id returning * into m;
  perform record_audit(p_actor, 'mandate.end-asked', m.first_order_id, m.user_id,
    jsonb_build_object('mandate', m.subscription_id, 'by', p_by));
  perform withdraw_charge(c, m, 'ended', p_actor)
  from mandate_charges c where c.mandate_id = m.id and c.final_at is null and c.asked_at is null;
  return m;
end $$;

-- A charge that Cashfree was never asked for, or does not know: it is over, with its order. The caller holds the mandate's lock.
create or replace function withdraw_charge(c mandate_charges, m mandates, p_why text, p_actor text) returns void
language plpgsql as $$
declare
  o orders;
begin
  update mandate_charges set status = 'WITHDRAWN', withdrawn_why = p_why, final_at = now(), next_look_at = null
  where payment_id = c.payment_id;
  select * into o from orders where id = c.payment_id for update;
  if o.status in ('created', 'active') then perform terminate_order(o, p_actor, jsonb_build_object('from', o.status, 'why', p_why)); end if;
  perform record_audit(p_actor, 'mandate.charge-withdrawn', c.payment_id, m.user_id,
    jsonb_build_object('mandate', m.subscription_id, 'why', p_why));
end $$;

-- Calls one charge off, because a person wants that: 'customer' or 'price'. Answers 'withdrawn', 'to-cancel' (Cashfree has to be asked),
-- or 'over'.
create or replace function call_charge_off(p_payment_id text, p_why text, p_actor text, p_origin jsonb) returns text
language plpgsql as $$
declare
  m mandates;
  c mandate_charges;
begin
  m := lock_mandate_of(p_payment_id);
  select * into c from mandate_charges where payment_id = p_payment_id;
  if c.payment_id is null or c.final_at is not null then return 'over'; end if;
  perform set_config('etf.origin', coalesce(p_origin::text, ''), true);
  if c.asked_at is null then perform withdraw_charge(c, m, p_why, p_actor); return 'withdrawn'; end if;
  update mandate_charges set withdrawn_why = coalesce(withdrawn_why, p_why), next_look_at = now() where payment_id = p_payment_id;
  return 'to-cancel';
end $$;

-- Something about this person changed that may end a charge: Cashfree is asked next about what they have open.
create or replace function look_at_mandates_now(p_user_id uuid) returns void language sql as $$
  update mandates set next_look_at = now() where user_id = p_user_id and ended_at is null
$$;

-- Cashfree refused to open a mandate: it is over at once, with its order, so that its person may pay by hand.
create or replace function note_mandate_refused(p_subscription_id text, p_code text) returns void language plpgsql as $$
declare
  m mandates;
  o orders;
begin
  select * into m from mandates where subscription_id = p_subscription_id for update;
  if m.id is null or m.ended_at is not null or m.cf_subscription_id is not null then return; end if;
  update mandates set status = 'REFUSED', status_at = now(), ended_at = now(), ended_by = coalesce(ended_by, 'cashfree'),
    next_look_at = now() + interval '10 minutes'
  where id = m.id;
  perform record_audit('user:' || m.user_id, 'mandate.status-changed', m.first_order_id, m.user_id, jsonb_build_object(
    'mandate', m.subscription_id, 'from', m.status, 'to', 'REFUSED', 'code', p_code));
  select * into o from orders where id = m.first_order_id for update;
  if o.status in ('created', 'active') then
    perform terminate_order(o, 'user:' || m.user_id, jsonb_build_object('from', o.status, 'why', 'refused'));
  end if;
end $$;
