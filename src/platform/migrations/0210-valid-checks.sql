-- A statement of its own: it reads the whole tables, and nobody waits for it.
alter table orders validate constraint orders_purpose_check, validate constraint orders_status_check;
alter table subscriptions validate constraint running_has_a_period, validate constraint subscriptions_status_check;
