-- Unique, and null in nearly every row: each payment added a null to the same page of each. Now only what has a value is there.
alter table receipts drop constraint receipts_replaces_key;
create unique index one_receipt_per_replaced on receipts (replaces) where replaces is not null;
alter table subscription_periods drop constraint subscription_periods_gift_id_key, drop constraint one_period_per_grant;
create unique index one_period_per_gift on subscription_periods (gift_id) where gift_id is not null;
create unique index one_period_per_grant on subscription_periods (grant_key) where grant_key is not null;

-- Room on the page for the row's next version: an order is written when it is opened, asked about and paid, a mail when it is
-- leased and sent.
alter table orders set (fillfactor = 75);
alter table subscriptions set (fillfactor = 75);
alter table payments set (fillfactor = 90);
alter table mails set (fillfactor = 80);
