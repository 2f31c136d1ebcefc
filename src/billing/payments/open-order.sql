-- The user's open order for the plan on sale under this name: the one there is, or a new one at today's price.
-- Safe to call from any number of tabs at once; all get the same row. No row: no such plan is on sale, or this account may
-- not be given what it would pay for.
create or replace function open_order(p_user_id uuid, p_plan_name text, p_new_id text, p_minutes integer)
returns setof orders language plpgsql as $$
declare
  plan plans;
begin
  -- Lock before reading: where the price changes at this very moment, two tabs would otherwise open an order each, of one version
  -- and of the other. A deletion or suspension of the account waits here as well.
  perform 1 from users where id = p_user_id for no key update;
  if entitlement_refusal(p_user_id) is not null then return; end if;
  select * into plan from plans where name = p_plan_name and on_sale;
  if not found then return; end if;
  -- One that was opened before the price changed keeps its version until it ends: nobody has two to pay.
  return query select o.* from orders o join plans version on version.key = o.plan_key
    where o.user_id = p_user_id and o.status in ('created', 'active') and version.name = p_plan_name
    order by o.created_at desc limit 1;
  if found then return; end if;
  return query insert into orders (id, user_id, plan_key, amount_paise, expires_at, next_look_at)
    values (p_new_id, p_user_id, plan.key, plan.price_paise,
            date_trunc('second', now() + make_interval(mins => p_minutes)), now() + interval '1 minute')
    returning *;
  perform record_audit('user:' || p_user_id, 'order.opened', p_new_id, p_user_id,
    jsonb_build_object('plan', plan.key, 'amountPaise', plan.price_paise));
end $$;

-- The id by which Cashfree knows the owner of an order: the user's, without its hyphens.
create or replace function customer_id_of(o orders) returns text language sql immutable as $$
  select replace(o.user_id::text, '-', '')
$$;
