-- Makes an account's unpaid orders due now, where Cashfree may know more of them than we do: those open there, and those
-- held here. The reconciler asks about them next.
create or replace function check_orders_now(p_user_id uuid) returns void language sql as $$
  update orders set next_look_at = now()
  where user_id = p_user_id and paid_at is null and (status = 'active' or held_at is not null)
$$;
