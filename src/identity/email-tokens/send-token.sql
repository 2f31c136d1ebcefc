-- Sends an account a link to confirm its address or to choose a new password, because an administrator says so. p_seen is the
-- newest token of the purpose that their page knew ('' for none): where there is a newer one, somebody asked meanwhile, and one
-- mail is enough. Answers 'sent', 'repeated', or why not: 'unknown-user', 'suspended', 'confirmed', 'busy' after three in an hour.
create or replace function send_email_token(
  p_user_id uuid, p_purpose text, p_seen text, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  account  users;
  newest   uuid;
  token_id uuid;
begin
  select * into account from users where id = p_user_id and deleted_at is null for no key update;
  if account.id is null then return 'unknown-user'; end if;
  if account.suspended_at is not null then return 'suspended'; end if;
  if p_purpose = 'verify-email' and account.email_verified_at is not null then return 'confirmed'; end if;
  perform pg_advisory_xact_lock(email_token_lock(p_user_id, p_purpose));
  newest := newest_email_token(p_user_id, p_purpose);
  if coalesce(newest::text, '') is distinct from p_seen then return 'repeated'; end if;
  if not may_issue_email_token(p_user_id, p_purpose) then return 'busy'; end if;
  token_id := issue_email_token(account, p_purpose, account.email);
  perform record_audit(p_actor, case p_purpose when 'verify-email' then 'email.verification-sent' else 'password.reset-sent' end,
    p_user_id => account.id, p_details => jsonb_build_object('link', token_id), p_origin => p_origin);
  return 'sent';
end $$;

-- The id of the token of a purpose that was made last; null: there is none.
create or replace function newest_email_token(p_user_id uuid, p_purpose text) returns uuid language sql stable as $$
  select id from account_links where user_id = p_user_id and purpose = p_purpose order by created_at desc, id desc limit 1
$$;
