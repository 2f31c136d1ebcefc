-- Opens an administrator's account; who runs the server vouches for its address. False: the username or the address is taken.
create or replace function create_admin(
  p_username text, p_email text, p_name text, p_phone text, p_state_code text, p_password_hash text, p_role text
) returns boolean language plpgsql as $$
declare
  account users;
begin
  begin
    account := create_user(p_username, p_email, p_name, p_phone, p_state_code, p_password_hash, p_role, p_verified => true);
  exception when unique_violation then
    return false;
  end;
  perform record_audit('command', 'admin.created', p_user_id => account.id, p_details => jsonb_build_object('role', p_role));
  return true;
end $$;

-- Gives an account another role. Its sessions end, for they were opened with the rights of the old one; a second factor is
-- forgotten when the account is no administrator's any more. False: it has the role already.
create or replace function assign_role(p_user_id uuid, p_role text, p_actor text) returns boolean language plpgsql as $$
declare
  before text;
begin
  select role into before from users where id = p_user_id for no key update;
  if before is null or before = p_role then return false; end if;
  perform set_user_role(p_user_id, p_role);
  perform end_sessions(p_user_id);
  if p_role = 'subscriber' then perform forget_second_factor(p_user_id); end if;
  perform record_audit(p_actor, 'role.changed', p_user_id => p_user_id,
                       p_details => jsonb_build_object('before', before, 'after', p_role));
  return true;
end $$;

-- A new password in place of a lost one: sessions end, and so do links to choose another.
create or replace function replace_password(p_user_id uuid, p_password_hash text, p_actor text) returns void
language plpgsql as $$
begin
  perform 1 from users where id = p_user_id for no key update;
  if not found then return; end if;
  perform set_user_password(p_user_id, p_password_hash);
  perform end_sessions(p_user_id);
  perform use_up_email_tokens(p_user_id, 'reset-password');
  perform record_audit(p_actor, 'password.replaced', p_user_id => p_user_id);
end $$;
