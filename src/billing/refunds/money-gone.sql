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
