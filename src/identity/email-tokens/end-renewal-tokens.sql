-- The links that open an order work until somebody pays or changes the password.
create or replace function end_renewal_links(p_user_id uuid) returns void language sql as $$
  update account_links set ended_at = now() where user_id = p_user_id and purpose = 'renew' and ended_at is null
$$;
