-- Paise of a payment that are gone or going: refunded, to be refunded, or taken back by the payer's bank in a dispute.
-- Failed and cancelled refunds gave nothing back.
create or replace function gone_or_going(p_cf_payment_id text) returns bigint language sql stable as $$
  select coalesce(sum(amount_paise), 0)::bigint + lost_to_disputes(p_cf_payment_id)
  from refunds
  where cf_payment_id = p_cf_payment_id and status not in ('failed', 'cancelled')
$$;

-- Paise of a payment that the payer's bank took back.
create or replace function lost_to_disputes(p_cf_payment_id text) returns bigint language sql stable as $$
  select coalesce(sum(amount_paise), 0)::bigint from disputes where cf_payment_id = p_cf_payment_id and status = 'lost'
$$;

-- Paise of a payment that can still go back: none of one that failed, and none while its payer's bank decides about it.
create or replace function refundable_paise(p payments) returns bigint language sql stable as $$
  select case
    when p.status is distinct from 'SUCCESS' then 0
    when exists (select from disputes d where d.cf_payment_id = p.cf_payment_id and d.closed_at is null) then 0
    else paise_left(p, p.amount_paise)
  end
$$;

-- Paise of an amount that a payment brought which are still here: neither gone or going, nor used by a switch as a credit (only
-- the payment that an order counts can be). The amount is the payment's own, or the price of its order where fees came on top.
create or replace function paise_left(p payments, p_paise bigint) returns bigint language sql stable as $$
  select greatest(0, coalesce(p_paise, 0) - gone_or_going(p.cf_payment_id)
                     - case when p.applied_at is null then 0 else credited_paise(p.order_id) end)
$$;
