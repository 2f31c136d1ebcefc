-- The metrics of one Indian day, from the ledger, along indexes. Somebody "pays" at an instant when a period that was paid for,
-- by them or by who gave it, counts then and ended less than a grace period before; what an administrator granted does not count.
-- Who cancelled has no grace and counts all the same until it would be over: who comes back by then has not left.
create or replace function metrics_of_day(p_day date) returns daily_figures language plpgsql stable as $$
declare
  f     daily_figures;
  since timestamptz := p_day::timestamp at time zone 'Asia/Kolkata';
  until timestamptz := (p_day + 1)::timestamp at time zone 'Asia/Kolkata';
begin
  f.day := p_day;
  f.computed_at := now();
  select count(*) into f.registered from users where created_at >= since and created_at < until and role = 'subscriber';
  select count(*) into f.opened from orders where created_at >= since and created_at < until;
  -- However many attempts it took, an order is one success or none. One that can still be paid has not ended and is left out.
  select count(*), count(*) filter (where paid_at is not null) into f.orders_tried, f.orders_succeeded
  from orders o
  where created_at >= since and created_at < until
    and (paid_at is not null
         or closed_at is not null and exists (select from payments p where p.order_id = o.id and p.status <> 'NOT_ATTEMPTED'));
  select count(*), coalesce(sum(amount_paise), 0) into f.paid, f.gross_paise
  from (select amount_paise, issued_at from receipts where replaces is null   -- a corrected one is one sale
        union all select amount_paise, issued_at from receipts_due where replaces is null) sold
  where issued_at >= since and issued_at < until;
  select count(*), coalesce(sum(amount_paise), 0) into f.refunds, f.refunded_paise
  from credit_notes where issued_at >= since and issued_at < until and kind = 'refund';
  select count(*), coalesce(sum((details ->> 'amountPaise')::bigint), 0) into f.rescued, f.rescued_paise
  from audit where at >= since and at < until and action = 'order.paid' and actor = 'reconciler';

  select count(*), coalesce(sum(amount_paise), 0) into f.disputes, f.disputed_paise
  from disputes where opened_at >= since and opened_at < until;
  -- Lost money is no credit note: revenue for the tax office stays, what the business has of it does not.
  select count(*), coalesce(sum(amount_paise), 0) into f.lost, f.lost_paise
  from disputes where lost_at >= since and lost_at < until and status = 'lost';

  -- An attempt belongs to the day it began. One that still waits for the bank has not ended and is left out.
  select coalesce(sum(many) filter (where reason is null), 0), coalesce(sum(many) filter (where reason is not null), 0),
         coalesce(jsonb_object_agg(reason, many) filter (where reason is not null), '{}')
  into f.attempts_paid, f.attempts_failed, f.failures
  from (
    select case when status <> 'SUCCESS' then
             coalesce(failure_group(failure_reason), case when status = 'USER_DROPPED' then 'customer' else 'other' end)
           end as reason, count(*) as many
    from payments
    where coalesce(started_at, created_at) >= since and coalesce(started_at, created_at) < until
      and status in ('SUCCESS', 'FAILED', 'USER_DROPPED', 'CANCELLED', 'VOID')
    group by reason
  ) ended;

  select count(*) filter (where not before.ever), count(*) filter (where before.ever and not before.paying)
  into f.joined, f.returned
  from subscription_periods p
  cross join lateral (
    select count(*) > 0 as ever,
           coalesce(bool_or(pays_at(q, p.created_at)), false) as paying
    from subscription_periods q
    where q.user_id = p.user_id and q.granted_by is null and (q.created_at, q.id) < (p.created_at, p.id)
  ) before
  where p.granted_by is null and p.created_at >= since and p.created_at < until;

  f.churned := ran_out_between(since, least(until, now())) + voided_between(since, until);
  return f;
end $$;

-- Whether this period that was paid for makes its owner a payer at that instant.
create or replace function pays_at(p subscription_periods, p_at timestamptz) returns boolean language sql stable as $$
  select p.created_at <= p_at and p.ends_at > p_at - grace_period() and (p.voided_at is null or p.voided_at > p_at)
$$;

-- How many people's paid access ran out: a grace period after the end, and nothing else that was paid for goes on.
create or replace function ran_out_between(p_since timestamptz, p_until timestamptz) returns integer language sql stable as $$
  select count(*)::integer from subscription_periods p
  where p.granted_by is null
    and p.ends_at >= p_since - grace_period() and p.ends_at < p_until - grace_period()
    and (p.voided_at is null or p.voided_at >= p.ends_at + grace_period())
    and not exists (
      select from subscription_periods q
      where q.user_id = p.user_id and q.granted_by is null and (q.ends_at, q.id) > (p.ends_at, p.id)
        and q.created_at <= p.ends_at + grace_period()
        and (q.voided_at is null or q.voided_at > p.ends_at + grace_period()))
$$;

-- How many people's paid access ended early, by a refund or by an administrator, with nothing else left that was paid for.
create or replace function voided_between(p_since timestamptz, p_until timestamptz) returns integer language sql stable as $$
  select count(*)::integer from subscription_periods p
  where p.granted_by is null
    and p.voided_at >= p_since and p.voided_at < p_until
    and p.voided_at < p.ends_at + grace_period()
    and not exists (
      select from subscription_periods q
      where q.user_id = p.user_id and q.granted_by is null and q.id <> p.id
        and q.created_at <= p.voided_at and q.ends_at > p.voided_at - grace_period()
        and (q.voided_at is null or (q.voided_at, q.id) > (p.voided_at, p.id)))
$$;

-- Computes a day and stores it.
create or replace function keep_day(p_day date) returns void language sql as $$
  insert into daily_figures select f.* from metrics_of_day(p_day) f
  on conflict (day) do update set
    (registered, opened, paid, gross_paise, refunds, refunded_paise, attempts_paid, attempts_failed, failures, joined,
     returned, churned, rescued, rescued_paise, disputes, disputed_paise, lost, lost_paise, orders_tried, orders_succeeded,
     computed_at) =
    (excluded.registered, excluded.opened, excluded.paid, excluded.gross_paise, excluded.refunds, excluded.refunded_paise,
     excluded.attempts_paid, excluded.attempts_failed, excluded.failures, excluded.joined, excluded.returned,
     excluded.churned, excluded.rescued, excluded.rescued_paise, excluded.disputes, excluded.disputed_paise, excluded.lost,
     excluded.lost_paise, excluded.orders_tried, excluded.orders_succeeded, excluded.computed_at)
$$;

-- The days worth storing that nobody computed since the last midnight, the newest first: today and yesterday always.
create or replace function days_to_compute(p_most integer) returns setof date language sql stable as $$
  with today as (
    select (now() at time zone 'Asia/Kolkata')::date as day
  ), first as (
    select (min(created_at) at time zone 'Asia/Kolkata')::date as day from users
  )
  select days.day from today, first, lateral (
    select today.day - n as day from generate_series(0, 400) n where today.day - n >= first.day
  ) days
  left join daily_figures f on f.day = days.day
  where days.day >= today.day - 1 or f.day is null
     or f.computed_at < today.day::timestamp at time zone 'Asia/Kolkata'
  order by days.day desc
  limit p_most
$$;
