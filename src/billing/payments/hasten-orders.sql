-- Cashfree may have news of money for these orders: those that are unpaid are looked at now, and soon again until the money
-- counts. An order that somebody has locked is being settled already, and waiting for it could be a deadlock: it is left out.
-- Answers how many orders that were.
create or replace function hasten_orders(p_order_ids text[]) returns integer language plpgsql as $$
declare
  hastened integer;
begin
  update orders set next_look_at = now(), money_seen_at = coalesce(money_seen_at, now())
  where id in (select id from orders where id = any (p_order_ids) and paid_at is null for update skip locked);
  get diagnostics hastened = row_count;
  return hastened;
end $$;

-- What is left of the money of this order may have changed: while it is unpaid, settling it again decides what follows.
create or replace function look_at_order_now(p_order_id text) returns void language sql as $$
  update orders set next_look_at = now() where id = p_order_id and paid_at is null
$$;
