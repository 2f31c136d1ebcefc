-- Money. Every function returns the ids of the rows that break its invariant, none when it holds.

-- Where the money of every captured payment is, in paise: applied to a period, refunded or being refunded, lost in a
-- dispute, named by an incident (open or resolved), or still settling (15 minutes at most). The rest is missing.
create or replace function places_of_payments() returns table (
  cf_payment_id text, order_id text, currency text, captured bigint, back bigint, lost bigint, applied bigint,
  in_incident bigint, settling bigint, missing bigint
) language sql stable as $$
  with returned as (
    select r.cf_payment_id, sum(r.amount_paise) as paise
    from refunds r where r.status not in ('failed', 'cancelled') group by r.cf_payment_id
  ), disputed as (
    select d.cf_payment_id, sum(d.amount_paise) as paise from disputes d where d.status = 'lost' group by d.cf_payment_id
  ), named as (
    select distinct i.order_id, i.kind in ('paid-twice', 'entitlement-refused') as of_payment,
           case when i.kind in ('paid-twice', 'entitlement-refused') then i.subject_key end as payment
    from incidents i
    where i.kind in ('paid-twice', 'entitlement-refused', 'order-mismatch', 'payment-mismatch', 'payment-on-two-orders', 'paid-unverified',
                     'success-unpaid')
  ), placed as (
    select p.cf_payment_id, p.order_id, coalesce(p.currency, o.currency) as currency,
           coalesce(p.amount_paise, 0) as captured,
           least(coalesce(r.paise, 0), coalesce(p.amount_paise, 0)) as back,
           coalesce(d.paise, 0) as taken,
           p.applied_at is not null as is_applied,
           exists (select from named where named.order_id = p.order_id
                                      and (named.payment = p.cf_payment_id or not named.of_payment)) as is_named,
           o.paid_at is null and p.created_at > now() - interval '15 minutes' as is_settling
    from payments p
    join orders o on o.id = p.order_id
    left join returned r on r.cf_payment_id = p.cf_payment_id
    left join disputed d on d.cf_payment_id = p.cf_payment_id
    where p.status = 'SUCCESS'
  ), remaining as (
    -- Money that was both refunded and lost in a dispute is counted once here.
    select placed.*, least(taken, captured - back) as lost, captured - back - least(taken, captured - back) as rest from placed
  )
  select cf_payment_id, order_id, currency, captured, back, lost,
         case when is_applied then rest else 0 end,
         case when not is_applied and is_named then rest else 0 end,
         case when not is_applied and not is_named and is_settling then rest else 0 end,
         case when not is_applied and not is_named and not is_settling then rest else 0 end
  from remaining
$$;

-- I4. Σ captured = Σ applied + Σ refunded or going back + Σ lost in disputes + Σ in incidents + Σ settling, per currency.
create or replace function places_of_money() returns table (
  currency text, captured bigint, applied bigint, back bigint, lost bigint, in_incidents bigint, settling bigint,
  missing bigint
) language sql stable as $$
  select currency, sum(captured)::bigint, sum(applied)::bigint, sum(back)::bigint, sum(lost)::bigint,
         sum(in_incident)::bigint, sum(settling)::bigint,
         (sum(captured) - sum(applied) - sum(back) - sum(lost) - sum(in_incident) - sum(settling))::bigint
  from places_of_payments() group by currency order by currency
$$;

create or replace function broken_i4_missing_money() returns setof text language sql stable as $$
  select cf_payment_id from places_of_payments() where missing > 0
$$;

-- I1. What Cashfree calls paid is granted or refunded, or has an incident, within 15 minutes.
create or replace function broken_i1_paid_not_granted() returns setof text language sql stable as $$
  select o.id from orders o
  where o.gateway_status = 'PAID' and o.paid_at is null and o.created_at < now() - interval '15 minutes'
    and o.asked_at < now() - interval '15 minutes'
    and not exists (select from incidents i where i.order_id = o.id)
    and (has_money_left(o) or not exists (select from refunds r where r.order_id = o.id))
$$;

-- I5. A paid order has one applied payment, a success (or one that Cashfree took back, and an incident says so).
create or replace function broken_i5_applied_payment() returns setof text language sql stable as $$
  select o.id from orders o
  left join payments p on p.order_id = o.id and p.applied_at is not null
  where (o.paid_at is not null) <> (p.cf_payment_id is not null)
     or (p.status <> 'SUCCESS' and not exists (
           select from incidents i where i.kind = 'payment-reversed' and i.subject_key = p.cf_payment_id))
$$;

-- I8. What was applied covers the price in the order's currency, and the price is that of the plan's key, less discount and
-- credit.
create or replace function broken_i8_amounts() returns setof text language sql stable as $$
  select o.id from orders o
  join plans plan on plan.key = o.plan_key
  left join payments p on p.order_id = o.id and p.applied_at is not null
  where o.amount_paise + o.discount_paise + o.credit_paise <> plan.price_paise
     or p.amount_paise < o.amount_paise
     or p.currency <> o.currency
     or (p.cf_payment_id is not null and p.amount_paise is null)
$$;

-- I9. No order is refunded more than it brought. (By order: Cashfree refunds an order and, if that was paid twice, chooses
-- the payment. A refund that it has not accepted does not count yet.) A refund is of a payment of its own order, and one
-- refund here is one at Cashfree.
create or replace function broken_i9_refunds() returns setof text language sql stable as $$
  select back.order_id from (
    select order_id, sum(amount_paise) as paise from refunds
    where status not in ('requested', 'failed', 'cancelled') group by order_id
  ) back
  where back.paise > (select coalesce(sum(p.amount_paise), 0) from payments p
                      where p.order_id = back.order_id
                        and (p.status in ('SUCCESS', 'CANCELLED', 'VOID')      -- or Cashfree itself sends it back
                             or exists (select from refunds r where r.cf_payment_id = p.cf_payment_id
                                                                and r.requested_by = 'cashfree')))
  union all
  select r.id from refunds r join payments p on p.cf_payment_id = r.cf_payment_id
  join orders o on o.id = r.order_id
  where p.order_id <> r.order_id or o.user_id <> r.user_id
  union all
  select min(id) from refunds where cf_refund_id is not null group by cf_refund_id having count(*) > 1
$$;

-- I9. A dispute is of a payment of its own order and of its buyer. What it took and what was refunded exceed the payment
-- together only where an incident says so.
create or replace function broken_i9_disputes() returns setof text language sql stable as $$
  select d.id from disputes d
  join orders o on o.id = d.order_id
  left join payments p on p.cf_payment_id = d.cf_payment_id
  where p.order_id <> d.order_id or o.user_id <> d.user_id
  union all
  select p.cf_payment_id from payments p
  where exists (select from disputes d where d.cf_payment_id = p.cf_payment_id and d.status = 'lost')
    and gone_or_going(p.cf_payment_id) > p.amount_paise
    and not exists (select from incidents i where i.kind = 'refunded-twice' and i.subject_key = p.cf_payment_id)
$$;

-- I8. The credit of a switch is the sum of what it credits of each period; nothing else has one. What went back of an order,
-- and what a switch used of it, are not more than it brought, but where an incident says so.
create or replace function broken_i8_credits() returns setof text language sql stable as $$
  select o.id from orders o
  left join (select order_id, sum(credit_paise) as paise from order_credits group by order_id) c on c.order_id = o.id
  where o.credit_paise <> coalesce(c.paise, 0) or (o.credit_paise > 0) <> (o.purpose = 'switch')
  union all
  select period.order_id from subscription_periods period
  join payments p on p.order_id = period.order_id and p.applied_at is not null
  where period.switched_to is not null and credited_paise(period.order_id) > 0
    and gone_or_going(p.cf_payment_id) + credited_paise(period.order_id) > p.amount_paise
    and not exists (select from incidents i where i.kind = 'credited-money-gone'
                                              and i.subject_key in (period.order_id, period.switched_to))
$$;

-- I8. A discount is a coupon's: claimed by its order and its buyer, over the same amount. The claim counts exactly while the
-- order is open or paid; beside another claim of its buyer's (an index sees to that) only where its order had died before.
create or replace function broken_i8_coupons() returns setof text language sql stable as $$
  select o.id from orders o
  left join coupon_claims claim on claim.order_id = o.id
  where o.discount_paise <> coalesce(claim.discount_paise, 0)
     or o.user_id <> claim.user_id
     or (claim.order_id is not null and (claim.released_at is null) <> (o.paid_at is not null or o.status in ('created', 'active')))
     or (claim.paid_late and (o.paid_at is null or o.closed_at is null))
$$;
