-- Adds days to somebody's access, as a purchase would: from the end of the running period, or from now. Nobody paid for
-- them, so `is_paid` stays what it is for access that runs, and is false for access that begins here.
-- p_seen_end is the end that the administrator saw; p_key comes from the form, so that sending it twice is one grant.
-- Answers 'granted', 'repeated', or why not: 'unknown-user', 'changed'.
create or replace function grant_days(
  p_user_id uuid, p_days integer, p_reason text, p_key text, p_seen_end timestamptz, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  running subscriptions;
  period  subscription_periods;
begin
  if (p_days between 1 and 366) is not true then raise exception 'p_days must be 1 to 366'; end if;
  select * into running from subscriptions where user_id = p_user_id for update;
  if not exists (select from users where id = running.user_id and deleted_at is null) then return 'unknown-user'; end if;
  select * into period from subscription_periods where grant_key = p_key;
  if found then return case when period.user_id = p_user_id then 'repeated' else 'changed' end; end if;
  if running.current_period_end is distinct from p_seen_end then return 'changed'; end if;

  period.starts_at := case when has_access(running) then running.current_period_end else clock_timestamp() end;
  insert into subscription_periods (user_id, starts_at, ends_at, granted_by, grant_reason, grant_key)
  values (p_user_id, period.starts_at, period.starts_at + make_interval(hours => 24 * p_days), p_actor, p_reason, p_key)
  returning * into period;
  perform begin_period(period, day_of_month_in_india(period.ends_at), p_is_paid => false);
  perform enqueue_mail('granted', period.id::text, id, name, email) from users where id = p_user_id;
  perform record_audit(p_actor, 'subscription.granted', p_user_id => p_user_id, p_origin => p_origin, p_details => jsonb_build_object(
    'period', period.id, 'days', p_days, 'reason', p_reason,
    'before', jsonb_build_object('status', status_by_now(running), 'currentPeriodEnd', running.current_period_end),
    'after', jsonb_build_object('status', 'active', 'currentPeriodEnd', period.ends_at)));
  return 'granted';
end $$;
