-- Counts over everybody, in one query. Revenue that recurs: of everybody who pays (daily.sql), what was paid for the period that
-- runs, by month and without GST: a discount lowers it, the credit of a switch was paid before and counts, a gift counts as its
-- buyer paid it. What they bought ahead counts from when it begins. It is compared with the same thirty days ago, person by
-- person. At a million accounts it takes two seconds, which is why no page waits for it.
create or replace function subscriber_counts() returns jsonb language sql stable set work_mem = '64MB' set jit = off as $$
  with bought as (
    select p.user_id, p.ends_at, p.voided_at, p.created_at, plan.key as plan_key,
           (o.amount_paise + o.credit_paise)::numeric * r.taxable_paise / r.amount_paise / plan.months as monthly
    from subscription_periods p
    join plans plan on plan.key = p.plan_key
    left join gifts g on g.id = p.gift_id
    join orders o on o.id = coalesce(p.order_id, g.order_id)
    join receipts r on r.order_id = o.id and r.replaces is null
    where p.ends_at > now() - interval '30 days' - grace_period()
  ), payers as (
    select distinct on (user_id) user_id, plan_key, monthly from bought
    where ends_at > now() - grace_period() and voided_at is null
    order by user_id, ends_at > now() desc, case when ends_at > now() then ends_at end, ends_at desc
  ), earlier as (
    select distinct on (user_id) user_id, monthly from bought
    where created_at <= now() - interval '30 days' and (voided_at is null or voided_at > now() - interval '30 days')
    order by user_id, ends_at > now() - interval '30 days' desc,
             case when ends_at > now() - interval '30 days' then ends_at end, ends_at desc
  ), moved as (
    select n.user_id, e.monthly as was, n.monthly as is_now,
           e.user_id is null and exists (
             select from subscription_periods q
             where q.user_id = n.user_id and q.granted_by is null and q.created_at <= now() - interval '30 days') as came_back
    from payers n full join earlier e using (user_id)
    where n.monthly is distinct from e.monthly
  )
  select jsonb_build_object(
    'payers', (select count(*) from payers),
    'granted', (select count(*) from subscriptions s
                where s.status in ('active', 'grace') and s.current_period_end > now() - grace_of(s) and not s.is_paid),
    'byPlan', (select coalesce(jsonb_object_agg(plan_key, many), '{}')
               from (select plan_key, count(*) as many from payers group by plan_key) plans),
    'mrrPaise', (select coalesce(round(sum(monthly)), 0) from payers),
    'mrrBeforePaise', (select coalesce(round(sum(monthly)), 0) from earlier),
    'newPaise', (select coalesce(round(sum(is_now)), 0) from moved where was is null and not came_back),
    'returnedPaise', (select coalesce(round(sum(is_now)), 0) from moved where was is null and came_back),
    'churnedPaise', (select coalesce(round(sum(was)), 0) from moved where is_now is null),
    'changedPaise', (select coalesce(round(sum(is_now - was)), 0) from moved where is_now is not null and was is not null),
    'leaving', (select coalesce(jsonb_object_agg(reason, many), '{}')
                from (select coalesce(cancel_reason, '') as reason, count(*) as many from subscriptions
                      where cancel_requested_at > now() - interval '30 days' group by reason) left_us),
    'funnel', funnel_since(((now() at time zone 'Asia/Kolkata')::date - 29)::timestamp at time zone 'Asia/Kolkata'))
    || jsonb_strip_nulls(jsonb_build_object('autopay', autopay_figures()))
$$;

-- How far the people who registered since then have come. Those who never paid could still be won.
create or replace function funnel_since(p_since timestamptz) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'registered', count(*),
    'opened', count(*) filter (where o.orders > 0),
    'tried', count(*) filter (where o.tried),
    'paid', count(*) filter (where o.paid),
    'waiting', count(*) filter (where o.paid is not true and u.deleted_at is null and u.suspended_at is null))
  from users u
  cross join lateral (
    select count(*) as orders, bool_or(paid_at is not null) as paid,
           bool_or(paid_at is not null or exists (select from payments p where p.order_id = orders.id)) as tried
    from orders where user_id = u.id
  ) o
  where u.created_at >= p_since and u.role = 'subscriber'
$$;

-- Takes the snapshot and stores it in place of the last.
create or replace function take_snapshot() returns void language plpgsql as $$
declare
  began timestamptz := clock_timestamp();
  counts jsonb := subscriber_counts();
begin
  insert into figure_snapshot (taken_at, took_ms, figures)
  values (now(), extract(epoch from clock_timestamp() - began) * 1000, counts)
  on conflict (only_one) do update
  set taken_at = excluded.taken_at, took_ms = excluded.took_ms, figures = excluded.figures;
end $$;
