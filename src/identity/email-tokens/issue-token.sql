-- How long a token works from when its mail is sent.
create or replace function email_token_lifetime(p_purpose text) returns interval language sql immutable as $$
  select case p_purpose
    when 'verify-email' then interval '3 days'
    when 'renew' then interval '30 days'
    when 'log-in' then interval '15 minutes'
    else interval '30 minutes'
  end
$$;

-- The key of the advisory lock under which one transaction at a time issues an account's tokens of a purpose.
create or replace function email_token_lock(p_user_id uuid, p_purpose text) returns bigint language sql immutable as $$
  select hashtextextended('email token ' || p_purpose || ' ' || p_user_id, 0)
$$;

-- Three tokens of a purpose an hour.
create or replace function may_issue_email_token(p_user_id uuid, p_purpose text) returns boolean language sql stable as $$
  select count(*) < 3 from account_links l
  where l.user_id = p_user_id and l.purpose = p_purpose and l.created_at > now() - interval '1 hour'
$$;

-- A token, and the mail that will bring the link with its secret. The one before ends. Answers the token's id. To be called
-- with the lock held.
create or replace function issue_email_token(p_account users, p_purpose text, p_email text) returns uuid
language plpgsql as $$
declare
  token_id uuid;
begin
  update account_links set ended_at = now()
  where user_id = p_account.id and purpose = p_purpose and used_at is null and ended_at is null;
  insert into account_links (user_id, purpose, email, expires_at)
  values (p_account.id, p_purpose, p_email, now() + email_token_lifetime(p_purpose))
  returning id into token_id;
  perform enqueue_mail(p_purpose, token_id::text, p_account.id, p_account.name, p_email);
  return token_id;
end $$;

-- What was sent to an account and not used opens nothing any more, but for tokens of the purpose `p_kept`.
create or replace function end_email_tokens(p_user_id uuid, p_kept text default null) returns void language sql as $$
  update account_links set ended_at = now()
  where user_id = p_user_id and used_at is null and ended_at is null and purpose is distinct from p_kept;
$$;

-- What an account's tokens of a purpose were for was done in another way: they open nothing, and their pages say so.
create or replace function use_up_email_tokens(p_user_id uuid, p_purpose text) returns void language sql as $$
  update account_links set used_at = now() where user_id = p_user_id and purpose = p_purpose and used_at is null;
$$;
