-- Changes name, mobile and state of an account. The audit says which of them changed, not what they were or are. False: all
-- are the same as before, or the account is gone.
create or replace function change_profile(
  p_user_id uuid, p_name text, p_phone text, p_state_code text, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  before users;
begin
  select * into before from users where id = p_user_id and deleted_at is null for no key update;
  if not found or (before.name, before.phone, before.state_code) is not distinct from (p_name, p_phone, p_state_code) then
    return false;
  end if;
  update users set name = p_name, phone = p_phone, state_code = p_state_code where id = p_user_id;
  perform record_audit(p_actor, 'profile.changed', null, p_user_id, jsonb_build_object('changed', jsonb_build_object(
    'name', before.name is distinct from p_name, 'phone', before.phone is distinct from p_phone,
    'state', before.state_code is distinct from p_state_code)), p_origin);
  return true;
end $$;
