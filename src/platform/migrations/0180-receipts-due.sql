-- Receipts that wait for their number: each says all that it will say, from the instant its order was paid. Numbers are given
-- right after the commit, many at once, so that payments do not wait for each other at the end of the series. A row is here for
-- a moment; receipts refer to orders, payments and people, so nothing is checked twice here.
create table receipts_due (
  order_id        text primary key,
  user_id         uuid not null,
  cf_payment_id   text not null,
  issued_at       timestamptz not null,                                -- decides about the financial year too
  amount_paise    integer not null,
  taxable_paise   integer not null,
  cgst_paise      integer not null,
  sgst_paise      integer not null,
  igst_paise      integer not null,
  round_off_paise integer not null,
  seller          jsonb not null,
  buyer           jsonb not null,
  plan_title      text,
  sold_from       timestamptz,
  sold_until      timestamptz,
  discount_paise  integer not null,
  credit_paise    integer not null,
  replaces        text
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_threshold = 1000000);
create index receipts_due_by_time on receipts_due (issued_at);

-- Whoever writes numbers holds the end of the series, and checking this reference would wait for orders that a refund holds, which
-- waits for the series. Orders are never deleted; the records' check compares both (broken_i6_receipts).
alter table receipts drop constraint receipts_order_id_fkey;
