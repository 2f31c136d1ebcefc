-- The only writer of money state. Makes one order agree with what Cashfree says of it, all of it or nothing.
-- p_remote is payments/gateway.ts RemoteOrder; p_actor says which door asked; p_seller goes on the receipt. Answers what it
-- came to; 'to-end': Cashfree must be asked to end the order, because its owner may not be given what it buys.
-- Safe to repeat with the same arguments: that, never compensation, is the answer to a lost reply.
create or replace function settle_order(p_order_id text, p_remote jsonb, p_actor text, p_seller jsonb) returns text
language plpgsql as $$
declare
  o         orders;
  payment   payments;
  receipt   text;
  differing jsonb;
  mismatch  text;
  refusal   text;
  to_end    boolean;   -- Cashfree still takes money for somebody who may not be given what it buys
  waiting   text;
  heard     boolean := jsonb_typeof(p_remote -> 'attempts') is not distinct from 'array';
begin
  if jsonb_typeof(p_remote) is distinct from 'object' then raise exception 'p_remote must be an object'; end if;
  select * into o from orders where id = p_order_id for update;   -- return page, webhook, poll, reconciler queue here
  if not found then return 'unknown-order'; end if;
  differing := contradictions(o, p_remote);
  perform record_attempts(o, p_remote -> 'attempts');
  if differing <> '[]' then mismatch := note_contradictions(o, p_remote, differing); end if;
  -- Of an answer that contradicts itself or us nothing is kept: its session is never shown, so never paid.
  o := note_answer(o, case when mismatch is null then p_remote else jsonb_build_object('status', p_remote -> 'status') end);
  if o.paid_at is not null then
    perform note_further_money(o);
    update orders set next_look_at = case when heard then later_look(o) else now() + interval '5 minutes' end where id = o.id;
    return case when heard then 'already-paid' else 'unverified' end;    -- a second payment may be what could not be read
  end if;
  refusal := entitlement_refusal(o.user_id);
  to_end := refusal is not null and p_remote ->> 'status' = 'ACTIVE';
  if to_end then perform note_termination_asked(o, refusal, p_actor); end if;
  if mismatch is not null and (p_remote ->> 'status' in ('PAID', 'ACTIVE') or p_remote ->> 'orderId' is distinct from o.id) then
    perform hold(o, mismatch, p_actor);
    return case when to_end then 'to-end' else 'held' end;
  end if;
  if p_remote ->> 'status' is distinct from 'PAID' then
    waiting := close_or_wait(o, p_remote ->> 'status', p_actor, mismatch is null);
    return case when to_end then 'to-end' else waiting end;
  end if;

  select * into payment from payments p
  where p.order_id = o.id and p.status = 'SUCCESS'
  order by payment_agrees(p, o) is true desc, (gone_or_going(p.cf_payment_id) < o.amount_paise) is true desc,
           p.completed_at nulls last, p.cf_payment_id
  limit 1;
  if not found then return wait_for_proof(o, p_actor); end if;
  if not has_money_left(o) then return close_refunded(o, p_actor); end if;
  if refusal is not null then
    perform note_refused_money(o, refusal);
    return hold(o, 'entitlement-refused', p_actor);
  end if;
  if (payment_agrees(payment, o) and gone_or_going(payment.cf_payment_id) < o.amount_paise) is not true then
    perform open_incident('payment-mismatch', o.id, o, both_sides(o, p_remote));
    return hold(o, 'payment-mismatch', p_actor);
  end if;

  update orders
  set status = 'paid', paid_at = clock_timestamp(), held_at = null, money_seen_at = null, next_look_at = later_look(o)
  where id = o.id returning * into o;
  update payments set applied_at = o.paid_at where cf_payment_id = payment.cf_payment_id;
  perform extend_subscription(o);
  receipt := issue_receipt(o, payment.cf_payment_id, p_seller);
  perform note_further_money(o);
  perform note_second_order(o);
  -- Part of it was refunded in Cashfree's dashboard while it was held: that has its credit note now.
  perform complete_refund(o, r.id, p_seller) from refunds r
  where r.cf_payment_id = payment.cf_payment_id and r.status = 'succeeded';
  insert into audit (actor, action, order_id, user_id, details)
  values (p_actor, 'order.paid', o.id, o.user_id, jsonb_build_object('cfPaymentId', payment.cf_payment_id,
          'amountPaise', payment.amount_paise, 'orderAmountPaise', o.amount_paise, 'receipt', receipt));
  return 'paid';
end $$;

-- The attempt brought at least the price (a customer-paid fee may come on top). Where Cashfree leaves the attempt's
-- currency out, the order's, which was compared, stands for it.
create or replace function payment_agrees(p payments, o orders) returns boolean language sql immutable as $$
  select p.amount_paise >= o.amount_paise and coalesce(p.currency, o.currency) = o.currency
$$;

-- Whether anything that was paid for this order neither went back nor is going.
create or replace function has_money_left(o orders) returns boolean language sql stable as $$
  select exists (select from payments p where p.order_id = o.id and p.status = 'SUCCESS'
                                          and (gone_or_going(p.cf_payment_id) >= p.amount_paise) is not true)
$$;

-- Keeps what Cashfree told of the order itself.
create or replace function note_answer(o orders, p_remote jsonb) returns orders language plpgsql as $$
begin
  update orders
  set gateway_status = coalesce(p_remote ->> 'status', gateway_status),
      cf_order_id = coalesce(p_remote ->> 'cfOrderId', cf_order_id),
      payment_session_id = coalesce(p_remote ->> 'sessionId', payment_session_id),
      expires_at = coalesce((p_remote ->> 'expiresAt')::timestamptz, expires_at),
      asked_at = greatest(asked_at, now()),
      looks = looks + 1
  where id = o.id returning * into o;
  return o;
end $$;

-- Not paid. Expired and terminated orders are closed to new payments but stay watched: EXPIRED and
-- TERMINATION_REQUESTED can still turn into PAID while an attempt begun in time is running. Where an attempt brought money
-- and the order does not turn into PAID within ten minutes, a person is told: the payer waits for one or the other.
drop function if exists close_or_wait(orders, text, text);   -- it once took every answer for one that agrees
create or replace function close_or_wait(o orders, p_status text, p_actor text, p_agrees boolean) returns text
language plpgsql as $$
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
  sees_money boolean := has_money_left(o);
  previous_status text := o.status;
begin
  update orders
  set status = next_status,
      closed_at = case when next_status in ('expired', 'terminated', 'terminating') then coalesce(closed_at, now()) end,
      held_at = case when sees_money or not p_agrees then held_at end,   -- unpaid, and it agrees again
      money_seen_at = case when sees_money then coalesce(money_seen_at, now()) end
  where id = o.id returning * into o;
  update orders set next_look_at = look_soon(o.money_seen_at, next_look(o, next_status)) where id = o.id;
  if sees_money and o.money_seen_at < now() - interval '10 minutes' then
    perform open_incident('success-unpaid', o.id, o, jsonb_build_object('since', o.money_seen_at, 'theirStatus', p_status));
  end if;
  if next_status is distinct from previous_status then
    insert into audit (actor, action, order_id, user_id, details)
    values (p_actor, 'order.' || next_status, o.id, o.user_id, jsonb_build_object('from', previous_status));
  end if;
  return case when next_status in ('expired', 'terminated', 'terminating') then 'closed' else 'waiting' end;
end $$;

-- All that was paid went back, by refunds or through the payer's bank, or is going, before anything was granted: it buys
-- nothing any more. Watched while a refund is
-- under way, because one that fails leaves the money here.
create or replace function close_refunded(o orders, p_actor text) returns text language plpgsql as $$
declare
  is_going boolean := exists (select from refunds where order_id = o.id and finished_at is null);
begin
  update orders
  set status = case when status in ('created', 'active') then 'terminated' else status end,
      closed_at = coalesce(closed_at, now()),
      held_at = case when is_going then coalesce(held_at, now()) end,
      money_seen_at = null,
      next_look_at = case when is_going then now() + interval '1 hour' else later_look(o) end
  where id = o.id;
  if o.status in ('created', 'active') then
    insert into audit (actor, action, order_id, user_id, details)
    values (p_actor, 'order.terminated', o.id, o.user_id, jsonb_build_object('from', o.status, 'why', 'its money went back'));
  end if;
  return case when is_going then 'held' else 'given-back' end;
end $$;

-- While it can be paid, an unwatched order is asked about every 45 s. After its end the pause grows with the time
-- gone by, up to a day of attempt time limit and an hour of margin; then it is dead.
create or replace function next_look(o orders, p_status text) returns timestamptz language sql stable as $$
  select case
    when now() < o.expires_at + interval '2 minutes' then now() + interval '45 seconds'
    when now() < o.expires_at + interval '25 hours' then now() + greatest(interval '1 minute', (now() - o.expires_at) / 2)
    when p_status in ('created', 'active') then now() + interval '6 hours'
  end
$$;

-- Money that Cashfree speaks of and that does not count yet is looked at again after 2 s, 4 s, 8 s and so on since it was
-- first heard of, and never later than usual.
create or replace function look_soon(p_since timestamptz, p_usual timestamptz) returns timestamptz language sql stable as $$
  select case when p_since is null then p_usual
              else least(p_usual, now() + greatest(interval '2 seconds', now() - p_since)) end
$$;

-- A paid order is looked at twice more: half an hour after its end, when a second tab may have paid it again, and when no
-- attempt can succeed any more. Their webhooks may be lost like any other.
create or replace function later_look(o orders) returns timestamptz language sql stable as $$
  select case
    when now() < o.expires_at + interval '30 minutes' then o.expires_at + interval '30 minutes'
    when now() < o.expires_at + interval '25 hours' then o.expires_at + interval '25 hours'
  end
$$;

-- Paid, they say, but by no payment we can read: asked again and again, nothing granted yet. After ten minutes a person
-- is told, and it is asked less often.
create or replace function wait_for_proof(o orders, p_actor text) returns text language plpgsql as $$
declare
  since timestamptz := (select min(at) from audit where order_id = o.id and action = 'order.unverified');
begin
  if since is null then
    insert into audit (actor, action, order_id, user_id) values (p_actor, 'order.unverified', o.id, o.user_id);
  elsif since < now() - interval '10 minutes' then
    perform open_incident('paid-unverified', o.id, o, jsonb_build_object('since', since));
  end if;
  update orders
  set money_seen_at = coalesce(money_seen_at, now()),
      next_look_at = look_soon(coalesce(money_seen_at, now()), now() +
        case when since < now() - interval '10 minutes' then interval '5 minutes' else interval '15 seconds' end)
  where id = o.id;
  return 'unverified';
end $$;

-- Nothing is granted, and a person was told why. Whatever it is may pass: it is looked at again, more and more rarely.
drop function if exists hold(orders, text, jsonb, text);   -- it told the person itself
create or replace function hold(o orders, p_kind text, p_actor text) returns text language plpgsql as $$
begin
  update orders
  set held_at = coalesce(held_at, now()),
      money_seen_at = coalesce(money_seen_at, now()),
      next_look_at = look_soon(coalesce(held_at, now()), now() + interval '1 hour')
  where id = o.id;
  if o.held_at is null then
    insert into audit (actor, action, order_id, user_id, details)
    values (p_actor, 'order.held', o.id, o.user_id, jsonb_build_object('why', p_kind));
  end if;
  return 'held';
end $$;

-- Two orders that were open side by side were both paid: both periods are given, and the admin is told.
create or replace function note_second_order(o orders) returns void language plpgsql as $$
declare
  earlier text := (select e.id from orders e
                   where e.user_id = o.user_id and e.id <> o.id and e.paid_at > o.created_at limit 1);
begin
  if earlier is not null then
    perform open_incident('two-orders-paid', o.id, o,
      jsonb_build_object('thisOrder', o.id, 'otherOrder', earlier, 'rule', 'both extend the subscription'));
  end if;
end $$;
