-- Forgets the browsers that an account logged in from: guesses from there count as a stranger's again.
create or replace function forget_browsers(p_user_id uuid) returns void language sql as $$
  delete from known_devices where user_id = p_user_id;
$$;
