-- Who may do what in the house. All three end the sessions of the person, so that no browser keeps what was taken away,
-- and lock the administrators first, always in the same order: two who demote each other find one of them demoted. The
-- locks let rows pass that only name a person: who ends a session notes it so, while this waits for the very session.

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

-- Lets nobody log in to the account any more, or (without a reason) again. What was paid for runs on. What is open to pay is
-- ended: here what Cashfree never heard of, there by the look that is due at once. Lifted, money that was held is looked at.
-- Locks in the one order: orders, users. So a payment that is being settled counts before the suspension, or is held after it.
-- Answers 'done', 'repeated', or why not: 'changed' and the answers of may_act_on.
create or replace function set_suspension(p_user_id uuid, p_reason text, p_actor text) returns text language plpgsql as $$
declare
  allowed text;
  person  users;
  ended   integer;
begin
  perform 1 from orders where user_id = p_user_id order by id for update;
  allowed := may_act_on(p_user_id, p_actor);
  if allowed <> 'ok' then return allowed; end if;
  select * into person from users where id = p_user_id;
  if person.suspended_reason is not distinct from p_reason then return 'repeated'; end if;
  if p_reason is not null and person.suspended_at is not null then return 'changed'; end if;
  update users set suspended_at = case when p_reason is not null then now() end, suspended_reason = p_reason where id = p_user_id;
  if p_reason is not null then perform close_unsent_orders(p_user_id, p_actor); end if;
  update orders set next_look_at = now()
  where user_id = p_user_id and paid_at is null and (status = 'active' or held_at is not null);
  delete from sessions where user_id = p_user_id;
  get diagnostics ended = row_count;
  insert into audit (actor, action, user_id, details)
  values (p_actor, case when p_reason is null then 'user.reinstated' else 'user.suspended' end, p_user_id, jsonb_strip_nulls(
    jsonb_build_object('before', case when person.suspended_at is null then 'free' else 'suspended' end,
                       'after', case when p_reason is null then 'free' else 'suspended' end,
                       'reason', coalesce(p_reason, person.suspended_reason), 'sessions', ended)));
  return 'done';
end $$;

-- Gives an account another role, if it still has the one that was seen. A second factor goes with the last power it guarded.
-- Answers 'done', 'repeated', or why not: 'changed', 'last-admin' and the answers of may_act_on.
create or replace function change_role(p_user_id uuid, p_seen text, p_role text, p_actor text) returns text
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
  update users set role = p_role where id = p_user_id;
  if p_role = 'subscriber' then
    delete from second_factors where user_id = p_user_id;
    delete from recovery_codes where user_id = p_user_id;
  end if;
  delete from sessions where user_id = p_user_id;
  get diagnostics ended = row_count;
  insert into audit (actor, action, user_id, details)
  values (p_actor, 'user.role-changed', p_user_id,
          jsonb_build_object('before', person.role, 'after', p_role, 'sessions', ended));
  return 'done';
end $$;
