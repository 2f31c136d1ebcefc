-- no transaction
-- Unique, and null in nearly every row: each payment added a null to the same page of each. Now only what has a value is there.
create unique index concurrently if not exists one_receipt_per_replaced on receipts (replaces) where replaces is not null;
create unique index concurrently if not exists one_period_per_gift on subscription_periods (gift_id) where gift_id is not null;
create unique index concurrently if not exists one_period_per_grant_key on subscription_periods (grant_key) where grant_key is not null;
