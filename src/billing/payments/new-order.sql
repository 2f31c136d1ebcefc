-- Writes an order of a plan: its price is the plan's without what is taken off. It can be paid for p_minutes.
create or replace function new_order(
  p_id text, p_user_id uuid, p_plan plans, p_purpose text, p_discount_paise integer, p_credit_paise integer, p_minutes integer
) returns orders language plpgsql as $$
declare
  o orders;
begin
  insert into orders (id, user_id, plan_key, purpose, amount_paise, discount_paise, credit_paise, expires_at, next_look_at)
  values (p_id, p_user_id, p_plan.key, p_purpose, p_plan.price_paise - p_discount_paise - p_credit_paise, p_discount_paise,
          p_credit_paise, date_trunc('second', now() + make_interval(mins => p_minutes)), now() + interval '1 minute')
  returning * into o;
  return o;
end $$;

-- A mandate pays this order: Cashfree is never asked to open it, nor about it.
create or replace function give_to_mandate(p_order_id text, p_mandate_id uuid) returns void language sql as $$
  update orders set mandate_id = p_mandate_id, next_look_at = null where id = p_order_id
$$;

-- Whom the receipt of an order that nobody paid yet is made out to: {legalName, address, gstin}, or null for the buyer's name.
create or replace function address_order_to(o orders, p_company jsonb) returns void language sql as $$
  update orders set company = p_company where id = o.id and paid_at is null
$$;

-- The id by which Cashfree knows the owner of an order: the user's, without its hyphens.
create or replace function customer_id_of(o orders) returns text language sql immutable as $$
  select replace(o.user_id::text, '-', '')
$$;
