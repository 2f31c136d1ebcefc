-- Money going back. The intent is a row before Cashfree is asked; the id is ours and made of the payment and a counter,
-- so that asking twice is one refund.
create table refunds (
  id             text primary key check (id ~ '^[A-Za-z0-9_]{3,40}$'),  -- the refund id that Cashfree knows
  order_id       text not null references orders,
  cf_payment_id  text not null references payments,
  user_id        uuid not null references users,
  amount_paise   integer not null check (amount_paise > 0),
  reason         text not null,
  requested_by   text not null,                                          -- 'user:<id>' of the admin; 'cashfree' when made there
  status         text not null default 'requested'
                 check (status in ('requested', 'pending', 'onhold', 'succeeded', 'failed', 'cancelled')),
  gateway_status text,                                                   -- Cashfree's own word, as last heard
  cf_refund_id   text,
  bank_reference text,                                                   -- ARN, for the customer's bank
  idempotency_key uuid not null default gen_random_uuid(),
  looks          integer not null default 0,
  next_look_at   timestamptz default now(),                              -- null: nothing more to ask
  last_error     text,
  created_at     timestamptz not null default now(),
  finished_at    timestamptz,
  constraint finished_has_its_time check
    ((status in ('succeeded', 'failed', 'cancelled')) = (finished_at is not null))
);
create index refunds_of_order on refunds (order_id);
create index refunds_of_payment on refunds (cf_payment_id);
create index refunds_to_look_at on refunds (next_look_at) where next_look_at is not null;

-- What a full refund ended stays on record; only what is not voided counts.
alter table subscription_periods add column voided_at timestamptz;
drop index periods_do_not_start_together;
create unique index periods_do_not_start_together on subscription_periods (user_id, starts_at) where voided_at is null;

-- One per refund that reached the customer: its own gap-free series, linked to the receipt it takes back from.
create table credit_notes (
  number          text primary key,                                     -- 'C2627-000001'
  refund_id       text not null unique references refunds,
  receipt_number  text not null references receipts,
  user_id         uuid not null references users,
  financial_year  text not null,
  serial          integer not null check (serial > 0),
  issued_at       timestamptz not null default now(),
  amount_paise    integer not null check (amount_paise > 0),
  taxable_paise   integer not null,
  cgst_paise      integer not null default 0,
  sgst_paise      integer not null default 0,
  igst_paise      integer not null default 0,
  round_off_paise integer not null default 0,
  seller          jsonb not null,
  buyer           jsonb not null,
  unique (financial_year, serial),
  constraint note_lines_add_up check
    (amount_paise = taxable_paise + cgst_paise + sgst_paise + igst_paise + round_off_paise)
);
create table credit_note_series (
  financial_year text primary key,
  last_serial    integer not null
);

-- A person looked at it and said what was done.
alter table incidents add column resolved_by text;
alter table incidents add column resolution text;
alter table incidents add constraint resolved_says_how check
  (resolved_at is null or (resolved_by is not null and resolution is not null));
