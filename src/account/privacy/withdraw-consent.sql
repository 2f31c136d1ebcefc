-- Withdraws consent and does at once what follows from it: remembered browsers are forgotten, the mandate ends, and so do open
-- orders, those that Cashfree knows by the reconciler, as for a suspended account. Reports and reminders ask consent_withdrawn_at
-- whenever they would be sent, so that giving it again brings them back as they were chosen.
create or replace function withdraw_consent(p_user_id uuid, p_version text, p_actor text, p_origin jsonb) returns boolean
language plpgsql as $$
begin
  perform 1 from mandates where user_id = p_user_id order by id for update;   -- before all else, as every settlement of one does
  if not change_consent(p_user_id, false, p_version, p_actor, p_origin) then return false; end if;
  perform forget_browsers(p_user_id);
  perform end_mandates(p_user_id, 'customer', p_actor);
  perform 1 from orders where user_id = p_user_id and paid_at is null order by id for update;   -- in one order, as others do
  perform close_unsent_orders(p_user_id, p_actor);
  perform check_orders_now(p_user_id);
  return true;
end $$;
