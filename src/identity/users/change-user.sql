-- What other slices may write in an account, one function each.

-- A new account with its pending subscription, so that neither is ever seen without the other. `p_verified`: somebody
-- vouches for the address. Raises the violation of one_account_per_username or one_account_per_email.
create or replace function create_user(
  p_username text, p_email text, p_name text, p_phone text, p_state_code text, p_password_hash text,
  p_role text default 'subscriber', p_verified boolean default false, p_consented_to text default null
) returns users language plpgsql as $$
declare
  account users;
begin
  insert into users (username, email, name, phone, state_code, password_hash, role, email_verified_at, consented_to, consented_at)
  values (p_username, p_email, p_name, p_phone, p_state_code, p_password_hash, p_role, case when p_verified then now() end,
          p_consented_to, case when p_consented_to is not null then now() end)
  returning * into account;
  insert into subscriptions (user_id) values (account.id);
  return account;
end $$;

-- Marks an address as confirmed: a mail to it was read. False: the account is gone or has another address.
create or replace function verify_user_email(p_user_id uuid, p_email text) returns boolean language plpgsql as $$
begin
  update users set email_verified_at = coalesce(email_verified_at, now())
  where id = p_user_id and lower(email) = lower(p_email) and deleted_at is null;
  if not found then return false; end if;
  perform forget_suppression(p_email);
  return true;
end $$;

-- Another address; `p_verified_at` null: nobody has shown yet that mails are read there. Raises the violation of
-- one_account_per_email.
create or replace function set_user_email(p_user_id uuid, p_email text, p_verified_at timestamptz) returns void language sql as $$
  select forget_suppression(email) from users where id = p_user_id;
  select forget_suppression(p_email) where p_verified_at is not null;
  update users set email = p_email, email_verified_at = p_verified_at where id = p_user_id;
$$;

create or replace function set_user_password(p_user_id uuid, p_password_hash text) returns void language sql as $$
  update users set password_hash = p_password_hash where id = p_user_id;
$$;

create or replace function set_user_role(p_user_id uuid, p_role text) returns void language sql as $$
  update users set role = p_role where id = p_user_id;
$$;

-- Suspends an account with a reason, or lifts the suspension without one.
create or replace function set_user_suspension(p_user_id uuid, p_reason text) returns void language sql as $$
  update users
  set suspended_at = case when p_reason is not null then now() end, suspended_reason = p_reason
  where id = p_user_id;
$$;
