-- A person's orders whose money may be moving, newest first. Every place asks this before it offers to take money: while there
-- is a row, no payment is offered. An order that nobody tried to pay has no row. States:
--   pending      an attempt is at the bank, or has a status that we do not know
--   confirming   an attempt succeeded, and the order is not settled yet
--   unverified   Cashfree says PAID, but lists no payment that we can read
--   held         what Cashfree says does not agree with the order, and money may have come; an administrator looks at it
--   held-unpaid  the same, and no money came that we know of
--   autopay      a mandate is to pay it: its debit is coming, or its authorisation is waiting for the person
--   withheld     paid, but the account may not be given what it bought; an administrator decides about the refund
-- Each state ends: by settlement; when all that came is refunded; when an administrator resolves the order's incidents; for
-- an attempt 25 hours after it began (Cashfree's day and an hour of margin); for a success that is never settled and of which
-- no incident was opened after three days. pay_again_from: from then on the payer may say that a pending attempt failed, and
-- pay again (set_aside_pending).
create or replace function money_under_way(p_user_id uuid)
returns table (order_id text, plan_name text, plan_title text, amount_paise bigint, state text, since timestamptz,
               pay_again_from timestamptz, may_pay_again boolean)
language sql stable rows 1 as $$
  select o.id, plan.name, plan.title, coalesce(attempts.taken_paise, attempts.pending_paise, o.amount_paise), found.state, found.since,
         found.pay_again_from, (now() >= found.pay_again_from) is true
  from orders o
  join plans plan on plan.key = o.plan_key
  cross join lateral (
    select min(began) filter (where p.status = 'SUCCESS' and is_here) as taken_since,
           sum(p.amount_paise) filter (where p.status = 'SUCCESS' and is_here)::bigint as taken_paise,
           bool_or(p.status = 'SUCCESS') is true as succeeded,
           max(began) filter (where is_moving) as pending_since,
           max(p.amount_paise) filter (where is_moving) as pending_paise
    from payments p
    cross join lateral (
      -- Cashfree's clock may differ: no attempt begins before its order or after we first heard of it.
      select greatest(o.created_at, least(coalesce(p.started_at, p.created_at), p.created_at)) as began
    ) cashfree
    cross join lateral (
      select (gone_or_going(p.cf_payment_id) >= p.amount_paise) is not true as is_here,
             may_still_move(p) and began > greatest(o.set_aside_at, now() - interval '25 hours') as is_moving
    ) moves
    where p.order_id = o.id
  ) attempts
  cross join lateral (
    -- resolved_at: when the last of the order's incidents was resolved; null while one is open, and where there was none.
    select case when bool_and(i.resolved_at is not null) then max(i.resolved_at) end as resolved_at,
           count(*) > 0 as any_incident,
           bool_or(i.kind = 'entitlement-refused' and i.resolved_at is null) is true as is_withheld
    from incidents i where i.order_id = o.id and i.user_id = o.user_id
  ) reported
  cross join lateral (
    select case
      when o.held_at is not null and (reported.resolved_at > o.held_at) is not true
           and (attempts.taken_since is not null or (o.gateway_status = 'PAID' and not attempts.succeeded)) then 'held'
      when o.held_at is not null and (reported.resolved_at > o.held_at) is not true
           and (o.gateway_status in ('EXPIRED', 'TERMINATED')) is not true and not attempts.succeeded then 'held-unpaid'
      when (reported.resolved_at > attempts.taken_since) is not true and attempts.taken_since is not null
           and (reported.any_incident or attempts.taken_since > now() - interval '3 days') then 'confirming'
      when o.gateway_status = 'PAID' and not attempts.succeeded and reported.resolved_at is null then 'unverified'
      -- Until Cashfree says that the debit is over, also where the order is closed on our side: calling it off may come too late.
      when o.mandate_id is not null
           and (o.gateway_status = 'ACTIVE' or (o.gateway_status is null and o.status in ('created', 'active'))) then 'autopay'
      when attempts.pending_since is not null then 'pending'
    end as raw
  ) step
  cross join lateral (
    select case when step.raw = 'held-unpaid' and attempts.pending_since is not null then 'held'
                when step.raw = 'held' and reported.is_withheld then 'withheld' else step.raw end as state,
           case step.raw
             when 'pending' then attempts.pending_since
             when 'unverified' then coalesce((select min(a.at) from audit a where a.order_id = o.id and a.action = 'order.unverified'),
                                             o.asked_at)
             when 'autopay' then o.created_at
             else coalesce(attempts.taken_since, o.held_at) end as since,
           case when step.raw = 'pending' then attempts.pending_since + interval '20 minutes' end as pay_again_from
  ) found
  where o.user_id = p_user_id and o.paid_at is null and found.state is not null
  order by o.created_at desc, o.id desc
$$;

-- The payer says that what is pending at the bank failed, and pays again. An attempt can be set aside only when it is older
-- than twenty minutes, and only while nothing else of the person's is under way; it counts all the same when it succeeds.
create or replace function set_aside_pending(p_user_id uuid, p_actor text) returns void language plpgsql as $$
begin
  perform 1 from orders where user_id = p_user_id and paid_at is null order by id for update;   -- ordered: no deadlock
  if exists (select from money_under_way(p_user_id) where not may_pay_again) then return; end if;
  perform set_order_aside(o, p_actor, pending.since) from money_under_way(p_user_id) pending join orders o on o.id = pending.order_id;
end $$;

-- Orders that are open with us although nobody can pay them any more: PAID or held, and an administrator has dealt with it.
-- They are terminated to make room for the next order, and go on being looked at like any other.
create or replace function close_resolved_orders(p_user_id uuid, p_actor text) returns void language plpgsql as $$
declare
  o orders;
begin
  for o in
    select * from orders
    where user_id = p_user_id and status in ('created', 'active') and (held_at is not null or gateway_status = 'PAID')
    order by id for update   -- ordered: no deadlock
  loop
    continue when exists (select from money_under_way(p_user_id) money where money.order_id = o.id);
    perform terminate_order(o, p_actor, '{"why": "dealt with by a person"}');
  end loop;
end $$;
