-- Gives somebody the period of a gift, as a purchase of its plan would now. Called only inside redeem_gift, which holds the
-- lock of their subscription.
create or replace function append_gift(p_user_id uuid, p_gift_id uuid, p_plan_key text) returns subscription_periods
language plpgsql as $$
declare
  coming record;
  period subscription_periods;
begin
  select next.* into coming from plans plan, next_period(p_user_id, plan.months) next where plan.key = p_plan_key;
  insert into subscription_periods (gift_id, user_id, plan_key, starts_at, ends_at)
  values (p_gift_id, p_user_id, p_plan_key, coming.starts_at, coming.ends_at)
  returning * into period;
  perform begin_period(period, coming.anchor_day, p_is_paid => true);
  return period;
end $$;
