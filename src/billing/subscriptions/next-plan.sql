-- The plan with which somebody goes on once what runs has ended, as they chose it; null takes the choice back. It is what
-- reminders and the renew button offer, until something is bought. Answers 'chosen', 'unchanged', or why not: 'nothing-runs',
-- 'plan' (not on sale).
create or replace function choose_next_plan(p_user_id uuid, p_plan_name text, p_origin jsonb) returns text language plpgsql as $$
declare
  running subscriptions;
begin
  select * into running from subscriptions where user_id = p_user_id for update;
  if running.next_plan is not distinct from p_plan_name then return 'unchanged'; end if;
  if p_plan_name is not null and has_access(running) is not true then return 'nothing-runs'; end if;
  if p_plan_name is not null and not exists (select from plans where name = p_plan_name and on_sale) then return 'plan'; end if;
  update subscriptions set next_plan = p_plan_name, updated_at = now() where user_id = p_user_id;
  perform record_audit('user:' || p_user_id, 'subscription.next-plan', p_user_id => p_user_id, p_origin => p_origin,
    p_details => jsonb_build_object('before', running.next_plan, 'after', p_plan_name));
  return 'chosen';
end $$;

-- Something was bought: what had been chosen for after it is fulfilled, or another choice was made.
create or replace function clear_next_plan(o orders) returns void language sql as $$
  update subscriptions set next_plan = null where user_id = o.user_id and next_plan is not null
$$;
