-- Why this account may not be given what it pays for: 'suspended', 'deleted', 'unknown'. Null: it may. Everything that opens
-- an order or grants what one bought asks this, so a further reason has to be added here alone.
create or replace function entitlement_refusal(p_user_id uuid) returns text language sql stable as $$
  select entitlement_refusal_of(person)
  from (values (p_user_id)) as asked(id) left join users person on person.id = asked.id
$$;

-- The same, where the row is at hand (all null: there is none). Inlined.
create or replace function entitlement_refusal_of(person users) returns text language sql immutable as $$
  select case
    when person.id is null then 'unknown'
    when person.deleted_at is not null then 'deleted'
    when person.suspended_at is not null then 'suspended'
  end
$$;

-- Why this account buys nothing now: as above, or 'consent' (withdrawn). Its open orders are ended; money that comes for one all the
-- same counts where the account may be given what it pays for.
create or replace function purchase_refusal(p_user_id uuid) returns text language sql stable as $$
  select coalesce(entitlement_refusal(p_user_id),
                  (select 'consent' from users where id = p_user_id and consent_withdrawn_at is not null))
$$;

-- Terminates an order that Cashfree has never spoken of, so that nobody has to be asked: nobody was led to its payment. Where the
-- call that created it was lost on its way back, the reconciler finds it, for it goes on asking. False: it is not such an order.
create or replace function close_unsent_order(p_order_id text, p_actor text) returns boolean language plpgsql as $$
declare
  o orders;
begin
  select * into o from orders
  where id = p_order_id and status || '' = 'created' and coalesce(gateway_status, 'ABSENT') = 'ABSENT' for update;
  if not found then return false; end if;
  perform terminate_order(o, p_actor, '{"from": "created"}');
  return true;
end $$;

-- The same for all of a person's.
create or replace function close_unsent_orders(p_user_id uuid, p_actor text) returns void language sql as $$
  select close_unsent_order(unsent.id, p_actor)
  from (select id from orders where user_id = p_user_id and status = 'created' order by id) unsent
$$;
