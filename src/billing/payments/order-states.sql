-- The states of an order. settle_order (checkout) decides which one follows from what Cashfree says; these write it.

-- Keeps what Cashfree says of the order itself.
create or replace function note_answer(o orders, p_remote jsonb) returns orders language plpgsql as $$
begin
  update orders
  set gateway_status = coalesce(p_remote ->> 'status', gateway_status),
      cf_order_id = coalesce(p_remote ->> 'cfOrderId', cf_order_id),
      payment_session_id = coalesce(p_remote ->> 'sessionId', payment_session_id),
      expires_at = coalesce((p_remote ->> 'expiresAt')::timestamptz, expires_at),
      asked_at = greatest(asked_at, now()),
      attempts_asked_at = case when jsonb_typeof(p_remote -> 'attempts') = 'array' then greatest(attempts_asked_at, now())
                               else attempts_asked_at end,
      looks = looks + 1
  where id = o.id returning * into o;
  return o;
end $$;

-- Paid, by this payment. Nothing is held or waited for any more.
create or replace function mark_order_paid(o orders, p_cf_payment_id text) returns orders language plpgsql as $$
begin
  update orders
  set status = 'paid', paid_at = clock_timestamp(), held_at = null, money_seen_at = null, next_look_at = later_look(o)
  where id = o.id returning * into o;
  update payments set applied_at = o.paid_at where cf_payment_id = p_cf_payment_id;
  return o;
end $$;

-- Not paid. Expired and terminated orders are closed to new payments but go on being looked at: EXPIRED and
-- TERMINATION_REQUESTED can still turn into PAID while an attempt begun in time is running. p_agrees: the answer contradicts
-- nothing, so that an earlier hold is over. p_sees_money: an attempt brought money; where the order does not turn into PAID
-- within ten minutes, an incident says so, because the payer waits.
create or replace function close_or_wait(o orders, p_status text, p_actor text, p_agrees boolean, p_sees_money boolean)
returns text language plpgsql as $$
declare
  next_status text := case
    when p_status = 'ACTIVE' and o.status = 'created' then 'active'
    when p_status = 'EXPIRED' then 'expired'
    when p_status = 'TERMINATED' then 'terminated'
    when p_status = 'TERMINATION_REQUESTED' then 'terminating'
    when p_status = 'ABSENT' and now() > o.expires_at then 'expired'
    -- Opened at Cashfree and unknown there now: another account's keys. (A moment after opening it may just be slow.)
    when p_status = 'ABSENT' and o.status = 'active' and o.created_at < now() - interval '10 minutes' then 'expired'
    else o.status
  end;
  previous_status text := o.status;
begin
  update orders
  set status = next_status,
      closed_at = case when next_status in ('expired', 'terminated', 'terminating') then coalesce(closed_at, now()) end,
      held_at = case when p_sees_money or not p_agrees then held_at end,
      money_seen_at = case when p_sees_money then coalesce(money_seen_at, now()) end
  where id = o.id returning * into o;
  update orders set next_look_at = look_at_order(o, look_soon(o.money_seen_at, next_look(o, next_status))) where id = o.id;
  if p_sees_money and o.money_seen_at < now() - interval '10 minutes' then
    perform open_incident('success-unpaid', o.id, o, jsonb_build_object('since', o.money_seen_at, 'theirStatus', p_status));
  end if;
  if next_status in ('expired', 'terminated', 'terminating') then perform release_coupon(o.id); end if;
  if next_status is distinct from previous_status then
    perform record_audit(p_actor, 'order.' || next_status, o.id, o.user_id, jsonb_build_object('from', previous_status));
  end if;
  return case when next_status in ('expired', 'terminated', 'terminating') then 'closed' else 'waiting' end;
end $$;

-- All that was paid is refunded, on its way back or lost in a dispute before anything was granted: it buys nothing any more.
-- The order is looked at while a refund is under way, because a refund that fails leaves the money here.
create or replace function close_refunded(o orders, p_actor text) returns text language plpgsql as $$
declare
  is_going boolean := exists (select from refunds where order_id = o.id and finished_at is null);
begin
  update orders
  set status = case when status in ('created', 'active', 'terminating') then 'terminated' else status end,
      closed_at = coalesce(closed_at, now()),
      held_at = case when is_going then coalesce(held_at, now()) end,
      money_seen_at = null,
      next_look_at = look_at_order(o, case when is_going then now() + interval '1 hour' else later_look(o) end)
  where id = o.id;
  if o.status in ('created', 'active', 'terminating') then
    perform release_coupon(o.id);
    perform record_audit(p_actor, 'order.terminated', o.id, o.user_id,
      jsonb_build_object('from', o.status, 'why', 'its money went back'));
  end if;
  return case when is_going then 'held' else 'given-back' end;
end $$;

-- PAID, says Cashfree, but by no payment that could be read: it is asked again and again, and nothing is granted yet. After
-- ten minutes an incident tells an administrator, and it is asked less often.
create or replace function wait_for_proof(o orders, p_actor text) returns text language plpgsql as $$
declare
  since timestamptz := (select min(at) from audit where order_id = o.id and action = 'order.unverified');
begin
  if since is null then
    perform record_audit(p_actor, 'order.unverified', o.id, o.user_id);
  elsif since < now() - interval '10 minutes' then
    perform open_incident('paid-unverified', o.id, o, jsonb_build_object('since', since));
  end if;
  update orders
  set money_seen_at = coalesce(money_seen_at, now()),
      next_look_at = look_at_order(o, look_soon(coalesce(money_seen_at, now()), now() +
        case when since < now() - interval '10 minutes' then interval '5 minutes' else interval '15 seconds' end))
  where id = o.id;
  return 'unverified';
end $$;

-- Nothing is granted, and an incident says why. The cause may pass: the order is looked at again, more and more rarely.
create or replace function hold(o orders, p_kind text, p_actor text) returns text language plpgsql as $$
begin
  update orders
  set held_at = coalesce(held_at, now()),
      money_seen_at = coalesce(money_seen_at, now()),
      next_look_at = look_at_order(o, look_soon(coalesce(held_at, now()), now() + interval '1 hour'))
  where id = o.id;
  if o.held_at is null then
    perform record_audit(p_actor, 'order.held', o.id, o.user_id, jsonb_build_object('why', p_kind));
  end if;
  return 'held';
end $$;

-- Ends an open order of ours without asking Cashfree. It goes on being looked at like any other that was closed.
create or replace function terminate_order(o orders, p_actor text, p_details jsonb) returns void language plpgsql as $$
begin
  update orders set status = 'terminated', closed_at = now() where id = o.id;
  perform release_coupon(o.id);
  perform record_audit(p_actor, 'order.terminated', o.id, o.user_id, p_details);
end $$;

-- The payer may pay again although attempts begun before this are pending at the bank; they still count when they succeed.
create or replace function set_order_aside(o orders, p_actor text, p_pending_since timestamptz) returns void language plpgsql as $$
begin
  update orders set set_aside_at = now() where id = o.id;
  perform record_audit(p_actor, 'order.set-aside', o.id, o.user_id, jsonb_build_object('pendingSince', p_pending_since));
end $$;
