-- What a payment writes is checked against each table that it refers to, row by row: these checks cost a tenth of a settlement and
-- could not fail. No account, order, payment or plan is ever deleted, and what refers to one is written from its row or one that refers
-- to it.
-- What people write still refers to what there is: orders, periods and mails to accounts, attempts to orders.
alter table audit drop constraint if exists audit_order_id_fkey, drop constraint if exists audit_user_id_fkey;
alter table subscription_periods drop constraint if exists subscription_periods_plan_key_fkey;
alter table receipts drop constraint if exists receipts_user_id_fkey, drop constraint if exists receipts_cf_payment_id_fkey;
