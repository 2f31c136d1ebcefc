-- A subscriber leaves at the end of what they paid for: nothing is taken away, no grace follows, and they are reminded of nothing.
-- The reason stands in their subscription alone: the audit could not forget it. Answers 'cancelled', 'repeated' (the reason
-- is kept anew), or 'nothing-runs'.
create or replace function leave_at_end(
  p_user_id uuid, p_reason text, p_comment text, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  running subscriptions;
begin
  select * into running from subscriptions where user_id = p_user_id for update;
  if coalesce(status_by_now(running), '') not in ('active', 'grace') then return 'nothing-runs'; end if;
  update subscriptions
  set cancel_requested_at = coalesce(cancel_requested_at, now()), cancel_reason = nullif(p_reason, ''),
      cancel_comment = nullif(p_comment, ''), updated_at = now()
  where user_id = p_user_id;
  if running.cancel_requested_at is not null then return 'repeated'; end if;
  perform enqueue_mail('leaving', p_user_id || ':' || extract(epoch from now())::bigint, id, name, email)
  from users where id = p_user_id;
  perform record_audit(p_actor, 'subscription.cancel-requested', p_user_id => p_user_id, p_origin => p_origin,
    p_details => jsonb_build_object('currentPeriodEnd', running.current_period_end));
  return 'cancelled';
end $$;

-- They stay after all: as if they had never left, while the period runs. Answers 'resumed', 'repeated', or 'over'.
create or replace function resume_subscription(p_user_id uuid, p_actor text, p_origin jsonb) returns text language plpgsql as $$
declare
  running subscriptions;
begin
  select * into running from subscriptions where user_id = p_user_id for update;
  if has_access(running) is not true then return 'over'; end if;
  if running.cancel_requested_at is null then return 'repeated'; end if;
  update subscriptions
  set cancel_requested_at = null, cancel_reason = null, cancel_comment = null, updated_at = now()
  where user_id = p_user_id;
  perform record_audit(p_actor, 'subscription.resumed', p_user_id => p_user_id, p_origin => p_origin,
    p_details => jsonb_build_object('currentPeriodEnd', running.current_period_end));
  return 'resumed';
end $$;
