-- Opens an incident about an order and its owner.
create or replace function open_incident(p_kind text, p_subject text, o orders, p_details jsonb) returns void
language sql as $$
  select open_incident(p_kind, p_subject, p_details, o.id, o.user_id)
$$;

-- Writes every attempt that Cashfree lists for the order and that does not itself name another. A success stays a success
-- whatever arrives later, unless Cashfree itself reverses the money (CANCELLED after the time limit, VOID); and what was
-- counted stays the amount that was counted.
create or replace function record_attempts(o orders, p_attempts jsonb) returns void language plpgsql as $$
begin
  if jsonb_typeof(p_attempts) is distinct from 'array' then return; end if;
  insert into payments as known (cf_payment_id, order_id, status, amount_paise, currency, method, bank_reference,
                                 failure_reason, started_at, completed_at)
  select distinct on (a."cfPaymentId")
         a."cfPaymentId", o.id, a.status, a."amountPaise", a.currency, a.method, a."bankReference",
         a."failureReason", a."startedAt", a."completedAt"
  from jsonb_to_recordset(p_attempts) as a("cfPaymentId" text, status text, "amountPaise" bigint, currency text,
       method text, "bankReference" text, "failureReason" text, "startedAt" timestamptz, "completedAt" timestamptz,
       "orderId" text)
  where coalesce(a."orderId", o.id) = o.id
  order by a."cfPaymentId", a.status = 'SUCCESS' desc
  on conflict (cf_payment_id) do update
  set status = excluded.status,
      amount_paise = case when known.applied_at is null then coalesce(excluded.amount_paise, known.amount_paise) else known.amount_paise end,
      currency = case when known.applied_at is null then coalesce(excluded.currency, known.currency) else known.currency end,
      method = coalesce(excluded.method, known.method),
      bank_reference = coalesce(excluded.bank_reference, known.bank_reference),
      failure_reason = excluded.failure_reason,
      completed_at = coalesce(excluded.completed_at, known.completed_at),
      updated_at = now()
  where known.order_id = excluded.order_id
    and (known.status <> 'SUCCESS' or excluded.status in ('SUCCESS', 'CANCELLED', 'VOID'));
end $$;

-- Money that came on top of what a paid order costs, or that Cashfree took back from it: an incident each, and nothing is done
-- without a person.
create or replace function note_further_money(o orders) returns void language plpgsql as $$
declare
  other payments;
begin
  for other in
    select * from payments where order_id = o.id and status = 'SUCCESS' and applied_at is null
  loop
    perform open_incident('paid-twice', other.cf_payment_id, o, jsonb_build_object('cfPaymentId', other.cf_payment_id,
      'preparedRefundPaise', other.amount_paise, 'rule', 'refund the second payment after an admin confirms'));
  end loop;
  for other in
    select * from payments where order_id = o.id and applied_at is not null and status <> 'SUCCESS'
  loop
    perform open_incident('payment-reversed', other.cf_payment_id, o,
      jsonb_build_object('cfPaymentId', other.cf_payment_id, 'statusNow', other.status));
  end loop;
end $$;
