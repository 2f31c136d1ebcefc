-- A page that waits asks about an order without its attempts: whether a payment is pending at the bank is as fresh as this only.
alter table orders add column attempts_asked_at timestamptz;
