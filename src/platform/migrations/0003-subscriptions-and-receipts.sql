-- One row a user, made with the account. `current_period_end` plus three days of grace is the access rule.
create table subscriptions (
  user_id              uuid primary key references users,
  status               text not null default 'pending'
                       check (status in ('pending', 'active', 'grace', 'expired', 'cancelled')),
  is_paid              boolean not null default false,
  plan_key             text references plans,
  current_period_start timestamptz,
  current_period_end   timestamptz,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  constraint paid_has_a_period check (not is_paid or current_period_end is not null)
);
create index subscriptions_by_end on subscriptions (current_period_end) where is_paid;

-- What each paid order bought: exactly one period, starting where the last one ends.
create table subscription_periods (
  order_id   text primary key references orders,
  user_id    uuid not null references users,
  plan_key   text not null references plans,
  starts_at  timestamptz not null,
  ends_at    timestamptz not null check (ends_at > starts_at),
  created_at timestamptz not null default now()
);
create unique index periods_do_not_start_together on subscription_periods (user_id, starts_at);

-- Last number given in each financial year ('2627'); its row lock is what makes the numbers gap-free.
create table receipt_series (
  financial_year text primary key,
  last_serial    integer not null
);

-- What was printed stays what was printed: seller, buyer and tax are kept as they were on the day.
create table receipts (
  number          text primary key,                                    -- 'R2627-000001'
  order_id        text not null unique references orders,
  user_id         uuid not null references users,
  cf_payment_id   text not null references payments,
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
  constraint lines_add_up check
    (amount_paise = taxable_paise + cgst_paise + sgst_paise + igst_paise + round_off_paise),
  constraint central_and_state_tax_are_equal check (cgst_paise = sgst_paise)
);
create index receipts_of_user on receipts (user_id, issued_at desc);
