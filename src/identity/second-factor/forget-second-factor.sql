-- Forgets an account's authenticator app and recovery codes: whoever needs a second factor again sets one up anew.
create or replace function forget_second_factor(p_user_id uuid) returns void language plpgsql as $$
begin
  delete from second_factors where user_id = p_user_id;
  delete from recovery_codes where user_id = p_user_id;
end $$;
