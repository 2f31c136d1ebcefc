-- Stores an accepted delivery, and finds out whether it is about an order of ours and agrees with it. p_hint is a Hint
-- (webhooks/delivery.ts), p_verdict what its signature and age came to. The row waits to be settled from then on: answering
-- 200 promises it. A process that settles it itself takes a head start of so many seconds before the job may. Answers
-- {id, receivedAt, orderId, verdict, toSettle, namesAnother}.
create or replace function store_event(
  p_verdict text, p_hint jsonb, p_headers jsonb, p_body bytea, p_head_start_s float8
) returns jsonb language plpgsql as $$
declare
  hint_order text := p_hint ->> 'orderId';
  o          orders;
  others     text[];   -- other orders that it names as well, or that the payment is known to belong to
  judged     text;
  hastened   integer;
  event      webhook_events;
begin
  select * into o from orders where id = hint_order;
  others := array(
    select p_hint ->> 'otherOrderId' where p_hint ->> 'otherOrderId' is not null
    union
    select order_id from payments where cf_payment_id = p_hint ->> 'cfPaymentId' and order_id <> hint_order);
  judged := case
    when p_verdict <> 'verified' then p_verdict
    when hint_order is null then 'no-order'
    when o.id is null then 'unknown-order'
    when o.amount_paise <> (p_hint ->> 'amountPaise')::bigint or o.currency <> p_hint ->> 'currency' then 'amount-differs'
    when others <> '{}' or customer_id_of(o) <> p_hint ->> 'customerId' then 'contradicts'
    else 'verified'
  end;
  perform note_odd_event(o, p_hint, judged, others);
  hastened := hasten_orders(others);
  insert into webhook_events (accepted, verdict, type, order_id, cf_payment_id, dispute_id, event_time, headers, body,
                              next_settle_at, settled_at, outcome)
  values (true, judged, p_hint ->> 'type', hint_order, p_hint ->> 'cfPaymentId', p_hint #>> '{dispute,id}',
          (p_hint ->> 'eventTime')::timestamptz, p_headers, p_body,
          case when o.id is not null then now() + make_interval(secs => p_head_start_s) end,
          case when o.id is null then now() end,
          case when o.id is null then 'nothing to settle' end)
  returning * into event;
  return jsonb_build_object('id', event.id, 'receivedAt', event.received_at, 'orderId', event.order_id, 'verdict', judged,
                            'toSettle', event.settled_at is null, 'namesAnother', hastened > 0);
end $$;

-- Opens an incident about a payment that is not of our orders or does not agree with ours, and about a dispute of no order of
-- ours, which nobody will ask Cashfree about. (o is null where there is no such order.)
create or replace function note_odd_event(o orders, p_hint jsonb, p_judged text, p_others text[]) returns void
language plpgsql as $$
begin
  if p_hint ->> 'type' = 'PAYMENT_SUCCESS_WEBHOOK' and p_judged in ('unknown-order', 'amount-differs', 'contradicts') then
    perform open_incident(case p_judged when 'unknown-order' then 'unknown-order' else 'webhook-differs' end,
      p_hint ->> 'orderId',
      jsonb_build_object('type', p_hint -> 'type', 'cfPaymentId', p_hint -> 'cfPaymentId',
        'theirs', jsonb_build_object('amountPaise', p_hint -> 'amountPaise', 'currency', p_hint -> 'currency',
                                     'customerId', p_hint -> 'customerId'),
        'ours', case when o.id is not null then jsonb_build_object('amountPaise', o.amount_paise, 'currency', o.currency,
                                                                   'customerId', customer_id_of(o)) end,
        'otherOrder', (select min(id) from unnest(p_others) id)),
      o.id);
  end if;
  if jsonb_typeof(p_hint -> 'dispute') = 'object' and o.id is null and p_judged in ('unknown-order', 'no-order') then
    perform open_incident('unknown-dispute', p_hint #>> '{dispute,id}', p_hint -> 'dispute' ||
      jsonb_build_object('orderId', p_hint -> 'orderId', 'cfPaymentId', p_hint -> 'cfPaymentId'));
  end if;
end $$;
