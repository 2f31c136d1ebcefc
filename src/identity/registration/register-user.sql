-- Opens an account and sends the link that confirms its address. Raises what `create_user` raises.
create or replace function register_user(
  p_username text, p_email text, p_name text, p_phone text, p_state_code text, p_password_hash text, p_consented_to text
) returns users language plpgsql as $$
declare
  account users := create_user(p_username, p_email, p_name, p_phone, p_state_code, p_password_hash,
                               p_consented_to => p_consented_to);
begin
  perform issue_email_token(account, 'verify-email', account.email);
  perform record_audit('user:' || account.id, 'user.registered', p_user_id => account.id);
  return account;
end $$;
