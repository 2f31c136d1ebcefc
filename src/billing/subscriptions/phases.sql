-- The plan somebody has now, by the database's clock: of the period that runs or, where that was granted or none runs, of the
-- one bought before, else of the one bought next. `subscriptions.plan_key` is a copy for lists and reports: written when periods
-- change, and by keep_statuses within half a minute of a period's beginning.
create or replace function running_plan(s subscriptions) returns text language sql stable as $$
  select coalesce((
    select p.plan_key from subscription_periods p
    where p.user_id = s.user_id and p.voided_at is null and p.plan_key is not null
    order by p.starts_at > now(), abs(extract(epoch from p.starts_at - now())) limit 1), s.plan_key)
$$;

-- What runs and what is to come, the earliest first: an array of {planTitle, from, until}, periods of one plan in a row as one,
-- `planTitle` null where days were granted. Empty: nothing runs.
create or replace function phases_of(p_user_id uuid) returns jsonb language sql stable as $$
  with coming as (
    select period.starts_at, period.ends_at, plan.title, plan.name
    from subscription_periods period left join plans plan on plan.key = period.plan_key
    where period.user_id = p_user_id and period.voided_at is null and period.ends_at > now()
  ), marked as (
    select *, lag(name) over (order by starts_at) is distinct from name
              or row_number() over (order by starts_at) = 1 as begins
    from coming
  ), numbered as (
    select *, count(*) filter (where begins) over (order by starts_at) as phase from marked
  ), phases as (
    select min(starts_at) as starts_at, max(ends_at) as ends_at, (array_agg(title order by starts_at))[1] as title
    from numbered group by phase
  )
  select coalesce(jsonb_agg(jsonb_build_object('planTitle', title, 'from', starts_at, 'until', ends_at) order by starts_at), '[]')
  from phases
$$;
