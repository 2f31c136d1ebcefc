-- Records that an administrator ends an open order, before Cashfree is told; once per key, which the form carries.
-- Answers 'active' (go on), 'asked' (this key was here before), 'closed' (not open at Cashfree, nothing recorded), 'unknown-order'.
create or replace function ask_termination(p_order_id text, p_key text, p_actor text, p_origin jsonb) returns text
language plpgsql as $$
declare
  o orders;
begin
  select * into o from orders where id = p_order_id for update;   -- locked before its audit is read
  if not found then return 'unknown-order'; end if;
  if exists (select from audit where order_id = o.id and action = 'order.termination-asked' and details ->> 'key' = p_key) then
    return 'asked';
  end if;
  -- What a mandate pays is no order at Cashfree: that is stopped with the mandate.
  if o.status is distinct from 'active' or o.mandate_id is not null then return 'closed'; end if;
  perform record_audit(p_actor, 'order.termination-asked', o.id, o.user_id,
                       jsonb_build_object('from', o.status, 'key', p_key), p_origin);
  return 'active';
end $$;
