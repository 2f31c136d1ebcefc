-- An address that was never confirmed and is wrong: the account gets the right one at once, for nobody has shown that the
-- old one is theirs. Links that were sent there work no more, mails that wait go to the new one, and a link to confirm it
-- is sent. Answers 'corrected'; 'confirmed' when the old one was confirmed (meanwhile), so that this is not the way;
-- 'busy' after three such links in an hour. Raises the violation of one_account_per_email when somebody else has it.
create or replace function correct_unconfirmed_email(
  p_user_id uuid, p_email text, p_shown jsonb, p_actor text, p_origin jsonb
) returns text language plpgsql as $$
declare
  account users;
begin
  select * into account from users where id = p_user_id and deleted_at is null for no key update;
  if account.id is null or account.email_verified_at is not null then return 'confirmed'; end if;
  if lower(account.email) = lower(p_email) then return 'corrected'; end if;                  -- the first half of a double click
  perform pg_advisory_xact_lock(email_token_lock(account.id, 'verify-email'));
  if not may_issue_email_token(account.id, 'verify-email') then return 'busy'; end if;

  perform set_user_email(account.id, p_email, null);
  perform end_email_tokens(account.id);
  perform redirect_queued_mails(account.id, account.email, p_email);
  perform issue_email_token(account, 'verify-email', p_email);
  perform record_audit(p_actor, 'email.corrected', p_user_id => account.id, p_details => p_shown, p_origin => p_origin);
  return 'corrected';
end $$;
