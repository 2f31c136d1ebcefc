-- Uses an open token. Of two uses at once the second waits for the first and finds it used: then everything is null.
create or replace function use_email_token(p_secret_hash bytea, p_purpose text) returns account_links
language plpgsql as $$
declare
  token account_links;
begin
  update account_links set used_at = now()
  where secret_hash = p_secret_hash and purpose = p_purpose and used_at is null and ended_at is null and expires_at > now()
  returning * into token;
  return token;
end $$;

-- Confirms the address that an account still has. False: the link does not work (any more).
create or replace function confirm_email(p_secret_hash bytea, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
declare
  token account_links := use_email_token(p_secret_hash, 'verify-email');
begin
  if token.id is null or not verify_user_email(token.user_id, token.email) then return false; end if;
  perform record_audit(p_actor, 'email.verified', p_user_id => token.user_id,
                       p_details => jsonb_build_object('link', token.id), p_origin => p_origin);
  return true;
end $$;

-- Gives an account the address that its link was sent to, ends its other links, and sends a notice to the old address. `p_shown` holds
-- both addresses as the audit shows them. False: the link does not work (any more). Raises the violation of
-- one_account_per_email when somebody took the address meanwhile; then the link is not used.
create or replace function change_email(p_secret_hash bytea, p_shown jsonb, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
declare
  token    account_links := use_email_token(p_secret_hash, 'change-email');
  account  users;
  audit_id bigint;
begin
  select * into account from users where id = token.user_id and deleted_at is null for no key update;
  if account.id is null then return false; end if;
  perform set_user_email(account.id, token.email, now());
  perform end_email_tokens(account.id);
  audit_id := record_audit(p_actor, 'email.changed', p_user_id => account.id, p_details => p_shown, p_origin => p_origin);
  perform enqueue_mail('email-changed', audit_id::text, account.id, account.name, account.email);
  return true;
end $$;

-- Gives an account its new password. The mail was read, so its address is confirmed if the account still has it; every
-- session, API key, other link and remembered browser ends, failed log-ins (`p_counters`, hexadecimal) are forgotten, and a
-- notice is sent: whoever needs a link may be taking the account back from somebody, who could have made keys meanwhile.
-- False: the link does not work (any more).
create or replace function reset_password(
  p_secret_hash bytea, p_password_hash text, p_counters jsonb, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  token    account_links := use_email_token(p_secret_hash, 'reset-password');
  account  users;
  keys     integer;
  audit_id bigint;
begin
  select * into account from users where id = token.user_id and deleted_at is null for no key update;
  if account.id is null then return false; end if;
  perform set_user_password(account.id, p_password_hash);
  perform verify_user_email(account.id, token.email);
  perform end_email_tokens(account.id);
  perform end_sessions(account.id);
  keys := revoke_api_keys(account.id, p_actor, p_origin);
  perform forget_browsers(account.id);
  perform forget_password_attempts(decode(counter, 'hex'), null) from jsonb_array_elements_text(p_counters) counter;
  audit_id := record_audit(p_actor, 'password.reset', p_user_id => account.id,
                           p_details => jsonb_build_object('link', token.id, 'apiKeys', keys), p_origin => p_origin);
  perform enqueue_mail('password-changed', audit_id::text, account.id, account.name, account.email);
  return true;
end $$;
