-- Ends somebody's access now: what runs and what was to come is voided. Money is not touched; giving it back is a refund.
-- p_seen_end is the end that the administrator saw; p_key comes from the form, so that sending it twice is one cancellation.
-- Answers 'cancelled', 'repeated', or why not: 'unknown-user', 'changed', 'nothing-runs'.
create or replace function cancel_subscription(
  p_user_id uuid, p_reason text, p_key text, p_seen_end timestamptz, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  running subscriptions;
  moment  timestamptz;
begin
  select * into running from subscriptions where user_id = p_user_id for update;
  moment := clock_timestamp();
  if not exists (select from users where id = running.user_id and deleted_at is null) then return 'unknown-user'; end if;
  if exists (select from audit where user_id = p_user_id and action = 'subscription.cancelled'
                                 and details ->> 'key' = p_key) then return 'repeated'; end if;
  if running.current_period_end is distinct from p_seen_end then return 'changed'; end if;
  if has_access(running) is not true then return 'nothing-runs'; end if;

  perform set_config('etf.origin', coalesce(p_origin::text, ''), true);   -- for the audit row of end_access
  perform end_access(p_user_id, p_reason, p_key, p_actor, moment);
  perform enqueue_mail('cancelled', id || ':' || p_key, id, name, email) from users where id = p_user_id;
  return 'cancelled';
end $$;

-- Ends at p_moment what runs and what was to come, and says why; p_key is that of an administrator's form, null for any other.
-- Money is not touched. The caller holds the lock of the subscription.
create or replace function end_access(
  p_user_id uuid, p_reason text, p_key text, p_actor text, p_moment timestamptz
) returns void language plpgsql as $$
declare
  was    subscriptions;
  now_is subscriptions;
  voided jsonb;
begin
  select * into was from subscriptions where user_id = p_user_id;
  with gone as (
    update subscription_periods
    set voided_at = p_moment, voided_by = p_actor, void_reason = p_reason
    where user_id = p_user_id and voided_at is null and ends_at > p_moment
    returning id
  )
  select coalesce(jsonb_agg(id), '[]') into voided from gone;
  update subscriptions
  set status = case when status = 'expired' then status else 'cancelled' end, is_paid = false,
      current_period_end = case when current_period_end > p_moment then p_moment else current_period_end end, updated_at = now()
  where user_id = p_user_id returning * into now_is;
  perform record_audit(p_actor, 'subscription.cancelled', p_user_id => p_user_id,
    p_details => jsonb_strip_nulls(jsonb_build_object('key', p_key)) || jsonb_build_object('reason', p_reason, 'periods', voided,
      'before', jsonb_build_object('status', status_by_now(was), 'currentPeriodEnd', was.current_period_end),
      'after', jsonb_build_object('status', now_is.status, 'currentPeriodEnd', now_is.current_period_end)));
end $$;
