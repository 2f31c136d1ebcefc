-- Periods that were bought or granted ahead, by their beginning: when one begins, the stored plan follows it.
create index periods_ahead on subscription_periods (starts_at) where created_at < starts_at and voided_at is null;

-- `subscriptions.plan_key` was the plan bought last; it is the plan that runs. (What begins later is moved on by a job.)
update subscriptions s set plan_key = now_running.plan_key
from (
  select distinct on (user_id) user_id, plan_key from subscription_periods
  where voided_at is null and plan_key is not null and starts_at <= now()
  order by user_id, starts_at desc
) now_running
where now_running.user_id = s.user_id and s.plan_key is distinct from now_running.plan_key;
