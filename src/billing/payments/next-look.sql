-- When the reconciler asks Cashfree about an order again (orders.next_look_at), if nobody else does before. Never about one that a
-- mandate pays: Cashfree has no such order, and what it says of the mandate is written by settle_mandate.

-- That time, or none. Inlined.
create or replace function look_at_order(o orders, p_at timestamptz) returns timestamptz language sql immutable as $$
  select case when o.mandate_id is null then p_at end
$$;

-- Unpaid: every 45 seconds while it can be paid. After its end the pause grows with the time gone by, for 25 hours: an attempt
-- may take a day, and an hour is margin. After that a closed order is looked at no more.
create or replace function next_look(o orders, p_status text) returns timestamptz language sql stable as $$
  select case
    when now() < o.expires_at + interval '2 minutes' then now() + interval '45 seconds'
    when now() < o.expires_at + interval '25 hours' then now() + greatest(interval '1 minute', (now() - o.expires_at) / 2)
    when p_status in ('created', 'active') then now() + interval '6 hours'
  end
$$;

-- Money that Cashfree has spoken of since p_since and that does not count yet is looked at again after 2 s, 4 s, 8 s and so
-- on, and never later than p_usual.
create or replace function look_soon(p_since timestamptz, p_usual timestamptz) returns timestamptz language sql stable as $$
  select case when p_since is null then p_usual
              else least(p_usual, now() + greatest(interval '2 seconds', now() - p_since)) end
$$;

-- Paid: twice more, half an hour after its end, when a second tab may have paid it again, and when no attempt can succeed any
-- more. Webhooks about that may be lost like any other.
create or replace function later_look(o orders) returns timestamptz language sql stable as $$
  select look_at_order(o, later_look_at(o.expires_at))
$$;

-- The same of an order that ends then. Inlined.
create or replace function later_look_at(p_expires_at timestamptz) returns timestamptz language sql stable as $$
  select case
    when now() < p_expires_at + interval '30 minutes' then p_expires_at + interval '30 minutes'
    when now() < p_expires_at + interval '25 hours' then p_expires_at + interval '25 hours'
  end
$$;

-- Puts off the next look at a paid order: to later_look, or by five minutes where its list of payments could not be read.
create or replace function look_at_paid_order_later(o orders, p_has_list boolean) returns void language sql as $$
  update orders set next_look_at = look_at_order(o, case when p_has_list then later_look(o) else now() + interval '5 minutes' end)
  where id = o.id
$$;

-- Cashfree may have news of money for these orders: those that are unpaid are looked at now, and soon again until the money
-- counts. An order that somebody has locked is being settled already, and waiting for it could be a deadlock: it is left out.
-- Answers how many orders that were.
create or replace function hasten_orders(p_order_ids text[]) returns integer language plpgsql as $$
declare
  hastened integer;
begin
  update orders set next_look_at = now(), money_seen_at = coalesce(money_seen_at, now())
  where id in (select id from orders where id = any (p_order_ids) and paid_at is null and mandate_id is null
               for update skip locked);
  get diagnostics hastened = row_count;
  return hastened;
end $$;

-- What is left of the money of this order may have changed: while it is unpaid, settling it again decides what follows.
create or replace function check_order_now(p_order_id text) returns void language sql as $$
  update orders set next_look_at = now() where id = p_order_id and paid_at is null and mandate_id is null
$$;

-- Makes an account's unpaid orders due now, where Cashfree may know more of them than we do: those open there, and those
-- held here. The reconciler asks about them next.
create or replace function check_orders_now(p_user_id uuid) returns void language sql as $$
  update orders set next_look_at = now()
  where user_id = p_user_id and paid_at is null and (status = 'active' or held_at is not null) and mandate_id is null
$$;
