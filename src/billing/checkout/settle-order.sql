-- The only function that decides about money: makes one order agree with what Cashfree says of it, all of it or nothing. It
-- composes what the slices below offer. p_remote is a RemoteOrder (payments/gateway.ts); p_actor is who asked Cashfree
-- ('return', 'webhook', 'poll'…) and stands in the audit; p_seller goes on the receipt. Answers what it came to, one of the
-- outcomes in queries.ts; 'to-end': Cashfree must be asked to end the order, because it is closed on our side (the call that
-- created it was still on its way), or its owner may not buy it any more (purchase_refusal).
-- Safe to repeat with the same arguments: after a lost reply the caller repeats and never compensates.
create or replace function settle_order(p_order_id text, p_remote jsonb, p_actor text, p_seller jsonb) returns text
language plpgsql as $$
begin
  if jsonb_typeof(p_remote) is distinct from 'object' then raise exception 'p_remote must be an object'; end if;
  if p_remote ->> 'status' = 'PAID' then
    begin
      perform from settle_usual_orders(
        jsonb_build_array(jsonb_build_object('orderId', p_order_id, 'remote', p_remote, 'actor', p_actor)), p_seller);
      if found then return 'paid'; end if;
    exception when unique_violation then null;   -- another order brought the same attempt this moment: see the rules
    end;
  end if;
  return settle_any_order(p_order_id, p_remote, p_actor, p_seller);
end $$;

-- The rules, for every answer that Cashfree may give.
create or replace function settle_any_order(p_order_id text, p_remote jsonb, p_actor text, p_seller jsonb) returns text
language plpgsql as $$
declare
  o         orders;
  payment   payments;
  differing jsonb;
  mismatch  text;
  refusal   text;
  barred    text;
  to_end    boolean;   -- Cashfree still takes money for what is closed on our side, or may not be bought by its buyer
  waiting   text;
  has_list  boolean := jsonb_typeof(p_remote -> 'attempts') is not distinct from 'array';
begin
  select * into o from orders where id = p_order_id for update;   -- concurrent settlements of one order queue here
  if not found then return 'unknown-order'; end if;
  -- A mandate pays it: that Cashfree has no order of this id says nothing. What does is translated by settle_mandate.
  if o.mandate_id is not null and p_remote ->> 'status' = 'ABSENT' then return 'waiting'; end if;
  differing := contradictions(o, p_remote);
  perform record_attempts(o, p_remote -> 'attempts');
  if differing <> '[]' then mismatch := note_contradictions(o, p_remote, differing); end if;
  -- Of an answer that contradicts itself or us only the status is kept: its payment session is never shown, so never paid.
  o := note_answer(o, case when mismatch is null then p_remote else jsonb_build_object('status', p_remote -> 'status') end);
  if o.paid_at is not null then
    perform note_further_money(o);
    perform look_at_paid_order_later(o, has_list);
    return case when has_list then 'already-paid' else 'unverified' end;   -- an unread list may hold a second payment
  end if;
  refusal := entitlement_refusal(o.user_id);
  barred := purchase_refusal(o.user_id);
  to_end := (barred is not null or o.status = 'terminated') and p_remote ->> 'status' = 'ACTIVE';
  if to_end then perform note_termination_asked(o, coalesce(barred, 'over'), p_actor); end if;
  if mismatch is not null and (p_remote ->> 'status' in ('PAID', 'ACTIVE') or p_remote ->> 'orderId' is distinct from o.id) then
    perform hold(o, mismatch, p_actor);
    return case when to_end then 'to-end' else 'held' end;
  end if;
  if p_remote ->> 'status' is distinct from 'PAID' then
    waiting := close_or_wait(o, p_remote ->> 'status', p_actor, mismatch is null, has_money_left(o));
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
    perform open_incident('payment-mismatch', o.id, o, ours_and_theirs(o, p_remote));
    return hold(o, 'payment-mismatch', p_actor);
  end if;

  o := mark_order_paid(o, payment.cf_payment_id);
  perform fulfil_order(o);
  perform issue_receipt(o, payment.cf_payment_id, p_seller);
  perform note_further_money(o);
  perform note_second_order(o);
  -- A part of it may have been refunded in Cashfree's dashboard while the order was held: that part has its credit note now.
  perform complete_refund(o, r.id, p_seller) from refunds r
  where r.cf_payment_id = payment.cf_payment_id and r.status = 'succeeded';
  perform record_audit(p_actor, 'order.paid', o.id, o.user_id, jsonb_build_object('cfPaymentId', payment.cf_payment_id,
    'amountPaise', payment.amount_paise, 'orderAmountPaise', o.amount_paise));
  return 'paid';
end $$;

-- settle_order, and the order as it is afterwards (null: unknown), so that no caller reads it again. The receipt is left to
-- number_receipts, right after the commit; receipt_due: it has no number yet, be it of this settlement or of one before whose
-- process died.
create or replace function settle_order_unnumbered(
  p_order_id text, p_remote jsonb, p_actor text, p_seller jsonb, out outcome text, out settled orders, out receipt_due boolean
) language plpgsql as $$
begin
  outcome := settle_order(p_order_id, p_remote, p_actor, p_seller);
  select * into settled from orders where id = p_order_id;
  receipt_due := settled.paid_at is not null and exists (select from receipts_due where order_id = p_order_id);
end $$;

-- The same with the receipt numbered in the statement, for processes of the release before, which number nothing themselves.
create or replace function settle_order_and_read(
  p_order_id text, p_remote jsonb, p_actor text, p_seller jsonb, out outcome text, out settled orders
) language plpgsql as $$
begin
  outcome := settle_order(p_order_id, p_remote, p_actor, p_seller);
  select * into settled from orders where id = p_order_id;
  if outcome = 'paid' then perform number_receipt(p_order_id); end if;
end $$;

-- The attempt brought at least the price (a fee that the payer bears may come on top). Where Cashfree leaves the attempt's
-- currency out, the order's counts, which was compared.
create or replace function payment_agrees(p payments, o orders) returns boolean language sql immutable as $$
  select p.amount_paise >= o.amount_paise and coalesce(p.currency, o.currency) = o.currency
$$;

-- Whether some money that was paid for this order is neither refunded, nor on its way back, nor lost in a dispute.
create or replace function has_money_left(o orders) returns boolean language sql stable as $$
  select exists (select from payments p where p.order_id = o.id and p.status = 'SUCCESS'
                                          and (gone_or_going(p.cf_payment_id) >= p.amount_paise) is not true)
$$;

-- Two orders that were open side by side were both paid: both periods are given, and the admin is told. A gift is another
-- purchase, which is meant to stand beside.
create or replace function note_second_order(o orders) returns void language plpgsql as $$
declare
  earlier text := (select e.id from orders e
                   where e.user_id = o.user_id and e.id <> o.id and e.paid_at > o.created_at
                     and 'gift' not in (e.purpose, o.purpose) limit 1);
begin
  if earlier is not null then
    perform open_incident('two-orders-paid', o.id, o,
      jsonb_build_object('thisOrder', o.id, 'otherOrder', earlier, 'rule', 'both extend the subscription'));
  end if;
end $$;
