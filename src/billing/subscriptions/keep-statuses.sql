-- Writes down what the clock has decided: the status of subscriptions whose period or grace is over, each with an audit row,
-- and the plan of periods that began. At most 5,000 of each; a row that somebody has locked waits for the next run. Answers
-- how many statuses changed.
create or replace function keep_statuses() returns integer language plpgsql as $$
declare
  changed integer;
begin
  with due as (
    select s.user_id, s.status as was, status_by_now(s) as becomes
    from subscriptions s
    where s.status in ('active', 'grace')
      and s.current_period_end <= now()
      and status_by_now(s) <> s.status
    limit 5000
    for update skip locked
  ), moved as (
    update subscriptions s
    set status = due.becomes, is_paid = s.is_paid and due.becomes not in ('expired', 'cancelled'), updated_at = now()
    from due
    where s.user_id = due.user_id
    returning s.user_id, due.was, due.becomes
  )
  select count(record_audit('clock', 'subscription.' || becomes, p_user_id => user_id, p_details => jsonb_build_object('from', was)))
  into changed from moved;

  with begun as (
    select s.user_id, p.plan_key
    from subscription_periods p
    join subscriptions s on s.user_id = p.user_id
    where p.created_at < p.starts_at
      and p.starts_at between now() - interval '3 days' and now()   -- far longer than this job is ever down
      and p.voided_at is null
      and s.plan_key is distinct from p.plan_key
      and p.plan_key = running_plan(s)
    limit 5000
    for update of s skip locked
  )
  update subscriptions s set plan_key = begun.plan_key, updated_at = now() from begun where s.user_id = begun.user_id;
  return changed;
end $$;
