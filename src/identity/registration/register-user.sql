-- Opens an account and sends the link that confirms its address. Without `p_username` one is made of `p_wish` (letters, digits,
-- dots, dashes; 3 to 32 of them): the wish itself, or where somebody has that, the wish with a number, which has more digits with
-- every try. The unique index decides, so people who come at once wait for each other and get different ones. `p_state_code` null:
-- asked at the checkout. Raises what `create_user` raises.
create or replace function register_account(
  p_username text, p_wish text, p_email text, p_name text, p_phone text, p_state_code text, p_password_hash text,
  p_consented_to text
) returns users language plpgsql as $$
declare
  account  users;
  username text := coalesce(p_username, p_wish);
  digits   integer := 1;
  violated text;
begin
  loop
    begin
      account := create_user(username, p_email, p_name, p_phone, p_state_code, p_password_hash, p_consented_to => p_consented_to);
      exit;
    exception when unique_violation then
      get stacked diagnostics violated = constraint_name;
      if p_username is not null or violated is distinct from 'one_account_per_username' then raise; end if;
    end;
    digits := least(digits + 1, 9);
    username := left(p_wish, 32 - digits) || lpad(floor(random() * 10 ^ digits)::text, digits, '0');
  end loop;
  perform issue_email_token(account, 'verify-email', account.email);
  perform record_audit('user:' || account.id, 'user.registered', p_user_id => account.id);
  return account;
end $$;

-- As processes of the release before call it: with a username and a state.
create or replace function register_user(
  p_username text, p_email text, p_name text, p_phone text, p_state_code text, p_password_hash text, p_consented_to text
) returns users language sql as $$
  select register_account(p_username, null, p_email, p_name, p_phone, p_state_code, p_password_hash, p_consented_to)
$$;
