-- Who may log in, and with what power. Each action ends the sessions of the person, so that no browser keeps what was taken
-- away. Suspension and change of role lock the administrators before the account (suspension locks its orders before both),
-- always in the same order: of two who demote each other, the second finds itself demoted. The locks let rows pass that only refer to a person: ending a session is audited under its person while
-- this waits for that very session.

-- May this administrator act on that account? 'ok', or why not.
create or replace function may_act_on(p_user_id uuid, p_actor text) returns text language plpgsql as $$
begin
  perform 1 from users where role = 'admin' order by id for no key update;
  if not exists (select from users where id = user_behind(p_actor) and role = 'admin'
                                     and suspended_at is null and deleted_at is null) then return 'not-you'; end if;
  perform 1 from users where id = p_user_id and deleted_at is null for no key update;
  if not found then return 'unknown-user'; end if;
  return case when user_behind(p_actor) = p_user_id then 'yourself' else 'ok' end;
end $$;

-- Lets nobody log in to the account any more, or (without a reason) again. What was paid for runs on. Orders that are open to
-- pay are ended: those that Cashfree never heard of here, the others there, when Cashfree is asked about them, which is due
-- at once. Once lifted, Cashfree is asked about money that was held. Locks the person, then their orders, so that a payment that is
-- being settled either counts before the suspension or is held after it.
-- Answers 'done', 'repeated', or why not: 'changed' and the answers of may_act_on.
create or replace function set_suspension(p_user_id uuid, p_reason text, p_actor text, p_origin jsonb) returns text
language plpgsql as $$
declare
  allowed text;
  person  users;
  ended   integer;
begin
  perform set_config('etf.origin', coalesce(p_origin::text, ''), true);   -- for everything that is audited in here
  perform look_at_mandates_now(p_user_id);   -- before orders, as every settlement of one locks; a charge under way is called off
  allowed := may_act_on(p_user_id, p_actor);   -- locks the person, before their orders as whoever opens one does
  if allowed <> 'ok' then return allowed; end if;
  perform 1 from orders where user_id = p_user_id order by id for update;
  select * into person from users where id = p_user_id;
  if person.suspended_reason is not distinct from p_reason then return 'repeated'; end if;
  if p_reason is not null and person.suspended_at is not null then return 'changed'; end if;
  perform set_user_suspension(p_user_id, p_reason);
  if p_reason is not null then perform close_unsent_orders(p_user_id, p_actor); end if;
  perform check_orders_now(p_user_id);
  ended := end_sessions(p_user_id);
  perform record_audit(p_actor, case when p_reason is null then 'user.reinstated' else 'user.suspended' end,
    p_user_id => p_user_id, p_details => jsonb_strip_nulls(jsonb_build_object(
      'before', case when person.suspended_at is null then 'free' else 'suspended' end,
      'after', case when p_reason is null then 'free' else 'suspended' end,
      'reason', coalesce(p_reason, person.suspended_reason), 'sessions', ended)));
  return 'done';
end $$;

-- Gives an account another role, if it still has the one that was seen. A subscriber keeps no second factor.
-- Answers 'done', 'repeated', or why not: 'changed', 'last-admin' and the answers of may_act_on.
create or replace function change_role(p_user_id uuid, p_seen text, p_role text, p_actor text, p_origin jsonb) returns text
language plpgsql as $$
declare
  allowed text := may_act_on(p_user_id, p_actor);
  person  users;
  ended   integer;
begin
  if allowed <> 'ok' then return allowed; end if;
  select * into person from users where id = p_user_id;
  if person.role = p_role then return 'repeated'; end if;
  if person.role is distinct from p_seen then return 'changed'; end if;
  if person.role = 'admin' and not exists (select from users where role = 'admin' and id <> p_user_id
                                             and suspended_at is null and deleted_at is null) then return 'last-admin'; end if;
  perform set_user_role(p_user_id, p_role);
  if p_role = 'subscriber' then perform forget_second_factor(p_user_id); end if;
  ended := end_sessions(p_user_id);
  perform record_audit(p_actor, 'user.role-changed', p_user_id => p_user_id,
    p_details => jsonb_build_object('before', person.role, 'after', p_role, 'sessions', ended), p_origin => p_origin);
  return 'done';
end $$;

-- Ends every session of an account. Answers how many there were.
create or replace function sign_out_everywhere(p_user_id uuid, p_actor text, p_origin jsonb) returns integer
language plpgsql as $$
declare
  ended integer := end_sessions(p_user_id);
begin
  if ended > 0 then
    perform record_audit(p_actor, 'sessions.ended', p_user_id => p_user_id,
      p_details => jsonb_build_object('before', ended, 'after', 0, 'sessions', ended), p_origin => p_origin);
  end if;
  return ended;
end $$;
