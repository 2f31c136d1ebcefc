-- What of Cashfree's answer cannot be true of the order it was asked about: an array of {field, ours, theirs}, with `payment`
-- where it stands in the list of payments, and `names` where it names another order. Empty: the answer agrees. The order's id,
-- amount and currency must be there; of the rest, what Cashfree leaves out contradicts nothing. Ids are compared exactly,
-- capitals included.
create or replace function contradictions(o orders, p_remote jsonb) returns jsonb language sql stable as $$
  with listed as (
    select entry ->> 'cfPaymentId' as id, coalesce(entry ->> 'orderId', o.id) as order_id, entry
    from jsonb_array_elements(case when jsonb_typeof(p_remote -> 'attempts') = 'array' then p_remote -> 'attempts' else '[]' end) entry
  ), compared(field, payment, ours, theirs, must, names) as (
    select 'orderId', null, o.id, p_remote ->> 'orderId', true, p_remote ->> 'orderId'
    union all select 'amountPaise', null, o.amount_paise::text, p_remote ->> 'amountPaise', true, null
    union all select 'currency', null, o.currency, p_remote ->> 'currency', true, null
    union all select 'customerId', null, customer_id_of(o), p_remote ->> 'customerId', false, null
    union all select 'cfOrderId', null, o.cf_order_id, p_remote ->> 'cfOrderId', false, null
    union all select 'cfOrderId', null, 'unknown', p_remote ->> 'cfOrderId', false, other.id
              from orders other where other.cf_order_id = p_remote ->> 'cfOrderId' and other.id <> o.id
    union all select 'orderId', id, o.id, order_id, true, order_id from listed
    union all select 'orderAmountPaise', id, o.amount_paise::text, entry ->> 'orderAmountPaise', false, null from listed
    union all select 'orderCurrency', id, o.currency, entry ->> 'orderCurrency', false, null from listed
    -- We know the payment already: as another order's, or counted for this one with another amount or currency.
    union all select 'orderId', id, p.order_id, o.id, true, p.order_id
              from listed join payments p on p.cf_payment_id = id where listed.order_id = o.id
    union all select 'amountPaise', id, p.amount_paise::text, entry ->> 'amountPaise', false, null
              from listed join payments p on p.cf_payment_id = id
              where p.order_id = o.id and listed.order_id = o.id and p.applied_at is not null
    union all select 'currency', id, p.currency, entry ->> 'currency', false, null
              from listed join payments p on p.cf_payment_id = id
              where p.order_id = o.id and listed.order_id = o.id and p.applied_at is not null
  )
  select coalesce(jsonb_agg(distinct jsonb_strip_nulls(jsonb_build_object(
           'field', field, 'payment', payment, 'ours', ours, 'theirs', theirs, 'names', nullif(names, o.id)))), '[]')
  from compared
  where p_remote ->> 'status' is distinct from 'ABSENT'
    and case when theirs is null then must when ours is null then false else ours <> theirs end
$$;

-- Opens an incident about what contradicts, with the order as we and as Cashfree have it. Answers its kind.
create or replace function note_contradictions(o orders, p_remote jsonb, p_found jsonb) returns text language plpgsql as $$
declare
  kind text := case
    when exists (select from jsonb_array_elements(p_found) c where c -> 'payment' is null) then 'order-mismatch'
    when exists (select from jsonb_array_elements(p_found) c where c -> 'names' is not null) then 'payment-on-two-orders'
    else 'payment-mismatch'
  end;
begin
  perform open_incident(kind, o.id, o, ours_and_theirs(o, p_remote) || jsonb_build_object('contradictions', p_found));
  -- Another order that the answer names may be the one that was paid: it is looked at by itself, at once.
  perform hasten_orders(array(select c ->> 'names' from jsonb_array_elements(p_found) c where c ->> 'names' <> o.id));
  return kind;
end $$;

-- An order as we have it, and Cashfree's answer without the payment session, which is a secret.
create or replace function ours_and_theirs(o orders, p_remote jsonb) returns jsonb language sql immutable as $$
  select jsonb_build_object(
    'ours', jsonb_build_object('orderId', o.id, 'amountPaise', o.amount_paise, 'currency', o.currency,
                               'customerId', customer_id_of(o), 'cfOrderId', o.cf_order_id),
    'theirs', p_remote - 'sessionId')
$$;
