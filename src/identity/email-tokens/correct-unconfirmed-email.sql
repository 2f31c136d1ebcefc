-- An address that was never confirmed and is wrong: the account gets the right one at once, for nobody has shown that the
-- old one is theirs. Links that were sent there work no more, mails that wait go to the new one, and a link to confirm it
-- is sent. Answers 'corrected'; 'confirmed' when the old one was confirmed (meanwhile), so that this is not the way;
-- 'busy' after three such links in an hour. Raises the violation of one_account_per_email when somebody else has it.
create or replace function correct_unconfirmed_email(p_user_id uuid, p_email text, p_actor text, p_shown jsonb) returns text
language plpgsql as $$
declare
  account users;
  link_id uuid;
begin
  select * into account from users where id = p_user_id and deleted_at is null for no key update;
  if account.id is null or account.email_verified_at is not null then return 'confirmed'; end if;
  if lower(account.email) = lower(p_email) then return 'corrected'; end if;                  -- the first half of a double click
  if (select count(*) from account_links l
      where l.user_id = account.id and l.purpose = 'verify-email' and l.created_at > now() - interval '1 hour') >= 3
  then return 'busy'; end if;

  update users set email = p_email where id = account.id;
  update account_links set ended_at = now() where user_id = account.id and used_at is null and ended_at is null;
  update mails set to_email = p_email
  where user_id = account.id and status = 'queued' and lower(to_email) = lower(account.email);
  insert into account_links (user_id, purpose, email, expires_at)
  values (account.id, 'verify-email', p_email, now() + interval '3 days') returning id into link_id;
  insert into mails (kind, subject_key, user_id, to_name, to_email)
  values ('verify-email', link_id::text, account.id, account.name, p_email);
  insert into audit (actor, action, user_id, details) values (p_actor, 'email.corrected', account.id, p_shown);
  return 'corrected';
end $$;
