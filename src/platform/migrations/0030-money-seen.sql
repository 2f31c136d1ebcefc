-- Since when Cashfree speaks of money for an order that cannot be counted yet: a success on an order that it still calls
-- open, PAID without a payment that we can read, a payment listed under another order. Such an order is looked at again soon.
alter table orders add column money_seen_at timestamptz;
create index orders_with_money_seen on orders (next_look_at) where money_seen_at is not null;
