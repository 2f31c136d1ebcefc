-- Answers those who asked for a log-in link: nothing for an address without an account, at most three an hour for one with. A job
-- calls it, so that the time it takes shows nobody whether there is an account.
create or replace function issue_requested_logins() returns void language plpgsql as $$
declare
  asked    login_link_requests;
  account  users;
  token_id uuid;
begin
  for asked in delete from login_link_requests returning * loop
    select * into account from users where lower(email) = asked.email and deleted_at is null and suspended_at is null;
    continue when account.id is null;
    continue when not pg_try_advisory_xact_lock(email_token_lock(account.id, 'log-in'));
    continue when not may_issue_email_token(account.id, 'log-in');
    token_id := issue_email_token(account, 'log-in', account.email);
    perform record_audit('visitor', 'login-link.asked', p_user_id => account.id, p_origin => asked.origin,
                         p_details => jsonb_build_object('link', token_id));
  end loop;
end $$;

-- Uses a log-in link, once. Who reads the mailbox has confirmed the address. Answers the account's id; null: the link does not
-- work (any more), or the account may not log in.
create or replace function use_login_link(p_secret_hash bytea, p_actor text, p_origin jsonb) returns uuid language plpgsql as $$
declare
  token   account_links := use_email_token(p_secret_hash, 'log-in');
  account users;
begin
  select * into account from users where id = token.user_id and deleted_at is null and suspended_at is null for no key update;
  if account.id is null then return null; end if;
  perform verify_user_email(account.id, token.email);
  perform record_audit(p_actor, 'login-link.used', p_user_id => account.id, p_origin => p_origin,
                       p_details => jsonb_build_object('link', token.id));
  return account.id;
end $$;
