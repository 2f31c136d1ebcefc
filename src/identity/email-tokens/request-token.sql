-- Each of these takes the lock only if nobody has it: of two clicks at once the second adds nothing, one mail is enough.

-- Sends the link that confirms an account's address once more. False after three in an hour, or when it is confirmed.
create or replace function request_verification(p_user_id uuid, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
declare
  account users;
  token_id uuid;
begin
  if not pg_try_advisory_xact_lock(email_token_lock(p_user_id, 'verify-email')) then return true; end if;
  select * into account from users where id = p_user_id and email_verified_at is null;
  if account.id is null or not may_issue_email_token(p_user_id, 'verify-email') then return false; end if;
  token_id := issue_email_token(account, 'verify-email', account.email);
  perform record_audit(p_actor, 'email.verification-sent', p_user_id => account.id,
                       p_details => jsonb_build_object('link', token_id), p_origin => p_origin);
  return true;
end $$;

-- Sends a link to the address an account wants to have from now on, and a notice to the present one. False after three in an
-- hour. `p_shown` holds both addresses as the audit shows them. Whether somebody has the new one makes no difference.
create or replace function request_email_change(
  p_user_id uuid, p_email text, p_shown jsonb, p_actor text, p_origin jsonb
) returns boolean language plpgsql as $$
declare
  account users;
  audit_id bigint;
begin
  if not pg_try_advisory_xact_lock(email_token_lock(p_user_id, 'change-email')) then return true; end if;
  select * into account from users where id = p_user_id;
  if account.id is null or not may_issue_email_token(p_user_id, 'change-email') then return false; end if;
  perform issue_email_token(account, 'change-email', p_email);
  audit_id := record_audit(p_actor, 'email.change-asked', p_user_id => account.id, p_details => p_shown, p_origin => p_origin);
  perform enqueue_mail('email-changed', audit_id::text, account.id, account.name, account.email);
  return true;
end $$;

-- Answers reports of forgotten passwords: nothing for an address without an account, at most three links an hour for one with.
-- A job calls it, so that the time it takes shows nobody whether there is an account.
create or replace function issue_requested_resets() returns void language plpgsql as $$
declare
  asked reset_requests;
  account users;
  token_id uuid;
begin
  for asked in delete from reset_requests returning * loop
    select * into account from users where lower(email) = asked.email and deleted_at is null and suspended_at is null;
    continue when account.id is null;
    continue when not pg_try_advisory_xact_lock(email_token_lock(account.id, 'reset-password'));
    continue when not may_issue_email_token(account.id, 'reset-password');
    token_id := issue_email_token(account, 'reset-password', account.email);
    perform record_audit('visitor', 'password.forgotten', p_user_id => account.id,
                         p_details => jsonb_build_object('link', token_id), p_origin => asked.origin);
  end loop;
end $$;
