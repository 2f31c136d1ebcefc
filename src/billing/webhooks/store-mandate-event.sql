-- Stores an accepted delivery about a mandate, as store_event does those about orders, in the same table and to be settled by the same job;
-- its order_id is the mandate's subscription_id. p_event is a MandateEvent (webhooks/mandate-event.ts). A refund names its charge alone.
-- Types that nobody documents, and those that tell of notices to the payer, are kept and change nothing. Answers as store_event.
create or replace function store_mandate_event(
  p_verdict text, p_event jsonb, p_headers jsonb, p_body bytea, p_head_start_s float8
) returns jsonb language plpgsql as $$
declare
  named  text := p_event ->> 'subscriptionId';
  m      mandates;
  judged text;
  waits  boolean;
  event  webhook_events;
begin
  select * into m from mandates standing where standing.subscription_id = coalesce(named, (
    select of_charge.subscription_id from mandates of_charge
    where of_charge.id = coalesce((select c.mandate_id from mandate_charges c where c.payment_id = p_event ->> 'paymentId'),
                                  (select o.mandate_id from payments p join orders o on o.id = p.order_id
                                   where p.cf_payment_id = p_event ->> 'cfPaymentId'))));
  judged := case
    when p_verdict <> 'verified' then p_verdict
    when m.id is not null then 'verified'
    when named is null then 'no-mandate'
    else 'unknown-mandate' end;
  waits := m.id is not null and (p_event ->> 'isKnown')::boolean
           and p_event ->> 'type' !~ '(NOTIFICATION_INITIATED|CONTROLLED_NOTIFICATION_STATUS|CARD_EXPIRY_REMINDER)$';
  if m.id is null and p_event ->> 'type' = 'SUBSCRIPTION_PAYMENT_SUCCESS' then
    perform open_incident('mandate-mismatch', coalesce(p_event ->> 'cfPaymentId', named, 'unnamed'), jsonb_build_object('mandate', named,
      'theirs', p_event - 'dedupeKey', 'rule', 'compare it with Cashfree: the mandate is not in our books'));
  end if;
  insert into webhook_events (accepted, verdict, type, order_id, cf_payment_id, event_time, headers, body, next_settle_at, settled_at, outcome)
  values (true, judged, p_event ->> 'type', coalesce(m.subscription_id, named), p_event ->> 'cfPaymentId',
          (p_event ->> 'eventTime')::timestamptz, p_headers, p_body,
          case when waits then now() + make_interval(secs => p_head_start_s) end, case when not waits then now() end,
          case when not waits then 'nothing to settle' end)
  returning * into event;
  return jsonb_build_object('id', event.id, 'receivedAt', event.received_at, 'orderId', event.order_id, 'verdict', judged,
                            'toSettle', waits, 'namesAnother', false);
end $$;
