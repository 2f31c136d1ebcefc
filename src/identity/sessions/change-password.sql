-- Gives an account another password, ends its links and every session but this one, and tells its address. False: the
-- password is not p_before any more, or the session with handle p_handle ended meanwhile.
create or replace function change_password(
  p_user_id uuid, p_handle uuid, p_before text, p_after text, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  account  users;
  audit_id bigint;
begin
  update users set password_hash = p_after
  where id = p_user_id and password_hash = p_before and deleted_at is null
    and exists (select from sessions s where s.handle = p_handle and s.user_id = users.id)
  returning * into account;
  if not found then return false; end if;
  update account_links set ended_at = now()
  where user_id = p_user_id and used_at is null and ended_at is null and purpose <> 'verify-email';
  delete from sessions where user_id = p_user_id and handle <> p_handle;
  audit_id := record_audit(p_actor, 'password.changed', p_user_id => p_user_id, p_origin => p_origin);
  perform enqueue_mail('password-changed', audit_id::text, account.id, account.name, account.email);
  return true;
end $$;
