-- Changes of username, name, phone and stateCode what is in `p_person`. The audit says which of them changed, not what they were
-- or are. False: all are the same as before, or the account is gone. Raises the violation of one_account_per_username.
create or replace function change_person(p_user_id uuid, p_person jsonb, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
declare
  before users;
  after  users;
begin
  select * into before from users where id = p_user_id and deleted_at is null for no key update;
  if not found then return false; end if;
  update users set
    username = coalesce(p_person ->> 'username', username), name = coalesce(p_person ->> 'name', name),
    phone = coalesce(p_person ->> 'phone', phone), state_code = coalesce(p_person ->> 'stateCode', state_code)
  where id = p_user_id returning * into after;
  if (before.username, before.name, before.phone, before.state_code)
     is not distinct from (after.username, after.name, after.phone, after.state_code) then return false; end if;
  perform record_audit(p_actor, 'profile.changed', null, p_user_id, jsonb_build_object('changed', jsonb_build_object(
    'username', before.username is distinct from after.username, 'name', before.name is distinct from after.name,
    'phone', before.phone is distinct from after.phone, 'state', before.state_code is distinct from after.state_code)), p_origin);
  return true;
end $$;

-- Gives its state to an account that has none, in the audit as every change; one that its owner gave meanwhile stays. False: it
-- has one, or is gone.
create or replace function give_missing_state(p_user_id uuid, p_state_code text, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
begin
  perform 1 from users where id = p_user_id and state_code is null and deleted_at is null for no key update;
  if not found then return false; end if;
  return change_person(p_user_id, jsonb_build_object('stateCode', p_state_code), p_actor, p_origin);
end $$;

-- As processes of the release before call it.
create or replace function change_profile(
  p_user_id uuid, p_name text, p_phone text, p_state_code text, p_actor text, p_origin jsonb
) returns boolean language sql as $$
  select change_person(p_user_id, jsonb_build_object('name', p_name, 'phone', p_phone, 'stateCode', p_state_code), p_actor, p_origin)
$$;
