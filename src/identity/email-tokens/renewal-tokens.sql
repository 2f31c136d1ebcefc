-- Tokens of reminders: each opens an order of a plan, as often as it is used, for thirty days, until somebody pays or changes
-- the password or the address. They log nobody in.

-- Writes the token of a reminder whose mail is about to be sent.
create or replace function issue_renewal_token(
  p_user_id uuid, p_email text, p_plan_name text, p_reminder_id bigint, p_secret_hash bytea
) returns void language sql as $$
  insert into account_links (user_id, purpose, email, plan_name, reminder_id, secret_hash, expires_at)
  values (p_user_id, 'renew', p_email, p_plan_name, p_reminder_id, p_secret_hash, now() + email_token_lifetime('renew'))
$$;

-- Somebody paid: the links that ask for it are over.
create or replace function end_renewal_links(p_user_id uuid) returns void language sql as $$
  update account_links set ended_at = now() where user_id = p_user_id and purpose = 'renew' and ended_at is null
$$;
