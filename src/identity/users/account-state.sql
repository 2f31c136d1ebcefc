-- Suspends an account with a reason, or lifts the suspension without one.
create or replace function set_user_suspension(p_user_id uuid, p_reason text) returns void language sql as $$
  update users
  set suspended_at = case when p_reason is not null then now() end, suspended_reason = p_reason
  where id = p_user_id
$$;

-- Gives an account another role.
create or replace function set_user_role(p_user_id uuid, p_role text) returns void language sql as $$
  update users set role = p_role where id = p_user_id
$$;
