-- What is on sale. A new price is a new row with a new key; orders keep the key and price they were opened with.
create table plans (
  key         text primary key,                                        -- 'monthly_v1'
  name        text not null,                                           -- what URLs and forms say: 'monthly'
  title       text not null,
  price_paise integer not null check (price_paise > 0),
  months      integer not null check (months between 1 and 60),
  on_sale     boolean not null default true,
  created_at  timestamptz not null default now()
);
create unique index one_plan_on_sale_per_name on plans (name) where on_sale;

insert into plans (key, name, title, price_paise, months) values
  ('monthly_v1', 'monthly', 'Monthly', 49900, 1),
  ('annual_v1', 'annual', 'Annual', 499000, 12);

-- An order is ours before it is Cashfree's: the row is committed first, so no gateway order lacks a local one.
create table orders (
  id                 text primary key check (id ~ '^[A-Za-z0-9_-]{3,45}$'),   -- the order id that Cashfree knows
  user_id            uuid not null references users,
  plan_key           text not null references plans,
  amount_paise       integer not null check (amount_paise > 0),
  currency           text not null default 'INR',
  status             text not null default 'created'
                     check (status in ('created', 'active', 'terminating', 'expired', 'terminated', 'paid')),
  idempotency_key    uuid not null default gen_random_uuid(),          -- of the create call; same body, same key
  expires_at         timestamptz not null,                             -- what we ask of, then hear from, Cashfree
  cf_order_id        text,
  payment_session_id text,
  gateway_status     text,                                             -- Cashfree's own word, as last heard
  paid_at            timestamptz,
  closed_at          timestamptz,                                      -- no longer offered for payment; may still become paid
  held_at            timestamptz,                                      -- something did not agree: see incidents
  asked_at           timestamptz,                                      -- last time Cashfree was asked
  next_look_at       timestamptz,                                      -- when the reconciler looks again; null: never
  looks              integer not null default 0,
  created_at         timestamptz not null default now(),
  constraint paid_has_its_time check ((status = 'paid') = (paid_at is not null))
);
-- A second tab, a double click and a lost reply all find the first order.
create unique index one_open_order on orders (user_id, plan_key) where status in ('created', 'active');
create index orders_to_look_at on orders (next_look_at) where next_look_at is not null;
create index orders_of_user on orders (user_id, created_at desc);

-- One row per attempt to pay, as Cashfree numbers them. An order has many and at most one applied.
create table payments (
  cf_payment_id  text primary key,
  order_id       text not null references orders,
  status         text not null,                                        -- Cashfree's word, upper case, unknown ones included
  amount_paise   bigint,                                               -- null when what came was not an amount
  currency       text,
  method         text,                                                 -- payment group: upi, credit_card, net_banking…
  bank_reference text,
  failure_reason text,
  applied_at     timestamptz,                                          -- this is the attempt that paid the order
  started_at     timestamptz,
  completed_at   timestamptz,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);
create unique index one_applied_payment_per_order on payments (order_id) where applied_at is not null;
create index payments_of_order on payments (order_id);
