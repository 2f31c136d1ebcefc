-- Why this account may not be given what it pays for: 'suspended', 'deleted', 'unknown'. Null: it may. Everything that opens
-- an order or grants what one bought asks this, so a further reason has to be added here alone.
create or replace function entitlement_refusal(p_user_id uuid) returns text language sql stable as $$
  select case
    when person.id is null then 'unknown'
    when person.deleted_at is not null then 'deleted'
    when person.suspended_at is not null then 'suspended'
  end
  from (values (p_user_id)) as asked(id) left join users person on person.id = asked.id
$$;

-- Terminates a person's orders that were never created at Cashfree, so that nobody has to be asked. The reconciler goes on
-- asking about them as about any other: the call that created one may have been lost on its way back.
create or replace function close_unsent_orders(p_user_id uuid, p_actor text) returns void language plpgsql as $$
declare
  o orders;
begin
  for o in select * from orders where user_id = p_user_id and status = 'created' order by id for update loop
    perform terminate_order(o, p_actor, '{"from": "created"}');
  end loop;
end $$;
