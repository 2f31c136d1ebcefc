-- Gives an account another password, ends every session but this one and its links (the one to confirm the address stays), and
-- sends a notice. False: the password is not p_before any more, or the session with handle p_handle ended meanwhile.
create or replace function change_password(
  p_user_id uuid, p_handle uuid, p_before text, p_after text, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  account  users;
  audit_id bigint;
begin
  select * into account from users u
  where u.id = p_user_id and u.password_hash = p_before and u.deleted_at is null
    and exists (select from sessions s where s.handle = p_handle and s.user_id = u.id)
  for no key update of u;
  if not found then return false; end if;
  perform set_user_password(p_user_id, p_after);
  perform end_email_tokens(p_user_id, p_kept => 'verify-email');
  perform end_sessions(p_user_id, p_except => p_handle);
  audit_id := record_audit(p_actor, 'password.changed', p_user_id => p_user_id, p_origin => p_origin);
  perform enqueue_mail('password-changed', audit_id::text, account.id, account.name, account.email);
  return true;
end $$;
